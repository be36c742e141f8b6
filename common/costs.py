"""What a training will cost, before its first step: FLOPs, memory and, from a short trial on the device, time."""

import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from common.models import Blueprint, build
from common.options import TrainConfig

TRIAL_ROWS = 32  # a forward and backward pass of so many rows is timed, at most
FORWARD_SHARE = 1 / 3  # of the FLOPs of a training step


@dataclass(frozen=True)
class Cost:
    """training_flops  of all forward and backward passes of the training;  memory_bytes  weights, gradients, what the
    optimizer keeps, activations and resident data;  seconds  the whole run, its evaluations included"""

    parameters: int
    training_flops: int
    memory_bytes: int
    images_per_second: float
    seconds: float


def flops_per_row(blueprint: Blueprint) -> int:
    """Forward and backward FLOPs of one row (a multiply-add is two)."""
    model, x = _on_meta(blueprint, rows=2)
    with FlopCounterMode(display=False) as counter:
        model(x).sum().backward()
    return counter.get_total_flops() // 2


def activation_bytes_per_row(blueprint: Blueprint) -> int:
    """Bytes that a forward pass keeps of one row for the backward pass."""
    model, x = _on_meta(blueprint, rows=2)
    own = {id(parameter) for parameter in model.parameters()}
    kept: dict[int, Tensor] = {}  # by storage, since several views of one are kept

    def keep(tensor: Tensor) -> Tensor:
        if id(tensor) not in own:
            kept[tensor.untyped_storage()._cdata] = tensor
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        model(x).sum().backward()
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values()) // 2


def images_per_second(blueprint: Blueprint, device: torch.device, batch_size: int) -> float:
    """Rows a second in training, from one timed pass (after one untimed) of a model of its own."""
    rows = max(2, min(TRIAL_ROWS, batch_size))
    model = build(blueprint).to(device)
    x = torch.rand(rows, *blueprint.shape, device=device)
    if x.dim() == 4:
        x = x.contiguous(memory_format=torch.channels_last)
    y = torch.zeros(rows, dtype=torch.int64, device=device)
    seconds = 0.0
    for _ in range(2):
        start = time.perf_counter()
        F.cross_entropy(model(x), y).backward()
        if device.type != "cpu":
            torch.accelerator.synchronize()
        seconds = time.perf_counter() - start
    return rows / seconds


def predict(
    blueprint: Blueprint, config: TrainConfig, train_rows: int, test_rows: int, device: torch.device, processes: int
) -> Cost:
    """What a run will cost on this device, if all processes are as fast as this one."""
    model, x = _on_meta(blueprint, rows=2)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    share = -(-min(config.batch_size, train_rows) // (processes * config.accumulate))  # rows passed at once
    rate = processes * images_per_second(blueprint, device, share)
    copies = 4 if config.optimizer == "adam" else 3  # of the weights: themselves, gradients, one or two moments
    data_bytes = (train_rows + test_rows) * x[0].numel()
    return Cost(
        parameters=parameters,
        training_flops=config.epochs * train_rows * flops_per_row(blueprint),
        memory_bytes=copies * 4 * parameters + share * activation_bytes_per_row(blueprint) + data_bytes,
        images_per_second=rate,
        seconds=config.epochs * (train_rows + FORWARD_SHARE * test_rows) / rate,
    )


def _on_meta(blueprint: Blueprint, rows: int) -> tuple[nn.Module, Tensor]:
    """A model without memory of its own, and a batch: shapes are all that counting needs."""
    model = build(blueprint).to("meta")
    return model, torch.empty(rows, *blueprint.shape, device="meta")

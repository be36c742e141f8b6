"""What a training will cost, before its first step: FLOPs, memory and, from a short trial on the device, time."""

import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, UntypedStorage, nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from common import mixup
from common.chance import rng
from common.data.dataset import Part
from common.data.stream import Stream
from common.errors import UserError, is_out_of_memory
from common.evaluation import at_once
from common.models import Blueprint, build, countable_on
from common.options import TrainConfig
from common.processes import wait_for

TRIAL_ROWS = (
    32  # that a pass of a CPU is timed on, at most: it is as long for each of more. A GPU's is not, and is whole
)
WARM_UP, PASSES = 2, 10  # of a GPU: untimed, while cuDNN chooses; and timed together, since it is given them ahead
DECODED = 256  # images are decoded in a trial, at most
TURNS = 3  # of each number of threads, and of each precision
HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}  # what a forward pass is made in under mixed precision
FORWARD_SHARE = 1 / 3  # of the FLOPs of a training step


@dataclass(frozen=True)
class Cost:
    """training_flops  of all forward and backward passes of the training;  memory_bytes  weights, gradients, what the
    optimizer keeps, resident data and the most that is alive of a pass;  seconds  the whole run, its evaluations
    included"""

    parameters: int
    training_flops: int
    memory_bytes: int
    images_per_second: float
    seconds: float


class Counter(TorchDispatchMode):
    """Counts what is computed within it, operation by operation: its FLOPs (a multiply-add is two), and the most bytes
    that were alive of it at once, each storage once, however many tensors share it.

    known  tensors that were there before, which are not counted
    """

    def __init__(self, known: Sequence[Tensor] = ()) -> None:
        super().__init__()
        self.flops = self.alive_bytes = self.peak_bytes = 0
        self._seen: weakref.WeakSet[UntypedStorage] = weakref.WeakSet(tensor.untyped_storage() for tensor in known)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func.overloadpacket)
        if formula:
            self.flops += formula(*args, **(kwargs or {}), out_val=made)
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self._see(tensor.untyped_storage())
        self.peak_bytes = max(self.peak_bytes, self.alive_bytes)
        return made

    def _see(self, storage: UntypedStorage) -> None:
        if storage not in self._seen:
            self._seen.add(storage)
            self.alive_bytes += storage.nbytes()
            weakref.finalize(storage, self._freed, storage.nbytes())

    def _freed(self, count: int) -> None:
        self.alive_bytes -= count


def training_pass(
    blueprint: Blueprint, rows: int, loss: Callable[[nn.Module, Tensor], Tensor] | None = None
) -> Counter:
    """What one forward and backward pass of so many rows costs, beside weights and gradients. Nothing is computed:
    shapes are all that counting needs, but for the code of somebody else's that asks for values.

    loss  of a model on these rows, where not they alone are passed
    """
    model = _to_count(blueprint)
    for parameter in model.parameters():
        parameter.grad = torch.empty_like(parameter)
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    with Counter([*model.state_dict().values(), *gradients]) as counter:
        made = loss(model, _batch(blueprint, rows)) if loss else model(_batch(blueprint, rows)).sum()
        made.backward()
        del made
    return counter


def mixed_passes(blueprint: Blueprint, config: TrainConfig, rows: int) -> list[Counter]:
    """The passes of which a step on so many mixed rows is one: one before each layer that is drawn from."""
    way = mixup.of(config, blueprint.shape)
    drawn = way.draw(0, 0, np.arange(rows), (rows,))

    def loss(layer: int, model: nn.Module, x: Tensor) -> Tensor:
        y = torch.zeros(len(x), dtype=torch.int64, device=x.device)
        lam = torch.zeros(way.partners, len(x), device=x.device)
        box = None if drawn.box is None else torch.zeros(len(x), 4, dtype=torch.int64, device=x.device)
        parts = way.partners + 1
        return way.loss(model, mixup.Batch((x,) * parts, (y,) * parts, lam, box, layer))[0]

    return [training_pass(blueprint, rows, partial(loss, layer)) for layer in way.layers]


@torch.no_grad()
def evaluation_pass(blueprint: Blueprint, rows: int) -> Counter:
    """What one forward pass of so many rows costs when nothing is learnt."""
    model = _to_count(blueprint).eval()
    with Counter(list(model.state_dict().values())) as counter:
        model(_batch(blueprint, rows))
    return counter


def flops_per_row(blueprint: Blueprint) -> int:
    """Forward and backward FLOPs of one row."""
    return training_pass(blueprint, rows=2).flops // 2


def images_per_second(blueprint: Blueprint, device: torch.device, batch_size: int, precision: str = "no") -> float:
    """Rows a second in training, from a timed pass (after one untimed) of a model of its own; on a GPU from several.

    batch_size  rows of a pass
    precision   "no" (fp32), "bf16" or "fp16", as Accelerate's mixed precision: the forward pass under autocast
    """
    is_cpu = device.type == "cpu"
    rows, untimed, timed = (min(TRIAL_ROWS, batch_size), 1, 1) if is_cpu else (batch_size, WARM_UP, PASSES)
    rows = max(2, rows)  # BatchNorm needs two
    model = build(blueprint).to(device)
    x = torch.rand(rows, *blueprint.shape, device=device)
    if x.dim() == 4:
        x = x.contiguous(memory_format=torch.channels_last)
    y = torch.zeros(rows, dtype=torch.int64, device=device)
    start = 0.0
    for number in range(untimed + timed):
        if number == untimed:
            wait_for(device)
            start = time.perf_counter()
        with torch.autocast(device.type, HALVES[precision]) if precision in HALVES else nullcontext():
            logits = model(x)
        F.cross_entropy(logits.float(), y).backward()
    wait_for(device)
    return timed * rows / (time.perf_counter() - start)


def rows_of_a_pass(config: TrainConfig, train_rows: int, processes: int) -> int:
    """The most that a process passes at once."""
    return -(-min(config.batch_size, train_rows) // (processes * config.accumulate))


def seconds_to_decode(part: Part, rows: int) -> float:
    """Of each image of a share of so many, of images that stay encoded, as this process decodes them: timed once. 0 of
    a part in memory."""
    if not isinstance(part.inputs, Stream):
        return 0.0
    share = torch.from_numpy(np.sort(rng("trial").permutation(len(part))[: min(rows, DECODED)]))
    next(part.ahead([share[:1]]))  # untimed: what decodes is imported
    begun = time.perf_counter()
    next(part.ahead([share]))
    return (time.perf_counter() - begun) / len(share)


def rates(
    blueprint: Blueprint, device: torch.device, batch_size: int, ways: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], float]:
    """Rows a second in training by threads of the CPU and precision: the best of trials in turns, since what else runs
    comes and goes."""
    before, rates = torch.get_num_threads(), dict.fromkeys(ways, 0.0)
    try:
        for _ in range(TURNS):
            for threads, precision in rates:
                torch.set_num_threads(threads)
                rate = images_per_second(blueprint, device, batch_size, precision)
                rates[threads, precision] = max(rates[threads, precision], rate)
    finally:
        torch.set_num_threads(before)
    return rates


def predict(
    blueprint: Blueprint,
    config: TrainConfig,
    train_rows: int,
    test_rows: int,
    data_bytes: int,
    device: torch.device,
    processes: int,
    precision: str = "no",
    decoding: float = 0.0,
) -> Cost:
    """What a run will cost on this device, if all processes are as fast as this one.

    data_bytes  of all rows, which are resident
    decoding    as `seconds_to_decode` times it

    raises UserError, with the memory that it takes, where the device has too little
    """

    def together(passing: float, decoding: float) -> float:
        """Seconds of both: on the same cores one after the other, else side by side."""
        return passing + decoding if device.type == "cpu" else max(passing, decoding)

    parameters = sum(parameter.numel() for parameter in _to_count(blueprint).parameters())
    share = rows_of_a_pass(config, train_rows, processes)
    rows = max(2, share)
    plain = training_pass(blueprint, rows)
    mixed = [plain] if not config.mixup or config.passes_once else mixed_passes(blueprint, config, rows)
    mixed_epochs = config.epochs - config.warmup_epochs - config.cooldown_epochs if config.mixup else 0
    flops = sum(counter.flops // rows for counter in mixed) // len(mixed)  # of a mixed row
    flops = (config.epochs - mixed_epochs) * (plain.flops // rows) + mixed_epochs * flops  # of a row of all epochs
    evaluation = evaluation_pass(blueprint, min(at_once(device, blueprint.shape), max(train_rows, test_rows)))
    measurements = max(1, -(-config.epochs // config.measure_every))
    copies = 4 if config.optimizer == "adam" else 3  # of the weights: themselves, gradients, one or two moments
    memory = copies * 4 * parameters + max(one.peak_bytes for one in (plain, evaluation, *mixed)) + data_bytes
    try:
        rate = processes * images_per_second(blueprint, device, share, precision)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise UserError(
            f"Out of memory: a pass of {share:,} rows takes about {memory / 2**30:.2g} GiB in fp32, data included, "
            f"more than {device} has free. A smaller --batch-size or --width needs less; --accumulate K passes a batch "
            "in K pieces."
        ) from None
    decoding /= processes
    times = 1 + config.partners if config.mixup and config.pairs != "any" else 1  # that a row is decoded in an epoch
    measured = measurements * test_rows
    return Cost(
        parameters=parameters,
        training_flops=train_rows * flops,
        memory_bytes=memory,
        images_per_second=1 / together(1 / rate, times * decoding),
        seconds=together(
            train_rows * flops / (plain.flops // rows) / rate, config.epochs * times * train_rows * decoding
        )
        + together(measured * FORWARD_SHARE / rate, measured * decoding),
    )


def _to_count(blueprint: Blueprint) -> nn.Module:
    """A model without memory of its own, where its code lets it."""
    with countable_on(blueprint):
        return build(blueprint)


def _batch(blueprint: Blueprint, rows: int) -> Tensor:
    return torch.zeros(rows, *blueprint.shape, device=countable_on(blueprint))

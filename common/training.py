"""What a training carries from one epoch to the next, and one epoch of it."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, MultiStepLR
from torch.optim.swa_utils import get_ema_multi_avg_fn

from common.augment import crop_flip, translate_flip
from common.data.dataset import Part
from common.errors import DivergedError
from common.evaluation import natural
from common.mixup import Batch, Mixup
from common.options import TrainConfig
from common.plan import Plan
from common.schedules import risen, triangle
from common.shapes import Inputs, Rows


def optimizer_of(
    model: nn.Module,
    name: str,
    lr: float,
    momentum: float | None,
    weight_decay: float,
    bias_lr: float = 1.0,
    betas: tuple[float, float] = (0.9, 0.999),
) -> Optimizer:
    """SGD, with Nesterov's momentum or the plain one, or Adam, whose ``weight_decay`` is an L2 penalty too.

    bias_lr  times the rate, that of BatchNorm's biases; under a penalty as much smaller, so that they decay as the rest
    betas    Adam's, the usual ones
    """
    learnt = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups: Any = learnt
    if bias_lr != 1:
        norms = (module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm))
        biases = [norm.bias for norm in norms if norm.bias is not None and norm.bias.requires_grad]
        own = {id(bias) for bias in biases}
        groups = [
            {"params": [parameter for parameter in learnt if id(parameter) not in own]},
            {"params": biases, "lr": bias_lr * lr, "weight_decay": weight_decay / bias_lr},
        ]
        groups = [group for group in groups if group["params"]]
    if name == "adam":
        return Adam(groups, lr, betas, weight_decay=weight_decay, fused=True)
    return SGD(groups, lr, momentum or 0.0, weight_decay=weight_decay, nesterov=name == "nesterov", fused=True)


@dataclass(frozen=True)
class Lookahead:
    """A moving average of the weights, and of what BatchNorm measures, to which they are put back every so many steps
    (Zhang et al. 2019, Lookahead Optimizer); its decay grows with the training, as airbench has it (Jordan 2024).

    every     steps
    steps     in all
    fast      what is trained;  slow  its average
    """

    every: int
    steps: int
    fast: list[Tensor]
    slow: list[Tensor]

    @torch.no_grad()
    def after(self, step: int) -> None:
        """What there is to do after so many steps. After the last one the average stands."""
        if step % self.every == 0:
            decay = 0.95**self.every * (step / self.steps) ** 3
            get_ema_multi_avg_fn(decay)(self.slow, self.fast, step)
        if step % self.every == 0 or step == self.steps:
            torch._foreach_copy_(self.fast, self.slow)


@dataclass(frozen=True)
class Training:
    """What a training carries from one epoch to the next.

    network               whose weights are learnt
    model, optimizer      as Accelerate prepared them: what an epoch is trained by
    schedule              of the rate, a step of it for each step of the optimizer
    lookahead             the average to which the weights are put back, if any
    """

    network: nn.Module
    model: nn.Module
    optimizer: Optimizer
    schedule: LRScheduler
    lookahead: Lookahead | None = None

    def step(self) -> None:
        """From the gradients to the next weights."""
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        if self.lookahead:
            self.lookahead.after(self.schedule.last_epoch)

    def kept(self, accelerator: Accelerator) -> dict[str, Any]:
        """What it takes to go on after this epoch."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": accelerator.scaler.state_dict() if accelerator.scaler else {},
        } | ({"slow": self.lookahead.slow} if self.lookahead else {})

    def restore(self, accelerator: Accelerator, kept: dict[str, Any], steps: int) -> None:
        """Goes on from what `kept` gave, after so many steps. raises ValueError, and what torch raises, for what does
        not fit"""
        self.network.load_state_dict(kept["network"])
        _put_back(self.optimizer, kept["optimizer"])
        if accelerator.scaler is not None:
            accelerator.scaler.load_state_dict(kept["scaler"])
        self.schedule.last_epoch = steps
        if self.lookahead:
            for mine, theirs in zip(self.lookahead.slow, kept["slow"], strict=True):
                mine.copy_(theirs)


@dataclass
class SoFar:
    """How far an epoch is: all that a training carries from one of its batches to the next, beside the `Training`.

    batches  of it that are done
    sums     (2,) over what this process had of them: the loss in nats, and lambda-weighted right predictions
    """

    batches: int
    sums: Tensor

    def kept(self, accelerator: Accelerator) -> dict[str, Any]:
        """What it takes to go on within this epoch, beside what the training keeps: of every process, which all have to
        ask, its sums and where its random stream is, from which dropout is drawn.

        raises DivergedError for a loss that is no longer finite
        """
        mine = {"sums": self.sums.cpu(), "random": torch.get_rng_state()}
        if accelerator.device.type != "cpu":
            mine["random_there"] = torch.get_device_module(accelerator.device).get_rng_state()
        of_all = gather_object([mine])
        _refuse_divergence(sum(float(one["sums"][0]) for one in of_all))
        return {"batches": self.batches, "processes": of_all}

    @classmethod
    def of(cls, accelerator: Accelerator, kept: dict[str, Any] | None = None, batches: int = 0) -> "SoFar":
        """From what `kept` gave, in an epoch of so many batches; before the first batch, where nothing is kept. Where
        there are other processes than there were, the sums alone go on.

        raises ValueError, and what torch raises, for what does not fit
        """
        device, number = accelerator.device, accelerator.process_index
        if kept is None:
            return cls(0, torch.zeros(2, device=device))
        sums = torch.stack([one["sums"] for one in kept["processes"]])
        if not 0 < kept["batches"] < batches or sums.shape[1:] != (2,) or not sums.isfinite().all():
            raise ValueError("it is within an epoch of another length, or its sums are none")
        if len(sums) != accelerator.num_processes:
            return cls(kept["batches"], (sums.sum(0) if number == 0 else torch.zeros(2)).to(device))
        mine = kept["processes"][number]
        torch.set_rng_state(mine["random"])
        if device.type != "cpu" and "random_there" in mine:
            torch.get_device_module(device).set_rng_state(mine["random_there"])
        return cls(kept["batches"], sums[number].to(device))


def _put_back(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """raises ValueError for the state of another optimizer, or of other parameters"""
    own = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict(state)
    for mine, theirs in zip(own, optimizer.state_dict()["param_groups"], strict=True):
        differing = [name for name in mine if name != "lr" and theirs.get(name) != mine[name]]
        if differing or not (isinstance(theirs.get("lr"), float) and 0 <= theirs["lr"] <= mine["initial_lr"]):
            raise ValueError(f"its optimizer has another {(differing or ['lr'])[0]}")
    for parameter, kept in optimizer.state.items():
        for name, value in kept.items():
            if isinstance(value, Tensor) and value.shape not in ((), parameter.shape):
                raise ValueError(f"its {name} are not of the shape of the network's weights")


def begin(accelerator: Accelerator, network: nn.Module, config: TrainConfig, steps_per_epoch: int) -> Training:
    """A training before its first step."""
    of_weights = optimizer_of(
        network, config.optimizer, config.lr, config.momentum, config.weight_decay, config.bias_lr
    )
    steps = config.epochs * steps_per_epoch
    if config.momentum and accelerator.scaler is not None:
        # Of a first step that overflows in fp16 the fused kernel makes nothing, and leaves as the momentum what lay in
        # memory. One of zeros makes the first step what it is without.
        for parameter in (parameter for group in of_weights.param_groups for parameter in group["params"]):
            of_weights.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    drops = [round(share * steps) for share in config.lr_drops]
    course: LRScheduler
    if config.schedule == "triangle":
        course = LambdaLR(of_weights, lambda step: triangle(step / max(1, steps)))
    elif config.rise_epochs:
        course = LambdaLR(
            of_weights,
            lambda step: risen(step / steps_per_epoch, config.rise_epochs) * 0.1 ** sum(drop <= step for drop in drops),
        )
    else:
        course = MultiStepLR(of_weights, drops)
    model, stepper = accelerator.prepare(network, of_weights)
    average = None
    if config.lookahead:
        moving = [tensor for tensor in network.state_dict().values() if tensor.is_floating_point()]
        average = Lookahead(config.lookahead, steps, moving, [tensor.clone() for tensor in moving])
    return Training(network, model, stepper, course, average)


def gather(part: Part, rows: Rows, plan: Plan) -> Inputs:
    """These rows, moved and flipped as planned: the same whether a row stands as itself or as a partner. (Those that
    are decoded on demand were cut and flipped then.)"""
    inputs = part.fetch(rows)
    if plan.shift is not None and plan.flip is not None:
        moved = translate_flip if plan.reflected else crop_flip
        inputs = moved(inputs, plan.shift.index_select(0, rows), plan.flip.index_select(0, rows), plan.pad)
    return natural(inputs)


def batch_of(part: Part, plan: Plan, places: slice, layer: int) -> Batch:
    """The rows at these places, each beside its partners, to be mixed before this layer."""
    members = (plan.order[places], *plan.partner[:, places])
    x = tuple(gather(part, rows, plan) for rows in members)
    if plan.noise is not None:  # a place's own, on the row and its partners: however they are mixed, it is there once
        noise = plan.noise.at(places).to(part.labels.device)
        x = tuple(one + noise for one in x)
    box = None if plan.box is None else plan.box[places]
    return Batch(x, tuple(part.labels[rows] for rows in members), plan.lam[:, places], box, layer)


def train_epoch(
    accelerator: Accelerator,
    training: Training,
    method: Mixup,
    part: Part,
    plan: Plan,
    step_done: Callable[[], None],
    accumulate: int = 1,
    so_far: SoFar | None = None,
) -> dict[str, float]:
    """Trains on every row of the plan once. The device is waited for once, when the epoch is over.

    so_far      where the epoch goes on from, if it is not its first batch; moved on with each, before `step_done`
    accumulate  pieces of each process's share of a batch that are passed one after the other, which takes less memory

    returns  ``loss``, the mean loss of the mixed rows in nats, and ``weighted_accuracy``, the lambda-weighted share of
    right predictions on them (under ERM: plain accuracy), both in training mode, while the weights change
    raises   DivergedError for a loss that is no longer finite
    """
    model = training.model.train()
    so_far = so_far or SoFar.of(accelerator)
    batches = plan.pieces(accelerator.process_index, accelerator.num_processes, accumulate)[so_far.batches :]
    drawn = plan.to(torch.device("cpu"))
    members = (drawn.members(slice(pieces[0].start, pieces[-1].stop)) for pieces, _ in batches)
    ready = part.ahead(members, drawn.crop, None if drawn.crop is None else drawn.flip)
    for (pieces, rows_of_batch), layer, here in zip(batches, plan.layers[so_far.batches :], ready, strict=False):
        for places in pieces:
            batch = batch_of(here, plan, places, layer)
            # The processes add up their gradients once a batch, with its last piece.
            with nullcontext() if places is pieces[-1] else accelerator.no_sync(model):
                loss, hits = method.loss(model, batch)
                # Gradients are summed over pieces and averaged over processes; so scaled, that is the mean over the
                # global batch, whatever the shares.
                accelerator.backward(loss * (accelerator.num_processes / rows_of_batch))
            so_far.sums += torch.stack([loss.detach(), hits])
        training.step()
        so_far.batches += 1
        step_done()
    loss_sum, hits_sum = accelerator.reduce(so_far.sums, "sum").tolist()
    _refuse_divergence(loss_sum)
    return {"loss": loss_sum / len(part), "weighted_accuracy": hits_sum / len(part)}


def _refuse_divergence(loss: float) -> None:
    if not np.isfinite(loss):
        raise DivergedError("The training loss is no longer finite; try a smaller --lr.")

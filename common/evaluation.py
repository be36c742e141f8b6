"""One look at a part of a data set: what a model makes of each of its examples."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn import functional as F

from common.data.dataset import Part
from common.errors import DivergedError
from common.shapes import Inputs, Labels, Logits, Resident

# Rows of a pass, which move no number beyond rounding. On a CPU, whose caches are small, fewer are faster by a sixth.
ON_CPU, ELSEWHERE, LEAST = 128, 500, 16
# In the inputs of a pass elsewhere: 55 images of 3 x 224 x 224, of which PreAct ResNet-18 makes some 3 GiB; and with
# gradients 682 of 3 x 32 x 32, for which WRN-28-10 takes 13 GiB.
NUMBERS, WITH_GRADIENTS = 2**23, 2**21


def at_once(device: torch.device, shape: Sequence[int]) -> int:
    """Rows a forward pass when nothing is learnt, of inputs of this shape."""
    return ON_CPU if device.type == "cpu" else fitting(NUMBERS, shape)


def fitting(numbers: int, shape: Sequence[int], most: int = ELSEWHERE) -> int:
    """Rows of a pass: fewer of large inputs, which fill a cache, or an accelerator's memory, sooner.

    numbers  in the inputs of a pass, at most
    """
    return min(most, max(LEAST, numbers // math.prod(shape)))


def natural(inputs: Resident) -> Inputs:
    """Pixels in [0, 1], channels last in memory, which convolutions prefer; or what a table or a spectrogram holds."""
    if inputs.dtype != torch.uint8:
        return inputs
    return inputs.to(torch.float32, memory_format=torch.channels_last).div_(255)


@dataclass(frozen=True)
class Outcomes:
    """What a model makes of each example of a part, in the part's order, the same on every process.

    ranks        (n,)  classes with a larger logit than the true one: 0 is a right prediction
    losses       (n,)  cross-entropy in nats
    confidences  (n,)  probability of the predicted class
    predicted    (n,)  that class
    """

    ranks: np.ndarray
    losses: np.ndarray
    confidences: np.ndarray
    predicted: np.ndarray


@torch.no_grad()
def outcomes(accelerator: Accelerator, model: nn.Module, part: Part, *, with_flips: bool = False) -> Outcomes:
    """Evaluates in eval mode; each process takes a share of the rows, without padding.

    with_flips  by the mean of the logits of each image and of its mirror image
    raises DivergedError where a loss is not finite
    """
    model.eval()
    # Every process fills its own rows of a table of zeros; their sum is the table, exactly.
    table = torch.zeros(4, len(part), device=accelerator.device)
    for rows, here in _shares(accelerator, part):
        x = natural(here.fetch(rows))
        logits = (model(x) + model(x.flip(-1))) / 2 if with_flips else model(x)
        table[:, rows] = _outcomes_of(logits, part.labels[rows])
    ranks, losses, confidences, predicted = accelerator.reduce(table, "sum").cpu().numpy()
    if not np.isfinite(losses).all():
        raise DivergedError("The model's loss on the test rows is no longer finite; try a smaller --lr.")
    return Outcomes(
        ranks.astype(np.int64), losses.astype(np.float32), confidences.astype(np.float32), predicted.astype(np.int64)
    )


@torch.no_grad()
def logits(accelerator: Accelerator, model: nn.Module, part: Part, classes: int) -> np.ndarray:
    """(n, classes) of each example of a part, as in `outcomes`."""
    model.eval()
    table = torch.zeros(len(part), classes, device=accelerator.device)
    for rows, here in _shares(accelerator, part):
        table[rows] = model(natural(here.fetch(rows))).float()
    found: np.ndarray = accelerator.reduce(table, "sum").cpu().numpy()
    return found


def _shares(accelerator: Accelerator, part: Part) -> Iterator[tuple[slice, Part]]:
    """The rows that this process passes, some at once, and the part to fetch them from."""
    process, processes, n = accelerator.process_index, accelerator.num_processes, len(part)
    start, stop = n * process // processes, n * (process + 1) // processes
    some = at_once(accelerator.device, part.shape)
    shares = [slice(first, min(first + some, stop)) for first in range(start, stop, some)]
    yield from zip(shares, part.ahead(torch.arange(rows.start, rows.stop) for rows in shares), strict=False)


def ranks(logits: Logits, y: Labels) -> Labels:
    """How many classes stand before the true one: 0 is a right prediction. Ties count as argmax breaks them, for the
    class that comes first; what is not a number stands before everything."""
    true = logits.gather(1, y[:, None])
    before = torch.arange(logits.shape[1], device=y.device) < y[:, None]
    return (~(logits <= true) | ((logits == true) & before)).sum(dim=1)


def _outcomes_of(logits: Logits, y: Labels) -> Tensor:
    logits = logits.float()
    losses = F.cross_entropy(logits, y, reduction="none")
    confidences, predicted = logits.softmax(dim=1).amax(dim=1), logits.argmax(dim=1)
    return torch.stack([ranks(logits, y), losses, confidences, predicted])

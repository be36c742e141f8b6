"""What a model makes of the points in between two examples (Zhang et al. 2018, Fig. 2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from accelerate import Accelerator
from jaxtyping import Float
from torch import Tensor, nn

from common.chance import rng
from common.data.dataset import Part
from common.errors import UserError
from common.evaluation import WITH_GRADIENTS, fitting, natural
from common.mixup import mix, mixed_cross_entropy
from common.shapes import Inputs, Labels, Logits, Rows, Weights

# What is kept of each pair at each lambda, in this order.
MISSED, P_FIRST, P_SECOND, LOSS_NORM, LOGIT_NORM = range(5)

MOST_ROWS = 1000
NUMBERS = 2**16  # on a CPU: 21 images of 3 x 32 x 32, for which PreAct ResNet-18 was timed

Table = Float[np.ndarray, "5 l n"]


@dataclass(frozen=True)
class Pairs:
    """Rows of a part, two by two: row first[k] is mixed with row second[k], which is another one."""

    first: Rows
    second: Rows

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, places: slice) -> "Pairs":
        return Pairs(self.first[places], self.second[places])

    def to(self, device: torch.device) -> "Pairs":
        return Pairs(self.first.to(device), self.second.to(device))


def draw_pairs(rows: int, pairs: int, seed: int) -> Pairs:
    """Random pairs of different rows out of `rows`: the same for every model; fewer pairs are the first of more."""
    drawn = rng("pairs", seed, rows).integers([rows, rows - 1], size=(pairs, 2))
    first, second = drawn[:, 0], drawn[:, 1] + (drawn[:, 1] >= drawn[:, 0])
    return Pairs(torch.from_numpy(first), torch.from_numpy(second))


def lambdas(points: int, beyond: float = 0.0) -> list[float]:
    """From 0 (the second row) to 1 (the first), evenly, and so far beyond both."""
    return [(1 + 2 * beyond) * step / (points - 1) - beyond for step in range(points)]


def share(lam: float) -> float:
    """The first row's in the label at a lambda: beyond a row, that row's class is all of it."""
    return min(max(lam, 0.0), 1.0)


def between(
    accelerator: Accelerator,
    model: nn.Module,
    part: Part,
    pairs: Pairs,
    lams: Sequence[float],
    gradient_pairs: int,
    passed: Callable[[int], None],
) -> Table:
    """Looks at each pair at these values of lambda, in between its rows or beyond them; each process takes a share of
    the pairs, without padding.

    model           in eval mode, its parameters frozen
    gradient_pairs  the norms are measured on so many of the pairs, the first ones, and are 0 for the others
    passed          is told after each batch how many passes each of its mixes took

    returns  (5, lams, pairs): MISSED is 1 where the prediction is neither row's class; the probabilities of the first
             and the second row's class; the L2 norm of the gradient with respect to the mixed input, in natural units,
             of the loss ``lam CE(y_i) + (1 - lam) CE(y_j)`` (lam as `share` has it) and of the predicted class's logit
    raises   UserError where a number is not finite
    """
    # Every process fills its own pairs of a table of zeros; their sum is the table, exactly.
    table = torch.zeros(5, len(lams), len(pairs), device=accelerator.device)
    for places, with_gradient in shares(accelerator, part, len(pairs), gradient_pairs):
        few = pairs[places]
        x_i, x_j = (natural(part.fetch(rows)) for rows in (few.first, few.second))
        y_i, y_j = part.labels[few.first], part.labels[few.second]
        for place, value in enumerate(lams):
            lam = torch.full((len(few),), value, device=accelerator.device)
            x = mix((x_i, x_j), lam[None])
            if with_gradient:
                logits, norms = _with_gradients(model, x, y_i, y_j, torch.full_like(lam, share(value)))
                table[LOSS_NORM:, place, places] = norms
            else:
                with torch.inference_mode():
                    logits = model(x)
            table[:LOSS_NORM, place, places] = _outcomes_of(logits, y_i, y_j)
        passed(passes(with_gradient))
    measured = accelerator.reduce(table, "sum").cpu().numpy()
    if not np.isfinite(measured).all():
        raise UserError("The model gives numbers that are not finite in between two rows; train it again.")
    return measured


def shares(accelerator: Accelerator, part: Part, pairs: int, gradient_pairs: int) -> list[tuple[slice, bool]]:
    """The batches of pairs of this process, and whether gradients are measured on them. Of the pairs with and of those
    without gradients, which cost differently, each process takes its share."""
    process, processes, batch = accelerator.process_index, accelerator.num_processes, rows_at_once(accelerator, part)
    batches = []
    for low, high, with_gradient in ((0, gradient_pairs, True), (gradient_pairs, pairs, False)):
        start, stop = (low + (high - low) * rank // processes for rank in (process, process + 1))
        batches += [(slice(at, min(at + batch, stop)), with_gradient) for at in range(start, stop, batch)]
    return batches


def passes(with_gradient: bool) -> int:
    """Of a batch at one lambda: forward, and with gradients back from the loss and from the predicted class's logit."""
    return 3 if with_gradient else 1


def rows_at_once(accelerator: Accelerator, part: Part) -> int:
    """Rows of a forward pass: on a CPU as many as leave their activations in the cache, else as many as fill the
    accelerator, whose memory holds what a gradient takes. It moves no number beyond rounding."""
    numbers = NUMBERS if accelerator.device.type == "cpu" else WITH_GRADIENTS
    return fitting(numbers, part.shape, MOST_ROWS)


@torch.inference_mode()
def probabilities(model: nn.Module, part: Part, first: int, second: int, lams: Sequence[float]) -> Float[Tensor, "l k"]:
    """Of every class, at each of these places between two rows."""
    x_i, x_j = (natural(part.fetch(slice(row, row + 1))).expand(len(lams), *part.shape) for row in (first, second))
    lam = torch.tensor(lams, device=part.labels.device)
    return model(mix((x_i, x_j), lam[None])).softmax(dim=1)


def _with_gradients(
    model: nn.Module, x: Inputs, y_i: Labels, y_j: Labels, lam: Weights
) -> tuple[Logits, Float[Tensor, "2 b"]]:
    """One forward pass, and a backward pass each for the loss and for the predicted class's logit. The rows do not mix
    in eval mode, so that the gradient of a sum over the batch is that of each row."""
    x = x.requires_grad_()
    logits = model(x)
    loss = mixed_cross_entropy(logits, (y_i, y_j), lam[None]).sum()
    (of_loss,) = torch.autograd.grad(loss, x, retain_graph=True)
    (of_logit,) = torch.autograd.grad(logits.amax(dim=1).sum(), x)
    norms = torch.stack([gradient.flatten(1).norm(dim=1) for gradient in (of_loss, of_logit)])
    return logits.detach(), norms


def _outcomes_of(logits: Logits, y_i: Labels, y_j: Labels) -> Float[Tensor, "3 b"]:
    predicted = logits.argmax(dim=1)
    missed = (predicted != y_i) & (predicted != y_j)
    probability = logits.softmax(dim=1)
    return torch.stack([missed, *(probability.gather(1, y[:, None])[:, 0] for y in (y_i, y_j))])

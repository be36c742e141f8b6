"""Adversarial examples in the max norm, from the sign of the loss's gradient; and random signs, the control.

Inputs are in natural units; the models are in eval mode with frozen parameters. Epsilon counts units of a `Space`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from common.chance import rng
from common.errors import UserError
from common.models import Normalize
from common.options.attack import IFGSM_STEPS, ROUNDED
from common.shapes import Flags, Inputs, Labels

PGD_STEP = 1 / 8  # of epsilon


@dataclass(frozen=True)
class Space:
    """What epsilon counts, and where inputs may lie.

    deviations  None: pixels, epsilon in 1/255, nothing leaves [0, 1]. Else the training part's standard deviation of
                each channel or feature, as in `Normalize` (1 for a constant one): epsilon in hundredths of it, and
                nothing is clipped, since a table's values have no natural ends
    """

    deviations: Tensor | None

    @property
    def unit(self) -> str:
        return "1/255" if self.deviations is None else "std/100"

    def radius(self, epsilon: float) -> float | Tensor:
        """In natural units, to be broadcast over a batch."""
        return epsilon / 255 if self.deviations is None else epsilon / 100 * self.deviations

    def ball(self, x: Inputs, epsilon: float) -> tuple[Inputs, Inputs]:
        """The least and the greatest values that an example of `x` may take."""
        low, high = x - self.radius(epsilon), x + self.radius(epsilon)
        return (low, high) if self.deviations is not None else (low.clamp_(min=0), high.clamp_(max=1))

    def distances(self, x: Inputs, examples: Inputs) -> Float[Tensor, " b"]:
        """How far each example lies from its `x`, in units of epsilon, up to rounding."""
        return ((examples - x).abs() / self.radius(1.0)).flatten(1).amax(dim=1)

    def check(self, x: Inputs, epsilons: Sequence[float]) -> None:
        """raises UserError where epsilons or clipping would not mean what they say: for pixels outside [0, 1]; for
        values so far from 0 that float32 rounds an example by more than `ROUNDED` of an epsilon"""
        if self.deviations is None:
            if not (x.min() >= 0 and x.max() <= 1):
                raise UserError(f"Pixels must lie in [0, 1] to be attacked, and lie in [{x.min():.3g}, {x.max():.3g}].")
            return
        far = x.abs() + self.radius(max(epsilons))
        rounding = ((far.nextafter(torch.full_like(far, torch.inf)) - far) / 2 / self.radius(1.0)).flatten()
        worst = rounding.argmax()
        least = float(rounding[worst]) / ROUNDED
        if lost := [epsilon for epsilon in epsilons if 0 < epsilon < least]:
            raise UserError(
                f"An epsilon of {lost[0]:g}/100 of a standard deviation gets lost beside values as large as "
                f"{float(x.flatten()[worst]):.7g}, between which float32 has few others. Subtract from that column "
                "what its values have in common and train again, or attack by --epsilons and --iterated-epsilons "
                f"of {math.ceil(least)} and more."
            )


PIXELS = Space(None)


def space(model: nn.Module, kind: str) -> Space:
    """The space of a data set of this kind, "images" (pixels), "sounds" or "table".

    raises UserError for a model that does not begin with its normalisation, and so does not take natural units
    """
    normalize = getattr(model, "normalize", None)
    if not isinstance(normalize, Normalize):
        raise UserError("Only a model whose first layer is its normalisation can be attacked in natural units.")
    return PIXELS if kind == "images" else Space(normalize.std)


def signed_gradient(model: nn.Module, x: Inputs, y: Labels) -> tuple[Inputs, Flags]:
    """The sign of the cross-entropy's gradient with respect to `x`: 1, 0 or -1; and which rows have none at all.

    The loss is summed: the mean's factor 1/b would push more of the smallest gradients to zero. Nothing is added to the
    gradients of parameters.
    """
    with torch.enable_grad():
        x = x.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(F.cross_entropy(model(x), y, reduction="sum"), x)
    return gradient.sign(), ~gradient.flatten(1).any(dim=1)


def shifted(x: Inputs, sign: Inputs, epsilon: float, space: Space) -> Inputs:
    """``x + epsilon * sign``, kept inside the pixels' range: FGSM (Goodfellow et al. 2015, section 4; section 3.5 of
    the paper) for the gradient's sign, which serves every epsilon and target; noise of the same size for a random one.
    """
    examples = x + space.radius(epsilon) * sign
    return examples if space.deviations is not None else examples.clamp_(0, 1)


def iterated(
    model: nn.Module, x: Inputs, y: Labels, start: Inputs, epsilon: float, step: float, steps: int, space: Space
) -> tuple[Inputs, Flags]:
    """`steps` signed-gradient steps of size `step` from `start`, each cut back to the ball around `x`.

    returns  the examples, and which rows have no gradient at the start
    """
    low, high = space.ball(x, epsilon)
    size = space.radius(step)
    examples, is_zero = start, torch.zeros(len(x), dtype=torch.bool, device=x.device)
    for number in range(steps):
        sign, vanished = signed_gradient(model, examples, y)
        examples = torch.clamp(examples + size * sign, low, high)
        if number == 0:
            is_zero = vanished
    return examples, is_zero


def ifgsm(model: nn.Module, x: Inputs, y: Labels, epsilon: float, space: Space) -> tuple[Inputs, Flags]:
    """Iterated FGSM (Kurakin et al. 2017, section 2.2) from `x` itself: 10 steps of a tenth of epsilon, and of 1 at
    least: the paper's (section 3.5) are ten equal ones, of a size that is assumed here. returns as `iterated`"""
    return iterated(model, x, y, x, epsilon, max(1.0, epsilon / 10), IFGSM_STEPS, space)


def pgd(
    model: nn.Module, x: Inputs, y: Labels, starts: Sequence[Inputs], epsilon: float, steps: int, space: Space
) -> tuple[Inputs, Flags]:
    """Projected gradient descent (Madry et al. 2018, section 2.1): steps of an eighth of epsilon from random starts.

    starts   one for each restart, uniform in [-1, 1], as `random_starts` draws them
    returns  of each row the example that does most harm to this model (is misclassified; among those the greater
             loss), whatever it will be tested on; and which rows have no gradient at the first start
    """
    low, high = space.ball(x, epsilon)
    best, is_zero, harm = None, torch.zeros(len(x), dtype=torch.bool, device=x.device), None
    for start in starts:
        begun = torch.clamp(x + space.radius(epsilon) * start, low, high)
        examples, vanished = iterated(model, x, y, begun, epsilon, PGD_STEP * epsilon, steps, space)
        if best is None:
            best, is_zero = examples, vanished
        if len(starts) == 1:
            break
        harmed = _harm(model, examples, y)
        if harm is None:
            harm = harmed
        worse = harmed > harm
        best = torch.where(worse.view(-1, *[1] * (x.dim() - 1)), examples, best)
        harm = torch.where(worse, harmed, harm)
    assert best is not None
    return best, is_zero


@torch.no_grad()
def _harm(model: nn.Module, x: Inputs, y: Labels) -> Float[Tensor, " b"]:
    """The loss of each row in (0, 1), and 1 more where it is misclassified."""
    logits = model(x)
    loss = F.cross_entropy(logits, y, reduction="none")
    return loss / (1 + loss) + (logits.argmax(dim=1) != y)


def random_signs(like: Inputs, rows: Int[np.ndarray, " b"], seed: int) -> Inputs:
    """-1 or 1 for each value, by the number of its row alone: the same in whatever batch and process it comes."""
    return _drawn(like, rows, lambda row, shape: 2 * rng("attack noise", seed, row).integers(0, 2, shape) - 1)


def random_starts(like: Inputs, rows: Int[np.ndarray, " b"], seed: int, restart: int) -> Inputs:
    """Uniform in [-1, 1), by the number of its row and of the restart alone."""
    return _drawn(like, rows, lambda row, shape: 2 * rng("attack start", seed, restart, row).random(shape) - 1)


def _drawn(like: Inputs, rows: Int[np.ndarray, " b"], draw: Callable[[int, tuple[int, ...]], np.ndarray]) -> Inputs:
    """A row for each number, with the shape, device and layout in memory of `like`."""
    drawn = np.stack([draw(int(row), tuple(like.shape[1:])) for row in rows])
    return torch.empty_like(like).copy_(torch.from_numpy(drawn))

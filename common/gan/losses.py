"""What discriminator and generator minimise. `of` lists them by --loss; the paper's are those of its section 3.7.

A discriminator gives logits, of points that it takes for real large ones. Shapes: s seeds, n rows. A loss is the mean
over rows, a number a seed: what a seed minimises does not depend on the others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from common.mixup import mix
from common.options.gan import GanConfig

Points = Float[Tensor, "s n 2"]
Logits = Float[Tensor, "s n"]
Shares = Float[Tensor, "s n"]  # of what is real in a row: lambda
Order = Int[Tensor, "s n"]
Losses = Float[Tensor, " s"]
Discriminator = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Loss:
    """discriminator  what it minimises, of itself, real and fake points, and what is drawn for the step
    generator      what it minimises, of the discriminator, real and fake points
    draw           chance of one step and seed beside the points, of a generator and the batch size
    batches        of real and of fake points that a step of the discriminator takes
    betas          Adam's
    """

    discriminator: Callable[..., Losses]
    generator: Callable[[Discriminator, Points, Points], Losses]
    draw: Callable[[np.random.Generator, int], tuple[np.ndarray, ...]] = lambda chance, n: ()
    batches: int = 1
    betas: tuple[float, float] = (0.9, 0.999)


def of(config: GanConfig) -> Loss:
    """By --loss."""
    alpha, lam_max, penalty = (value or 0.0 for value in (config.alpha, config.lam_max, config.penalty))
    match config.loss:
        case "saturating":
            return Loss(plain, saturating)
        case "mixup":
            return Loss(mixed, saturating, partial(draw_lambda, alpha))
        case "mixup-authors":
            return Loss(mixed_unions, saturating, partial(draw_unions, lam_max), batches=2)
        case "non-saturating":
            return Loss(plain, non_saturating)
        case "r3gan":
            return Loss(partial(relativistic, penalty), relativistic_generator, betas=(0.0, 0.99))  # R3GAN's


def told_apart(logits: Logits, lam: Shares) -> Losses:
    """Binary cross-entropy against the share of what is real, in nats: the paper's l(d(x), lambda)."""
    return F.binary_cross_entropy_with_logits(logits, lam, reduction="none").mean(dim=1)


def plain(d: Discriminator, real: Points, fake: Points) -> Losses:
    """Real is 1 and fake is 0: half the paper's l(d(x), 1) + l(d(g(z)), 0), which to Adam is the same."""
    logits = d(torch.cat([real, fake], dim=1))
    return told_apart(logits, torch.cat([torch.ones_like(real[..., 0]), torch.zeros_like(fake[..., 0])], dim=1))


def mixed(d: Discriminator, real: Points, fake: Points, lam: Shares) -> Losses:
    """The paper's mixup: l(d(lambda x + (1 - lambda) g(z)), lambda)."""
    return told_apart(d(_mix(real, fake, lam)), lam)


def draw_lambda(alpha: float, chance: np.random.Generator, n: int) -> tuple[np.ndarray, ...]:
    return (chance.beta(alpha, alpha, size=n),)


def mixed_unions(d: Discriminator, real: Points, fake: Points, first: Order, second: Order, share: Shares) -> Losses:
    """The authors' code, where it departs from the paper: both partners come from a shuffled union of real and fake
    points, each from its own, so that half of the pairs are of one kind.

    real, fake     two batches of each
    first, second  the shuffling of each union;  share  of the first partner
    """
    half = real.shape[1] // 2
    ones, zeros = torch.ones_like(real[:, :half, 0]), torch.zeros_like(fake[:, :half, 0])
    label = torch.cat([ones, zeros], dim=1)
    one = torch.cat([real[:, :half], fake[:, :half]], dim=1)
    other = torch.cat([real[:, half:], fake[:, half:]], dim=1)
    x = _mix(_shuffled(one, first), _shuffled(other, second), share)
    return told_apart(d(x), share * label.gather(1, first) + (1 - share) * label.gather(1, second))


def draw_unions(lam_max: float, chance: np.random.Generator, n: int) -> tuple[np.ndarray, ...]:
    """The coefficient is even from 0 to lam_max, a row, where the paper has Beta(alpha, alpha)."""
    return chance.permutation(2 * n), chance.permutation(2 * n), chance.uniform(0, lam_max, size=2 * n)


def relativistic(penalty: float, d: Discriminator, real: Points, fake: Points) -> Losses:
    """Each real point against a fake one, and R1 and R2: half the penalty times the mean squared norm of the gradient
    at real points, and the same at fake ones (Huang et al. 2024, R3GAN, section 2)."""
    logits, steepness = with_steepness(d, torch.cat([real, fake], dim=1))
    of_real, of_fake = logits.chunk(2, dim=1)
    return F.softplus(of_fake - of_real).mean(dim=1) + penalty * steepness.mean(dim=1)


def with_steepness(d: Discriminator, x: Points) -> tuple[Logits, Shares]:
    """The logits at x, and the squared norm of their gradient there, through which gradients go on."""
    x = x.detach().requires_grad_()
    logits = d(x)
    (gradient,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return logits, gradient.square().sum(dim=2)


def saturating(d: Discriminator, real: Points, fake: Points) -> Losses:
    """The paper's max over g of l(d(g(z)), 0), which is flat where the discriminator is sure."""
    return -told_apart(d(fake), torch.zeros_like(fake[..., 0]))


def non_saturating(d: Discriminator, real: Points, fake: Points) -> Losses:
    """The minimum of l(d(g(z)), 1), steep where the discriminator is sure (Goodfellow et al. 2014, section 3)."""
    return told_apart(d(fake), torch.ones_like(fake[..., 0]))


def relativistic_generator(d: Discriminator, real: Points, fake: Points) -> Losses:
    """Each fake point against a real one."""
    return F.softplus(d(real) - d(fake)).mean(dim=1)


def _mix(x: Points, partner: Points, lam: Shares) -> Points:
    return mix([x.flatten(0, 1), partner.flatten(0, 1)], lam.flatten()[None]).view_as(x)


def _shuffled(x: Points, order: Order) -> Points:
    return x.gather(1, order[..., None].expand(-1, -1, 2))

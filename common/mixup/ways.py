"""The ways of mixing, a class each."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from torch import nn

from common.chance import rng
from common.mixup.arithmetic import boxes, kept, mix, mixed_cross_entropy, mixed_hits, paste
from common.mixup.pairs import Pairs
from common.shapes import Boxes, Inputs, Labels, Lambdas, Logits, Scalar


@dataclass(frozen=True)
class Batch:
    """Rows of a batch, each beside its partners, with the weight of the row itself.

    x, y  the rows, then their first partners, and so on: inputs in natural units, and their classes
    lam   (p, b) in [0, 1], as `mix` takes it
    box   what CutMix pastes
    """

    x: tuple[Inputs, ...]
    y: tuple[Labels, ...]
    lam: Lambdas
    box: Boxes | None = None


@dataclass(frozen=True)
class Drawn:
    """What a way of mixing draws of an epoch over n rows, by place.

    partner  (p, n)  the rows mixed into that of each place
    lam      (p, n)  float64
    box      (n, 4)  what CutMix pastes
    """

    partner: np.ndarray
    lam: np.ndarray
    box: np.ndarray | None = None


@dataclass(frozen=True)
class Mixup:
    """alpha      lambda ~ Beta(alpha, alpha); None: lambda = 1, which is ERM
    lam_per    one lambda a "batch", as in the authors' code, or one a "row"
    smoothing  share of each label that is spread evenly over all classes
    pairs      who is mixed with whom
    """

    alpha: float | None
    lam_per: str | None = "batch"
    smoothing: float = 0.0
    pairs: Pairs = field(default_factory=Pairs)

    def draw(self, seed: int, epoch: int, order: np.ndarray, stops: tuple[int, ...]) -> Drawn:
        """Its part of an epoch's plan. order, stops  as in `Pairs.draw`"""
        partner = self.pairs.draw(seed, epoch, 1, order, stops)
        alpha, chance = self.alpha, rng("lambda", seed, epoch)
        if alpha is None:
            return Drawn(partner[None], np.ones((1, len(order))))
        lam = self.spread(stops, lambda size: chance.beta(alpha, alpha, size=size))
        return Drawn(partner[None], lam[None])

    def spread(self, stops: tuple[int, ...], draw: Callable[[int], np.ndarray]) -> np.ndarray:
        """At each place what is drawn once a batch, or once a row."""
        if self.lam_per == "row":
            return draw(stops[-1])
        return draw(len(stops)).repeat(np.diff((0, *stops)), axis=0)

    def logits(self, model: nn.Module, batch: Batch) -> Logits:
        """Of the mixed rows, in one forward pass."""
        return model(mix(batch.x, batch.lam))

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Scalar, Scalar]:
        """The loss of one forward pass, summed over the rows, and the lambda-weighted number of right predictions."""
        logits = self.logits(model, batch)
        losses = mixed_cross_entropy(logits, batch.y, batch.lam, self.smoothing)
        return losses.sum(), mixed_hits(logits.detach(), batch.y, batch.lam).sum()


ERM = Mixup(alpha=None)


@dataclass(frozen=True)
class CutMix(Mixup):
    """A box of the partner pasted into the row; lambda is then the share of the row that is left, to the pixel, and not
    the one that was drawn (Yun et al. 2019, section 3.1).

    size  of the images: height and width
    """

    size: tuple[int, int] = (1, 1)

    def draw(self, seed: int, epoch: int, order: np.ndarray, stops: tuple[int, ...]) -> Drawn:
        drawn = super().draw(seed, epoch, order, stops)
        chance = rng("box", seed, epoch)
        centre = self.spread(stops, lambda size: chance.integers(self.size, size=(size, 2)))
        box = boxes(drawn.lam[0], centre, self.size)
        return Drawn(drawn.partner, kept(box, self.size)[None], box)

    def logits(self, model: nn.Module, batch: Batch) -> Logits:
        assert batch.box is not None
        x, x_partner = batch.x
        return model(paste(x, x_partner, batch.box))

"""The ways of mixing, a class each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from common.chance import rng
from common.mixup.arithmetic import boxes, heaviest, kept, mix, mixed_cross_entropy, mixed_hits, paste
from common.mixup.pairs import Pairs, key
from common.shapes import Boxes, Inputs, Labels, Lambdas, Logits, Scalar


@dataclass(frozen=True)
class Batch:
    """Rows of a batch, each beside its partners, with the weight of the row itself.

    x, y   the rows, then their first partners, and so on: inputs in natural units, and their classes
    lam    (p, b) in [0, 1], as `mix` takes it
    box    what CutMix pastes
    layer  before which they are mixed; 0: the inputs are
    """

    x: tuple[Inputs, ...]
    y: tuple[Labels, ...]
    lam: Lambdas
    box: Boxes | None = None
    layer: int = 0


@dataclass(frozen=True)
class Drawn:
    """What a way of mixing draws of an epoch over n rows, by place.

    partner  (p, n)  the rows mixed into that of each place
    lam      (p, n)  float64
    layers           of each global batch, that before which it is mixed
    box      (n, 4)  what CutMix pastes
    """

    partner: np.ndarray
    lam: np.ndarray
    layers: tuple[int, ...]
    box: np.ndarray | None = None


@dataclass(frozen=True)
class Mixup:
    """alpha        lambda ~ Beta(alpha, alpha); None: lambda = 1, which is ERM
    lam_per      one lambda a "batch", as in the authors' code, or one a "row"
    smoothing    share of each label that is spread evenly over all classes
    pairs        who is mixed with whom
    partners     of each row; the shares of all are drawn from Dirichlet(alpha, …, alpha) (section 2)
    layers       before one of which, drawn for each batch, rows are mixed (Verma et al. 2019); 0: the inputs are
    probability  with which a batch (or a row) is mixed
    targets      "mixed", or the class of the "heavier" row alone
    regmixup     what the loss of the mixed rows counts beside that of the rows as they are; None: they are not passed
    """

    alpha: float | None
    lam_per: str | None = "batch"
    smoothing: float = 0.0
    pairs: Pairs = field(default_factory=Pairs)
    partners: int = 1
    layers: tuple[int, ...] = (0,)
    probability: float = 1.0
    targets: str = "mixed"
    regmixup: float | None = None

    def draw(self, seed: int, epoch: int, order: np.ndarray, stops: tuple[int, ...]) -> Drawn:
        """Its part of an epoch's plan. order, stops  as in `Pairs.draw`"""
        numbers = range(1, self.partners + 1)
        partner = np.stack([self.pairs.draw(seed, epoch, number, order, stops) for number in numbers])
        lam = np.stack([self._draw_lambda(seed, epoch, number, stops) for number in numbers])
        layers = rng("layer", seed, epoch).choice(self.layers, size=len(stops))
        return Drawn(partner, lam, tuple(layers.tolist()))

    def _draw_lambda(self, seed: int, epoch: int, number: int, stops: tuple[int, ...]) -> np.ndarray:
        """The share that what is there before the partner of this number keeps. So drawn, the shares of a row and its
        partners are Dirichlet's (stick-breaking, from the last piece on)."""
        alpha, chance = self.alpha, rng("lambda", *key(seed, epoch, number))
        if alpha is None:
            return np.ones(stops[-1])
        lam = self.spread(stops, lambda size: chance.beta(number * alpha, alpha, size=size))
        is_mixed = self.spread(stops, lambda size: rng("mixed", seed, epoch).random(size) < self.probability)
        return np.where(is_mixed, lam, 1.0)

    def spread(self, stops: tuple[int, ...], draw: Callable[[int], np.ndarray]) -> np.ndarray:
        """At each place what is drawn once a batch, or once a row."""
        if self.lam_per == "row":
            return draw(stops[-1])
        return draw(len(stops)).repeat(np.diff((0, *stops)), axis=0)

    def logits(self, model: nn.Module, batch: Batch) -> Logits:
        """Of the mixed rows, in one forward pass. What comes before the layer, rows and partners pass alike."""
        if batch.layer == 0:
            return model(mix(batch.x, batch.lam))
        with _mixed(_hidden(model)[batch.layer - 1], batch.lam):
            return model(torch.cat(batch.x))

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Scalar, Scalar]:
        """The loss of one forward pass, summed over the rows, and the lambda-weighted number of right predictions."""
        if self.regmixup is not None:
            return self._loss_beside_clean_rows(model, batch, self.regmixup)
        losses, hits = self._by_row(model, batch)
        return losses.sum(), hits.sum()

    def _by_row(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        logits = self.logits(model, batch)
        lam = heaviest(batch.lam) if self.targets == "heavier" else batch.lam
        return mixed_cross_entropy(logits, batch.y, lam, self.smoothing), mixed_hits(logits.detach(), batch.y, lam)

    def _loss_beside_clean_rows(self, model: nn.Module, batch: Batch, eta: float) -> tuple[Scalar, Scalar]:
        """RegMixup (Pinto et al. 2022): the loss of the rows as they are, and ``eta`` times that of the mixed ones, all
        in one forward pass; of the hits the mean, so weighted."""
        rows = len(batch.y[0])
        losses, hits = self._by_row(
            model, _beside(_unmixed(batch), batch) if eta else replace(_unmixed(batch), layer=0)
        )
        weights = torch.full_like(losses, eta)
        weights[:rows] = 1
        return (weights * losses).sum(), (weights * hits).sum() / (1 + eta)


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
        return replace(drawn, lam=kept(box, self.size)[None], box=box)

    def logits(self, model: nn.Module, batch: Batch) -> Logits:
        assert batch.box is not None
        x, x_partner = batch.x
        return model(paste(x, x_partner, batch.box))


def _hidden(model: nn.Module) -> tuple[nn.Module, ...]:
    """The modules of a network, wrapped or not, whose outputs are what its layers 1, 2, … are given."""
    network: Any = next(module for module in model.modules() if hasattr(module, "hidden"))
    return network.hidden


@contextmanager
def _mixed(module: nn.Module, lam: Lambdas) -> Iterator[None]:
    """As long as it lasts, what the module makes of rows, and behind them of their partners, is mixed."""
    hook = module.register_forward_hook(lambda _, inputs, made: mix(made.tensor_split(len(lam) + 1), lam))
    try:
        yield
    finally:
        hook.remove()


def _unmixed(batch: Batch) -> Batch:
    """The same rows as they are: lambda is 1."""
    return replace(
        batch, lam=torch.ones_like(batch.lam), box=None if batch.box is None else torch.zeros_like(batch.box)
    )


def _beside(one: Batch, two: Batch) -> Batch:
    """The rows of both, mixed before the same layer."""
    x = tuple(torch.cat(pair) for pair in zip(one.x, two.x, strict=True))
    y = tuple(torch.cat(pair) for pair in zip(one.y, two.y, strict=True))
    box = None if one.box is None or two.box is None else torch.cat((one.box, two.box))
    return Batch(x, y, torch.cat((one.lam, two.lam), dim=1), box, two.layer)

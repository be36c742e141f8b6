"""Ways of mixing as values: what one draws of an epoch's plan, how it mixes a batch, and its loss.

mixup (Zhang et al. 2018, section 2) is the one there is. ERM is mixup whose lambda is 1, not a branch.
"""

from dataclasses import dataclass

import numpy as np
import torch.nn.functional as F
from torch import nn

from common.chance import rng
from common.shapes import Inputs, Labels, Logits, Scalar, Weights


@dataclass(frozen=True)
class Batch:
    """Rows of a batch, each beside its partner, with the weight of the row itself.

    x, x_partner  inputs in natural units;  y, y_partner  their classes;  lam  (b,) in [0, 1]
    """

    x: Inputs
    y: Labels
    x_partner: Inputs
    y_partner: Labels
    lam: Weights


@dataclass(frozen=True)
class Mixup:
    """alpha      lambda ~ Beta(alpha, alpha); None: lambda = 1, which is ERM
    lam_per    one lambda a "batch", as in the authors' code, or one a "row"
    smoothing  share of each label that is spread evenly over all classes
    """

    alpha: float | None
    lam_per: str | None = "batch"
    smoothing: float = 0.0

    def draw(self, seed: int, epoch: int, stops: tuple[int, ...]) -> np.ndarray:
        """The weight of the row itself at each place of an epoch, float64.

        stops  the place after the last of each global batch
        """
        if self.alpha is None:
            return np.ones(stops[-1])
        chance = rng("lambda", seed, epoch)
        if self.lam_per == "row":
            return chance.beta(self.alpha, self.alpha, size=stops[-1])
        return chance.beta(self.alpha, self.alpha, size=len(stops)).repeat(np.diff((0, *stops)))

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Scalar, Scalar]:
        """The loss of one forward pass, summed over the rows, and the lambda-weighted number of right predictions."""
        logits = model(mix(batch.x, batch.x_partner, batch.lam))
        loss = mixed_cross_entropy(logits, batch.y, batch.y_partner, batch.lam, self.smoothing)
        return loss, mixed_hits(logits.detach(), batch.y, batch.y_partner, batch.lam)


ERM = Mixup(alpha=None)


def mix(x: Inputs, x_partner: Inputs, lam: Weights) -> Inputs:
    """``lam * x + (1 - lam) * x_partner``, row by row, for images, tables and sounds alike.

    lam = 1 returns the values of x (as long as the partner's are finite).
    """
    lam = lam.view(-1, *[1] * (x.dim() - 1))
    return lam * x + (1 - lam) * x_partner


def mixed_cross_entropy(logits: Logits, y: Labels, y_partner: Labels, lam: Weights, smoothing: float = 0.0) -> Scalar:
    """Cross-entropy against ``lam * onehot(y) + (1 - lam) * onehot(y_partner)`` in nats, summed over the rows; a share
    ``smoothing`` of the target spread evenly over all classes.

    No one-hot is built: cross-entropy is linear in its target, so the two-loss form is exact.
    """
    own = F.cross_entropy(logits, y, reduction="none", label_smoothing=smoothing)
    other = F.cross_entropy(logits, y_partner, reduction="none", label_smoothing=smoothing)
    return (lam * own + (1 - lam) * other).sum()


def mixed_hits(logits: Logits, y: Labels, y_partner: Labels, lam: Weights) -> Scalar:
    """The lambda-weighted number of right predictions, the authors' training accuracy: ``lam`` for a prediction of y,
    ``1 - lam`` for one of its partner's class. Under mixup it cannot reach the number of rows."""
    predicted = logits.argmax(dim=1)
    return (lam * (predicted == y) + (1 - lam) * (predicted == y_partner)).sum()

"""mixup's arithmetic (Zhang et al. 2018, section 2). Its chance is drawn in `plan`; ERM is lambda = 1, not a branch."""

import torch.nn.functional as F

from common.shapes import Inputs, Labels, Logits, Scalar, Weights


def mix(x: Inputs, x_partner: Inputs, lam: Weights) -> Inputs:
    """``lam * x + (1 - lam) * x_partner``, row by row, for images, tables and sounds alike.

    lam = 1 returns the values of x (as long as the partner's are finite).
    """
    lam = lam.view(-1, *[1] * (x.dim() - 1))
    return lam * x + (1 - lam) * x_partner


def mixed_cross_entropy(logits: Logits, y: Labels, y_partner: Labels, lam: Weights) -> Scalar:
    """Cross-entropy against ``lam * onehot(y) + (1 - lam) * onehot(y_partner)`` in nats, summed over the rows.

    No one-hot is built: cross-entropy is linear in its target, so the two-loss form is exact.
    """
    own = F.cross_entropy(logits, y, reduction="none")
    other = F.cross_entropy(logits, y_partner, reduction="none")
    return (lam * own + (1 - lam) * other).sum()


def mixed_hits(logits: Logits, y: Labels, y_partner: Labels, lam: Weights) -> Scalar:
    """The lambda-weighted number of right predictions, the authors' training accuracy: ``lam`` for a prediction of y,
    ``1 - lam`` for one of its partner's class. Under mixup it cannot reach the number of rows."""
    predicted = logits.argmax(dim=1)
    return (lam * (predicted == y) + (1 - lam) * (predicted == y_partner)).sum()

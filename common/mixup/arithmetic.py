"""What mixing does to tensors. No number is drawn here."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional as F

from common.shapes import Boxes, Inputs, Labels, Lambdas, Logits, Weights


def mix(parts: Sequence[Inputs], lam: Lambdas) -> Inputs:
    """``lam * x + (1 - lam) * x_partner``, row by row, for images, tables and sounds alike, and for what a network or a
    loss makes of them. Each further partner is mixed into what there is, by a lambda of its own.

    parts  x, then its partners;  lam  (p, b), of each partner in turn: the weight of what comes before it

    lam = 1 returns the values of x (as long as the partner's are finite).
    """
    mixed, *partners = parts
    for partner, weight in zip(partners, lam, strict=True):
        weight = weight.view(-1, *[1] * (partner.dim() - 1))
        mixed = weight * mixed + (1 - weight) * partner
    return mixed


def paste(x: Inputs, x_partner: Inputs, box: Boxes) -> Inputs:
    """Each image with its partner's pixels in a box (Yun et al. 2019, CutMix, equation 1)."""
    height, width = x.shape[-2:]
    top, left, bottom, right = (edge.view(-1, 1, 1, 1) for edge in box.unbind(1))
    row = torch.arange(height, device=x.device).view(-1, 1)
    column = torch.arange(width, device=x.device)
    inside = (top <= row) & (row < bottom) & (left <= column) & (column < right)
    return torch.where(inside, x_partner, x)


def boxes(lam: np.ndarray, centre: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Boxes of the image's proportions and 1 - lam of its area around a pixel, as far as they lie within the image.

    lam  (n,);  centre  (n, 2) row and column;  size  of the image: height and width
    returns  (n, 4) top, left, bottom and right; bottom and right are not inside any more
    """
    half = (np.sqrt(1 - lam)[:, None] * size).astype(np.int64) // 2
    return np.concatenate([np.maximum(centre - half, 0), np.minimum(centre + half, size)], axis=1)


def kept(box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The share of an image that its box leaves: the lambda of its label."""
    top, left, bottom, right = box.T
    return 1 - (bottom - top) * (right - left) / (size[0] * size[1])


def heaviest(lam: Lambdas) -> Lambdas:
    """Lambda of 0 and 1 that leave of each row and its partners the one with the largest share; of equal ones the row,
    then the first partner."""
    largest, whole = torch.ones_like(lam[0]), torch.empty_like(lam)
    for number, weight in enumerate(lam):
        is_less = (1 - weight) > weight * largest
        largest = torch.where(is_less, 1 - weight, weight * largest)
        whole[number] = (~is_less).to(lam.dtype)
    return whole


def mixed_cross_entropy(logits: Logits, y: Sequence[Labels], lam: Lambdas, smoothing: float = 0.0) -> Weights:
    """Cross-entropy of each row against ``lam * onehot(y) + (1 - lam) * onehot(y_partner)`` in nats; a share
    ``smoothing`` of the target spread evenly over all classes.

    No one-hot is built: cross-entropy is linear in its target, so the two-loss form is exact.
    """
    return mix([F.cross_entropy(logits, one, reduction="none", label_smoothing=smoothing) for one in y], lam)


def mixed_hits(logits: Logits, y: Sequence[Labels], lam: Lambdas) -> Weights:
    """The lambda-weighted number of right predictions of each row, the authors' training accuracy: ``lam`` for a
    prediction of y, ``1 - lam`` for one of its partner's class. Under mixup they cannot add up to the rows."""
    predicted = logits.argmax(dim=1)
    return mix([(predicted == one).to(lam.dtype) for one in y], lam)

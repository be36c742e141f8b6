"""What is measured of a training part, by which its inputs are normalised."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from common.chance import rng
from common.data.dataset import Part
from common.data.stream import Stream
from common.shapes import Resident

PATCHED = 5000  # images whose patches are measured
SAMPLED = 10_000  # images whose mean and standard deviation are measured, of those that stay encoded
SOME = 200  # images that are measured at once


def statistics(part: Part) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and population standard deviation of each channel (uint8 images, in [0, 1] units; float sounds) or feature
    (float tables), exact up to the last rounding. What is constant gets std 1, so that it can be divided by. Of images
    that stay encoded, of 10,000 at most, drawn by chance.

    part  the training part: inputs (b, c, h, w) or (b, features)
    """
    inputs = part.inputs
    if isinstance(inputs, Tensor) and inputs.dtype != torch.uint8:
        moments = [_moments(inputs[:, axis]) for axis in range(inputs.shape[1])]
    else:
        moments = [_moments_of(counts) for counts in _counted(part)]
    return tuple(mean for mean, _ in moments), tuple(std for _, std in moments)


def _moments(values: Tensor) -> tuple[float, float]:
    wide = values.double()
    return wide.mean().item(), wide.std(correction=0).item() or 1.0


def _moments_of(counts: list[int]) -> tuple[float, float]:
    """counts  of each value of a pixel"""
    n = sum(counts)
    total = sum(value * count for value, count in enumerate(counts))
    squares = sum(value * value * count for value, count in enumerate(counts))
    spread = n * squares - total * total  # n^2 times the variance, in whole numbers
    return total / n / 255, (math.sqrt(spread) / n / 255 if spread else 1.0)


def _counted(part: Part) -> list[list[int]]:
    """How often each value occurs in each channel."""
    rows = _sample(part, "statistics", SAMPLED) if isinstance(part.inputs, Stream) else np.arange(len(part))
    counts = torch.zeros(part.shape[0], 256, dtype=torch.int64)
    for images in _some(part, rows):
        for channel, values in zip(counts, images.unbind(1), strict=True):
            channel += torch.bincount(values.reshape(-1), minlength=256)
    return counts.tolist()


def _sample(part: Part, name: str, most: int) -> np.ndarray:
    """The numbers of so many rows at most, drawn by chance of this name, ascending."""
    return np.sort(rng(name).permutation(len(part))[:most])


def _some(part: Part, rows: np.ndarray) -> Iterator[Resident]:
    """The inputs of these rows, a few at a time."""
    shares = torch.from_numpy(rows).split(SOME)
    for share, here in zip(shares, part.ahead(shares), strict=False):
        yield here.fetch(share)


def patches(part: Part, std: Sequence[float]) -> tuple[float, ...]:
    """Covariance of the normalised pixels of 2 x 2 patches, (4 c, 4 c) row by row, over 5,000 images at most, exact
    up to the last rounding: the sums are of whole numbers. They are the first ones of a part in memory, and drawn by
    chance of images that stay encoded, the first of which may all be of one class.

    part  the training part, of images;  std  of each channel, in [0, 1] units
    """
    n, total, products = 0, torch.zeros(1), torch.zeros(1)
    rows = _sample(part, "patches", PATCHED) if isinstance(part.inputs, Stream) else np.arange(len(part))[:PATCHED]
    for some in _some(part, rows):
        columns = torch.nn.functional.unfold(some.double(), 2).transpose(0, 1).flatten(1)  # (4 c, patches)
        n, total, products = n + columns.shape[1], total + columns.sum(1), products + columns @ columns.T
    scale = 255 * torch.tensor(std, dtype=torch.float64).repeat_interleave(4)
    covariance = (products / n - torch.outer(total / n, total / n)) / torch.outer(scale, scale)
    return tuple(covariance.flatten().tolist())

"""What is measured of a sample against the target that it should be of."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from common.gan.targets import Target
from common.options.gan import COVERED_FROM, SIGMAS

Sample = Float[np.ndarray, "n 2"]

DIRECTIONS = 32  # that points are projected on


def measure(target: Target, sample: Sample, fresh: Sample) -> dict[str, Any]:
    """What a record says of a sample.

    fresh  as many points of the target

    returns  ``not_finite`` and ``outside`` (the window; what is not finite is outside), of ``n``; the ``distance`` to
    the fresh points, where all are finite; and of a target with modes ``hits``, ``covered`` and ``balance``
    """
    low, high = target.window
    finite = np.isfinite(sample).all(axis=1)
    inside = finite & ((sample >= low) & (sample <= high)).all(axis=1)
    found: dict[str, Any] = {
        "n": len(sample),
        "not_finite": int((~finite).sum()),
        "outside": int((~inside).sum()),
    }
    if finite.all():
        found["distance"] = sliced_wasserstein(sample, fresh)
    if target.has_modes:
        found |= of_modes(hits(target, sample[inside]), len(sample))
    return found


def hits(target: Target, sample: Sample) -> list[int]:
    """How many points lie within SIGMAS sigma of each mode. Modes are so far apart that none is within two."""
    squared = ((sample[:, None] - target.places[None]) ** 2).sum(axis=2)
    return (squared <= (SIGMAS * target.sigma) ** 2).sum(axis=0).tolist()


def of_modes(hits: Sequence[int], n: int) -> dict[str, Any]:
    """returns  the hits; ``covered``, the modes that have COVERED_FROM of an even share of the n points at least; and
    ``balance``, how far the hits are from even: Kullback-Leibler, in nats, 0 for even and log k for all in one mode.
    Where nothing hits there is no balance."""
    modes, total = len(hits), sum(hits)
    found: dict[str, Any] = {"hits": list(hits), "covered": sum(one >= COVERED_FROM * n / modes for one in hits)}
    if total:
        found["balance"] = max(0.0, sum(one / total * math.log(one / total * modes) for one in hits if one))
    return found


def sliced_wasserstein(one: Sample, other: Sample) -> float:
    """How far points must be moved on average to make one sample of the other, along a line: the mean over DIRECTIONS,
    evenly around the half circle. Both are of as many points."""
    angle = np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    lines = np.stack([np.cos(angle), np.sin(angle)])
    return float(np.abs(np.sort(one @ lines, axis=0) - np.sort(other @ lines, axis=0)).mean())

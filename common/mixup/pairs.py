"""Who is mixed with whom: a part of the plan of an epoch."""

import itertools
from dataclasses import dataclass

import numpy as np

from common.chance import rng

BLOCKS = (8, 4, 2, 1)  # of a batch: as many as leave LEAST rows to each
LEAST = 32  # of so many rows one in 32 is its own partner, and not mixed


def key(seed: int, epoch: int, number: int) -> tuple[int, ...]:
    """Of the chance of a row's first partner, and of each further one."""
    return (seed, epoch) if number == 1 else (seed, epoch, number)


@dataclass(frozen=True)
class Pairs:
    """Any row with any of its global batch: a permutation of it, as in the authors' code."""

    def draw(self, seed: int, epoch: int, number: int, order: np.ndarray, stops: tuple[int, ...]) -> np.ndarray:
        """The row that is mixed into that of each place, as its partner of this number, from 1 on.

        order  the row at each place;  stops  the place after the last of each global batch
        """
        chance = rng("partner", *key(seed, epoch, number))
        return np.concatenate([chance.permutation(batch) for batch in np.split(order, stops[:-1])])


@dataclass(frozen=True)
class InBlocks(Pairs):
    """Any row with any of its block of the batch, an eighth of it, or more where that is fewer than 32 rows: two, four
    or eight processes have the partners of their rows, and no image is decoded by two, unless they are more than the
    blocks (two of a batch of 64, four of 128)."""

    def draw(self, seed: int, epoch: int, number: int, order: np.ndarray, stops: tuple[int, ...]) -> np.ndarray:
        blocks = []
        for start, stop in itertools.pairwise((0, *stops)):
            rows = stop - start
            count = next(some for some in BLOCKS if rows >= LEAST * some or some == 1)
            blocks += [start + rows * block // count for block in range(1, count + 1)]
        return super().draw(seed, epoch, number, order, tuple(blocks))


@dataclass(frozen=True, eq=False)
class SameClass(Pairs):
    """A row with any of its class: a permutation of the rows of each class, from whichever batch.

    labels  (n,) of all rows
    """

    labels: np.ndarray

    def draw(self, seed: int, epoch: int, number: int, order: np.ndarray, stops: tuple[int, ...]) -> np.ndarray:
        chance, partner_of = rng("partner of the same class", *key(seed, epoch, number)), np.empty_like(order)
        for label in np.unique(self.labels):
            rows = np.flatnonzero(self.labels == label)
            partner_of[rows] = chance.permutation(rows)
        return partner_of[order]


@dataclass(frozen=True, eq=False)
class Neighbours(Pairs):
    """A row with one of its nearest neighbours, drawn anew in each epoch (section 3.8; SMOTE, Chawla et al. 2002).

    nearest  (n, k) of all rows, as `neighbours.nearest` gives them
    """

    nearest: np.ndarray

    def draw(self, seed: int, epoch: int, number: int, order: np.ndarray, stops: tuple[int, ...]) -> np.ndarray:
        drawn = rng("neighbour", *key(seed, epoch, number)).integers(self.nearest.shape[1], size=len(order))
        return self.nearest[order, drawn]

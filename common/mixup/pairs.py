"""Who is mixed with whom: a part of the plan of an epoch."""

from dataclasses import dataclass

import numpy as np

from common.chance import rng


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

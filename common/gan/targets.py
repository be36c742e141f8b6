"""What a GAN of the plane is to learn: Gaussians on a ring or a grid, as the authors', or points of the user's own."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from common import toys
from common.errors import UserError
from common.options.gan import MARGIN, SIGMA, TARGETS

Points = Float[np.ndarray, "n 2"]


@dataclass(frozen=True)
class Target:
    """Places of the plane, of which each is as likely as another, with normal noise on both coordinates.

    places     (k, 2)  the centres of modes, or the user's own points in units of their standard deviation
    sigma      of the noise; 0 of points of the user's own, which have no modes
    mean, std  of the user's columns, by which his points are turned into places; 0 and 1 of modes
    """

    places: Points
    sigma: float
    mean: tuple[float, float] = (0.0, 0.0)
    std: tuple[float, float] = (1.0, 1.0)

    @property
    def has_modes(self) -> bool:
        return self.sigma > 0

    @property
    def window(self) -> tuple[np.ndarray, np.ndarray]:
        """The lowest and the highest x and y of the part of the plane that is looked at."""
        low, high = self.places.min(axis=0), self.places.max(axis=0)
        return low - MARGIN * (high - low), high + MARGIN * (high - low)

    def draw(self, chance: np.random.Generator, n: int) -> Points:
        """So many fresh points, float64."""
        which = chance.integers(len(self.places), size=n)
        return self.places[which] + self.sigma * chance.standard_normal((n, 2))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the user's own points."""
        own = self.places * self.std + self.mean
        return hashlib.sha256(own.astype("<f8").tobytes()).hexdigest()


def ring() -> Target:
    """Gaussians evenly on the unit circle, the first at its top."""
    angle = 2 * np.pi * np.arange(TARGETS["ring"]) / TARGETS["ring"]
    return Target(np.stack([np.sin(angle), np.cos(angle)], axis=1), SIGMA)


def grid(side: int) -> Target:
    """Gaussians on a square grid of `side` by `side` over [-1, 1] x [-1, 1]."""
    line = np.linspace(-1, 1, side)
    return Target(np.stack([np.repeat(line, side), np.tile(line, side)], axis=1), SIGMA)


def named(name: str) -> Target:
    """One of `options.gan.TARGETS`."""
    return {"ring": ring, "grid": lambda: grid(5), "grid10": lambda: grid(10)}[name]()


def from_csv(file: Path) -> Target:
    """Points of the user's own: the columns x and y, named in the first line.

    raises UserError that names the file, and the line and column where there is one
    """
    own = np.array([toys.place(file, number, line) for number, line in toys.lines(file, toys.PLACE)])
    mean, std = own.mean(axis=0), own.std(axis=0)
    for column, spread in zip("xy", std, strict=True):
        if not spread > 0:
            raise UserError(f"{file}: column {column} holds one value alone; a GAN needs points that differ in both.")
    (x, y), (wide, high) = mean.tolist(), std.tolist()
    return Target((own - mean) / std, 0.0, (x, y), (wide, high))

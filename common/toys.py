"""Two-dimensional sets of two classes, small enough to look at, and what is measured of their border."""

import csv
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int

from common.chance import rng
from common.data.dataset import Dataset, Part
from common.errors import UserError
from common.options.fields import of_file

Points = Float[np.ndarray, "n 2"]
Classes = Int[np.ndarray, " n"]  # 0 or 1

PLACE = ("x", "y")  # columns of a file of the user's own
MARGIN = 0.15  # of the points' extent, on each side of the grid
BAND = (0.1, 0.9)  # a probability strictly between is neither class with confidence
LARGEST = 1e15  # of a coordinate, whose square must still fit float32
DIRECTIONS, RADII = 64, 201  # of the polar grid along which the band between two circles is measured


def circles_of_the_paper(draw: np.random.Generator, labels: Classes) -> Points:
    """Class 0 on a circle of radius 1, class 1 on one of radius 1/3 around the same centre: Fig. 1b, as far as its
    picture tells."""
    return _on_circles(draw, labels, inner=1 / 3)


def circles(draw: np.random.Generator, labels: Classes) -> Points:
    """The same, with the inner circle at 0.8, as scikit-learn's ``make_circles`` draws it."""
    return _on_circles(draw, labels, inner=0.8)


def moons(draw: np.random.Generator, labels: Classes) -> Points:
    """Two interleaving half circles of radius 1, where scikit-learn's ``make_moons`` has them."""
    angle = draw.uniform(0, np.pi, len(labels))
    x, y = np.cos(angle), np.sin(angle)
    return np.stack([np.where(labels, 1 - x, x), np.where(labels, 0.5 - y, y)], axis=1)


def spirals(draw: np.random.Generator, labels: Classes) -> Points:
    """Two arms of one and a half turns, opposite each other, from radius 1/4 to 1; evenly dense along the arm."""
    radius = np.sqrt(draw.uniform(1 / 16, 1, len(labels)))
    angle = 4 * np.pi * (radius - 1 / 4) + np.pi * labels
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


SETS: dict[str, Callable[[np.random.Generator, Classes], Points]] = {
    "circles-paper": circles_of_the_paper,
    "moons": moons,
    "circles": circles,
    "spirals": spirals,
}
ROUND_THE_ORIGIN = {"circles-paper", "circles"}  # where a border has one radius in every direction


def drawn(name: str, points: int, noise: float, data_seed: int) -> Dataset:
    """One of SETS: `points` of them, alternately of class 0 and 1, with normal noise on each coordinate."""
    draw = rng("toy", name, data_seed)
    labels = np.arange(points) % 2
    places = SETS[name](draw, labels) + noise * draw.standard_normal((points, 2))
    return _dataset(name, "drawn", places, labels, ("0", "1"))


def from_csv(file: Path) -> Dataset:
    """A set of the user's own: the columns x, y and label, named in the first line; two labels, of which the second in
    alphabetical order is class 1.

    raises UserError that names the file, and the line and column where there is one
    """
    rows = [(place(file, number, line), _label(file, number, line)) for number, line in lines(file, (*PLACE, "label"))]
    names = sorted({label for _, label in rows})
    if len(names) != 2:
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        raise UserError(f"{file}: column label must hold two labels, and holds {len(names)}: {shown}.")
    places = np.array([place for place, _ in rows])
    labels = np.array([names.index(label) for _, label in rows])
    return _dataset(of_file(file), "csv file", places, labels, tuple(names))


def extent(places: Points) -> list[tuple[float, float]]:
    """From where to where a grid around these points goes, in x and in y."""
    low, high = places.min(axis=0), places.max(axis=0)
    margin = np.where(high > low, MARGIN * (high - low), 1.0)
    return [(float(a), float(b)) for a, b in zip(low - margin, high + margin, strict=True)]


def grid(extent: list[tuple[float, float]], side: int) -> Points:
    """The points of a grid of `side` by `side`, row by row, the lowest y first."""
    x, y = (np.linspace(low, high, side) for low, high in extent)
    return np.stack([np.tile(x, side), np.repeat(y, side)], axis=1)


def rays() -> Points:
    """The points of a polar grid around the origin, DIRECTIONS by RADII, from radius 0 to 1."""
    angle = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    directions = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return (np.linspace(0, 1, RADII)[None, :, None] * directions[:, None]).reshape(-1, 2)


def in_band(probabilities: np.ndarray) -> int:
    """How many of them lie strictly within BAND."""
    return int(((probabilities > BAND[0]) & (probabilities < BAND[1])).sum())


def _on_circles(draw: np.random.Generator, labels: Classes, inner: float) -> Points:
    angle = draw.uniform(0, 2 * np.pi, len(labels))
    radius = np.where(labels, inner, 1.0)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _dataset(name: str, origin: str, places: Points, labels: Classes, classes: tuple[str, ...]) -> Dataset:
    """What is learnt from is all there is; what is measured is a grid, which carries no labels."""
    part = Part(torch.from_numpy(places).float(), torch.from_numpy(labels))
    return Dataset(name, "table", origin, part, part, classes, measured_on="grid")


def lines(file: Path, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """The rows of a file of the user's own, by column, each with the number of its line.

    raises UserError for a name that no record can have, for what is no CSV file, and for one without these columns
    """
    if not re.fullmatch(r"[\w.-]+", file.stem):
        raise UserError(
            f"--csv {file}: the file's name becomes part of the record's, so it may hold only letters, digits, "
            "'_', '.' and '-'."
        )
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, skipinitialspace=True)
            found = [(reader.line_num, line) for line in reader]
            header = reader.fieldnames or ()
    except OSError as error:
        raise UserError(f"--csv {file}: {error.strerror}.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"--csv {file}: not a CSV file ({error}).") from None
    for column in columns:
        if column not in header:
            shown, wanted = ", ".join(map(str, header[:8])), ", ".join(columns[:-1])
            raise UserError(
                f"{file}: has no column {column!r}; its first line must name {wanted} and {columns[-1]}, not {shown!r}."
            )
    if not found:
        raise UserError(f"--csv {file}: holds no rows under its first line.")
    return found


def place(file: Path, number: int, line: dict[str, str]) -> tuple[float, float]:
    """Where a row of such a file lies. raises UserError that names the line"""
    x, y = (_number(file, number, column, line[column]) for column in PLACE)
    return x, y


def _label(file: Path, number: int, line: dict[str, str]) -> str:
    label = (line["label"] or "").strip()
    if not label:
        raise UserError(f"{file}, line {number}: column label is empty.")
    return label


def _number(file: Path, line: int, column: str, text: str | None) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise UserError(f"{file}, line {line}: column {column} holds {text!r}, which is no finite number.")
    return value

"""Columns of a table that teach the order of its rows, or the class itself, in place of what a class looks like."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

LEAST = 8  # values below which an order is no sign of anything
LEAST_OF_COPY = 20  # rows below which a column may be one to one with the class by chance
EXACT = 2.0**53  # whole numbers above it are not told apart as float64: no measurement has so many digits
OFTEN = 5  # times that a value occurs on average, from where it tells something that it always has the same class
DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}\b.*|\d{8}")
DAYS = ("%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y")
DATES = ("ISO8601", "%Y%m%d", *(day + time for day in DAYS for time in ("", " %H:%M", " %H:%M:%S")))


@dataclass(frozen=True)
class Giveaway:
    """is_certain  no honest measurement is known to look so: refused unless asked for; else it is said, and learnt
    reason         a clause: 'numbers the rows (1 to 150)'"""

    reason: str
    is_certain: bool


def find(
    values: Float[np.ndarray, "rows columns"], texts: dict[int, Sequence[str]], labels: Int[np.ndarray, " rows"]
) -> dict[int, Giveaway]:
    """What gives the order of the rows or the class away, by the number of its column.

    values  the rows in the order of the file; NaN is a missing value, and of a column of texts all are NaN
    texts   the cells of those columns, '' a missing one
    """
    found = {}
    # Of all columns at once, since there may be ten thousand: how many values there are, and whether they only rise or
    # only fall, over missing ones.
    ordered, is_missing = np.sort(values, axis=0), np.isnan(values)  # missing ones last
    with np.errstate(invalid="ignore"):
        distinct = (np.diff(ordered, axis=0) > 0).sum(axis=0) + ~is_missing.all(axis=0)
        steps = np.diff(pd.DataFrame(values).ffill().to_numpy(), axis=0)
        is_ordered = np.logical_not((steps < 0).any(axis=0) & (steps > 0).any(axis=0))
    varies = distinct + is_missing.any(axis=0) > 1
    for place in range(values.shape[1]):
        seen = None
        if place in texts:
            seen = _of_texts(texts[place], labels)
        elif varies[place]:
            seen = _of_numbers(values[:, place], int(distinct[place]), bool(is_ordered[place]), labels)
        if seen:
            found[place] = seen
    return found


def _of_numbers(column: np.ndarray, distinct: int, is_ordered: bool, labels: np.ndarray) -> Giveaway | None:
    is_there = ~np.isnan(column)
    values, classes = column[is_there], labels[is_there]
    n = len(values)
    if not np.isfinite(values).all():
        return None  # refused elsewhere, with the cell
    is_whole = bool((values == np.round(values)).all())
    if n >= LEAST:
        is_unique = distinct == n
        spacing = np.diff(np.sort(values))
        is_even = is_unique and bool(np.allclose(spacing, spacing[0], rtol=1e-6, atol=0))
        if is_even and (is_whole or is_ordered):
            return Giveaway(f"numbers the rows ({values.min():.15g} to {values.max():.15g})", True)
        if is_whole and (is_unique or np.abs(values).max() > EXACT):
            if is_ordered:
                return Giveaway(f"is a whole number that {_runs(values)} from row to row", True)
            if _lie_apart(values, classes):
                return Giveaway("is another whole number in each row, in a range of its own for each class", True)
    if seen := _of_codes(column, distinct, labels):
        return seen
    if n < LEAST or distinct < 3:
        return None
    if (
        is_ordered
        and is_whole
        and 1e7 < values.min() <= values.max() < 1e8
        and _dates([f"{value:.0f}" for value in values])
    ):
        return Giveaway("is a date by which the rows are sorted", True)
    reasons = []
    if is_ordered:
        reasons.append(_runs(values) + ("" if distinct == n else " or stays") + " from row to row")
    elif is_whole and distinct == n:
        reasons.append("is another whole number in each row")
    if n >= LEAST_OF_COPY and _lie_apart(values, classes):
        reasons.append("alone tells the class, each of which has a range of its own")
    return Giveaway(" and ".join(reasons), False) if reasons else None


def _of_texts(texts: Sequence[str], labels: np.ndarray) -> Giveaway | None:
    codes, names = pd.factorize(np.array(texts, dtype=object))
    there = [text for text in texts if text]
    distinct = len(set(there))
    if len(there) >= LEAST:
        for days in _dates(there):
            steps = np.diff(days)
            if distinct > 2 and ((steps >= 0).all() or (steps <= 0).all()):
                return Giveaway("is a date by which the rows are sorted", True)
            if distinct == len(there):
                return Giveaway("is another date in each row", True)
        if distinct == len(there):
            return Giveaway("is another text in each row", True)
    return _of_codes(codes.astype(np.float64), len(names), labels)


def _of_codes(column: np.ndarray, distinct: int, labels: np.ndarray) -> Giveaway | None:
    """Of values that each have a class of their own. A missing one counts as a value."""
    distinct += bool(np.isnan(column).any())
    n, classes = len(labels), len(np.unique(labels))
    if n < LEAST_OF_COPY or distinct < classes or distinct * OFTEN > n:
        return None
    codes = pd.factorize(column, use_na_sentinel=False)[0]
    if len(np.unique(codes * (labels.max() + 1) + labels)) > distinct:
        return None
    if distinct == classes:
        return Giveaway("is the class by another name", True)
    return Giveaway(f"alone tells the class: each of its {distinct} values has one", False)


def _lie_apart(values: np.ndarray, labels: np.ndarray) -> bool:
    """Whether each class has a range of values that no other reaches into."""
    there = np.unique(labels)
    ranges = sorted((values[labels == label].min(), values[labels == label].max()) for label in there)
    return len(there) > 1 and all(upper < lower for (_, upper), (lower, _) in itertools.pairwise(ranges))


def _dates(texts: Sequence[str]) -> list[Int[np.ndarray, " rows"]]:
    """The times that these texts are, by each way of writing them that fits all."""
    if not DATE.fullmatch(texts[0]):
        return []
    found = []
    for way in DATES:
        times = pd.to_datetime(pd.Series(texts, dtype=object), format=way, errors="coerce", utc=True)
        if not times.isna().any():
            found.append(times.dt.tz_localize(None).astype(np.int64).to_numpy())
    return found


def _runs(values: np.ndarray) -> str:
    return "rises" if values[-1] > values[0] else "falls"

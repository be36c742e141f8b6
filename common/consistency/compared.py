"""What a rule compares, and what several of them take."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]
Number = int | float


@dataclass(frozen=True)
class Within:
    """From low to high, both of them in it."""

    low: Number
    high: Number = math.inf

    def __contains__(self, value: Number) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"at least {self.low:g}" if self.high == math.inf else f"from {self.low:g} to {self.high:g}"


Compared = tuple[str, Any, Any, str]  # field, what stands there, what must, whence that is known
Rule = Callable[[Record], Iterable[Compared]]

CLEAN_TRAIN_ROWS = 10_000  # that the training error is measured on, at most
TOP5_FROM = 6  # classes from which top-5 errors are counted
WIDE = 1000  # features up to which mean and standard deviation are there
ROUNDING = 1e-6  # of what was computed again from rounded numbers; relative from 1 on


def about(value: Number, tolerance: float = ROUNDING) -> Within:
    return Within(value - tolerance * max(1, abs(value)), value + tolerance * max(1, abs(value)))


def of_pixels(of_channels: str, value: Number) -> Within:
    """Where the mean or the standard deviation ("mean", "std") of a channel of pixels from 0 to 1 is; the deviation of
    one that does not vary is taken as 1."""
    return Within(0, 0.51 if of_channels == "std" and value != 1 else 1)


def run_of(parent: dict[str, str]) -> str:
    """The run that a parent's record is of: ``<dataset>/train-<run>.json``."""
    return parent["record"].rpartition("/train-")[2].removesuffix(".json")

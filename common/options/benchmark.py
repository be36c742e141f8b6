"""The options of `benchmark.py`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from common.options.fields import check_limits, own

What = Literal["train", "attack", "interpolate"]


@dataclass(frozen=True)
class MeasuredOptions:
    """What is timed."""

    what: Annotated[What, tyro.conf.Positional]
    """train: a training step of PreAct ResNet-18 under mixup, against the loop people write; attack: FGSM over epsilons
    and targets, and PGD, against torchattack; interpolate: misses over lambda, against a loop of forward passes."""
    width: int = 64
    """Channels after the first layer; the paper's is 64."""
    batch_size: Annotated[int | None, own("N", "128; attack, interpolate: 100")] = None
    """Rows a step."""
    steps: Annotated[int | None, own("N", "1 at width 64; more for narrower networks")] = None
    """Steps a turn."""
    repeats: int = 7
    """Turns of each loop, in alternation; the medians count."""


@dataclass(frozen=True)
class MeasuredConfig:
    """What is timed, with nothing left open."""

    what: What
    width: int
    batch_size: int
    steps: int
    repeats: int

    @property
    def rows(self) -> int:
        """Images or pairs of a turn."""
        return self.steps * self.batch_size


@dataclass(frozen=True)
class BenchmarkRunOptions:
    """Where and how this machine runs it."""

    threads: Annotated[int | None, own("N", "all cores")] = None
    """CPU threads."""
    results_dir: Path = Path("results")
    """Where the record goes."""
    overwrite: bool = False
    """Measure again, and replace, what is already there."""


@dataclass(frozen=True)
class BenchmarkOptions:
    measured: MeasuredOptions
    run: BenchmarkRunOptions = BenchmarkRunOptions()


LIMITS = {
    "width": "[1, inf)",
    "batch_size": "[2, inf)",
    "steps": "[1, inf)",
    "repeats": "[1, inf)",
    "threads": "[1, 1024]",
}


def check(options: BenchmarkOptions) -> None:
    """raises UserError that names the option"""
    check_limits(LIMITS, options.measured, options.run)


def resolve(measured: MeasuredOptions) -> MeasuredConfig:
    """A narrower network has as much to do in a turn: its cost grows with the square of the width."""
    batch_size = measured.batch_size or (128 if measured.what == "train" else 100)
    steps = measured.steps or max(1, (64 // measured.width) ** 2)
    return MeasuredConfig(measured.what, measured.width, batch_size, steps, measured.repeats)

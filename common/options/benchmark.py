"""The options of `benchmark.py`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from common.options.fields import own


@dataclass(frozen=True)
class MeasuredOptions:
    """What is timed."""

    what: Annotated[Literal["train"], tyro.conf.Positional]
    """train: a training step of PreAct ResNet-18 under mixup, against the loop people write."""
    width: int = 64
    """Channels after the first layer; the paper's is 64."""
    batch_size: int = 128
    """Rows a step."""
    steps: Annotated[int | None, own("N", "1 at width 64; more for narrower networks")] = None
    """Steps a turn."""
    repeats: int = 7
    """Turns of each loop, in alternation; the medians count."""


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

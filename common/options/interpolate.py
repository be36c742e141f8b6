"""The options of `interpolate.py`, and the name of its record."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from common.options.fields import check_limits, own

GRADIENT_PAIRS = 1000


@dataclass(frozen=True)
class ProbedOptions:
    """Which models, and on what."""

    runs: Annotated[tuple[str, ...], tyro.conf.Positional, own("[RUN ...]", "the deck's three")] = ()
    """Finished runs, by name or by train record."""
    data_dir: Annotated[Path | None, own("PATH", "$MIXUP_DATA_DIR")] = None
    """Folder that holds their data set, as for train.py."""


@dataclass(frozen=True)
class ProbeOptions:
    """What is looked at in between two rows."""

    split: Literal["train", "test"] = "train"
    """Take the pairs from the rows the run was trained on, or from those it was measured on."""
    pairs: int = 10_000
    """Random pairs of different rows."""
    points: int = 21
    """Values of lambda, from 0 to 1."""
    gradient_pairs: Annotated[int | None, own("N", f"{GRADIENT_PAIRS}")] = None
    """Measure gradients on this many of the pairs, each of which costs two backward passes more."""
    pairs_seed: int = 0
    """Draws the pairs: the same for every model of as many rows."""


@dataclass(frozen=True)
class ProbeRunOptions:
    """Where and how this machine runs it. None of it changes what is measured."""

    threads: Annotated[int | None, own("N", "all cores, shared among local processes")] = None
    """CPU threads of one process."""
    results_dir: Path = Path("results")
    """Where the train records are, and the records of this go."""
    checkpoint_dir: Path = Path("checkpoints")
    """Where the weights are."""
    plan: bool = False
    """Print the options in force, what is to be done and the time to expect; then stop."""
    overwrite: bool = False
    """Measure again, and replace, what is already there under these names."""


@dataclass(frozen=True)
class InterpolateOptions:
    models: ProbedOptions = ProbedOptions()
    probe: ProbeOptions = ProbeOptions()
    run: ProbeRunOptions = ProbeRunOptions()


@dataclass(frozen=True)
class InterpolateConfig:
    """Every option that decides the numbers, with nothing left open."""

    run: str
    split: str
    pairs: int
    points: int
    gradient_pairs: int
    pairs_seed: int

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


# Where each number must lie.
LIMITS = {
    "pairs": "[1, inf)",
    "points": "[2, 1001]",
    "gradient_pairs": "[1, inf)",
    "pairs_seed": "[0, inf)",
    "threads": "[1, 1024]",
}


def check(options: InterpolateOptions) -> None:
    """raises UserError that names the option"""
    check_limits(LIMITS, options.probe, options.run)


def resolve(probe: ProbeOptions, run: str) -> InterpolateConfig:
    """The configuration in force for one run. Gradients cannot be measured on more pairs than there are."""
    gradient_pairs = min(probe.gradient_pairs or GRADIENT_PAIRS, probe.pairs)
    return InterpolateConfig(run, probe.split, probe.pairs, probe.points, gradient_pairs, probe.pairs_seed)


def record_name(config: InterpolateConfig) -> str:
    """The run, and all that departs from the defaults: ``digits-smallcnn-erm-seed0-test-pairs500``."""
    usual = resolve(dataclasses.replace(ProbeOptions(), pairs=config.pairs), config.run)
    parts = [config.run]
    if config.split != usual.split:
        parts.append(config.split)
    if config.pairs != ProbeOptions().pairs:
        parts.append(f"pairs{config.pairs}")
    if config.points != usual.points:
        parts.append(f"points{config.points}")
    if config.gradient_pairs != usual.gradient_pairs:
        parts.append(f"gradients{config.gradient_pairs}")
    if config.pairs_seed != usual.pairs_seed:
        parts.append(f"draw{config.pairs_seed}")
    return "-".join(parts)

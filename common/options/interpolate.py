"""The options of `interpolate.py`, and the name of its record."""

import dataclasses
from dataclasses import dataclass, field
from typing import Annotated, Literal

import tyro

from common.options.fields import OPEN, SEEDS, Fact, Open, joined, own, pieces, words
from common.options.machine import MachineWithRuns

GRADIENT_PAIRS = 1000


@dataclass(frozen=True)
class ProbedOptions:
    """Which models, and on what."""

    runs: Annotated[tuple[str, ...], tyro.conf.Positional, own("[RUN ...]", "the deck's three")] = ()
    """Finished runs, by name or by train record."""


@dataclass(frozen=True)
class ProbeOptions:
    """What is looked at in between two rows."""

    split: Annotated[Literal["train", "test"], Fact(piece="{}")] = "train"
    """Take the pairs from the rows the run was trained on, or from those it was measured on."""
    pairs: Annotated[int, Fact("[1, 1e9]", "pairs{}")] = 10_000
    """Random pairs of different rows."""
    points: Annotated[int, Fact("[2, 1001]", "points{}")] = 21
    """Values of lambda, evenly from 0 to 1."""
    beyond: Annotated[float, Fact("[0, 10]", "beyond{}", since=0.0)] = 0.0
    """Go so far beyond both rows, too: 0.5 takes lambda from -0.5 to 1.5. Nothing is clipped."""
    gradient_pairs: Annotated[Open[int], own("N", f"{GRADIENT_PAIRS}"), Fact("[1, 1e9]", "gradients{}")] = OPEN
    """Measure gradients on this many of the pairs, each of which costs two backward passes more."""
    pairs_seed: Annotated[int, Fact(SEEDS, "draw{}")] = 0
    """Draws the pairs: the same for every model of as many rows."""


@dataclass(frozen=True)
class InterpolateOptions:
    models: ProbedOptions = ProbedOptions()
    probe: ProbeOptions = ProbeOptions()
    run: MachineWithRuns = field(default_factory=MachineWithRuns)


@dataclass(frozen=True)
class InterpolateConfig(ProbeOptions):
    """Every option that decides the numbers of one run's record, with nothing left open."""

    run: str = ""


def resolve(probe: ProbeOptions, run: str) -> InterpolateConfig:
    """The configuration in force for one run. Gradients cannot be measured on more pairs than there are."""
    gradient_pairs = min(probe.gradient_pairs or GRADIENT_PAIRS, probe.pairs)
    return InterpolateConfig(**(vars(probe) | {"run": run, "gradient_pairs": gradient_pairs}))


def record_name(config: InterpolateConfig) -> str:
    """The run, and all that departs from the defaults: ``digits-smallcnn-erm-seed0-test-pairs500``."""
    return joined([config.run, *pieces(config, _usual(config)).values()])


def command_words(config: InterpolateConfig) -> list[str]:
    """The options that ask for this configuration."""
    return words(config, _usual(config))


def _usual(config: InterpolateConfig) -> InterpolateConfig:
    usual = resolve(ProbeOptions(pairs=config.pairs), config.run)
    return dataclasses.replace(usual, pairs=ProbeOptions().pairs)

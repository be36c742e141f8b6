"""The options of `boundary.py`, and the name of its record."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from common.errors import UserError
from common.options.fields import SEEDS, Fact, flag, joined, of_file, own, pieces
from common.options.machine import Machine

ToySet = Literal["circles-paper", "moons", "circles", "spirals"]

# The noise of each set by default: as much as leaves a border that ERM finds.
SETS: dict[str, float] = {"circles-paper": 0.1, "moons": 0.1, "circles": 0.05, "spirals": 0.03}
USUAL: tuple[ToySet, ...] = ("circles-paper", "moons")  # without --sets
POINTS = 500


@dataclass(frozen=True)
class SetsOptions:
    sets: Annotated[tuple[ToySet, ...] | None, own("NAME ...", "circles-paper moons; none with --csv")] = None
    """circles-paper (the arrangement of Fig. 1b), moons, circles, spirals."""
    csv: Annotated[Path | None, own("FILE", "none")] = None
    """A set of your own: columns x, y and label (two labels), named in the first line."""


# The upper ends keep a record small.
@dataclass(frozen=True)
class DrawnOptions:
    points: Annotated[int | None, own("N", str(POINTS)), Fact("[4, 10000]", "points{}")] = None
    """Points to draw, half of each class. Not with --csv."""
    noise: Annotated[float | None, own("STD", "0.1; circles: 0.05; spirals: 0.03"), Fact("[0, 10]", "noise{}")] = None
    """Standard deviation of the noise on each coordinate; the sets are about 2 wide. Not with --csv."""
    data_seed: Annotated[int | None, own("SEED", "0"), Fact(SEEDS, "rows{}")] = None
    """Draws the points, apart from --seeds."""


@dataclass(frozen=True)
class ToyOptions(DrawnOptions, SetsOptions):
    """What is learnt from."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the sets."""
        return (of_file(self.csv),) if self.csv else self.sets or USUAL


@dataclass(frozen=True)
class ToyTrainingOptions:
    """What learns, and how: ERM, and mixup at each alpha, from the same initial weights."""

    width: Annotated[int, Fact("[1, 65536]", "w{}")] = 64
    """Units of each of two hidden layers."""
    alphas: Annotated[tuple[float, ...], Fact("(0, 1e6]", "alphas{}")] = (0.2, 1.0, 8.0)
    """Of mixup; ERM is always there."""
    epochs: Annotated[int, Fact("[1, 1e6]", "{}ep")] = 100
    """Passes over the points."""
    seeds: Annotated[tuple[int, ...], Fact(SEEDS, "seeds{}")] = (0, 1, 2)
    """Each is trained again; the record keeps the grid of the first, and the numbers of all."""
    grid: Annotated[int, Fact("[2, 201]", "grid{}")] = 51
    """Points on each side of the grid on which p(y = 1 | x) is taken."""


@dataclass(frozen=True)
class ToyRunOptions(Machine):
    """Where and how this machine runs it. None of it changes what is measured."""

    threads: Annotated[int, Fact("[1, 1024]")] = 1
    """CPU threads of one process: two would be slower, the network is too small."""


@dataclass(frozen=True)
class BoundaryOptions:
    data: ToyOptions = ToyOptions()
    training: ToyTrainingOptions = ToyTrainingOptions()
    run: ToyRunOptions = ToyRunOptions()

    def refuse_clashes(self) -> None:
        """raises UserError for options that mean nothing beside the others, or are said twice"""
        data = self.data
        if data.csv is not None:
            for name in ("sets", "points", "noise", "data_seed"):
                if getattr(data, name) is not None:
                    raise UserError(
                        f"{flag(name)}: means nothing with --csv, whose points are what they are; leave it out."
                    )
        for name, values in (("sets", data.sets), ("alphas", self.training.alphas), ("seeds", self.training.seeds)):
            if values is not None and len(set(values)) < len(values):
                raise UserError(f"{flag(name)} {' '.join(map(str, values))}: names one twice.")
        if not self.training.seeds:
            raise UserError("--seeds: needs one at least.")


@dataclass(frozen=True)
class BoundaryConfig(ToyTrainingOptions, DrawnOptions):
    """Every option that decides the numbers of one set, with nothing left open, and how each model is trained beyond
    them. Steps are few and large, so that all of it takes seconds."""

    set: str = ""
    model: Literal["mlp"] = "mlp"
    lam_per: Literal["batch"] = "batch"
    batch_size: int = 128
    lr: float = 0.2
    lr_drops: tuple[float, ...] = (0.5, 0.75)
    momentum: float = 0.9
    weight_decay: float = 1e-4


def resolve(asked: BoundaryOptions, name: str) -> BoundaryConfig:
    """The configuration in force for one set. Of a CSV file nothing is drawn."""
    data = asked.data
    drawn: dict[str, Any] = {"points": None, "noise": None, "data_seed": None}
    if name in SETS:
        noise = SETS[name] if data.noise is None else data.noise
        drawn = {"points": data.points or POINTS, "noise": noise, "data_seed": data.data_seed or 0}
    return BoundaryConfig(**vars(asked.training), **drawn, set=name)


def record_name(config: BoundaryConfig, precision: str) -> str:
    """The set, and all that departs from the defaults: ``moons-noise0.2-alphas1.0-seeds0+1``."""
    departing = pieces(config, resolve(BoundaryOptions(), config.set)).values()
    return joined([config.set, *departing] + ([precision] if precision != "no" else []))

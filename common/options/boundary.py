"""The options of `boundary.py`, and the name of its record."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from common.errors import UserError
from common.options.fields import check_limits, flag, own

ToySet = Literal["circles-paper", "moons", "circles", "spirals"]

# The noise of each set by default: as much as leaves a border that ERM finds.
SETS: dict[str, float] = {"circles-paper": 0.1, "moons": 0.1, "circles": 0.05, "spirals": 0.03}
USUAL: tuple[ToySet, ...] = ("circles-paper", "moons")  # without --sets
POINTS = 500

# How each model is trained beyond the options. Steps are few and large, so that all of it takes seconds.
TRAINING = {"batch_size": 128, "lr": 0.2, "lr_drops": [0.5, 0.75], "momentum": 0.9, "weight_decay": 1e-4}


@dataclass(frozen=True)
class ToyOptions:
    """What is learnt from."""

    sets: Annotated[tuple[ToySet, ...] | None, own("NAME ...", "circles-paper moons; none with --csv")] = None
    """circles-paper (the arrangement of Fig. 1b), moons, circles, spirals."""
    csv: Annotated[Path | None, own("FILE", "none")] = None
    """A set of your own: columns x, y and label (two labels), named in the first line."""
    points: Annotated[int | None, own("N", str(POINTS))] = None
    """Points to draw, half of each class. Not with --csv."""
    noise: Annotated[float | None, own("STD", "0.1; circles: 0.05; spirals: 0.03")] = None
    """Standard deviation of the noise on each coordinate; the sets are about 2 wide. Not with --csv."""
    data_seed: int = 0
    """Draws the points, apart from --seeds."""


@dataclass(frozen=True)
class ToyTrainingOptions:
    """What learns, and how: ERM, and mixup at each alpha, from the same initial weights."""

    alphas: tuple[float, ...] = (0.2, 1.0, 8.0)
    """Of mixup; ERM is always there."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """Each is trained again; the record keeps the grid of the first, and the numbers of all."""
    width: int = 64
    """Units of each of two hidden layers."""
    epochs: int = 100
    """Passes over the points."""
    grid: int = 51
    """Points on each side of the grid on which p(y = 1 | x) is taken."""


@dataclass(frozen=True)
class ToyRunOptions:
    """Where it goes. None of it changes what is measured."""

    results_dir: Path = Path("results")
    """Where the records go."""
    plan: bool = False
    """Print the options in force and the time to expect; then stop."""
    overwrite: bool = False
    """Measure again, and replace, what is already there under this name."""


@dataclass(frozen=True)
class BoundaryOptions:
    data: ToyOptions = ToyOptions()
    training: ToyTrainingOptions = ToyTrainingOptions()
    run: ToyRunOptions = ToyRunOptions()


# Where each number must lie. A record is to stay small, hence the upper ends.
LIMITS = {
    "points": "[4, 10000]",
    "noise": "[0, 10]",
    "data_seed": "[0, inf)",
    "alphas": "(0, inf)",
    "seeds": "[0, inf)",
    "width": "[1, inf)",
    "epochs": "[1, inf)",
    "grid": "[2, 201]",
}


def check(options: BoundaryOptions) -> None:
    """Refuses what can be refused before anything is drawn. raises UserError that names the option"""
    data = options.data
    if data.csv is not None:
        for name in ("sets", "points", "noise", "data_seed"):
            if getattr(data, name) != getattr(ToyOptions(), name):
                raise UserError(
                    f"{flag(name)}: means nothing with --csv, whose points are what they are; leave it out."
                )
    check_limits(LIMITS, data, options.training)
    for name, values in (("sets", data.sets), ("alphas", options.training.alphas), ("seeds", options.training.seeds)):
        if values is not None and len(set(values)) < len(values):
            raise UserError(f"{flag(name)} {' '.join(map(str, values))}: names one twice.")
    if not options.training.seeds:
        raise UserError("--seeds: needs one at least.")


def resolve(asked: BoundaryOptions, name: str) -> dict[str, Any]:
    """Every option that decides the numbers of one set, with nothing left open. Of a CSV file nothing is drawn."""
    data, training, is_drawn = asked.data, asked.training, name in SETS
    noise = SETS.get(name) if data.noise is None else data.noise
    return {
        "set": name,
        "points": (data.points or POINTS) if is_drawn else None,
        "noise": noise,
        "data_seed": data.data_seed if is_drawn else None,
        "model": "mlp",
        "width": training.width,
        "alphas": list(training.alphas),
        "lam_per": "batch",
        "epochs": training.epochs,
        **TRAINING,
        "seeds": list(training.seeds),
        "grid": training.grid,
    }


def record_name(config: dict[str, Any], precision: str) -> str:
    """The set, and all that departs from the defaults: ``moons-noise0.2-alphas1.0-seeds0+1``."""
    usual = resolve(BoundaryOptions(), config["set"])
    parts = [config["set"]]
    words = {"points": "points", "noise": "noise", "data_seed": "rows", "width": "w", "alphas": "alphas"}
    words |= {"epochs": "ep", "seeds": "seeds", "grid": "grid"}
    for field, word in words.items():
        value = config[field]
        if value is not None and value != usual[field]:
            text = ("+".join(map(str, value)) or "none") if isinstance(value, list) else f"{value}"
            parts.append(text + word if field == "epochs" else word + text)
    return "-".join(parts + ([precision] if precision != "no" else []))

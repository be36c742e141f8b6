"""The options of `gan.py`, the name of its record, and when it measures."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from common.errors import UserError
from common.options.fields import SEEDS, Fact, flag, joined, of_file, own, pieces
from common.options.machine import Machine

LossName = Literal["saturating", "mixup", "mixup-authors", "non-saturating", "r3gan"]

TARGETS = {"ring": 8, "grid": 25, "grid10": 100}  # and how many modes each has
SIGMA = 0.01  # of every mode, as the authors'
SIGMAS = 3  # a point within so many sigma of a mode is a hit of it
MARGIN = 1 / 8  # of the target's extent, on each side of the window that is looked at: what the authors plot
COVERED_FROM = 0.1  # a mode is covered by so much of its even share of the points, all of them hits
MEASURED, KEPT = 10_000, 256  # points that are measured, and those of them that a record holds to be looked at
SNAPSHOTS = (10, 100, 1_000, 10_000, 20_000)  # the paper's, Fig. 5

# What each loss takes, and its default: alpha is the paper's, lam_max the authors' with the same number.
TAKES: dict[str, dict[str, float]] = {
    "mixup": {"alpha": 0.2},
    "mixup-authors": {"lam_max": 0.2},
    "r3gan": {"penalty": 1.0},
}


@dataclass(frozen=True)
class PointsOptions:
    """What is learnt."""

    target: Annotated[Literal["ring", "grid", "grid10"] | None, own("NAME", "ring; none with --csv")] = None
    """8 Gaussians on the unit circle, 5 x 5 on a grid from -1 to 1, or 10 x 10; all of standard deviation 0.01."""
    csv: Annotated[Path | None, own("FILE", "none")] = None
    """Points of your own: columns x and y, named in the first line."""


@dataclass(frozen=True)
class LossOptions:
    """What discriminator and generator minimise."""

    loss: Annotated[LossName, Fact()] = "saturating"
    """saturating: the paper's plain one; mixup: the paper's; mixup-authors: their code's; or a fairer opponent of it:
    non-saturating, or r3gan (relativistic, gradients penalised)."""
    alpha: Annotated[float | None, own("ALPHA", "0.2"), Fact("(0, 1e6]")] = None
    """Of mixup: the share of what is real in a row is drawn from Beta(ALPHA, ALPHA)."""
    lam_max: Annotated[float | None, own("LAM", "0.2"), Fact("(0, 1]")] = None
    """Of mixup-authors: the share of a row is even from 0 to LAM, real and fake shuffled together."""
    penalty: Annotated[float | None, own("GAMMA", "1"), Fact("[0, 1e6]")] = None
    """Of r3gan: the weight of its gradient penalties R1 and R2."""


@dataclass(frozen=True)
class GanTrainingOptions:
    """What learns, and how."""

    width: Annotated[int, Fact("[1, 65536]", "w{}")] = 512
    """Units of each of three hidden layers, in both networks."""
    latent: Annotated[int, Fact("[1, 65536]", "z{}")] = 2
    """Dimensions of the normal noise that points are made from."""
    iterations: Annotated[int, Fact("[1, 1e7]", "{}it")] = 20_000
    """Steps of the generator."""
    discriminator_steps: Annotated[int, Fact("[1, 1000]", "d{}")] = 5
    """Of the discriminator for one of the generator."""
    batch_size: Annotated[int, Fact("[1, 65536]", "b{}")] = 128
    """Real points a step, and as many fake ones."""
    lr: Annotated[float, Fact("(0, 1000]", "lr{}")] = 1e-3
    """Adam's rate, of both networks."""
    seeds: Annotated[tuple[int, ...], Fact(SEEDS, "seeds{}")] = (0, 1, 2, 3, 4)
    """Each is a pair of networks of its own; all of them are trained at once."""


@dataclass(frozen=True)
class GanRunOptions(Machine):
    """Where and how this machine runs it. None of it changes what is measured."""

    checkpoint_dir: Path = Path("checkpoints")
    """Where the state is from which a training that was stopped goes on."""


@dataclass(frozen=True)
class GanOptions:
    points: PointsOptions = PointsOptions()
    loss: LossOptions = LossOptions()
    training: GanTrainingOptions = GanTrainingOptions()
    run: GanRunOptions = field(default_factory=GanRunOptions)

    def refuse_clashes(self) -> None:
        """raises UserError for options that mean nothing beside the others, or are said twice"""
        if self.points.csv is not None and self.points.target is not None:
            raise UserError("--target: means nothing with --csv, whose points are what is learnt; leave one out.")
        for loss, options in TAKES.items():
            for name in options:
                if loss != self.loss.loss and getattr(self.loss, name) is not None:
                    raise UserError(f"{flag(name)}: is of --loss {loss}, and this is {self.loss.loss}; leave it out.")
        seeds = self.training.seeds
        if not seeds:
            raise UserError("--seeds: needs one at least.")
        if len(set(seeds)) < len(seeds):
            raise UserError(f"--seeds {' '.join(map(str, seeds))}: names one twice.")


@dataclass(frozen=True)
class GanConfig(GanTrainingOptions, LossOptions):
    """Every option that decides the numbers of a record, with nothing left open.

    target  a name, or csv-NAME of a file
    points  of a file: the SHA-256 of its points
    """

    target: str = ""
    points: str | None = None


def resolve(asked: GanOptions, points: str | None = None) -> GanConfig:
    """The configuration in force. points  of a CSV file: the SHA-256 of what is in it"""
    csv = asked.points.csv
    target = of_file(csv) if csv else asked.points.target or "ring"
    loss = {name: value for name, value in vars(asked.loss).items() if value is not None}
    return GanConfig(**vars(asked.training), **(TAKES.get(asked.loss.loss, {}) | loss), target=target, points=points)


def record_name(config: GanConfig) -> str:
    """Target, loss, and all that departs from the defaults: ``ring-mixup0.2-w128-seeds0+1``."""
    taken = "".join(f"{getattr(config, name)}" for name in TAKES.get(config.loss, {}))
    usual = dataclasses.replace(config, **vars(GanTrainingOptions()))
    return joined([config.target, config.loss + taken, *pieces(config, usual).values()])


def setting_name(config: GanConfig) -> str:
    """What names of records share that differ in loss, steps of the discriminator and seeds alone: ``ring-w128``."""
    usual = dataclasses.replace(config, **vars(GanTrainingOptions()))
    alike = dataclasses.replace(config, seeds=usual.seeds, discriminator_steps=usual.discriminator_steps)
    return "-".join([config.target, *pieces(alike, usual).values()])


def measured_at(iterations: int) -> list[int]:
    """After which iterations: 10, 20, 50, 100 and so on, and at the end."""
    usual = {digit * 10**power for power in range(1, 8) for digit in (1, 2, 5)}
    return sorted({at for at in usual if at < iterations} | {iterations})


def shown_at(iterations: int) -> list[int]:
    """After which of them a record holds points to be looked at: the paper's, and at the end."""
    return [at for at in measured_at(iterations) if at in SNAPSHOTS or at == iterations]

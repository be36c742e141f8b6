"""The options of `benchmark.py`."""

import dataclasses
import re
from dataclasses import dataclass, field
from typing import Annotated, Literal

import tyro

from common.errors import UserError
from common.options.fields import OPEN, Fact, Open, own
from common.options.machine import Machine

STREAMED = 4  # batches of images a turn: half a thousand JPEGs
What = Literal["train", "mixup", "attack", "interpolate", "stream"]


@dataclass(frozen=True)
class MeasuredConfig:
    """What is timed."""

    what: Annotated[What, tyro.conf.Positional]
    """train: a training step of PreAct ResNet-18 under mixup, against a plain PyTorch loop; mixup: the same step under
    mixup and under ERM; attack: FGSM over epsilons and targets, and PGD, against torchattack; interpolate: misses over
    lambda, against a loop of forward passes; stream: batches of images that stay encoded, without a network, against
    torchvision's ImageFolder in a DataLoader."""
    width: Annotated[int, Fact("[1, 65536]")] = 64
    """Channels after the first layer; the paper's is 64."""
    batch_size: Annotated[Open[int], own("N", "128; attack, interpolate: 100"), Fact("[2, 1e9]")] = OPEN
    """Rows a step."""
    steps: Annotated[Open[int], own("N", "1 at width 64; narrower: more; stream: 4"), Fact("[1, 1e6]")] = OPEN
    """Steps a turn."""
    repeats: Annotated[int, Fact("[1, 1e6]")] = 7
    """Turns of each loop, in alternation; the medians count."""

    @property
    def rows(self) -> int:
        """Images or pairs of a turn."""
        return self.steps * self.batch_size


@dataclass(frozen=True)
class BenchmarkOptions:
    measured: MeasuredConfig
    run: Machine = field(default_factory=Machine)


def resolve(asked: MeasuredConfig) -> MeasuredConfig:
    """A narrower network has as much to do in a turn: its cost grows with the square of the width.

    raises UserError that names an option which means nothing for what is timed
    """
    if asked.what == "stream" and asked.width != MeasuredConfig.width:
        raise UserError(f"--width {asked.width}: stream is timed without a network; leave it out.")
    return dataclasses.replace(
        asked,
        batch_size=asked.batch_size or (100 if asked.what in ("attack", "interpolate") else 128),
        steps=asked.steps or _usual_steps(asked),
    )


def _usual_steps(measured: MeasuredConfig) -> int:
    return STREAMED if measured.what == "stream" else max(1, (64 // measured.width) ** 2)


def record_name(measured: MeasuredConfig, threads: int, device: str) -> str:
    """What is timed, at which size, with how many threads, and, of none that is a CPU, on which device:
    ``train-preactresnet18-w16-b128-2threads-nvidia-h200``."""
    network = "" if measured.what == "stream" else f"-preactresnet18-w{measured.width}"
    of_device = "" if device.startswith("CPU ") else "-" + re.sub("[^a-z0-9]+", "-", device.lower()).strip("-")
    steps = "" if measured.steps == _usual_steps(measured) else f"-steps{measured.steps}"
    return f"{measured.what}{network}-b{measured.batch_size}{steps}-{threads}threads{of_device}"

"""Small GANs."""

import torch

from common import records
from common.chance import rng
from common.options import gan as options
from common.options.gan import GanConfig
from scripts import gan

CPU = torch.device("cpu")
SMALL = ["--width", "8", "--iterations", "25", "--batch-size", "8", "--seeds", "0", "3", "--threads", "1"]
LOSSES = ["saturating", "mixup", "mixup-authors", "non-saturating", "r3gan"]


def run(*argv):
    return records.read(gan.main([*SMALL, *map(str, argv)]))


def config(loss="saturating", **changes):
    usual = options.TAKES.get(loss, {}) | {"width": 8, "batch_size": 8, "seeds": (0, 3), "iterations": 25}
    return GanConfig(loss=loss, target="ring", **(usual | changes))


# Losses


def points(*shape):
    return torch.from_numpy(rng("test", *shape).standard_normal(shape)).float()

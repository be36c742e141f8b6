"""A small network, and a batch for it."""

import torch

from common import training
from common.data.dataset import Part
from common.models import Blueprint, build
from common.options import TrainConfig
from common.plan import draw

ROWS, SIDE = 45, 16


def images():
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (ROWS, 1, SIDE, SIDE), generator=generator, dtype=torch.uint8)
    return Part(pixels, torch.arange(ROWS) % 4)


def network(model="lenet", side=SIDE):
    """LeNet has no BatchNorm, so that rows do not touch each other."""
    shape = (3,) if model == "mlp" else (1, side, side)
    return build(Blueprint(model, 4, tuple("abcd"), shape, (0.5,) * shape[0], (0.25,) * shape[0]), seed=0)


def the_batch(way, places=slice(0, 20), noise=None):
    plan = draw(ROWS, 20, seed=0, epoch=1, method=way, pad=2, noise=noise)
    return training.batch_of(images(), plan, places, plan.layers[0])


def training_config(**options):
    return TrainConfig(**options)

"""A few images, and a network for them."""

from typing import Any

import torch
from torch import nn

from common.data.dataset import Part
from common.models import Blueprint, build
from common.options import TrainConfig, resolve

ROWS = 37


def images(rows: int = ROWS, side: int = 8) -> Part:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (rows, 1, side, side), generator=generator, dtype=torch.uint8)
    return Part(pixels, torch.arange(rows) % 4)


def configured(**options: Any) -> TrainConfig:
    """A run of 32 x 32 images with these options, and the usual ones beside them."""
    return resolve(TrainConfig(**options), "cifar10", "images", 32)


def small_model() -> nn.Module:
    return build(Blueprint("smallcnn", 4, tuple("abcd"), (1, 8, 8), (0.5,), (0.25,)), seed=0)

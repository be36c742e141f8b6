"""What the contestants are timed on: random pixels, and a network of CIFAR-10's size."""

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn

from common import models
from common.chance import rng
from common.data.dataset import Part

CLASSES = 10
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)  # CIFAR-10's


def random_images(rows: int) -> Part:
    """Random pixels: how fast a step is does not depend on what they show."""
    pixels = rng("benchmark", rows).integers(256, size=(rows, 3, 32, 32), dtype=np.uint8)
    return Part(torch.from_numpy(pixels), torch.arange(rows) % CLASSES)


def blueprint(width: int) -> models.Blueprint:
    return models.Blueprint("preactresnet18", width, tuple(map(str, range(CLASSES))), (3, 32, 32), MEAN, STD)


def finished(width: int) -> list[nn.Module]:
    """Two networks as finished runs are found: in eval mode, parameters frozen."""
    return [models.build(blueprint(width), seed=seed).eval().requires_grad_(False) for seed in (0, 1)]


def device_here() -> torch.device:
    """That which Accelerate takes, by what its launcher or the environment says."""
    return Accelerator(cpu=not torch.accelerator.is_available()).device

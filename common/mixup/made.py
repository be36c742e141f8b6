"""A way of mixing, made of options."""

from typing import Any

from common.mixup.pairs import Pairs
from common.mixup.ways import CutMix, Mixup
from common.options import TrainConfig
from common.options.networks import network
from common.options.train import LAYERS


def of(config: TrainConfig, shape: tuple[int, ...], pairs: Pairs | None = None) -> Mixup:
    """shape  of one input"""
    way: dict[str, Any] = {
        "alpha": config.alpha,
        "lam_per": config.lam_per,
        "smoothing": config.label_smoothing,
        "pairs": pairs or Pairs(),
        "partners": config.partners,
        "probability": config.mixup_prob,
        "targets": config.targets,
        "regmixup": config.regmixup,
    }
    if config.pastes:
        height, width = shape[-2:]
        return CutMix(**way, size=(height, width))
    if config.mix == "hidden":
        return Mixup(**way, layers=network(config.model).manifold)
    if config.mix in LAYERS:
        return Mixup(**way, layers=(LAYERS.index(config.mix) + 1,))
    assert config.mix == "inputs", config.mix  # or another way would be recorded than was trained by
    return Mixup(**way, layers=(0,))

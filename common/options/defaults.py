"""What the options of training are where nobody asks: by data set, by recipe, by optimizer."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from common.data.sets import SETS
from common.options.networks import NETWORKS
from common.options.train import Augment, Optimizer, Recipe, Schedule


@dataclass(frozen=True)
class Defaults:
    """What a data set or a recipe brings. Nothing is flipped or cropped unasked, since a flipped digit or letter is
    another one."""

    model: str
    epochs: int
    augment: Augment = "none"
    batch_size: int = 128
    optimizer: Optimizer = "sgd"
    lr_drops: tuple[float, ...] = (0.5, 0.75)
    lr: float | None = None  # under this optimizer; None: what the optimizer brings
    warmup_epochs: int = 0  # under mixup
    schedule: Schedule = "drops"
    momentum: float | None = None  # as `lr`
    weight_decay: float | None = None  # as `lr`
    bias_lr: float = 1.0
    label_smoothing: float = 0.0
    lookahead: int = 0
    rise_epochs: int = 0


TABLE = Defaults("mlp", 100, batch_size=16, optimizer="adam", lr_drops=())  # section 3.6, but for its 10 epochs
SOUNDS = Defaults(  # section 3.3: the rate a tenth every 10 epochs, the first 5 without mixup
    "lenet", 30, batch_size=100, optimizer="adam", lr=3e-3, lr_drops=(1 / 3, 2 / 3), warmup_epochs=5
)
IMAGES = Defaults("preactresnet18", 200)
IMAGENET = Defaults(  # section 3.1, the shorter of its two trainings
    "resnet50", 90, "resized-crop", 1024, lr=0.4, lr_drops=(1 / 3, 2 / 3, 8 / 9), rise_epochs=5
)
IMAGENET_SIDE = 224  # of boxes that are cut out of images, scaled
SMALL_IMAGES = Defaults("smallcnn", 60)  # too small for three halvings: sides under 16 pixels
DEFAULTS = {
    name: dataclasses.replace(
        IMAGES if one.side is None or one.side >= 16 else SMALL_IMAGES, augment="crop-flip" if one.flips else "none"
    )
    for name, one in SETS.items()
    if one.kind == "images" and not one.is_large
} | {"imagenet": IMAGENET}

# What a recipe brings in place of the data set's own, but for the model where it does not take the data, and the
# augmentation where a data set has none. fast: after airbench94 (K. Jordan 2024, arXiv 2404.00498), its rate and
# penalty turned to a mean loss and coupled decay.
RECIPES: dict[Recipe, dict[str, Any]] = {
    "fast": {
        "model": "fastnet",
        "epochs": 10,
        "augment": "translate-flip",
        "batch_size": 1024,
        "optimizer": "nesterov",
        "schedule": "triangle",
        "lr": 1.5,
        "momentum": 0.85,
        "weight_decay": 1.33e-3,
        "bias_lr": 64.0,
        "label_smoothing": 0.2,
        "lookahead": 5,
    }
}
# Of a recipe's own network BatchNorm has no weights, and stands these; of others they are as others train them fast.
ELSEWHERE: dict[str, Any] = {"lr": 0.4, "weight_decay": 5e-4, "bias_lr": 1.0}

# What an optimizer brings: Adam's are torch's own.
OPTIMIZERS: dict[Optimizer, dict[str, float | None]] = {
    "sgd": {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4},
    "nesterov": {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4},
    "adam": {"lr": 1e-3, "momentum": None, "weight_decay": 0.0},
}


def smoothing_of(recipe: Recipe | None) -> float:
    """The label smoothing of all that is trained by a recipe."""
    return float(RECIPES[recipe]["label_smoothing"]) if recipe else Defaults.label_smoothing


def brought(name: str, kind: str, side: int | None, recipe: Recipe | None, model: str | None) -> Defaults:
    """What a data set brings, under a recipe what that brings; the model, where one is asked for, decides with it."""
    if name in DEFAULTS:
        own = DEFAULTS[name]
    elif kind != "images":
        own = TABLE if kind == "table" else SOUNDS
    else:
        own = IMAGES if side is None or side >= 16 else SMALL_IMAGES
    if recipe is None:
        return own
    others = dict(RECIPES[recipe])
    network = NETWORKS[others["model"]]
    if kind not in network.takes or (side is not None and side < network.smallest_side):
        others["model"] = own.model
    if (model or others["model"]) != RECIPES[recipe]["model"]:
        others |= ELSEWHERE
    if own.augment == "none":
        others["augment"] = "none"
    return dataclasses.replace(own, **others)

"""Networks that map a batch in natural units (pixels in [0, 1], table values) to logits.

Normalisation is their first layer, so that attacks and probes speak pixels and need to know of no statistics.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema_rs
import torch
from torch import Tensor, nn

from common import chance
from common.errors import UserError
from common.models import others
from common.options.networks import NETWORKS, is_one, network
from common.shapes import Inputs

# What the header of a weights file must be.
HEADER = {
    "type": "object",
    "required": ["model", "width", "classes", "shape", "mean", "std"],
    "additionalProperties": False,
    "properties": {
        "model": {"type": "string"},
        "width": {"type": "integer", "minimum": 1, "maximum": 65536},
        "classes": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        "shape": {
            "type": "array",
            "items": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
            "minItems": 1,
            "maxItems": 3,
        },
        "mean": {"type": "array", "items": {"type": "number", "minimum": -3e38, "maximum": 3e38}},
        "std": {"type": "array", "items": {"type": "number", "exclusiveMinimum": 0, "maximum": 3e38}},
        "dropout": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
        "patches": {"type": "array", "items": {"type": "number", "minimum": -3e38, "maximum": 3e38}},
    },
}


class Normalize(nn.Module):
    """``(x - mean) / std`` per channel or feature, with the statistics of the training part.

    dims  of one input: 3 for an image, 1 for a row of a table
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float], dims: int) -> None:
        super().__init__()
        shape = (-1, *[1] * (dims - 1))
        self.register_buffer("mean", torch.tensor(mean).view(shape))
        self.register_buffer("std", torch.tensor(std).view(shape))

    def forward(self, x: Inputs) -> Inputs:
        return (x - self.mean) / self.std


@dataclass(frozen=True)
class Blueprint:
    """All that it takes to build a model again; it lies in the header of every weights file.

    shape  of one input, without the batch;  mean, std  per channel or feature, in natural units
    dropout  probability that an activation is dropped in training, of networks that have a place for it
    patches  covariance of the 2 x 2 patches of the training images, row by row, of networks that whiten them
    source   the user's file that holds the network, as it was named on this command line: no header holds it
    """

    model: str
    width: int
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    dropout: float = 0.0
    patches: tuple[float, ...] = ()
    source: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """As the header holds it: what a network does not use is left out."""
        held = {name: value for name, value in asdict(self).items() if name != "source"}
        return {name: value for name, value in held.items() if name != "patches" or value}

    @classmethod
    def from_json(cls, header: Any) -> "Blueprint":
        """raises UserError for a header that is none, or a network that this version does not have"""
        wrong = next(jsonschema_rs.Draft202012Validator(HEADER).iter_errors(header), None)
        if wrong is not None:
            field = ".".join(map(str, wrong.instance_path))
            raise UserError(f"The header does not describe a model of this project: {field} {wrong.message[:100]}.")
        lists = {name: tuple(value) for name, value in header.items() if isinstance(value, list)}
        blueprint = cls(**header | lists)
        if not is_one(blueprint.model):
            raise UserError(f"The model {blueprint.model[:40]!r} is not one of {', '.join(NETWORKS)}.")
        if len(blueprint.shape) == 2 or not len(blueprint.mean) == len(blueprint.std) == blueprint.shape[0]:
            raise UserError("The header has not as many means and standard deviations as its inputs have channels.")
        if len(blueprint.patches) not in (0, (4 * blueprint.shape[0]) ** 2):
            raise UserError("The header has not the covariance of patches of as many channels as its inputs have.")
        return blueprint


def is_ours(model: str) -> bool:
    """Whether its code is here, not in a library or in a file of the user's."""
    return network(model).where != ""


def class_of(model: str) -> type[nn.Module]:
    """A network by name, to be called with its channels (or features), classes and, where it scales, width."""
    module, _, name = NETWORKS[model].where.partition(".")
    found: type[nn.Module] = getattr(import_module(f"common.models.{module}"), name)
    return found


def build(blueprint: Blueprint, seed: int | None = None) -> nn.Module:
    """The model a blueprint describes, on the CPU, with initial weights that depend on the seed alone.

    raises UserError where the network cannot take inputs of this shape
    """
    known = network(blueprint.model)
    is_image = len(blueprint.shape) == 3
    if ("images" if is_image else "table") not in known.takes:
        raise UserError(f"--model {blueprint.model}: does not take inputs of shape {blueprint.shape}.")
    if is_image and min(blueprint.shape[1:]) < known.smallest_side:
        height, width = blueprint.shape[1:]
        raise UserError(
            f"--model {blueprint.model}: takes images of {known.smallest_side} pixels a side and more, and these are "
            f"of {height} x {width}; take another model."
        )
    with torch.random.fork_rng(devices=[]):
        if seed is not None:
            torch.manual_seed(chance.seed("weights", seed))
        more: dict[str, Any] = {"dropout": blueprint.dropout} if blueprint.dropout else {}
        if blueprint.patches:
            more["patches"] = blueprint.patches
        if known.is_sized:
            more["sides"] = blueprint.shape[1:]
        channels, classes = blueprint.shape[0], len(blueprint.classes)
        if not is_ours(blueprint.model):
            net = others.make(blueprint.model, blueprint.source, blueprint.shape, classes)
        else:
            sizes = (channels, classes, blueprint.width) if known.scales else (channels, classes)
            net = class_of(blueprint.model)(*sizes, **more)
    normalize = Normalize(blueprint.mean, blueprint.std, len(blueprint.shape))
    model = nn.Sequential(OrderedDict(normalize=normalize, network=net))
    return model.to(memory_format=torch.channels_last) if is_image else model


def learns_of_one_row(blueprint: Blueprint) -> bool:
    """Whether a batch of one can be trained on: BatchNorm refuses a single value a channel, which it has no variance
    of, as a table's row is, and an image that came down to 1 x 1."""
    try:
        build(blueprint).train()(torch.zeros(1, *blueprint.shape))
    except ValueError:
        return False
    return True


@cache
def countable_on(blueprint: Blueprint) -> torch.device:
    """Where a network can be passed so that its work is counted: on shapes alone, or, where the code of somebody else's
    asks for values, on the CPU.

    raises UserError for a network of somebody else's that raises, or whose logits are none of these classes
    """
    meta, cpu = torch.device("meta"), torch.device("cpu")
    if is_ours(blueprint.model):
        return meta
    try:
        _try(blueprint, meta)
    except (Exception, SystemExit):
        _try(blueprint, cpu)
        return cpu
    return meta


@torch.no_grad()
def _try(blueprint: Blueprint, device: torch.device) -> None:
    """Two rows, in training. raises UserError for what is wrong with the network"""
    with device:
        model, rows = build(blueprint), torch.full((2, *blueprint.shape), 0.5)
        shape = " x ".join(map(str, blueprint.shape))
        try:
            logits = model(rows)
        except (Exception, SystemExit) as error:
            raise UserError(
                f"--model {blueprint.model}: with two rows of {shape} it raised {others.told(error, blueprint.source)}"
            ) from error
    wanted = (2, len(blueprint.classes))
    if not isinstance(logits, Tensor) or tuple(logits.shape) != wanted or not logits.is_floating_point():
        given = f"{tuple(logits.shape)}" if isinstance(logits, Tensor) else f"a {type(logits).__name__}"
        raise UserError(
            f"--model {blueprint.model}: for two rows of {shape} in {wanted[1]} classes it gives {given} and not "
            f"logits of shape {wanted}; a class that takes num_classes is told how many there are."
        )

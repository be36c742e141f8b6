"""The numbers that are published of each network: parameters, multiply-adds, widths."""

import re
from pathlib import Path

import pytest
import torch

from common import costs
from common.models import build
from common.options.networks import NETWORKS
from tests.models.small import SMALL, blueprint

# Built of shapes alone: of the same class as resnet18_imagenet, and of up to 83 million parameters.
LARGE = ("resnet50", "resnet101", "resnext101_32x4d", "resnext101_64x4d")


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


WIDTHS = {name: network.width for name, network in NETWORKS.items()}


def test_every_network_is_tested():
    assert set(NETWORKS) == {*SMALL, *LARGE}


PUBLISHED = [  # model, width, shape, classes, parameters
    ("preactresnet18", 64, (3, 32, 32), 10, 11_171_146),
    ("preactresnet18", 16, (3, 32, 32), 10, 700_762),
    ("resnet18", 64, (3, 32, 32), 10, 11_173_962),
    ("wideresnet28", 10, (3, 32, 32), 10, 36_479_194),
    ("wideresnet28", 10, (3, 32, 32), 100, 36_536_884),
    ("densenet190", 40, (3, 32, 32), 10, 25_624_430),
    ("densenet190", 40, (3, 32, 32), 100, 25_821_620),
    ("vgg11", 64, (3, 32, 32), 10, 9_231_114 - 2_752),  # the biases of convolutions, which BatchNorm makes void
    ("lenet", 20, (1, 28, 28), 10, 431_080),
    ("lenet_large", 20, (1, 161, 101), 30, 16_321_570),
    ("lenet_large", 20, (1, 161, 101), 10, 16_321_570 - 20 * 1001),
    ("fastnet", 64, (3, 32, 32), 10, 1_972_792),
    ("resnet18_imagenet", 64, (3, 224, 224), 1000, 11_689_512),
    ("resnet50", 64, (3, 224, 224), 1000, 25_557_032),
    ("resnet101", 64, (3, 224, 224), 1000, 44_549_160),
    ("resnext101_32x4d", 64, (3, 224, 224), 1000, 44_177_704),
    ("resnext101_64x4d", 64, (3, 224, 224), 1000, 83_455_272),
]


@pytest.mark.parametrize(("model", "width", "shape", "classes", "count"), PUBLISHED)
def test_the_number_of_parameters_is_the_published_one(model, width, shape, classes, count):
    with torch.device("meta"):
        assert parameters(build(blueprint(model, width, shape, classes))) == count


# Multiply-adds of an image of 224 x 224, in units of 10^9: those that torchvision's pages of weights name.
FORWARD = {
    "resnet18_imagenet": 1.814,
    "resnet50": 4.089,
    "resnet101": 7.801,
    "resnext101_32x4d": 7.97,  # counted: torchvision has no weights of it, timm says 8.0
    "resnext101_64x4d": 15.46,
}


@pytest.mark.parametrize("model", FORWARD)
def test_an_image_of_224_pixels_costs_what_is_published(model):
    assert costs.evaluation_pass(blueprint(model, 64, (3, 224, 224), 1000), 1).flops / 2e9 == pytest.approx(
        FORWARD[model], rel=2e-3
    )


@pytest.mark.parametrize("model", FORWARD)
def test_imagenets_networks_train_on_small_images_too(model):
    """On shapes alone; less than a quarter of what 224 pixels cost."""
    sides = (32, 48, 64, 224)
    flops = [costs.training_pass(blueprint(model, 64, (3, side, side)), 2).flops for side in sides]
    assert 0 < flops[0] < flops[1] < flops[2] < flops[3] / 4


def test_readme_names_every_network_with_its_parameters():
    readme = (Path(__file__).parents[2] / "scripts" / "README.md").read_text()
    lines = re.findall(r"^\| (`.*`) \| [^|]* \| (?:\w+ )*(\d+)(?: \w+)? \| ([\d, ]*)\|$", readme, re.M)
    rows = [
        (model, int(width), count)
        for models, width, counts in lines
        for model, count in zip(re.findall(r"\w+", models), counts.strip().split(", "), strict=True)
    ]
    assert {model: width for model, width, _ in rows} == WIDTHS
    published = {(model, width): count for model, width, _, classes, count in PUBLISHED if classes in (10, 1000)}
    for model, width, count in rows:
        assert count == (f"{published[model, width]:,}" if model not in ("smallcnn", "mlp") else "")


def test_the_width_by_default_is_the_published_networks():
    assert {model: width for model, width, *_ in reversed(PUBLISHED)} | {"smallcnn": 32, "mlp": 128} == WIDTHS


def test_preactresnet18_has_no_batchnorm_after_the_last_stage_nor_the_stem():
    names = [name for name, module in build(blueprint()).named_modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert len(names) == 16
    assert all(".blocks." in name for name in names)

import pytest
import torch
from torch.nn import functional as F

from common.errors import UserError
from common.models import NETWORKS, Blueprint, Normalize, build
from common.options import TAKES, WIDTHS, Model


def blueprint(model="preactresnet18", width=16, shape=(3, 32, 32), classes=10):
    channels = shape[0]
    return Blueprint(model, width, tuple(map(str, range(classes))), shape, (0.5,) * channels, (0.25,) * channels)


SMALL = {
    "preactresnet18": blueprint(width=4),
    "smallcnn": blueprint("smallcnn", 8, (1, 8, 8)),
    "mlp": blueprint("mlp", 16, (13,), 3),
}


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


def test_options_and_networks_name_the_same_models():
    from typing import get_args

    assert set(get_args(Model)) == set(NETWORKS) == set(TAKES) == set(WIDTHS) == set(SMALL)


@pytest.mark.parametrize(("width", "classes", "count"), [(64, 10, 11_171_146), (16, 10, 700_762)])
def test_preactresnet18_has_the_published_number_of_parameters(width, classes, count):
    assert parameters(build(blueprint(width=width, classes=classes))) == count


def test_the_last_stage_has_no_batchnorm_and_the_stem_none():
    names = [name for name, module in build(blueprint()).named_modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert len(names) == 16
    assert all(".blocks." in name for name in names)


@pytest.mark.parametrize("name", SMALL)
def test_the_gradient_reaches_every_parameter(name):
    model = build(SMALL[name], seed=0)
    x = torch.rand(6, *SMALL[name].shape)
    F.cross_entropy(model(x), torch.arange(6) % 3).backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0, key


@pytest.mark.parametrize("width", [1, 3, 4, 7, 9])
def test_narrow_networks_train(width):
    """Fewer than 8 channels once crashed the process: see preactresnet.py."""
    model = build(blueprint(width=width), seed=0)
    x = torch.rand(6, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    for _ in range(3):
        model(x).sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


@pytest.mark.parametrize("name", SMALL)
def test_initial_weights_depend_on_the_seed_alone(name):
    torch.manual_seed(1)
    one = build(SMALL[name], seed=5).state_dict()
    torch.manual_seed(2)
    before = torch.get_rng_state()
    two, other = build(SMALL[name], seed=5).state_dict(), build(SMALL[name], seed=6).state_dict()
    assert torch.equal(before, torch.get_rng_state())  # nothing else is reseeded
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("name", SMALL)
def test_normalisation_is_inside(name):
    model = build(SMALL[name], seed=0).eval()
    x = torch.rand(4, *SMALL[name].shape)
    assert torch.allclose(model(x), model.network((x - 0.5) / 0.25), atol=1e-6)


def test_normalize_per_channel_and_per_feature():
    images, table = torch.rand(2, 2, 3, 3), torch.rand(2, 2)
    for x in (images, table):
        out = Normalize((0.1, 0.2), (2.0, 4.0), x.dim() - 1)(x)
        assert torch.allclose(out[:, 1], (x[:, 1] - 0.2) / 4, atol=1e-6)


@pytest.mark.parametrize("side", [8, 16, 32, 40, 64])
def test_preactresnet18_takes_other_sides(side):
    assert build(blueprint(width=4, shape=(1, side, side)))(torch.rand(2, 1, side, side)).shape == (2, 10)


@pytest.mark.parametrize(("model", "shape"), [("mlp", (3, 8, 8)), ("smallcnn", (13,)), ("preactresnet18", (13,))])
def test_a_network_refuses_what_it_cannot_take(model, shape):
    with pytest.raises(UserError, match=f"--model {model}"):
        build(blueprint(model, shape=shape))


def test_a_blueprint_survives_json_and_a_foreign_header_does_not():
    import json

    own = SMALL["smallcnn"]
    assert Blueprint.from_json(json.loads(json.dumps(own.to_json()))) == own
    for foreign in ({}, {"model": "smallcnn"}, [], "x", own.to_json() | {"width": "wide"}):
        with pytest.raises(UserError, match="does not describe"):
            Blueprint.from_json(foreign)
    with pytest.raises(UserError, match="'resnet50' is not one of"):
        Blueprint.from_json(own.to_json() | {"model": "resnet50"})


def test_equals_a_reference_preact_resnet_with_the_same_weights():
    """Against timm's pre-activation blocks, which are written independently."""
    from timm.models.resnetv2 import PreActBasic

    model = build(blueprint(width=16), seed=0).train()
    x = torch.rand(4, 16, 8, 8)
    block = model.network.blocks[2]  # changes the shape: stride 2, 16 to 32 channels
    theirs = PreActBasic(
        16,
        32,
        bottle_ratio=1.0,
        stride=2,
        conv_layer=lambda a, b, k, stride=1, **_: torch.nn.Conv2d(a, b, k, stride, padding=k // 2, bias=False),
        norm_layer=lambda channels, **_: torch.nn.Sequential(torch.nn.BatchNorm2d(channels), torch.nn.ReLU()),
        proj_layer=lambda a, b, stride=1, **_: torch.nn.Conv2d(a, b, 1, stride, bias=False),
    )
    theirs.norm1[0].load_state_dict(block.bn1.state_dict())
    theirs.norm2[0].load_state_dict(block.bn2.state_dict())
    theirs.conv1.load_state_dict(block.conv1.state_dict())
    theirs.conv2.load_state_dict(block.conv2.state_dict())
    theirs.downsample.load_state_dict(block.shortcut.state_dict())
    assert torch.allclose(block(x), theirs(x), atol=1e-5)

"""What holds for every network."""

import json

import pytest
import torch
from torch.nn import functional as F

from common.errors import UserError
from common.models import Blueprint, Normalize, build, class_of
from common.options.networks import NETWORKS
from tests.models.small import SMALL, blueprint


@pytest.mark.parametrize("name", SMALL)
def test_the_gradient_reaches_every_parameter(name):
    model = build(SMALL[name], seed=0)
    x = torch.rand(6, *SMALL[name].shape)
    F.cross_entropy(model(x), torch.arange(6) % 3).backward()
    for key, parameter in model.named_parameters():
        if not parameter.requires_grad:
            assert (
                key.endswith("whiten.weight") or parameter.eq(1).all()
            )  # fastnet's whitening, its BatchNorms' weights
            continue
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0, key


@pytest.mark.parametrize(
    ("name", "width"),
    [*((name, width) for name in ("preactresnet18", "resnet18") for width in (1, 3, 4, 7, 9)), ("densenet190", 1)],
)
def test_narrow_networks_train(name, width):
    """Fewer than 8 channels once crashed the process: see preactresnet.py."""
    model = build(blueprint(name, width), seed=0)
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


@pytest.mark.parametrize("name", sorted(set(SMALL) - {"mlp"}))
def test_networks_take_other_sides(name):
    """From the smallest one on; spectrograms, too, which are not square."""
    smallest = NETWORKS[name].smallest_side
    for shape in ((1, smallest, smallest), (1, smallest, 2 * smallest + 1), (3, 40, 101)):
        assert build(blueprint(name, SMALL[name].width, shape)).eval()(torch.rand(2, *shape)).shape == (2, 10)


@pytest.mark.parametrize("name", [name for name, network in NETWORKS.items() if network.smallest_side > 1])
def test_a_network_refuses_images_that_are_too_small(name):
    smallest = NETWORKS[name].smallest_side
    for shape in ((1, smallest - 1, 40), (1, 40, smallest - 1)):
        with pytest.raises(UserError, match=f"--model {name}: takes images of {smallest} pixels"):
            build(blueprint(name, 4, shape))
    sides = ((smallest, smallest),) if NETWORKS[name].is_sized else ()
    network = class_of(name)(1, 10, 4, *sides).eval()  # and without the guard it would not do
    with pytest.raises(RuntimeError):
        network(torch.rand(1, 1, smallest - 1, smallest - 1))


@pytest.mark.parametrize(("model", "shape"), [("mlp", (3, 8, 8)), ("smallcnn", (13,)), ("preactresnet18", (13,))])
def test_a_network_refuses_what_it_cannot_take(model, shape):
    with pytest.raises(UserError, match=f"--model {model}"):
        build(blueprint(model, shape=shape))


def test_a_blueprint_survives_json_and_a_foreign_header_does_not():
    own = SMALL["smallcnn"]
    assert Blueprint.from_json(json.loads(json.dumps(own.to_json()))) == own
    for foreign in ({}, {"model": "smallcnn"}, [], "x", own.to_json() | {"width": "wide"}):
        with pytest.raises(UserError, match="does not describe"):
            Blueprint.from_json(foreign)
    with pytest.raises(UserError, match="'resnet51' is not one of"):
        Blueprint.from_json(own.to_json() | {"model": "resnet51"})

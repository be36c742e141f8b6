"""Whitening, and dropout."""

import pytest
import torch

from common.data.dataset import Part
from common.data.statistics import patches, statistics
from common.models import Blueprint, build
from tests.models.small import SMALL


def test_the_whitening_gives_uncorrelated_outputs_of_variance_one():
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (60, 3, 12, 12), generator=generator)
    images = ((noise + noise.roll(1, 2) + noise.roll(1, 1)) // 3).to(torch.uint8)  # neighbours and channels correlate
    part = Part(images, torch.zeros(60, dtype=torch.int64))
    mean, std = statistics(part)
    model = build(Blueprint("fastnet", 4, ("a", "b"), (3, 12, 12), mean, std, patches=patches(part, std)), seed=0)
    out = model.network.whiten(model.normalize(images / 255)) - model.network.whiten.bias[:, None, None]
    covariance = torch.cov(out.detach().transpose(0, 1).flatten(1).double())
    half = torch.eye(12, dtype=torch.float64)
    expected = torch.cat([torch.cat([half, -half]), torch.cat([-half, half])], dim=1)  # each direction, its negative
    assert torch.allclose(covariance, expected, atol=0.02)


def test_only_a_whitened_network_says_patches_in_its_header():
    assert "patches" not in SMALL["smallcnn"].to_json()


def test_dropout_of_the_fast_network_stands_between_the_convolutions_of_each_block():
    """A quarter of what the second one is given is zero, the rest is larger by a third; nothing in eval mode."""
    model = build(SMALL["fastnet"], seed=0)
    x = torch.rand(16, *SMALL["fastnet"].shape)
    network = next(module for module in model.modules() if hasattr(module, "whiten"))
    plain = model.eval()(x)
    for block in network.hidden[1:]:
        seen = []
        handle = block[4].register_forward_hook(lambda _, given, __, seen=seen: seen.append(given[0].detach()))
        given = torch.rand(16, block[0].in_channels, 16, 16)
        block.train()(given)
        block.dropout = 0.25
        block(given)
        handle.remove()
        before, dropped = seen
        kept = dropped != 0
        assert torch.allclose(dropped[kept], before[kept] / 0.75)
        assert (~kept).float().mean() == pytest.approx(0.25, abs=0.05)
    rest = build(SMALL["fastnet"], seed=0).eval()
    for block in next(module for module in rest.modules() if hasattr(module, "whiten")).hidden[1:]:
        block.dropout = 0.25
    assert torch.equal(plain, rest(x))


def test_dropout_of_the_small_cnn_stands_before_its_last_convolution():
    model, seen = build(SMALL["smallcnn"], seed=0), []
    x = torch.rand(64, *SMALL["smallcnn"].shape)
    network = next(module for module in model.modules() if hasattr(module, "features"))
    network.features[6].register_forward_hook(lambda _, given, __: seen.append(given[0].detach()))
    model(x)
    network.dropout = 0.25
    model(x)
    before, dropped = seen
    kept = dropped != 0
    assert torch.allclose(dropped[kept], before[kept] / 0.75)
    assert (~kept & (before > 0)).sum() / (before > 0).sum() == pytest.approx(0.25, abs=0.02)
    plain = model.eval()(x)
    network.dropout = 0.0
    assert torch.equal(plain, model(x))

"""The ways of mixing as values: layers, probability, clean rows beside mixed ones, noise, and all of them."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from ways import WAYS

from common import training
from common.mixup import (
    ERM,
    CutMix,
    Mixup,
    Neighbours,
    Pairs,
    SameClass,
    mix,
    neighbours,
    of,
)
from common.options import resolve
from common.options.networks import NETWORKS
from common.plan import Noise, draw
from tests.mixup.small import ROWS, SIDE, images, network, the_batch, training_config


# Hidden layers
@pytest.mark.parametrize(
    ("options", "way"),
    [
        ({}, Mixup(1.0)),
        ({"mix": "layer2"}, Mixup(1.0, layers=(2,))),
        ({"mix": "hidden"}, Mixup(1.0, layers=NETWORKS["smallcnn"].manifold)),
        ({"mix": "patches", "alpha": 0.5}, CutMix(0.5, size=(SIDE, SIDE))),
        ({"partners": 2, "targets": "heavier"}, Mixup(1.0, partners=2, targets="heavier")),
        ({"lam_per": "row", "mixup_prob": 0.5}, Mixup(1.0, lam_per="row", probability=0.5)),
        ({"regmixup": 0.0, "label_smoothing": 0.1}, Mixup(1.0, regmixup=0.0, smoothing=0.1)),
    ],
)
def test_options_become_the_way_that_they_say(options, way):
    config = resolve(training_config(mixup=True, model="smallcnn", **options), "thumbs", "images", SIDE)
    assert of(config, (1, SIDE, SIDE)) == way
    near = Neighbours(np.array([[1], [0]]))
    assert of(config, (1, SIDE, SIDE), near).pairs is near


def test_before_layer_0_it_is_mixup_to_the_bit():
    plain, way, model = Mixup(1.0), of(resolve(training_config(mixup=True, mix="layer1", model="lenet"), "thumbs",
                                               "images", SIDE), (1, SIDE, SIDE)), network()  # fmt: skip
    assert way.layers == (1,)
    batch = the_batch(plain)
    assert batch.layer == 0
    assert torch.equal(way.loss(model, batch)[0], plain.loss(model, batch)[0])
    assert torch.equal(the_batch(way).lam, batch.lam)


# Of ImageNet's, which are of one class, the smallest.
WITH_LAYERS = [name for name, one in NETWORKS.items() if one.layers and (one.scales or name == "resnet18_imagenet")]


@pytest.mark.parametrize("model", WITH_LAYERS)
def test_mixed_before_any_layer_lambda_one_is_the_row_and_zero_the_partner(model):
    net = network(model).eval()
    torch.manual_seed(0)  # of few numbers in, a narrow network may give the same for two layers
    x, other = torch.rand(2, 6, *((3,) if model == "mlp" else (1, SIDE, SIDE)))
    y = torch.zeros(6, dtype=torch.int64)
    hidden = net.network.hidden
    assert len(hidden) == NETWORKS[model].layers
    assert max(NETWORKS[model].manifold) <= len(hidden)
    lam = torch.tensor([[1.0, 0.0, 1.0, 0.0, 0.5, 0.5]])
    seen = []
    for layer in range(1, len(hidden) + 1):
        batch = training.Batch((x, other), (y, y), lam, layer=layer)
        logits = Mixup(1.0).logits(net, batch)
        assert torch.allclose(logits[:4], net(mix((x, other), lam))[:4], atol=1e-5), layer
        seen.append(logits[4:])
    assert not any(module._forward_hooks for module in net.modules())
    assert not any(torch.allclose(a, b, atol=1e-6) for a, b in itertools.pairwise(seen))
    if model in (
        "preactresnet18",
        "resnet18",
        "resnet18_imagenet",
        "smallcnn",
        "mlp",
    ):  # what comes after the last one is linear
        assert torch.allclose(seen[-1], (net(x)[4:] + net(other)[4:]) / 2, atol=1e-5)


def test_the_small_cnn_is_mixed_where_a_reader_would():
    net = network("smallcnn", side=8).eval()
    x, other = torch.rand(2, 6, 1, 8, 8)
    lam, y = torch.rand(1, 6), torch.zeros(6, dtype=torch.int64)
    before = [net.network.features[:3](net.normalize(one)) for one in (x, other)]
    after = net.network.features[3:](mix(before, lam)).mean(dim=(2, 3))
    logits = Mixup(1.0).logits(net, training.Batch((x, other), (y, y), lam, layer=1))
    assert torch.allclose(logits, net.network.linear(after), atol=1e-5)


def test_the_layer_is_drawn_once_a_batch():
    plans = [draw(ROWS, 2, seed=0, epoch=epoch, method=Mixup(1.0, layers=(0, 2, 3)), pad=0) for epoch in range(9)]
    assert {len(plan.layers) for plan in plans} == {len(plans[0].stops)}
    counts = np.bincount([layer for plan in plans for layer in plan.layers], minlength=4)
    assert counts[1] == 0
    assert counts[[0, 2, 3]].min() > 0.2 * counts.sum()
    assert torch.equal(plans[0].lam, draw(ROWS, 2, seed=0, epoch=0, method=Mixup(1.0), pad=0).lam)


# Now and then, and beside clean rows


def test_a_batch_is_mixed_with_a_probability_and_then_as_ever():
    plain, some = (
        draw(2000, 5, seed=0, epoch=1, method=Mixup(1.0, probability=p), pad=0).lam[0, ::5] for p in (1.0, 0.3)
    )
    assert 0.2 < (some < 1).float().mean() < 0.4
    assert torch.equal(some[some < 1], plain[some < 1])
    assert (draw(50, 5, seed=0, epoch=1, method=CutMix(1.0, probability=0.0, size=(8, 8)), pad=0).lam == 1).all()
    rows = draw(2000, 5, seed=0, epoch=1, method=Mixup(1.0, "row", probability=0.3), pad=0).lam[0].view(-1, 5) < 1
    assert 0.2 < rows.float().mean() < 0.4
    assert len(rows.sum(1).unique()) > 3  # a row for itself


@pytest.mark.parametrize("way", [Mixup(1.0), CutMix(1.0, size=(SIDE, SIDE)), Mixup(1.0, layers=(2,))])
def test_regmixup_is_the_loss_of_the_rows_and_eta_times_that_of_the_mixed_ones(way):
    model, clean, batch = network(), the_batch(ERM), the_batch(way)
    (of_clean, hits), (of_mixed, mixed) = ERM.loss(model, clean), way.loss(model, batch)
    loss, both = replace(way, regmixup=0.3).loss(model, batch)
    assert loss.item() == pytest.approx((of_clean + 0.3 * of_mixed).item(), rel=1e-5)
    assert both.item() == pytest.approx(((hits + 0.3 * mixed) / 1.3).item(), rel=1e-5)


@pytest.mark.parametrize("way", [Mixup(1.0, regmixup=0.0), Mixup(1.0, layers=(2,), regmixup=0.0)])
def test_regmixup_of_weight_0_is_erm_to_the_bit_also_under_batchnorm(way):
    ends = []
    for method in (ERM, way):
        model = network("smallcnn")
        loss, hits = method.loss(model, the_batch(method))
        loss.backward()
        ends.append([loss, hits, *(p.grad for p in model.parameters()), *model.buffers()])
    assert all(torch.equal(one, two) for one, two in zip(*ends, strict=True))


# Noise


def test_noise_is_of_its_place_and_of_each_channels_deviation():
    noise = Noise(0, 1, (0.5, 2.0), (2, 30, 30))
    whole = noise.at(slice(0, 20))
    assert torch.equal(noise.at(slice(7, 9)), whole[7:9])
    assert whole[:, 0].std().item() == pytest.approx(0.5, rel=0.05)
    assert whole[:, 1].std().item() == pytest.approx(2.0, rel=0.05)
    assert abs(whole.mean().item()) < 0.05
    assert len({tuple(row.flatten()[:3].tolist()) for row in whole}) == 20
    for other in (Noise(1, 1, (0.5, 2.0), (2, 30, 30)), Noise(0, 2, (0.5, 2.0), (2, 30, 30))):
        assert not torch.equal(other.at(slice(0, 20)), whole)


@pytest.mark.parametrize("way", [ERM, Mixup(1.0), CutMix(1.0, size=(SIDE, SIDE))])
def test_however_rows_are_mixed_the_noise_of_a_place_is_there_once(way):
    noise = Noise(0, 1, (0.1,), (1, SIDE, SIDE))
    seen, model = [], nn.Linear(1, 1)
    model.forward = lambda x: seen.append(x) or torch.zeros(len(x), 4)
    for batch in (the_batch(way), the_batch(way, noise=noise)):
        way.logits(model, batch)
    assert torch.allclose(seen[1] - seen[0], noise.at(slice(0, 20)), atol=1e-5)


# All of them


def every_way():
    labels, nearest = images().labels.numpy(), {
        key: neighbours.nearest(images(), (0.25,), key[0], images().labels.numpy() if key[1] else None)
        for key in ((5, False), (3, True))
    }  # fmt: skip
    for name, options in WAYS.items():
        config = resolve(training_config(model="lenet", **options), "thumbs", "images", SIDE)
        pairs = SameClass(labels) if config.pairs == "same-class" else Pairs()
        if config.neighbours:
            pairs = Neighbours(nearest[config.neighbours, config.pairs == "same-class"])
        noise = Noise(0, 1, (config.noise * 0.25,), (1, SIDE, SIDE)) if config.noise else None
        way = of(config, (1, SIDE, SIDE), pairs) if config.mixup else Mixup(None, smoothing=config.label_smoothing)
        yield name, way, noise


def test_two_processes_have_of_each_way_the_gradient_that_one_has():
    """As `train_epoch` has them: a share of the places each, and the sum over both."""
    for name, way, noise in every_way():
        gradients = []
        for cuts in ([slice(0, 20)], [slice(0, 9), slice(9, 20)], [slice(0, 0), slice(0, 20)]):
            model, totals = network(), torch.zeros(2)
            for places in cuts:
                loss, hits = way.loss(model, the_batch(way, places, noise))
                loss.backward()
                totals += torch.stack([loss.detach(), hits])
            gradients.append(torch.cat([totals, *(p.grad.flatten() for p in model.parameters())]))
        for shared in gradients[1:]:
            assert torch.allclose(shared, gradients[0], atol=1e-4, rtol=1e-4), name


def test_each_way_plans_an_epoch_purely_and_all_in_its_own_way():
    def plan_of(way, noise):
        plan = draw(ROWS, 20, seed=0, epoch=1, method=way, pad=2, noise=noise)
        return repr(
            {name: value.tolist() if isinstance(value, torch.Tensor) else value for name, value in vars(plan).items()}
        )

    plans = {name: plan_of(way, noise) for name, way, noise in every_way()}
    assert plans == {name: plan_of(way, noise) for name, way, noise in every_way()}

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import nn
from torch.nn import functional as F
from ways import WAYS

from common import training
from common.data.dataset import Part
from common.errors import UserError
from common.mixup import (
    ERM,
    CutMix,
    Mixup,
    Neighbours,
    Pairs,
    SameClass,
    mix,
    mixed_cross_entropy,
    mixed_hits,
    neighbours,
    of,
)
from common.mixup.arithmetic import boxes, heaviest, kept, paste
from common.models import Blueprint, build
from common.options import TrainConfig, resolve
from common.options.networks import NETWORKS
from common.plan import Noise, draw

SHAPES = [(7, 3, 8, 8), (7, 5), (7, 1, 10, 4), (1, 4)]


@pytest.mark.parametrize("shape", SHAPES)
def test_lambda_one_returns_the_rows_and_zero_the_partners(shape):
    x, other = torch.rand(shape), torch.rand(shape)
    assert torch.equal(mix((x, other), torch.ones(1, len(x))), x)
    assert torch.equal(mix((x, other), torch.zeros(1, len(x))), other)


@pytest.mark.parametrize("shape", SHAPES)
def test_each_row_has_its_own_lambda(shape):
    x, other, lam = torch.rand(shape), torch.rand(shape), torch.rand(shape[0])
    mixed = mix((x, other), lam[None])
    for row in range(len(x)):
        assert torch.allclose(mixed[row], lam[row] * x[row] + (1 - lam[row]) * other[row], atol=1e-7)


@settings(deadline=None)
@given(st.integers(2, 9), st.floats(0, 1), st.integers(0, 2**32))
def test_a_permutation_keeps_the_mean_of_the_batch(rows, lam, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(rows, 6, generator=generator, dtype=torch.float64)
    partner = torch.randperm(rows, generator=generator)
    mixed = mix((x, x[partner]), torch.full((1, rows), lam, dtype=torch.float64))
    assert torch.allclose(mixed.mean(0), x.mean(0))


@settings(deadline=None)
@given(st.integers(2, 12), st.integers(1, 20), st.integers(0, 2**32))
def test_two_losses_equal_one_against_the_mixed_label(classes, rows, seed):
    generator = torch.Generator().manual_seed(seed)
    logits = 5 * torch.randn(rows, classes, generator=generator, dtype=torch.float64)
    y, other = torch.randint(classes, (2, rows), generator=generator)
    lam = torch.rand(rows, generator=generator, dtype=torch.float64)
    label = lam[:, None] * F.one_hot(y, classes) + (1 - lam[:, None]) * F.one_hot(other, classes)
    one = F.cross_entropy(logits, label, reduction="sum")
    assert torch.allclose(mixed_cross_entropy(logits, (y, other), lam[None]).sum(), one, rtol=1e-12)


def test_lambda_one_is_plain_cross_entropy_to_the_bit():
    logits, y, other = torch.randn(20, 10), torch.arange(20) % 10, torch.arange(20) % 7
    plain = F.cross_entropy(logits, y, reduction="none").sum()
    assert torch.equal(mixed_cross_entropy(logits, (y, other), torch.ones(1, 20)).sum(), plain)


def test_hits_weigh_both_classes():
    logits = torch.eye(3)[[0, 1, 2]]
    y, other = torch.tensor([0, 0, 0]), torch.tensor([1, 1, 2])
    lam = torch.tensor([0.75, 0.75, 0.5])
    assert mixed_hits(logits, (y, other), lam[None]).sum().item() == 0.75 + 0.25 + 0.5


def test_agrees_with_torchvision_whose_partner_is_the_row_before():
    from torchvision.transforms import v2

    x, y = torch.rand(8, 3, 4, 4), torch.arange(8) % 5
    torch.manual_seed(3)
    theirs, label = v2.MixUp(alpha=0.7, num_classes=5)(x, y)
    torch.manual_seed(3)
    lam = torch._sample_dirichlet(torch.tensor([0.7, 0.7]))[0]
    partner = torch.arange(8).roll(1)
    weights = lam.expand(8)
    assert torch.allclose(mix((x, x[partner]), weights[None]), theirs, atol=1e-6)
    logits = torch.randn(8, 5)
    ours = mixed_cross_entropy(logits, (y, y[partner]), weights[None]).sum()
    assert torch.allclose(ours, F.cross_entropy(logits, label, reduction="sum"), atol=1e-5)


def test_agrees_with_timm_whose_partner_is_the_flipped_batch():
    from timm.data.mixup import Mixup

    x, y = torch.rand(8, 3, 4, 4), torch.arange(8) % 5
    np.random.seed(5)  # timm draws from NumPy's global state
    theirs, label = Mixup(mixup_alpha=0.7, label_smoothing=0.0, num_classes=5)(x.clone(), y)
    np.random.seed(5)
    np.random.rand()  # whether to mix at all
    weights = torch.full((8,), float(np.random.beta(0.7, 0.7)))
    assert torch.allclose(mix((x, x.flip(0)), weights[None]), theirs, atol=1e-6)
    logits = torch.randn(8, 5)
    ours = mixed_cross_entropy(logits, (y, y.flip(0)), weights[None]).sum()
    assert torch.allclose(ours, F.cross_entropy(logits, label, reduction="sum"), atol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.2, 0.7])
def test_smoothed_labels_are_torchs_for_rows_and_pairs(smoothing):
    generator = torch.Generator().manual_seed(0)
    logits = 5 * torch.randn(20, 10, generator=generator, dtype=torch.float64)
    y, other = torch.randint(10, (2, 20), generator=generator)
    lam = torch.rand(20, generator=generator, dtype=torch.float64)
    alone = F.cross_entropy(logits, y, reduction="sum", label_smoothing=smoothing)
    assert torch.allclose(
        mixed_cross_entropy(logits, (y, other), torch.ones(1, 20, dtype=torch.float64), smoothing).sum(),
        alone,
        rtol=1e-12,
    )
    label = lam[:, None] * F.one_hot(y, 10) + (1 - lam[:, None]) * F.one_hot(other, 10)
    pair = F.cross_entropy(logits, (1 - smoothing) * label + smoothing / 10, reduction="sum")
    assert torch.allclose(mixed_cross_entropy(logits, (y, other), lam[None], smoothing).sum(), pair, rtol=1e-12)


SIZES = [(8, 8), (5, 9), (1, 6), (32, 32)]


@settings(deadline=None)
@given(st.sampled_from(SIZES), st.floats(0, 1), st.data())
def test_cutmixs_lambda_is_the_share_of_pixels_that_are_kept(size, lam, data):
    centre = [data.draw(st.integers(0, side - 1)) for side in size]
    box = boxes(np.array([lam]), np.array([centre]), size)
    ones, zeros = torch.ones(1, 2, *size), torch.zeros(1, 2, *size)
    pasted = paste(ones, zeros, torch.from_numpy(box))
    assert pasted.sum().item() == round(2 * size[0] * size[1] * kept(box, size)[0])


@pytest.mark.parametrize("size", [(8, 8), (4, 10), (32, 32)])
def test_a_box_of_lambda_one_is_empty_and_one_of_lambda_zero_the_image(size):
    middle = np.array([[side // 2 for side in size]])
    assert kept(boxes(np.ones(1), middle, size), size) == 1
    assert kept(boxes(np.zeros(1), middle, size), size) == 0
    x, other = torch.rand(1, 3, *size), torch.rand(1, 3, *size)
    for lam, wanted in ((1.0, x), (0.0, other)):
        assert torch.equal(paste(x, other, torch.from_numpy(boxes(np.array([lam]), middle, size))), wanted)


def test_a_box_at_the_border_is_cut_there():
    corners = np.array([[0, 0], [0, 7], [7, 0], [7, 7]])
    found = boxes(np.full(4, 0.75), corners, (8, 8))  # of 4 x 4 pixels, of which a corner leaves 2 or 3 a side
    assert found.tolist() == [[0, 0, 2, 2], [0, 5, 2, 8], [5, 0, 8, 2], [5, 5, 8, 8]]
    assert (64 * (1 - kept(found, (8, 8)))).tolist() == [4, 6, 6, 9]


def test_agrees_with_torchvisions_cutmix_given_its_box():
    from torchvision.transforms import v2

    x, y, drawn = torch.rand(8, 3, 9, 6), torch.arange(8) % 5, {}

    class Watched(v2.CutMix):
        def make_params(self, inputs):
            drawn.update(super().make_params(inputs))
            return drawn

    for seed in range(5):
        torch.manual_seed(seed)
        theirs, label = Watched(alpha=0.7, num_classes=5)(x, y)
        left, top, right, bottom = map(int, drawn["box"])
        box = np.array([[top, left, bottom, right]] * 8)
        assert torch.equal(paste(x, x.roll(1, 0), torch.from_numpy(box)), theirs)
        lam = torch.from_numpy(kept(box, (9, 6))).float()[None]
        logits = torch.randn(8, 5)
        ours = mixed_cross_entropy(logits, (y, y.roll(1)), lam).sum()
        assert torch.allclose(ours, F.cross_entropy(logits, label, reduction="sum"), atol=1e-5)


def test_agrees_with_timms_cutmix_given_its_box(monkeypatch):
    from timm.data import mixup as timm

    found, make = [], timm.cutmix_bbox_and_lam
    monkeypatch.setattr(timm, "cutmix_bbox_and_lam", lambda *a, **k: found.append(make(*a, **k)) or found[-1])
    x, y = torch.rand(8, 3, 9, 6), torch.arange(8) % 5
    for seed in range(5):
        np.random.seed(seed)  # timm draws from NumPy's global state
        mixer = timm.Mixup(mixup_alpha=0.0, cutmix_alpha=0.7, label_smoothing=0.0, num_classes=5)
        theirs, label = mixer(x.clone(), y)
        (top, bottom, left, right), share = found[-1]
        box = np.array([[top, left, bottom, right]] * 8)
        assert kept(box, (9, 6))[0] == pytest.approx(share)
        assert torch.equal(paste(x, x.flip(0), torch.from_numpy(box)), theirs)
        lam = torch.from_numpy(kept(box, (9, 6))).float()[None]
        logits = torch.randn(8, 5)
        ours = mixed_cross_entropy(logits, (y, y.flip(0)), lam).sum()
        assert torch.allclose(ours, F.cross_entropy(logits, label, reduction="sum"), atol=1e-5)


@pytest.mark.parametrize("lam_per", ["batch", "row"])
@pytest.mark.parametrize("alpha", [0.2, 5.0])
def test_cutmix_draws_lambda_by_its_own_alpha_and_a_box_a_batch_or_row(alpha, lam_per):
    plan = draw(2000, 5, seed=0, epoch=1, method=CutMix(alpha, lam_per, size=(32, 32)), pad=0)
    each = 1 if lam_per == "row" else 5
    drawn = plan.box[::each]
    assert torch.equal(plan.box, drawn.repeat_interleave(each, 0))
    assert len({*map(tuple, drawn.tolist())}) > len(drawn) / 2
    assert torch.equal(plan.lam[0], torch.from_numpy(kept(plan.box.numpy(), (32, 32))).float())
    chance = np.random.default_rng(0)
    again = kept(boxes(chance.beta(alpha, alpha, 20_000), chance.integers(32, size=(20_000, 2)), (32, 32)), (32, 32))
    for share in (0.1, 0.5, 0.9):
        below = (plan.lam[0] < share).float().mean().item()
        assert below == pytest.approx((again < share).mean(), abs=0.07), share


ROWS, SIDE = 45, 16
STOPS = (20, 40, 45)


def images():
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (ROWS, 1, SIDE, SIDE), generator=generator, dtype=torch.uint8)
    return Part(pixels, torch.arange(ROWS) % 4)


def network(model="lenet", side=SIDE):
    """LeNet has no BatchNorm, so that rows do not touch each other."""
    shape = (3,) if model == "mlp" else (1, side, side)
    return build(Blueprint(model, 4, tuple("abcd"), shape, (0.5,) * shape[0], (0.25,) * shape[0]), seed=0)


def the_batch(way, places=slice(0, 20), noise=None):
    plan = draw(ROWS, 20, seed=0, epoch=1, method=way, pad=2, noise=noise)
    return training.batch_of(images(), plan, places, plan.layers[0])


# Several partners


def shares(lam):
    """Of a row and of each of its partners."""
    found = np.ones((1, lam.shape[1]))
    for weight in lam:
        found = np.concatenate([found * weight, 1 - weight[None]])
    return found


@pytest.mark.parametrize(("partners", "alpha"), [(2, 1.0), (3, 0.4)])
def test_the_shares_of_several_partners_are_dirichlets(partners, alpha):
    way = Mixup(alpha, "row", partners=partners)
    order = np.arange(4000)
    drawn = way.draw(0, 1, order, (4000,))
    found = shares(drawn.lam)
    assert drawn.partner.shape == drawn.lam.shape == (partners, 4000)
    assert np.allclose(found.sum(0), 1)
    for share in found:  # each is Beta's, and two of them vary against each other as Dirichlet's do
        assert stats.kstest(share, stats.beta(alpha, partners * alpha).cdf).pvalue > 1e-3
    whole = (partners + 1) * alpha
    assert np.cov(found)[0, 1:] == pytest.approx(-(alpha**2) / (whole**2 * (whole + 1)), rel=0.25)


def test_one_partner_of_dirichlet_is_mixup_and_more_leave_it_where_it_is():
    """One is drawn as the mixup of all records from before there were several: these numbers were."""
    plain = Mixup(1.0).draw(3, 2, np.arange(8), (4, 8))
    assert plain.partner.tolist() == [[3, 0, 2, 1, 6, 5, 7, 4]]
    assert plain.lam == pytest.approx(np.repeat([0.686851, 0.913709], 4)[None], abs=1e-6)
    one, three = (Mixup(0.4, partners=partners).draw(3, 2, np.arange(ROWS), STOPS) for partners in (1, 3))
    assert np.array_equal(three.partner[0], one.partner[0])
    assert np.array_equal(three.lam[0], one.lam[0])
    assert len({tuple(partner) for partner in three.partner}) == 3


def test_several_partners_are_mixed_by_their_shares():
    x, y = torch.rand(4, 6, 5), torch.arange(24).view(4, 6) % 5
    lam = torch.rand(3, 6)
    weights = torch.from_numpy(shares(lam.numpy())).float()
    assert torch.allclose(mix(list(x), lam), (weights[:, :, None] * x).sum(0), atol=1e-6)
    logits = torch.randn(6, 5)
    label = (weights[:, :, None] * F.one_hot(y, 5)).sum(0)
    ours = mixed_cross_entropy(logits, list(y), lam)
    assert torch.allclose(ours, F.cross_entropy(logits, label, reduction="none"), atol=1e-5)


def test_a_way_smooths_the_labels_of_its_loss():
    way, model = Mixup(1.0, smoothing=0.2), network()
    batch = the_batch(way)
    logits = way.logits(model, batch)
    assert torch.equal(way.loss(model, batch)[0], mixed_cross_entropy(logits, batch.y, batch.lam, 0.2).sum())
    assert not torch.equal(way.loss(model, batch)[0], mixed_cross_entropy(logits, batch.y, batch.lam).sum())


# Targets


def test_the_heavier_row_is_the_one_with_the_larger_share_and_at_a_half_the_row_itself():
    assert heaviest(torch.tensor([[0.0, 0.49, 0.5, 0.51, 1.0]])).tolist() == [[0, 0, 1, 1, 1]]
    lam = torch.rand(3, 500)
    found = shares(heaviest(lam).numpy())
    assert (found.argmax(0) == shares(lam.numpy()).argmax(0)).all()
    assert ((found == 0) | (found == 1)).all()


def test_heavier_targets_change_the_label_alone():
    batch, model = the_batch(Mixup(1.0, "row")), network()
    loss, hits = Mixup(1.0, "row", targets="heavier").loss(model, batch)
    logits = model(mix(batch.x, batch.lam))
    label = torch.where(batch.lam[0] >= 0.5, batch.y[0], batch.y[1])
    assert loss.item() == pytest.approx(F.cross_entropy(logits, label, reduction="sum").item(), rel=1e-6)
    assert hits == (logits.argmax(1) == label).sum()


# Pairs


def test_partners_of_the_same_class_are_each_row_of_it_once():
    labels = np.random.default_rng(0).integers(5, size=ROWS)
    order = np.random.default_rng(1).permutation(ROWS)
    drawn = [SameClass(labels).draw(0, epoch, 1, order, STOPS) for epoch in (1, 2)]
    for partner in drawn:
        assert (labels[partner] == labels[order]).all()
        assert sorted(partner) == list(range(ROWS))
    assert not np.array_equal(*drawn)
    again = SameClass(labels).draw(0, 1, 1, np.arange(ROWS), STOPS)
    assert np.array_equal(again[order], drawn[0])  # of a row, wherever it stands


@pytest.mark.parametrize("of_class", [False, True])
def test_neighbours_are_the_nearest_by_brute_force(of_class, tmp_path, monkeypatch):
    monkeypatch.setenv("MIXUP_CACHE_DIR", str(tmp_path))
    generator = torch.Generator().manual_seed(0)
    part = Part(torch.randn(ROWS, 3, generator=generator) * torch.tensor([1.0, 9.0, 0.1]), torch.arange(ROWS) % 3)
    std, labels = (1.0, 9.0, 0.1), part.labels.numpy()
    found = neighbours.nearest(part, std, 4, labels if of_class else None)
    points = part.inputs.double().numpy() / np.array(std)
    for row in range(ROWS):
        distance = np.linalg.norm(points - points[row], axis=1)
        others = [one for one in range(ROWS) if one != row and (not of_class or labels[one] == labels[row])]
        assert found[row].tolist() == sorted(sorted(others, key=lambda one: distance[one])[:4])
    (file,) = tmp_path.iterdir()
    monkeypatch.setattr(neighbours, "_find", None)  # found once
    assert np.array_equal(neighbours.nearest(part, std, 4, labels if of_class else None), found)
    monkeypatch.undo()
    monkeypatch.setenv("MIXUP_CACHE_DIR", str(tmp_path))
    file.write_bytes(file.read_bytes()[:99])
    assert np.array_equal(neighbours.nearest(part, std, 4, labels if of_class else None), found)
    order = np.random.default_rng(1).permutation(ROWS)
    drawn = [Neighbours(found).draw(0, epoch, 1, order, STOPS) for epoch in range(60)]
    assert all(partner in found[row] for row, partner in zip(order, drawn[0], strict=True))
    assert {*np.array(drawn)[:, 0]} == {*found[order[0]]}  # sooner or later each of them


def test_images_are_compared_by_all_their_pixels():
    part = images()
    pixels = part.inputs.double().flatten(1).numpy()
    nearest = [np.argsort(np.linalg.norm(pixels - one, axis=1))[1:6] for one in pixels]
    assert np.array_equal(neighbours.nearest(part, (0.25,), 5), np.sort(nearest, axis=1))


def test_more_neighbours_than_there_are_rows_are_refused():
    def config(**options):
        return resolve(training_config(mixup=True, **options), "digits", "images", 8)

    labels = np.array([0] * 7 + [1] * 4)
    neighbours.check(config(neighbours=10), labels)
    neighbours.check(config(neighbours=3, pairs="same-class"), labels)
    with pytest.raises(UserError, match=r"--neighbours 11: a row has 10 others .*; at most 10\."):
        neighbours.check(config(neighbours=11), labels)
    with pytest.raises(UserError, match=r"--neighbours 4: a row of the smallest class has 3 others .*; at most 3\."):
        neighbours.check(config(neighbours=4, pairs="same-class"), labels)


def training_config(**options):
    return TrainConfig(**options)


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

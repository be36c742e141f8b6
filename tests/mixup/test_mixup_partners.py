"""Who is mixed with whom, and under which label."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from scipy import stats
from torch.nn import functional as F

from common import processes, runs
from common.data.dataset import Dataset, Part
from common.errors import UserError
from common.mixup import (
    Mixup,
    Neighbours,
    SameClass,
    mix,
    mixed_cross_entropy,
    neighbours,
)
from common.mixup.arithmetic import heaviest
from common.options import resolve
from tests.mixup.small import ROWS, images, network, the_batch, training_config

STOPS = (20, 40, 45)


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


def test_of_several_processes_the_first_searches_and_the_others_read_what_it_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("MIXUP_CACHE_DIR", str(tmp_path))
    asked = ["first"]

    @contextmanager
    def first_here(_):
        """As it comes to two processes, one after the other."""
        yield
        asked.append("over")

    search, thumbs = neighbours._find, Dataset("thumbs", "images", "made", images(), images(), tuple("abcd"))
    monkeypatch.setattr(processes, "first_here", first_here)
    monkeypatch.setattr(neighbours, "_find", lambda *args: asked.append("search") or search(*args))
    for _ in range(2):
        run = runs.of(training_config(dataset="thumbs", model="lenet", width=4, mixup=True, neighbours=3), thumbs)
        run.begin(Accelerator(cpu=True))
        run.plan(1)
    assert asked == ["first", "search", "over", "over"]


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

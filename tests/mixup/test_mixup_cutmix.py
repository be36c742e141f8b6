"""CutMix: boxes, and lambda by them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from common.mixup import (
    CutMix,
    mixed_cross_entropy,
)
from common.mixup.arithmetic import boxes, kept, paste
from common.plan import draw

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

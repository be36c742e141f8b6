"""What is done to tensors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from common.mixup import (
    mix,
    mixed_cross_entropy,
    mixed_hits,
)

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

"""What discriminator and generator minimise."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from common.chance import rng
from common.gan import losses
from common.gan.networks import Perceptrons
from tests.gan.small import points


def quadratic(matrix):
    """d(x) = x' A x of each row, whose gradient is (A + A') x."""
    return lambda x: torch.einsum("sni,ij,snj->sn", x, matrix, x)


def discriminator(seeds=(0, 1)):
    network = Perceptrons("discriminator", [2, 8, 8, 1], seeds)
    return lambda x: network(x).squeeze(-1)


def test_lambda_one_on_real_and_zero_on_fake_is_the_plain_loss_to_the_bit():
    d, real, fake = discriminator(), points(2, 6, 2), points(2, 6, 2) + 1
    lam = torch.cat([torch.ones(2, 6), torch.zeros(2, 6)], dim=1)
    mixed = losses.mixed(d, torch.cat([real, real], dim=1), torch.cat([fake, fake], dim=1), lam)
    assert torch.equal(mixed, losses.plain(d, real, fake))


def test_the_papers_losses_are_what_the_paper_writes():
    d, real, fake, lam = discriminator(), points(2, 6, 2), points(2, 6, 2) + 1, torch.rand(2, 6)
    p = torch.sigmoid
    plain = (-p(d(real)).log().mean(1) - (1 - p(d(fake))).log().mean(1)) / 2
    x = lam[..., None] * real + (1 - lam[..., None]) * fake
    mixed = -(lam * p(d(x)).log() + (1 - lam) * (1 - p(d(x))).log()).mean(1)
    assert torch.allclose(losses.plain(d, real, fake), plain, atol=1e-6)
    assert torch.allclose(losses.mixed(d, real, fake, lam), mixed, atol=1e-6)
    assert torch.allclose(losses.saturating(d, real, fake), (1 - p(d(fake))).log().mean(1), atol=1e-6)
    assert torch.allclose(losses.non_saturating(d, real, fake), -p(d(fake)).log().mean(1), atol=1e-6)
    assert torch.allclose(losses.relativistic_generator(d, real, fake), -p(d(fake) - d(real)).log().mean(1), atol=1e-6)


def test_the_authors_mix_rows_of_two_shuffled_unions():
    """Row by row, in a plain loop."""
    d, n, share = discriminator((0,)), 3, torch.rand(1, 6)
    real, fake = points(1, 2 * n, 2), points(1, 2 * n, 2) + 1
    first, second = (torch.from_numpy(rng("test", k).permutation(2 * n))[None] for k in (0, 1))
    found = losses.mixed_unions(d, real, fake, first, second, share)
    wanted = []
    for row in range(2 * n):
        halves = []
        for start, order in ((0, first), (n, second)):
            k = order[0, row].item()
            halves.append((real[0, start + k], 1.0) if k < n else (fake[0, start + k - n], 0.0))
        (x, y), (other_x, other_y) = halves
        a = share[0, row]
        logit = d((a * x + (1 - a) * other_x)[None, None])[0, 0]
        wanted.append(F.binary_cross_entropy_with_logits(logit, a * y + (1 - a) * other_y))
    assert found.item() == pytest.approx(torch.stack(wanted).mean().item(), abs=1e-6)


def test_the_coefficient_is_drawn_as_each_says():
    (lam,) = losses.draw_lambda(0.2, rng("test"), 20_000)
    assert (lam.mean(), lam.var()) == (pytest.approx(0.5, abs=0.01), pytest.approx(0.25 / 1.4, abs=0.005))
    first, second, share = losses.draw_unions(0.2, rng("test"), 10_000)
    assert sorted(first) == sorted(second) == list(range(20_000))
    assert not np.array_equal(first, second)
    assert (share.min() >= 0, share.max()) == (True, pytest.approx(0.2, abs=1e-3))
    assert share.mean() == pytest.approx(0.1, abs=0.002)


def test_the_penalty_is_that_of_a_quadratic_and_its_gradient_goes_on():
    matrix = torch.tensor([[1.0, 2.0], [0.0, -3.0]], requires_grad=True)
    x = points(1, 5, 2)
    logits, steepness = losses.with_steepness(quadratic(matrix), x)
    gradient = x @ (matrix + matrix.T)
    assert torch.allclose(logits, torch.einsum("sni,ij,snj->sn", x, matrix, x))
    assert torch.allclose(steepness, gradient.square().sum(2))
    (found,) = torch.autograd.grad(steepness.sum(), matrix)
    (wanted,) = torch.autograd.grad(gradient.square().sum(), matrix)
    assert torch.allclose(found, wanted)
    real, fake = points(1, 5, 2), points(1, 5, 2) + 2
    whole = losses.relativistic(0.5, quadratic(matrix), real, fake)
    r1, r2 = ((at @ (matrix + matrix.T)).square().sum(2).mean() for at in (real, fake))
    told = F.softplus(quadratic(matrix)(fake) - quadratic(matrix)(real)).mean()
    assert whole.item() == pytest.approx((told + 0.25 * (r1 + r2)).item(), rel=1e-5)

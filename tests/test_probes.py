from unittest.mock import Mock

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch import nn
from torch.nn import functional as F

from common import probes
from common.data.dataset import Part
from common.errors import UserError
from common.models import Blueprint, build

ROWS, PAIRS, POINTS = 37, 53, 5
LAMS = probes.lambdas(POINTS)


class Constant(nn.Module):
    """Says class 2 with certainty, whatever it sees."""

    def forward(self, x):
        return torch.tensor([0.0, 0.0, 60.0, 0.0]).expand(len(x), 4) + 0 * x.flatten(1).sum(dim=1, keepdim=True)


class Linear(nn.Module):
    """logits = x W^T, of flat rows."""

    def __init__(self, features, classes=4):
        super().__init__()
        draw = torch.Generator().manual_seed(1)
        self.weight = nn.Parameter(torch.randn(classes, features, generator=draw), requires_grad=False)

    def forward(self, x):
        return x.flatten(1) @ self.weight.T


class Knows(nn.Module):
    """Gives the class of the nearest row that it knows."""

    def __init__(self, part):
        super().__init__()
        self.part = part

    def forward(self, x):
        rows = torch.cdist(x, self.part.inputs).argmin(dim=1)
        return 9.0 * F.one_hot(self.part.labels[rows], 4) + 0 * x.sum(dim=1, keepdim=True)


def table(rows=ROWS, features=6):
    draw = torch.Generator().manual_seed(0)
    return Part(torch.randn(rows, features, generator=draw), torch.arange(rows) % 4)


def images(rows=ROWS):
    draw = torch.Generator().manual_seed(0)
    return Part(torch.randint(0, 256, (rows, 1, 8, 8), generator=draw, dtype=torch.uint8), torch.arange(rows) % 4)


def network():
    model = build(Blueprint("smallcnn", 4, tuple("abcd"), (1, 8, 8), (0.5,), (0.25,)), seed=0).eval()
    return model.requires_grad_(False)


def look(model, part, pairs=None, gradients=PAIRS, lams=LAMS):
    pairs = pairs or probes.draw_pairs(len(part), PAIRS, 0)
    done = []
    got = probes.between(Accelerator(cpu=True), model, part, pairs, lams, gradients, done.append)
    # A mix goes forward once, and where gradients are asked for back twice.
    assert done == [3 if asked else 1 for _, asked in probes.shares(Accelerator(cpu=True), part, len(pairs), gradients)]
    return pairs, got


def test_pairs_are_of_different_rows_seeded_and_even():
    one, again, other = (probes.draw_pairs(7, 20_000, seed) for seed in (0, 0, 1))
    assert (one.first != one.second).all()
    assert torch.equal(one.first, again.first)
    assert torch.equal(one.second, again.second)
    assert not torch.equal(one.first, other.first)
    counts = torch.bincount(7 * one.first + one.second, minlength=49).view(7, 7)
    assert counts.diagonal().sum() == 0
    assert np.allclose(counts[~torch.eye(7, dtype=bool)], 20_000 / 42, atol=5 * (20_000 / 42) ** 0.5)


def test_fewer_pairs_are_the_first_of_more():
    few, many = probes.draw_pairs(100, 10, 3), probes.draw_pairs(100, 999, 3)
    assert torch.equal(few.first, many.first[:10])
    assert torch.equal(few.second, many.second[:10])


def test_two_rows_are_a_pair_of_each_other():
    pairs = probes.draw_pairs(2, 9, 0)
    assert torch.equal(pairs.first + pairs.second, torch.ones(9, dtype=torch.int64))


def test_lambda_goes_evenly_from_0_to_1():
    assert probes.lambdas(21)[::5] == [0, 0.25, 0.5, 0.75, 1]
    assert probes.lambdas(2) == [0, 1]
    assert probes.lambdas(5, 0.5) == [-0.5, 0, 0.5, 1, 1.5]
    assert list(map(probes.share, [-0.5, 0.0, 0.25, 1.0, 1.5])) == [0, 0, 0.25, 1, 1]


def test_a_constant_model_misses_exactly_the_pairs_without_its_class():
    part = images()
    pairs, got = look(Constant(), part)
    without = (part.labels[pairs.first] != 2) & (part.labels[pairs.second] != 2)
    assert 0 < without.sum() < PAIRS
    for place in range(POINTS):
        assert got[probes.MISSED, place].astype(bool).tolist() == without.tolist()
        assert np.allclose(got[probes.P_FIRST, place], part.labels[pairs.first] == 2)
    assert (got[probes.LOSS_NORM :] == 0).all()


def test_a_model_that_knows_its_endpoints_misses_nothing_there():
    part = table()
    _, got = look(Knows(part), part, gradients=1)
    assert got[probes.MISSED, 0].sum() == got[probes.MISSED, -1].sum() == 0
    assert (got[probes.P_SECOND, 0] > 0.99).all()
    assert (got[probes.P_FIRST, -1] > 0.99).all()


@pytest.mark.parametrize("beyond", [0.0, 0.5])
def test_gradient_norms_of_a_linear_model(beyond):
    """Of the logit ||w_c||; of the loss ||W^T (p - q)||, where q is the mixed target, beyond a row that row's own."""
    part = table()
    model = Linear(6)
    lams = probes.lambdas(POINTS, beyond)
    pairs, got = look(model, part, lams=lams)
    y_i, y_j = part.labels[pairs.first], part.labels[pairs.second]
    for place, lam in enumerate(lams):
        logits = model(lam * part.inputs[pairs.first] + (1 - lam) * part.inputs[pairs.second])
        share = min(max(lam, 0), 1)
        target = share * F.one_hot(y_i, 4) + (1 - share) * F.one_hot(y_j, 4)
        of_loss = ((logits.softmax(1) - target) @ model.weight).norm(dim=1)
        of_logit = model.weight.norm(dim=1)[logits.argmax(1)]
        assert np.allclose(got[probes.LOSS_NORM, place], of_loss, rtol=1e-4)
        assert np.allclose(got[probes.LOGIT_NORM, place], of_logit, rtol=1e-5)


@pytest.mark.parametrize("gradients", [1, 20, PAIRS])
@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_it_is_the_plain_loop_that_a_reader_would_write(monkeypatch, batch, gradients):
    monkeypatch.setattr(probes, "rows_at_once", lambda *_: batch)
    part, model = images(), network()
    pairs, got = look(model, part, gradients=gradients)
    for place, lam in enumerate(LAMS):
        for k in range(PAIRS):
            i, j = pairs.first[k], pairs.second[k]
            y_i, y_j = part.labels[i], part.labels[j]
            x = (lam * part.inputs[i] / 255 + (1 - lam) * part.inputs[j] / 255)[None].requires_grad_()
            (logits,) = model(x)
            p = logits.softmax(0)
            missed = float(logits.argmax() not in (y_i, y_j))
            assert got[: probes.LOSS_NORM, place, k] == pytest.approx([missed, p[y_i].item(), p[y_j].item()], abs=1e-5)
            if k < gradients and k % 5 == 0:
                loss = lam * F.cross_entropy(logits, y_i) + (1 - lam) * F.cross_entropy(logits, y_j)
                for value, which in ((loss, probes.LOSS_NORM), (logits.max(), probes.LOGIT_NORM)):
                    (gradient,) = torch.autograd.grad(value, x, retain_graph=True)
                    assert got[which, place, k] == pytest.approx(gradient.norm().item(), rel=1e-3)
    assert (got[probes.LOSS_NORM :, :, :gradients] > 0).any()
    assert (got[probes.LOSS_NORM :, :, gradients:] == 0).all()


def test_the_shares_of_any_number_of_processes_are_all_pairs_once():
    for processes in (1, 2, 3, 60):
        seen = {True: [], False: []}
        for rank in range(processes):
            accelerator = Mock(Accelerator, process_index=rank, num_processes=processes, device=torch.device("cpu"))
            for places, with_gradient in probes.shares(accelerator, images(), PAIRS, 20):
                seen[with_gradient] += range(PAIRS)[places]
        assert sorted(seen[True]) == list(range(20))
        assert sorted(seen[False]) == list(range(20, PAIRS))


def test_probabilities_are_those_of_the_model():
    part, model = images(), network()
    got = probes.probabilities(model, part, 3, 8, [0.0, 0.5, 1.0])
    x = torch.stack([part.inputs[8] / 255, part.inputs[3] / 510 + part.inputs[8] / 510, part.inputs[3] / 255])
    assert torch.allclose(got, model(x).softmax(1), atol=1e-6)


def test_parameters_and_inputs_stay_as_they_were():
    part, model = images(), network()
    before = [part.inputs.clone(), *(parameter.clone() for parameter in model.parameters())]
    look(model, part)
    assert all(torch.equal(a, b) for a, b in zip(before, [part.inputs, *model.parameters()], strict=True))
    assert all(parameter.grad is None for parameter in model.parameters())


def test_numbers_that_are_not_finite_are_said():
    part = table()
    part.inputs[0] = float("inf")
    with pytest.raises(UserError, match="not finite"):
        look(Linear(6), part)

import math
import sys
import types
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from common import attacks, trained
from common.attacks import Space
from common.errors import UserError
from common.evaluation import natural
from common.models import Blueprint, Normalize, build

PIXELS = Space(None)


class Linear(nn.Module):
    """Two classes on three features, behind a normalisation."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.normalize = Normalize((0.2, 0.5, 0.4), (0.5, 0.25, 2.0), 1)
        self.linear = nn.Linear(3, 2)
        self.linear.weight.data = torch.randn(2, 3, generator=generator)

    def forward(self, x):
        return self.linear(self.normalize(x))

    def margins(self, x, y):
        logits = self(x).detach().gather(1, torch.stack([y, 1 - y], dim=1))
        return logits[:, 0] - logits[:, 1]


@pytest.fixture
def net(digits):
    """A trained network with the first rows of its test part."""
    (run,) = trained.find([digits[0]], Path("results"), Path("checkpoints"), None, torch.device("cpu"))
    return run.model, natural(run.data.test.inputs), run.data.test.labels


def errors(model, x, y):
    with torch.no_grad():
        return int((model(x).argmax(dim=1) != y).sum())


@pytest.mark.parametrize("epsilon", [0.0, 1.0, 4.0, 16.0])
def test_fgsm_lowers_the_margin_of_a_linear_model_by_epsilon_times_the_1_norm(epsilon):
    model, y = Linear(), torch.tensor([0, 1, 1, 0])
    x = 0.3 + 0.4 * torch.rand(4, 3, generator=torch.Generator().manual_seed(1))  # away from 0 and 1
    sign, is_zero = attacks.signed_gradient(model, x, y)
    moved = attacks.shifted(x, sign, epsilon, PIXELS)
    weight = model.linear.weight / model.normalize.std
    expected = epsilon / 255 * (weight[1] - weight[0]).abs().sum()
    assert torch.allclose(model.margins(x, y) - model.margins(moved, y), expected.expand(4), atol=1e-5)
    assert not is_zero.any()


def test_on_a_linear_model_many_steps_end_where_one_does():
    model, y = Linear(), torch.tensor([0, 1, 1, 0])
    x = 0.3 + 0.4 * torch.rand(4, 3, generator=torch.Generator().manual_seed(1))
    sign, _ = attacks.signed_gradient(model, x, y)
    start = 2 * torch.rand(4, 3) - 1
    for epsilon in (4.0, 20.0):
        one = attacks.shifted(x, sign, epsilon, PIXELS)
        assert torch.allclose(attacks.ifgsm(model, x, y, epsilon, PIXELS)[0], one, atol=1e-6)
        assert torch.allclose(attacks.pgd(model, x, y, [start], epsilon, 20, PIXELS)[0], one, atol=1e-6)


def test_of_tables_epsilon_is_in_hundredths_of_the_deviation_and_nothing_is_clipped():
    model = Linear()
    space = attacks.space(model, "table")
    x = torch.tensor([[-3.0, 0.0, 900.0]])
    y = model(x).argmin(dim=1)  # so sure of the right class that its gradient would vanish
    sign, _ = attacks.signed_gradient(model, x, y)
    assert (sign.abs() == 1).all()
    moved = attacks.shifted(x, sign, 50.0, space)
    assert torch.allclose(moved - x, 0.5 * torch.tensor([0.5, 0.25, 2.0]) * sign, atol=1e-4)
    assert space.distances(x, moved).item() == pytest.approx(50, abs=0.01)
    assert (space.unit, PIXELS.unit) == ("std/100", "1/255")
    examples, _ = attacks.ifgsm(model, x, y, 50.0, space)
    assert torch.allclose(examples, moved, atol=1e-3)
    space.check(x, (0.0, 50.0))


def test_what_cannot_be_attacked_in_natural_units_is_refused():
    with pytest.raises(UserError, match="first layer is its normalisation"):
        attacks.space(nn.Linear(3, 2), "images")
    assert attacks.space(Linear(), "images").deviations is None
    for outside in (torch.tensor([[1.01]]), torch.tensor([[-0.01, 0.5]])):
        with pytest.raises(UserError, match=r"Pixels must lie in \[0, 1\]"):
            PIXELS.check(outside, (1.0,))
    PIXELS.check(torch.tensor([[0.0, 1.0]]), (1.0,))


@pytest.mark.parametrize("value", [1e3, -2e4, 1e6])
def test_an_epsilon_that_rounding_moves_by_a_hundredth_is_refused(value):
    """Next to 2e4 float32 has steps of 2 ** -9: half of one is a hundredth of 9.8 hundredths of a deviation of 2."""
    space, x = attacks.space(Linear(), "table"), torch.tensor([[0.0, 0.0, value]])
    least = 2.0 ** math.floor(math.log2(abs(value)) - 23) / 2 / 0.02 / 0.01
    space.check(x, (0.0, 1.01 * least))
    with pytest.raises(UserError, match=rf"An epsilon of .* as {value:.7g},.* of {math.ceil(least)} and more"):
        space.check(x, (0.0, 0.99 * least, 2 * least))
    for epsilon in (1.01 * least, 7 * least):
        for sign in (-1.0, 1.0):
            examples = attacks.shifted(x, torch.full_like(x, sign), epsilon, space)
            assert space.distances(x, examples).item() == pytest.approx(epsilon, rel=0.01)


def test_nothing_is_left_behind_in_the_model(net):
    model, x, y = net
    model.requires_grad_(True)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with torch.no_grad():  # the caller's, which must not keep the gradient from being made
        attacks.pgd(model, x[:20], y[:20], [torch.zeros_like(x[:20])], 4.0, 3, PIXELS)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_a_gradient_that_vanished_is_counted_row_by_row():
    class Flat(nn.Module):
        def forward(self, x):  # saturated above 1/2: no gradient there
            return torch.stack([x.clamp(max=0.5).sum(dim=1), torch.zeros(len(x))], dim=1)

    x, y = torch.tensor([[0.9, 0.9], [0.1, 0.9], [0.7, 0.6]]), torch.tensor([0, 0, 1])
    sign, is_zero = attacks.signed_gradient(Flat(), x, y)
    assert is_zero.tolist() == [True, False, True]
    assert sign.tolist() == [[0, 0], [-1, 0], [0, 0]]
    assert torch.equal(attacks.shifted(x, sign, 8.0, PIXELS)[0], x[0])
    assert attacks.ifgsm(Flat(), x, y, 8.0, PIXELS)[1].tolist() == [True, False, True]


@pytest.mark.parametrize("epsilon", [0.0, 0.5, 2.0, 8.0, 100.0])
def test_the_ball_and_the_range_of_pixels_are_never_left(net, epsilon):
    model, x, y = (part[:60] if isinstance(part, torch.Tensor) else part for part in net)
    rows = torch.arange(60).numpy()
    starts = [attacks.random_starts(x, rows, 0, restart) for restart in range(2)]
    sign, _ = attacks.signed_gradient(model, x, y)
    made = [
        attacks.shifted(x, sign, epsilon, PIXELS),
        attacks.shifted(x, attacks.random_signs(x, rows, 0), epsilon, PIXELS),
        attacks.ifgsm(model, x, y, epsilon, PIXELS)[0],
        attacks.pgd(model, x, y, starts, epsilon, 5, PIXELS)[0],
    ]
    for examples in made:
        assert examples.min() >= 0
        assert examples.max() <= 1
        assert (examples - x).abs().max() <= epsilon / 255 + 1e-7
        assert PIXELS.distances(x, examples).max() <= epsilon + 1e-4
        assert examples.shape == x.shape
        if epsilon == 0:
            assert torch.equal(examples, x)
    assert PIXELS.distances(x, made[0]).max() >= 0.99 * min(epsilon, 50)


@pytest.mark.parametrize("epsilon", [2.0, 4.0, 8.0, 16.0])
def test_other_libraries_make_the_same_examples(net, epsilon):
    """FGSM and I-FGSM to the bit; PGD, from the same start, to rounding."""
    torchattack = pytest.importorskip("torchattack")
    model, x, y = net
    sign, _ = attacks.signed_gradient(model, x, y)
    fgsm = attacks.shifted(x, sign, epsilon, PIXELS)
    ifgsm, _ = attacks.ifgsm(model, x, y, epsilon, PIXELS)
    torch.manual_seed(3)
    start = torch.empty_like(x).uniform_(-epsilon / 255, epsilon / 255) * (255 / epsilon)
    pgd, _ = attacks.pgd(model, x, y, [start], epsilon, 20, PIXELS)

    eps, step = epsilon / 255, max(1, epsilon / 10) / 255
    torch.manual_seed(3)
    theirs = [
        (torchattack.FGSM(model, eps=eps), fgsm),
        (torchattack.IFGSM(model, eps=eps, alpha=step, steps=10), ifgsm),
        (torchattack.PGD(model, eps=eps, alpha=eps / 8, steps=20), pgd),
    ]
    for attack, ours in theirs:
        examples = attack(x, y).detach()
        assert torch.allclose(examples, ours, atol=1e-6)
        assert errors(model, examples, y) == errors(model, ours, y)
    assert errors(model, fgsm, y) > errors(model, x, y)


@pytest.mark.parametrize("epsilon", [4.0, 8.0])
def test_torchattacks_makes_the_same_examples(net, epsilon):
    torchattacks = pytest.importorskip("torchattacks")  # pins an old `requests`, so that it is not in requirements.txt
    model, x, y = net
    sign, _ = attacks.signed_gradient(model, x, y)
    eps, step = epsilon / 255, max(1, epsilon / 10) / 255
    assert torch.equal(torchattacks.FGSM(model, eps=eps)(x, y), attacks.shifted(x, sign, epsilon, PIXELS))
    ifgsm, _ = attacks.ifgsm(model, x, y, epsilon, PIXELS)
    assert torch.equal(torchattacks.BIM(model, eps=eps, alpha=step, steps=10)(x, y), ifgsm)
    torch.manual_seed(3)
    start = torch.empty_like(x).uniform_(-eps, eps) / eps
    pgd, _ = attacks.pgd(model, x, y, [start], epsilon, 20, PIXELS)
    torch.manual_seed(3)
    examples = torchattacks.PGD(model, eps=eps, alpha=eps / 8, steps=20)(x, y)
    assert torch.allclose(examples, pgd, atol=1e-6)
    assert errors(model, examples, y) == errors(model, pgd, y)


@pytest.mark.parametrize("epsilon", [4.0, 8.0])
def test_foolbox_makes_the_same_examples(net, epsilon, monkeypatch):
    git = types.ModuleType("git")  # foolbox asks for GitPython, with which it would download models
    git.Repo = None
    monkeypatch.setitem(sys.modules, "git", git)
    foolbox = pytest.importorskip("foolbox")
    model, x, y = net
    theirs = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
    sign, _ = attacks.signed_gradient(model, x, y)
    fgsm = attacks.shifted(x, sign, epsilon, PIXELS)
    ifgsm, _ = attacks.ifgsm(model, x, y, epsilon, PIXELS)
    one = foolbox.attacks.LinfFastGradientAttack()
    many = foolbox.attacks.LinfBasicIterativeAttack(
        abs_stepsize=max(1, epsilon / 10) / 255, steps=10, random_start=False
    )
    for attack, ours in ((one, fgsm), (many, ifgsm)):
        _, (examples,), fooled = attack(theirs, x, y, epsilons=[epsilon / 255])
        assert torch.allclose(examples, ours, atol=1e-6)
        assert int(fooled.sum()) == errors(model, ours, y)


@pytest.mark.parametrize("epsilon", [4.0, 8.0, 16.0])
def test_pgd_is_no_weaker_than_fgsm_and_more_starts_no_weaker_than_one(net, epsilon):
    model, x, y = net
    rows = torch.arange(len(x)).numpy()
    sign, _ = attacks.signed_gradient(model, x, y)
    starts = [attacks.random_starts(x, rows, 0, restart) for restart in range(3)]
    once, _ = attacks.pgd(model, x, y, starts[:1], epsilon, 20, PIXELS)
    thrice, _ = attacks.pgd(model, x, y, starts, epsilon, 20, PIXELS)
    assert errors(model, once, y) >= errors(model, attacks.shifted(x, sign, epsilon, PIXELS), y) - 2
    wrong_once, wrong_thrice = ((model(examples).argmax(dim=1) != y).int() for examples in (once, thrice))
    assert (wrong_thrice >= wrong_once).all()
    losses = [F.cross_entropy(model(examples), y, reduction="none") for examples in (once, thrice)]
    assert (losses[1] >= losses[0] - 1e-5)[wrong_once == wrong_thrice].all()
    assert not torch.equal(once, thrice)


def test_chance_is_that_of_the_row_whatever_the_batch(net):
    _, x, _ = net
    rows = torch.arange(10, 40).numpy()
    for draw in (
        lambda x, rows: attacks.random_signs(x, rows, 5),
        lambda x, rows: attacks.random_starts(x, rows, 5, 0),
    ):
        whole = draw(x[10:40], rows)
        apart = torch.cat(
            [draw(x[10 + first : min(17 + first, 40)], rows[first : first + 7]) for first in range(0, 30, 7)]
        )
        assert torch.equal(whole, apart)
        assert len({tuple(row.flatten().tolist()) for row in whole}) == 30
        assert whole.stride() == x[10:40].stride()
        torch.manual_seed(9)
        assert torch.equal(draw(x[10:40], rows), whole)
    assert set(attacks.random_signs(x[:9], rows[:9], 0).unique().tolist()) == {-1.0, 1.0}
    starts = [attacks.random_starts(x[:9], rows[:9], seed, restart) for seed, restart in ((0, 0), (1, 0), (0, 1))]
    assert not any(torch.equal(starts[0], other) for other in starts[1:])
    assert max(start.abs().max() for start in starts) <= 1
    assert abs(torch.stack(starts).mean()) < 0.1


def test_the_layout_of_images_is_kept():
    model = build(Blueprint("smallcnn", 4, ("a", "b"), (3, 8, 8), (0.5,) * 3, (0.25,) * 3), seed=0).eval()
    x = torch.rand(5, 3, 8, 8).to(memory_format=torch.channels_last)
    y = torch.zeros(5, dtype=torch.int64)
    for examples in (attacks.ifgsm(model, x, y, 4.0, PIXELS)[0], attacks.random_signs(x, torch.arange(5).numpy(), 0)):
        assert examples.is_contiguous(memory_format=torch.channels_last)


def test_step_sizes_are_those_that_are_said():
    steps = []
    ramp = Linear()
    x, y = torch.full((1, 3), 0.5), torch.tensor([0])
    ramp.register_forward_pre_hook(lambda _, inputs: steps.append(inputs[0].detach().clone()))
    attacks.ifgsm(ramp, x, y, 4.0, PIXELS)
    assert len(steps) == 10
    assert ((steps[1] - steps[0]).abs() * 255).max() == pytest.approx(1, abs=1e-3)
    steps.clear()
    attacks.ifgsm(ramp, x, y, 16.0, PIXELS)
    assert ((steps[1] - steps[0]).abs() * 255).max() == pytest.approx(1.6, abs=1e-3)
    steps.clear()
    attacks.pgd(ramp, x, y, [torch.zeros_like(x)], 4.0, 20, PIXELS)
    assert len(steps) == 20
    assert ((steps[1] - steps[0]).abs() * 255).max() == pytest.approx(0.5, abs=1e-3)

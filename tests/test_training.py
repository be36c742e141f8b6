import copy
import gc
from types import SimpleNamespace

import pytest
import torch
import torch._dynamo
from accelerate import Accelerator
from accelerate.utils import DynamoBackend
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD

from common import evaluation, processes, training
from common.data.dataset import Part
from common.errors import DivergedError
from common.mixup import Mixup
from common.mixup.ways import Batch
from common.models import Blueprint, build
from common.plan import draw
from tests.tiny import ROWS, configured, images, small_model


def train(model, part, plan, step_done=lambda: None, lr=0.1, accumulate=1):
    accelerator = Accelerator(cpu=True)
    learning = begin(accelerator, model, lr)
    return training.train_epoch(accelerator, learning, Mixup(1.0), part, plan, step_done, accumulate)


def begin(accelerator, model, lr=0.1):
    """The rate drops after the second of five steps."""
    return training.begin(accelerator, model, configured(lr=lr, lr_drops=(0.4,), epochs=1), 5)


def the_plan(alpha=1.0, pad=1, lam_per="batch", epoch=1):
    return draw(ROWS, 8, seed=0, epoch=epoch, method=Mixup(alpha, lam_per), pad=pad)


@pytest.mark.parametrize("lam_per", ["batch", "row"])
@pytest.mark.parametrize("alpha", [None, 1.0])
def test_an_epoch_is_the_plain_loop_that_a_reader_would_write(alpha, lam_per):
    part, plan = images(), the_plan(alpha, pad=0, lam_per=lam_per)
    ours, plain = small_model(), small_model()
    got = train(ours, part, plan)

    optimizer = SGD(plain.parameters(), 0.1, 0.9, weight_decay=1e-4)
    losses = 0.0
    for step, start in enumerate(range(0, ROWS, 8)):
        if step == 2:
            optimizer.param_groups[0]["lr"] = 0.01
        i, j = plan.order[start : start + 8], plan.partner[0, start : start + 8]
        lam = plan.lam[0, start : start + 8].view(-1, 1, 1, 1)
        x = lam * part.inputs[i] / 255 + (1 - lam) * part.inputs[j] / 255
        label = lam.view(-1, 1) * F.one_hot(part.labels[i], 4) + (1 - lam.view(-1, 1)) * F.one_hot(part.labels[j], 4)
        loss = F.cross_entropy(plain(x), label)
        losses += loss.item() * len(i)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for a, b in zip(ours.parameters(), plain.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-5)
    assert got["loss"] == pytest.approx(losses / ROWS, rel=1e-5)


@pytest.mark.parametrize("lam_per", ["batch", "row"])
@pytest.mark.parametrize("accumulate", [2, 3, 100])  # batches of 8 and one of 5: 3 divides neither
def test_a_batch_in_pieces_gives_the_weights_of_the_whole(monkeypatch, accumulate, lam_per):
    """Without BatchNorm, which measures over a piece."""

    def mlp():
        return build(Blueprint("mlp", 16, tuple("abcd"), (3,), (0.0,) * 3, (1.0,) * 3), seed=0)

    part = Part(torch.rand(ROWS, 3, generator=torch.Generator().manual_seed(0)), torch.arange(ROWS) % 4)
    plan = the_plan(pad=0, lam_per=lam_per)
    whole, pieces, passed, unsynchronised, steps = mlp(), mlp(), [], [], []
    pieces.register_forward_hook(lambda module, x, y: passed.append(len(y)))
    expected = train(whole, part, plan)
    no_sync = Accelerator.no_sync
    monkeypatch.setattr(Accelerator, "no_sync", lambda self, model: unsynchronised.append(1) or no_sync(self, model))
    got = train(pieces, part, plan, step_done=lambda: steps.append(len(passed)), accumulate=accumulate)
    for a, b in zip(whole.parameters(), pieces.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)
    assert not all(torch.equal(a, b) for a, b in zip(mlp().parameters(), pieces.parameters(), strict=True))
    assert got["loss"] == pytest.approx(expected["loss"], rel=1e-5)
    assert got["weighted_accuracy"] == pytest.approx(expected["weighted_accuracy"], rel=1e-5)
    sizes = {2: [4, 4] * 4 + [2, 3], 3: [2, 3, 3] * 4 + [2, 3], 100: [2, 2, 2, 2] * 4 + [2, 3]}[accumulate]
    assert passed == sizes
    assert len(steps) == 5
    assert len(unsynchronised) == len(passed) - len(steps)  # all but the last piece of each batch


def test_a_row_is_cropped_and_flipped_alike_as_itself_and_as_a_partner():
    part, plan = images(), the_plan()
    own = training.gather(part, plan.order, plan)
    partner = training.gather(part, plan.partner[0], plan)
    place_of = {row: place for place, row in enumerate(plan.order.tolist())}
    assert all(torch.equal(partner[p], own[place_of[row]]) for p, row in enumerate(plan.partner[0].tolist()))
    assert not torch.equal(own, evaluation.natural(part.inputs[plan.order]))


def stepped(name, gradients, lr=0.1, momentum=None, weight_decay=0.0):
    """A weight that was 1, after a step for each gradient."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    optimizer = training.optimizer_of(model, name, lr, momentum, weight_decay)
    for gradient in gradients:
        model.weight.grad = torch.full((1, 1), gradient)
        optimizer.step()
    return model.weight.item()


def test_adam_is_kingmas_with_the_usual_betas_and_an_l2_penalty():
    weight, m, v = 1.0, 0.0, 0.0
    for step, gradient in enumerate((0.3, -0.02, 5.0), start=1):
        penalised = gradient + 0.01 * weight
        m, v = 0.9 * m + 0.1 * penalised, 0.999 * v + 0.001 * penalised**2
        weight -= 0.1 * m / (1 - 0.9**step) / ((v / (1 - 0.999**step)) ** 0.5 + 1e-8)
    assert stepped("adam", (0.3, -0.02, 5.0), weight_decay=0.01) == pytest.approx(weight, rel=1e-5)
    assert stepped("adam", (7.0,)) == pytest.approx(0.9)  # the first step is the rate, whatever the gradient


def test_sgd_has_momentum_without_nesterov_and_an_l2_penalty():
    weight, velocity = 1.0, 0.0
    for gradient in (0.3, -0.02):
        velocity = 0.5 * velocity + gradient + 0.01 * weight
        weight -= 0.1 * velocity
    assert stepped("sgd", (0.3, -0.02), momentum=0.5, weight_decay=0.01) == pytest.approx(weight, rel=1e-6)


def test_the_same_epoch_twice_gives_the_same_bits():
    one, two = small_model(), small_model()
    assert train(one, images(), the_plan()) == train(two, images(), the_plan())
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_weighted_accuracy_of_a_model_that_always_says_class_0():
    class Constant(nn.Module):
        def __init__(self):
            super().__init__()
            self.bias = nn.Parameter(torch.tensor([9.0, 0.0, 0.0, 0.0]))

        def forward(self, x):
            return self.bias.expand(len(x), 4)

    part, plan = images(), the_plan()
    got = train(Constant(), part, plan, lr=1e-9)
    y, other = part.labels[plan.order], part.labels[plan.partner[0]]
    expected = (plan.lam[0] * (y == 0) + (1 - plan.lam[0]) * (other == 0)).sum() / ROWS
    assert got["weighted_accuracy"] == pytest.approx(expected.item(), rel=1e-5)


def test_no_step_waits_for_the_device(monkeypatch):
    part, plan = images(), the_plan()
    model, waits = small_model(), []
    for name in ("item", "tolist", "cpu", "numpy", "__bool__", "__float__", "__int__"):
        real = getattr(torch.Tensor, name)
        monkeypatch.setattr(torch.Tensor, name, lambda self, *a, _n=name, _r=real: (waits.append(_n), _r(self, *a))[1])
    seen = []
    train(model, part, plan, step_done=lambda: seen.append(len(waits)))
    assert len(seen) == 5
    assert seen[-1] == 0, waits
    assert waits == ["tolist"]  # once, when the epoch is over


def test_a_loss_that_is_no_longer_finite_is_said():
    part = Part(torch.full((ROWS, 3), 1e30), torch.arange(ROWS) % 4)
    model = build(Blueprint("mlp", 4, tuple("abcd"), (3,), (0.0,) * 3, (1e-9,) * 3), seed=0)
    with pytest.raises(DivergedError, match=r"no longer finite.*--lr"):
        train(model, part, the_plan(pad=0), lr=1e9)
    with pytest.raises(DivergedError, match="no longer finite"):
        evaluation.outcomes(Accelerator(cpu=True), model, part)


def test_memory_does_not_grow_from_epoch_to_epoch():
    part, model, accelerator = images(), small_model(), Accelerator(cpu=True)
    learning = begin(accelerator, model)
    alive = []
    for epoch in range(1, 7):
        training.train_epoch(accelerator, learning, Mixup(1.0), part, the_plan(epoch=epoch), lambda: None)
        evaluation.outcomes(accelerator, model, part)
        gc.collect()
        alive.append(sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects()))
    assert alive[1:] == [alive[1]] * 5


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_training_goes_on_from_what_it_kept_to_the_bit(after):
    part, undisturbed, again = images(), small_model(), small_model()

    def epochs(learning, accelerator, numbers):
        for epoch in numbers:
            training.train_epoch(accelerator, learning, Mixup(1.0), part, the_plan(epoch=epoch), lambda: None)
        return learning

    accelerator = Accelerator(cpu=True)
    learning = epochs(begin(accelerator, undisturbed), accelerator, range(1, after + 1))
    kept = copy.deepcopy(learning.kept(accelerator))
    epochs(learning, accelerator, range(after + 1, 4))
    other = begin(accelerator, again)
    other.restore(accelerator, kept, 5 * after)
    epochs(other, accelerator, range(after + 1, 4))
    assert all(torch.equal(one, two) for one, two in zip(again.parameters(), undisturbed.parameters(), strict=True))
    assert other.optimizer.param_groups[0]["lr"] == learning.optimizer.param_groups[0]["lr"]


@pytest.mark.parametrize("batches", [1, 3])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_an_epoch_goes_on_within_itself_to_the_bit(batches, accumulate):
    """With dropout, whose stream it keeps; loss and right predictions of the whole epoch among it."""
    accelerator, part = Accelerator(cpu=True), images()

    def begun():
        blueprint = Blueprint("smallcnn", 4, tuple("abcd"), (1, 8, 8), (0.5,), (0.25,), dropout=0.5)
        learning = begin(accelerator, build(blueprint, seed=0))
        torch.manual_seed(7)
        return learning

    def epoch(learning, so_far, step_done):
        plan = the_plan()
        return training.train_epoch(accelerator, learning, Mixup(1.0), part, plan, step_done, accumulate, so_far)

    def keep():
        if so_far.batches == batches:
            kept.update(copy.deepcopy({"training": learning.kept(accelerator), "epoch": so_far.kept(accelerator)}))

    kept, learning, so_far = {}, begun(), training.SoFar.of(accelerator)
    whole = epoch(learning, so_far, keep)
    other, random = begun(), torch.rand(1)  # somebody has drawn in between
    other.restore(accelerator, kept["training"], batches)
    rest = training.SoFar.of(accelerator, kept["epoch"], 5)
    assert epoch(other, rest, int) == whole
    ours, theirs = other.network.state_dict(), learning.network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert rest.batches == so_far.batches == 5
    assert random != torch.rand(1)


def test_of_another_number_of_processes_the_sums_go_on():
    of_two = {"batches": 2, "processes": [{"sums": torch.tensor([n, 2 * n])} for n in (1.0, 4.0)]}
    so_far = training.SoFar.of(Accelerator(cpu=True), of_two, 5)
    assert (so_far.batches, so_far.sums.tolist()) == (2, [5.0, 10.0])


@pytest.mark.parametrize("sums", [(float("nan"), 0.0), (1.0, 2.0, 3.0)])
def test_a_place_in_an_epoch_that_is_none_is_refused(sums):
    kept = {"batches": 2, "processes": [{"sums": torch.tensor(sums), "random": torch.get_rng_state()}]}
    for batches in (5, 2):
        with pytest.raises(ValueError, match="within an epoch"):
            training.SoFar.of(Accelerator(cpu=True), kept, batches)


def test_a_loss_that_is_not_finite_is_not_kept():
    so_far = training.SoFar(1, torch.tensor([float("nan"), 0.0]))
    with pytest.raises(DivergedError, match="no longer finite"):
        so_far.kept(Accelerator(cpu=True))


def test_the_triangle_rises_and_falls():
    accelerator = Accelerator(cpu=True)
    asked = configured(optimizer="nesterov", lr=2.0, schedule="triangle", bias_lr=64.0, epochs=100)
    learning = training.begin(accelerator, small_model(), asked, 1)
    rates = []
    for _ in range(100):
        rates.append([group["lr"] for group in learning.optimizer.param_groups])
        learning.step()
    assert [rates[step][0] for step in (0, 23)] == pytest.approx([0.4, 2.0])
    assert rates[12][0] == pytest.approx(2 * (0.2 + 0.8 * 12 / 23))
    assert rates[61][0] == pytest.approx(2 * (1 - 0.93 * 38 / 77))
    assert learning.optimizer.param_groups[0]["lr"] == pytest.approx(0.14)
    assert all(bias == pytest.approx(64 * rate) for rate, bias in rates)


def test_a_training_of_no_steps_begins():
    """As that of given weights which are measured as they are."""
    for options in ({"schedule": "triangle", "lookahead": 5}, {"schedule": "drops"}):
        asked = configured(epochs=0, **options)
        assert training.begin(Accelerator(cpu=True), small_model(), asked, 5).schedule.last_epoch == 0


def test_lookahead_is_torchs_moving_average_to_which_weights_are_put_back():
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    generator = torch.Generator().manual_seed(0)
    weights = [torch.randn(4, 3, generator=generator), torch.randn(5, generator=generator)]
    plain = nn.ParameterList([nn.Parameter(weight.clone()) for weight in weights])
    ours = training.Lookahead(3, 10, weights, [weight.clone() for weight in weights])
    averaged = AveragedModel(plain)
    averaged.update_parameters(plain)  # the first one copies
    for step in range(1, 11):
        noise = [torch.randn(weight.shape, generator=generator) for weight in weights]
        for mine, theirs, change in zip(weights, plain, noise, strict=True):
            mine += change
            theirs.data += change
        ours.after(step)
        if step % 3 == 0:
            averaged.multi_avg_fn = get_ema_multi_avg_fn(0.95**3 * (step / 10) ** 3)
            averaged.update_parameters(plain)
        if step % 3 == 0 or step == 10:
            for theirs, average in zip(plain, averaged.module, strict=True):
                theirs.data.copy_(average)
        assert all(torch.allclose(mine, theirs) for mine, theirs in zip(weights, plain, strict=True)), step


def test_biases_of_batchnorm_alone_learn_faster_and_decay_as_the_rest():
    network = small_model()
    optimizer = training.optimizer_of(network, "sgd", 0.5, 0.9, 0.01, bias_lr=64.0)
    rest, biases = optimizer.param_groups
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert {id(p) for p in biases["params"]} == {id(norm.bias) for norm in norms}
    assert len(rest["params"]) + len(biases["params"]) == len(list(network.parameters()))
    assert biases["lr"] == 32.0
    assert biases["lr"] * biases["weight_decay"] == rest["lr"] * rest["weight_decay"]


def test_norms_without_a_bias_have_none_to_learn_faster():
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3, affine=False), nn.BatchNorm1d(3))
    _, biases = training.optimizer_of(network, "sgd", 0.5, 0.9, 0.01, bias_lr=64.0).param_groups
    assert biases["params"] == [network[2].bias]


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov"])
def test_of_a_first_step_that_overflows_nothing_stays(optimizer):
    """In fp16 its gradients are not finite, and the fused kernel takes whatever lay in memory for the momentum."""
    asked = configured(lr=1.0, weight_decay=0.0, optimizer=optimizer)
    weights = []
    for overflows in (True, False):
        accelerator, network = Accelerator(cpu=True), nn.Linear(1000, 1, bias=False)
        nn.init.zeros_(network.weight)
        accelerator.scaler = torch.amp.GradScaler("cpu") if overflows else None
        learning = training.begin(accelerator, network, asked, 1)
        assert ("momentum_buffer" in learning.optimizer.state[network.weight]) == overflows
        for factor in (1e38, 1.0, 1.0) if overflows else (1.0, 1.0):
            accelerator.backward(learning.model(torch.ones(1, 1000)).sum() * factor)
            learning.optimizer.step()
            learning.optimizer.zero_grad()
        weights.append(network.weight)
    assert torch.equal(*weights)


def test_a_training_with_lookahead_goes_on_to_the_bit():
    part, accelerator = images(), Accelerator(cpu=True)
    asked = configured(
        optimizer="nesterov", momentum=0.8, weight_decay=1e-3, schedule="triangle", bias_lr=8.0, lookahead=3, epochs=3
    )

    def epochs(learning, numbers):
        for epoch in numbers:
            training.train_epoch(accelerator, learning, Mixup(1.0, "batch", 0.2), part, the_plan(epoch=epoch), int)

    undisturbed, again = small_model(), small_model()
    learning = training.begin(accelerator, undisturbed, asked, 5)
    epochs(learning, (1, 2))
    kept = copy.deepcopy(learning.kept(accelerator))
    epochs(learning, (3,))
    other = training.begin(accelerator, again, asked, 5)
    other.restore(accelerator, kept, 10)
    epochs(other, (3,))
    ends = zip(again.state_dict().values(), undisturbed.state_dict().values(), strict=True)
    assert all(torch.equal(one, two) for one, two in ends)


@pytest.mark.filterwarnings("ignore:Dynamo does not know")  # what tests check shapes by
@pytest.mark.parametrize("is_told", [True, False])
def test_hidden_layers_are_mixed_in_what_is_compiled_too(monkeypatch, is_told):
    """Between batches with a hook come those without, and smaller ones; unless it is told to, torch looks for no hook
    once it has compiled."""
    accelerator = Accelerator(cpu=True)
    plugin = SimpleNamespace(backend=DynamoBackend.EAGER if is_told else DynamoBackend.NO)
    monkeypatch.setattr(accelerator, "state", SimpleNamespace(dynamo_plugin=plugin))
    network = build(Blueprint("smallcnn", 4, tuple("abcd"), (3, 8, 8), (0.5,) * 3, (0.25,) * 3), seed=0)
    torch._dynamo.reset()
    compiled, way, shapes = torch.compile(network, backend="eager"), Mixup(1.0), []
    with torch._dynamo.config.patch(skip_nnmodule_hook_guards=True):
        processes.watch_hooks(accelerator)
        for layer, rows in ((1, 16), (0, 16), (0, 8), (2, 16), (1, 8)):
            x, y = (torch.rand(rows, 3, 8, 8), torch.rand(rows, 3, 8, 8)), (torch.zeros(rows, dtype=torch.long),) * 2
            batch = Batch(x, y, torch.full((1, rows), 0.3), layer=layer)
            logits = way.logits(compiled, batch)
            shapes.append(len(logits) == rows)
            assert not is_told or torch.allclose(logits, way.logits(network, batch), atol=1e-5)
    torch._dynamo.reset()
    assert all(shapes) == is_told

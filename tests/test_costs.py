"""What is counted before a training, against closed forms, torch's own counter and what was in fact allocated."""

from functools import partial

import pytest
import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from common import costs
from common.models import Blueprint, build
from common.options import MixupOptions, ModelOptions, TrainConfig, TrainingOptions, TrainOptions, resolve
from tests.refusal import refused

GIB = 2**30


def blueprint(model, width, shape=(3, 32, 32), classes=10):
    channels = shape[0]
    return Blueprint(model, width, tuple(map(str, range(classes))), shape, (0.5,) * channels, (0.25,) * channels)


NETWORKS = [
    blueprint("preactresnet18", 8),
    blueprint("wideresnet28", 1, (3, 16, 16)),
    blueprint("densenet190", 3, (3, 16, 16)),
    blueprint("vgg11", 8),
    blueprint("lenet", 8, (1, 28, 28)),
    blueprint("mlp", 64, (13,)),
]
NAMES = [network.model for network in NETWORKS]


@pytest.mark.parametrize(("n", "d", "w"), [(1000, 7, 50), (100, 13, 64), (50, 2000, 8)])
def test_an_mlp_in_closed_form(n, d, w):
    """n rows of d features, w units and three classes. The peak is in the backward pass of the second ReLU (normalised
    rows, both hidden layers, the gradients before and after it, the loss and the 1 it starts from), or, where rows are
    wide, in the normalisation (rows, centred rows, scaled ones)."""
    counter = costs.training_pass(blueprint("mlp", w, (d,), 3), n)
    assert counter.peak_bytes == 4 * max(3 * n * d, n * d + 4 * n * w + 2)
    multiply_adds = d * w + w * w + 3 * w  # forward, and for the weights' gradients; the inputs' lack the first layer
    assert counter.flops == 2 * n * (3 * multiply_adds - d * w)
    assert counter.alive_bytes == 0


@pytest.mark.parametrize("network", NETWORKS, ids=NAMES)
def test_flops_are_those_of_torchs_counter(network):
    model = build(network).to("meta")
    with FlopCounterMode(display=False) as theirs:
        model(torch.empty(6, *network.shape, device="meta")).sum().backward()
    assert costs.training_pass(network, 6).flops == theirs.get_total_flops() > 0
    assert costs.flops_per_row(network) == theirs.get_total_flops() / 6


@pytest.mark.parametrize("network", NETWORKS, ids=NAMES)
def test_the_peak_is_what_a_pass_allocates(network):
    """By the allocator's own account, on the CPU. It has copies of weights in the order oneDNN likes, too: a tenth."""
    model = build(network, seed=0)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        x = torch.rand(64, *network.shape)
        if x.dim() == 4:
            x = x.contiguous(memory_format=torch.channels_last)
        model(x).sum().backward()
        del x
    now = peak = 0
    for event in profiler.profiler.kineto_results.events():
        if event.name() == "[memory]":
            now += event.nbytes()
            peak = max(peak, now)
    assert costs.training_pass(network, 64).peak_bytes == pytest.approx(peak, rel=0.1)


def predicted(monkeypatch, network, device="cuda", decoding=0.0, **training):
    monkeypatch.setattr(costs, "images_per_second", lambda *_: 100.0)
    options = TrainOptions(
        model=ModelOptions(network.model, network.width),
        mixing=MixupOptions(True),
        training=TrainingOptions(**training),
    )
    config = resolve(options.asked, "cifar10", "images", 32)
    return costs.predict(network, config, 50_000, 10_000, 60_000 * 3 * 32 * 32, torch.device(device), 1, "no", decoding)


def test_a_plan_adds_weights_gradients_momentum_data_and_the_larger_of_two_passes(monkeypatch):
    network = blueprint("preactresnet18", 16)
    fixed = 3 * 4 * 700_762 + 60_000 * 3 * 32 * 32
    training, piece = (costs.training_pass(network, rows).peak_bytes for rows in (512, 32))
    evaluation = costs.evaluation_pass(network, 500).peak_bytes
    assert piece < evaluation < training
    whole = predicted(monkeypatch, network, batch_size=512)
    assert whole.memory_bytes == fixed + training
    assert predicted(monkeypatch, network, batch_size=512, accumulate=16).memory_bytes == fixed + evaluation
    assert predicted(monkeypatch, network, batch_size=512, optimizer="adam").memory_bytes == (
        whole.memory_bytes + 4 * 700_762
    )
    assert whole.training_flops == 200 * 50_000 * costs.flops_per_row(network)


def test_a_pass_that_does_not_fit_says_how_much_it_takes(monkeypatch):
    def full(*asked):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    network = blueprint("preactresnet18", 16)
    takes = predicted(monkeypatch, network).memory_bytes / GIB
    monkeypatch.setattr(costs, "images_per_second", full)
    config = resolve(TrainOptions().asked, "cifar10", "images", 32)
    sizes = 50_000, 10_000, 60_000 * 3 * 32 * 32
    refused(
        lambda: costs.predict(network, config, *sizes, torch.device("cuda"), 1),
        f"a pass of 128 rows takes about {takes:.2g} GiB in fp32, data included, more than cuda has free",
        "--accumulate K",
    )


def test_images_that_stay_encoded_are_waited_for(monkeypatch):
    """A GPU passes one batch while the next is decoded; on a CPU both take the same cores. Of 100 rows a second."""
    network = blueprint("lenet", 4)
    passing = 30 * 50_000 / 100, 30 * 10_000 / 300
    cost = partial(predicted, monkeypatch, network, epochs=30)
    assert cost().seconds == cost(decoding=0.001).seconds == pytest.approx(sum(passing))
    slow = cost(decoding=0.02)
    assert slow.seconds == pytest.approx(30 * 60_000 * 0.02)
    assert slow.images_per_second == pytest.approx(50)
    shared = cost("cpu", 0.02)
    assert shared.seconds == pytest.approx(sum(passing) + 30 * 60_000 * 0.02)
    assert shared.images_per_second == pytest.approx(1 / 0.03)


def test_densenet190_fits_a_card_of_16_gb_since_it_makes_its_layers_twice(monkeypatch):
    """README's numbers. A tenth of a card is left to cuDNN's workspace and to what lies between tensors."""
    network = blueprint("densenet190", 40)
    cost = predicted(monkeypatch, network)
    assert f"{cost.memory_bytes / GIB:.2g}" == "8.1"
    assert cost.memory_bytes < 0.9 * 16e9
    monkeypatch.setattr("common.models.densenet.checkpoint", lambda run, *before, **_: run(*before))
    plain = costs.training_pass(network, 128)
    assert f"{plain.peak_bytes / GIB:.2g}" == "42"
    assert plain.flops * 200 * 50_000 == cost.training_flops * 128  # no convolution is run again


@pytest.mark.parametrize(("precision", "kind"), [("no", torch.float32), ("bf16", torch.bfloat16)])
def test_the_trial_is_made_in_the_precision_in_force(precision, kind, monkeypatch):
    seen = []

    def built(network):
        model = build(network)
        model.register_forward_hook(lambda _, __, logits: seen.append(logits.dtype))
        return model

    monkeypatch.setattr(costs, "build", built)
    assert costs.images_per_second(blueprint("mlp", 8, (13,)), torch.device("cpu"), 4, precision) > 0
    assert set(seen) == {kind}


@pytest.mark.parametrize(("device", "rows", "passes"), [("cpu", 32, 2), ("meta", 500, 12)])
def test_a_gpu_is_tried_on_what_a_step_will_pass(device, rows, passes, monkeypatch):
    """A CPU takes as long for each row of a few as of many, and would be long about many; "meta" stands for a GPU."""
    seen = []

    def built(network):
        model = build(network)
        model.register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0])))
        return model

    waited = []
    monkeypatch.setattr(costs, "build", built)
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda: waited.append(len(seen)))
    assert costs.images_per_second(blueprint("mlp", 8, (13,)), torch.device(device), 500) > 0
    assert seen == passes * [rows]
    assert waited == ([] if device == "cpu" else [2, 12])


def test_a_pass_is_a_share_of_a_share_of_the_batch():
    config = resolve(
        TrainOptions(training=TrainingOptions(batch_size=128, accumulate=4)).asked, "cifar10", "images", 32
    )
    assert [costs.rows_of_a_pass(config, 50_000, processes) for processes in (1, 2, 3)] == [32, 16, 11]
    assert costs.rows_of_a_pass(config, 100, 1) == 25


def test_trials_take_turns_and_the_best_of_each_counts(monkeypatch):
    speeds, asked = iter([1.0, 8.0, 3.0, 7.0, 2.0, 9.0]), []

    def one(network, device, batch_size, precision):
        asked.append((torch.get_num_threads(), precision))
        return next(speeds)

    monkeypatch.setattr(costs, "images_per_second", one)
    before, ways = torch.get_num_threads(), [(1, "no"), (2, "bf16")]
    assert costs.rates(blueprint("mlp", 8, (13,)), torch.device("cpu"), 4, ways) == {(1, "no"): 3.0, (2, "bf16"): 9.0}
    assert asked == 3 * ways
    assert torch.get_num_threads() == before


def test_what_passes_twice_is_counted_twice():
    """Before a hidden layer that is mixed, rows and partners; beside the mixed rows, those as they are."""
    d, w, n = 7, 50, 100
    network = blueprint("mlp", w, (d,), 3)

    def flops(**options):
        asked = TrainConfig(model="mlp", mixup=True, **options)
        return [one.flops for one in costs.mixed_passes(network, resolve(asked, "abalone", "table", None), n)]

    plain = costs.training_pass(network, n).flops
    first = 2 * 2 * n * d * w  # of the first layer for as many rows more: forward, and for its weights' gradient
    second = 3 * 2 * n * w * w  # of the second, its inputs' gradient too
    assert flops() == [plain]
    assert flops(mix="layer1") == [plain + first]
    assert flops(mix="hidden") == [plain, plain + first, plain + first + second]
    assert flops(mix="layer1", partners=3) == [plain + 3 * first]
    assert flops(regmixup=1.0) == [2 * plain]

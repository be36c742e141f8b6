import json
import re
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from common import costs
from common.data.dataset import Part
from common.data.statistics import patches, statistics
from common.errors import UserError
from common.models import Blueprint, Normalize, build, class_of
from common.options.networks import NETWORKS


def blueprint(model="preactresnet18", width=16, shape=(3, 32, 32), classes=10):
    channels = shape[0]
    return Blueprint(model, width, tuple(map(str, range(classes))), shape, (0.5,) * channels, (0.25,) * channels)


SMALL = {
    "preactresnet18": blueprint(width=4),
    "resnet18": blueprint("resnet18", 4),
    "wideresnet28": blueprint("wideresnet28", 1, (3, 8, 8)),
    "densenet190": blueprint("densenet190", 2, (3, 8, 8)),
    "resnet18_imagenet": blueprint("resnet18_imagenet", 64, (3, 64, 64)),
    "vgg11": blueprint("vgg11", 4),
    "lenet": blueprint("lenet", 4, (1, 16, 16)),
    "lenet_large": blueprint("lenet_large", 4, (1, 16, 16)),
    "fastnet": blueprint("fastnet", 4),
    "smallcnn": blueprint("smallcnn", 8, (1, 8, 8)),
    "mlp": blueprint("mlp", 16, (13,), 3),
}


# Built of shapes alone: of the same class as resnet18_imagenet, and of up to 83 million parameters.
LARGE = ("resnet50", "resnet101", "resnext101_32x4d", "resnext101_64x4d")


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


WIDTHS = {name: network.width for name, network in NETWORKS.items()}


def test_every_network_is_tested():
    assert set(NETWORKS) == {*SMALL, *LARGE}


PUBLISHED = [  # model, width, shape, classes, parameters
    ("preactresnet18", 64, (3, 32, 32), 10, 11_171_146),
    ("preactresnet18", 16, (3, 32, 32), 10, 700_762),
    ("resnet18", 64, (3, 32, 32), 10, 11_173_962),
    ("wideresnet28", 10, (3, 32, 32), 10, 36_479_194),
    ("wideresnet28", 10, (3, 32, 32), 100, 36_536_884),
    ("densenet190", 40, (3, 32, 32), 10, 25_624_430),
    ("densenet190", 40, (3, 32, 32), 100, 25_821_620),
    ("vgg11", 64, (3, 32, 32), 10, 9_231_114 - 2_752),  # the biases of convolutions, which BatchNorm makes void
    ("lenet", 20, (1, 28, 28), 10, 431_080),
    ("lenet_large", 20, (1, 161, 101), 30, 16_321_570),
    ("lenet_large", 20, (1, 161, 101), 10, 16_321_570 - 20 * 1001),
    ("fastnet", 64, (3, 32, 32), 10, 1_972_792),
    ("resnet18_imagenet", 64, (3, 224, 224), 1000, 11_689_512),
    ("resnet50", 64, (3, 224, 224), 1000, 25_557_032),
    ("resnet101", 64, (3, 224, 224), 1000, 44_549_160),
    ("resnext101_32x4d", 64, (3, 224, 224), 1000, 44_177_704),
    ("resnext101_64x4d", 64, (3, 224, 224), 1000, 83_455_272),
]


@pytest.mark.parametrize(("model", "width", "shape", "classes", "count"), PUBLISHED)
def test_the_number_of_parameters_is_the_published_one(model, width, shape, classes, count):
    with torch.device("meta"):
        assert parameters(build(blueprint(model, width, shape, classes))) == count


# Multiply-adds of an image of 224 x 224, in units of 10^9: those that torchvision's pages of weights name.
FORWARD = {
    "resnet18_imagenet": 1.814,
    "resnet50": 4.089,
    "resnet101": 7.801,
    "resnext101_32x4d": 7.97,  # counted: torchvision has no weights of it, timm says 8.0
    "resnext101_64x4d": 15.46,
}


@pytest.mark.parametrize("model", FORWARD)
def test_an_image_of_224_pixels_costs_what_is_published(model):
    assert costs.evaluation_pass(blueprint(model, 64, (3, 224, 224), 1000), 1).flops / 2e9 == pytest.approx(
        FORWARD[model], rel=2e-3
    )


@pytest.mark.parametrize("model", FORWARD)
@pytest.mark.parametrize("side", [32, 48, 64])
def test_imagenets_networks_train_on_small_images_too(model, side):
    """On shapes alone; less than a quarter of what 224 pixels cost."""
    small, large = (costs.training_pass(blueprint(model, 64, (3, s, s)), 2).flops for s in (side, 224))
    assert 0 < small < large / 4


@pytest.mark.parametrize("name", ["resnet18", "resnet101", "resnext101_64x4d"])
def test_imagenets_networks_are_torchvisions_to_the_weight(name):
    from torchvision import models

    with torch.device("meta"):
        theirs = getattr(models, name)().state_dict()
        ours = class_of("resnet18_imagenet" if name == "resnet18" else name)(3, 1000).state_dict()
    assert [(key, tensor.shape) for key, tensor in ours.items()] == [(key, t.shape) for key, t in theirs.items()]


def test_imagenets_resnet18_equals_torchvisions_with_the_same_weights():
    from torchvision.models import resnet18

    assert_equal_logits(*same_weights(class_of("resnet18_imagenet")(3, 10), resnet18(num_classes=10)))


def test_readme_names_every_network_with_its_parameters():
    readme = (Path(__file__).parents[1] / "scripts" / "README.md").read_text()
    lines = re.findall(r"^\| (`.*`) \| [^|]* \| (?:\w+ )*(\d+)(?: \w+)? \| ([\d, ]*)\|$", readme, re.M)
    rows = [
        (model, int(width), count)
        for models, width, counts in lines
        for model, count in zip(re.findall(r"\w+", models), counts.strip().split(", "), strict=True)
    ]
    assert {model: width for model, width, _ in rows} == WIDTHS
    published = {(model, width): count for model, width, _, classes, count in PUBLISHED if classes in (10, 1000)}
    for model, width, count in rows:
        assert count == (f"{published[model, width]:,}" if model not in ("smallcnn", "mlp") else "")


def test_the_width_by_default_is_the_published_networks():
    assert {model: width for model, width, *_ in reversed(PUBLISHED)} | {"smallcnn": 32, "mlp": 128} == WIDTHS


def test_preactresnet18_has_no_batchnorm_after_the_last_stage_nor_the_stem():
    names = [name for name, module in build(blueprint()).named_modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert len(names) == 16
    assert all(".blocks." in name for name in names)


@pytest.mark.parametrize("name", SMALL)
def test_the_gradient_reaches_every_parameter(name):
    model = build(SMALL[name], seed=0)
    x = torch.rand(6, *SMALL[name].shape)
    F.cross_entropy(model(x), torch.arange(6) % 3).backward()
    for key, parameter in model.named_parameters():
        if not parameter.requires_grad:
            assert (
                key.endswith("whiten.weight") or parameter.eq(1).all()
            )  # fastnet's whitening, its BatchNorms' weights
            continue
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0, key


@pytest.mark.parametrize(
    ("name", "width"),
    [*((name, width) for name in ("preactresnet18", "resnet18") for width in (1, 3, 4, 7, 9)), ("densenet190", 1)],
)
def test_narrow_networks_train(name, width):
    """Fewer than 8 channels once crashed the process: see preactresnet.py."""
    model = build(blueprint(name, width), seed=0)
    x = torch.rand(6, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    for _ in range(3):
        model(x).sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


@pytest.mark.parametrize("name", SMALL)
def test_initial_weights_depend_on_the_seed_alone(name):
    torch.manual_seed(1)
    one = build(SMALL[name], seed=5).state_dict()
    torch.manual_seed(2)
    before = torch.get_rng_state()
    two, other = build(SMALL[name], seed=5).state_dict(), build(SMALL[name], seed=6).state_dict()
    assert torch.equal(before, torch.get_rng_state())  # nothing else is reseeded
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("name", SMALL)
def test_normalisation_is_inside(name):
    model = build(SMALL[name], seed=0).eval()
    x = torch.rand(4, *SMALL[name].shape)
    assert torch.allclose(model(x), model.network((x - 0.5) / 0.25), atol=1e-6)


def test_normalize_per_channel_and_per_feature():
    images, table = torch.rand(2, 2, 3, 3), torch.rand(2, 2)
    for x in (images, table):
        out = Normalize((0.1, 0.2), (2.0, 4.0), x.dim() - 1)(x)
        assert torch.allclose(out[:, 1], (x[:, 1] - 0.2) / 4, atol=1e-6)


@pytest.mark.parametrize("name", sorted(set(SMALL) - {"mlp"}))
def test_networks_take_other_sides(name):
    """From the smallest one on; spectrograms, too, which are not square."""
    smallest = NETWORKS[name].smallest_side
    for shape in ((1, smallest, smallest), (1, smallest, 2 * smallest + 1), (3, 40, 101)):
        assert build(blueprint(name, SMALL[name].width, shape)).eval()(torch.rand(2, *shape)).shape == (2, 10)


@pytest.mark.parametrize("name", [name for name, network in NETWORKS.items() if network.smallest_side > 1])
def test_a_network_refuses_images_that_are_too_small(name):
    smallest = NETWORKS[name].smallest_side
    for shape in ((1, smallest - 1, 40), (1, 40, smallest - 1)):
        with pytest.raises(UserError, match=f"--model {name}: takes images of {smallest} pixels"):
            build(blueprint(name, 4, shape))
    sides = ((smallest, smallest),) if NETWORKS[name].is_sized else ()
    network = class_of(name)(1, 10, 4, *sides).eval()  # and without the guard it would not do
    with pytest.raises(RuntimeError):
        network(torch.rand(1, 1, smallest - 1, smallest - 1))


@pytest.mark.parametrize(("model", "shape"), [("mlp", (3, 8, 8)), ("smallcnn", (13,)), ("preactresnet18", (13,))])
def test_a_network_refuses_what_it_cannot_take(model, shape):
    with pytest.raises(UserError, match=f"--model {model}"):
        build(blueprint(model, shape=shape))


def test_a_blueprint_survives_json_and_a_foreign_header_does_not():
    own = SMALL["smallcnn"]
    assert Blueprint.from_json(json.loads(json.dumps(own.to_json()))) == own
    for foreign in ({}, {"model": "smallcnn"}, [], "x", own.to_json() | {"width": "wide"}):
        with pytest.raises(UserError, match="does not describe"):
            Blueprint.from_json(foreign)
    with pytest.raises(UserError, match="'resnet51' is not one of"):
        Blueprint.from_json(own.to_json() | {"model": "resnet51"})


def test_equals_a_reference_preact_resnet_with_the_same_weights():
    """Against timm's pre-activation blocks, which are written independently."""
    from timm.models.resnetv2 import PreActBasic

    model = build(blueprint(width=16), seed=0).train()
    x = torch.rand(4, 16, 8, 8)
    block = model.network.blocks[2]  # changes the shape: stride 2, 16 to 32 channels
    theirs = PreActBasic(
        16,
        32,
        bottle_ratio=1.0,
        stride=2,
        conv_layer=lambda a, b, k, stride=1, **_: torch.nn.Conv2d(a, b, k, stride, padding=k // 2, bias=False),
        norm_layer=lambda channels, **_: torch.nn.Sequential(torch.nn.BatchNorm2d(channels), torch.nn.ReLU()),
        proj_layer=lambda a, b, stride=1, **_: torch.nn.Conv2d(a, b, 1, stride, bias=False),
    )
    theirs.norm1[0].load_state_dict(block.bn1.state_dict())
    theirs.norm2[0].load_state_dict(block.bn2.state_dict())
    theirs.conv1.load_state_dict(block.conv1.state_dict())
    theirs.conv2.load_state_dict(block.conv2.state_dict())
    theirs.downsample.load_state_dict(block.shortcut.state_dict())
    assert torch.allclose(block(x), theirs(x), atol=1e-5)


def same_weights(ours, theirs):
    """Both, with our weights, which lie in the same order there. Statistics and factors of BatchNorm are drawn, so that
    none of them is 0 or 1."""
    generator = torch.Generator().manual_seed(0)
    for module in ours.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor in (module.weight.data, module.bias.data, module.running_mean, module.running_var):
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
    names = list(theirs.state_dict())
    assert len(names) == len(ours.state_dict())
    theirs.load_state_dict(dict(zip(names, ours.state_dict().values(), strict=True)))
    return ours, theirs


def assert_equal_logits(ours, theirs, shape=(4, 3, 32, 32)):
    x = torch.rand(shape, generator=torch.Generator().manual_seed(1))
    for training in (False, True):
        got, expected = ours.train(training)(x), theirs.train(training)(x)
        assert expected.std() > 0
        assert torch.allclose(got, expected, atol=1e-4 * expected.std().item(), rtol=1e-4), training


def test_resnet18_equals_torchvisions_with_the_same_weights():
    from torchvision.models import resnet18

    theirs = resnet18(num_classes=10)
    theirs.conv1, theirs.maxpool = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False), torch.nn.Identity()
    assert_equal_logits(*same_weights(class_of("resnet18")(3, 10, 64), theirs))


def test_wideresnet28_equals_pytorchcvs_with_the_same_weights():
    from pytorchcv.models import wrn_cifar

    theirs = wrn_cifar.get_wrn_cifar(num_classes=10, blocks=28, width_factor=2)
    theirs.features.final_pool = torch.nn.AdaptiveAvgPool2d(1)  # theirs takes 32 x 32 alone
    ours, theirs = same_weights(class_of("wideresnet28")(3, 10, 2), theirs)
    assert_equal_logits(ours, theirs, (4, 3, 16, 16))


def densenet(growth):
    """torchvision's, with the stem for 32 x 32 images."""
    from torchvision.models import DenseNet

    theirs = DenseNet(growth, (31, 31, 31), num_init_features=2 * growth, bn_size=4, num_classes=10)
    theirs.features.conv0 = torch.nn.Conv2d(3, 2 * growth, 3, padding=1, bias=False)
    for name in ("norm0", "relu0", "pool0"):
        setattr(theirs.features, name, torch.nn.Identity())
    return theirs


def test_densenet190_equals_torchvisions_with_the_same_weights():
    ours, theirs = same_weights(class_of("densenet190")(3, 10, 4), densenet(4))
    assert_equal_logits(ours, theirs, (4, 3, 16, 16))


def after_a_step(training, precision=torch.float32):
    """Output, gradients of input and parameters, and buffers of a small DenseNet-190 after a step."""
    model = build(SMALL["densenet190"], seed=0).train(training)
    x = torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    with torch.autocast("cpu", precision, enabled=precision != torch.float32):
        logits = model(x)
    F.cross_entropy(logits.float(), torch.arange(6)).backward()
    torch.optim.SGD(model.parameters(), 0.1).step()
    gradients = [parameter.grad for parameter in model.parameters()]
    return [logits, x.grad, *gradients, *model.state_dict().values()], model


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("training", [True, False])
def test_a_densenet_that_makes_its_layers_twice_learns_to_the_bit_what_a_plain_one_does(
    monkeypatch, training, precision
):
    """BatchNorm's running statistics and its count of batches among it."""
    calls = []

    def plain(run, *before, **_):
        calls.append(len(before))
        return run(*before)

    ours, model = after_a_step(training, precision)
    monkeypatch.setattr("common.models.densenet.checkpoint", plain)
    theirs, _ = after_a_step(training, precision)
    assert sorted(calls) == sorted(3 * [*range(1, 32)] + 93 * [1] + 2 * [1])
    assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))
    counts = {buffer.item() for name, buffer in model.named_buffers() if name.endswith("num_batches_tracked")}
    assert counts == {int(training)}


def test_a_densenets_graph_can_be_walked_twice():
    """As the probes do, for two gradients of one forward pass."""
    model = build(SMALL["densenet190"], seed=0).eval().requires_grad_(False)
    x = torch.rand(2, 3, 8, 8).requires_grad_()
    loss = model(x).sum()
    (first,) = torch.autograd.grad(loss, x, retain_graph=True)
    (second,) = torch.autograd.grad(loss, x)
    assert first.abs().sum() > 0
    assert torch.equal(first, second)


def test_a_densenet_without_gradients_makes_nothing_twice(monkeypatch):
    monkeypatch.setattr("common.models.densenet.checkpoint", None)
    with torch.no_grad():
        assert build(SMALL["densenet190"]).eval()(torch.rand(2, 3, 8, 8)).shape == (2, 10)


def test_vgg11_equals_torchvisions_with_the_same_weights():
    from torchvision.models import vgg11_bn

    ours, theirs = class_of("vgg11")(3, 10, 64), vgg11_bn(num_classes=10)
    theirs.avgpool, theirs.classifier = torch.nn.AdaptiveAvgPool2d(1), torch.nn.Linear(512, 10)
    for module in theirs.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.bias = None
    assert_equal_logits(*same_weights(ours, theirs))


def test_lenet_is_the_plain_line_that_a_reader_would_write():
    model = build(blueprint("lenet", 20, (1, 28, 28)), seed=0).network
    first, second, hidden, last = [m for m in model.modules() if hasattr(m, "weight")]
    x = torch.rand(4, 1, 28, 28)
    out = F.max_pool2d(F.relu(F.conv2d(x, first.weight, first.bias)), 2)
    out = F.max_pool2d(F.relu(F.conv2d(out, second.weight, second.bias)), 2)
    assert out.shape == (4, 50, 4, 4)
    out = F.relu(out.flatten(1) @ hidden.weight.T + hidden.bias)
    assert torch.allclose(model(x), out @ last.weight.T + last.bias, atol=1e-5)


def test_the_large_lenet_is_the_plain_line_too():
    """On sides that are not equal, and leave a row and a column at each halving."""
    model = build(blueprint("lenet_large", 4, (1, 21, 31)), seed=0).network
    first, second, hidden, last = [m for m in model.modules() if hasattr(m, "weight")]
    x = torch.rand(4, 1, 21, 31)
    out = F.relu(F.max_pool2d(F.conv2d(x, first.weight, first.bias), 2))
    out = F.relu(F.max_pool2d(F.conv2d(out, second.weight, second.bias), 2))
    assert out.shape == (4, 4, 2, 4)
    assert hidden.weight.shape == (200, 32)
    out = F.relu(out.flatten(1) @ hidden.weight.T + hidden.bias)
    assert torch.allclose(model(x), out @ last.weight.T + last.bias, atol=1e-5)


def test_the_whitening_gives_uncorrelated_outputs_of_variance_one():
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (60, 3, 12, 12), generator=generator)
    images = ((noise + noise.roll(1, 2) + noise.roll(1, 1)) // 3).to(torch.uint8)  # neighbours and channels correlate
    part = Part(images, torch.zeros(60, dtype=torch.int64))
    mean, std = statistics(part)
    model = build(Blueprint("fastnet", 4, ("a", "b"), (3, 12, 12), mean, std, patches=patches(part, std)), seed=0)
    out = model.network.whiten(model.normalize(images / 255)) - model.network.whiten.bias[:, None, None]
    covariance = torch.cov(out.detach().transpose(0, 1).flatten(1).double())
    half = torch.eye(12, dtype=torch.float64)
    expected = torch.cat([torch.cat([half, -half]), torch.cat([-half, half])], dim=1)  # each direction, its negative
    assert torch.allclose(covariance, expected, atol=0.02)


def test_only_a_whitened_network_says_patches_in_its_header():
    assert "patches" not in SMALL["smallcnn"].to_json()


def test_dropout_of_the_fast_network_stands_between_the_convolutions_of_each_block():
    """A quarter of what the second one is given is zero, the rest is larger by a third; nothing in eval mode."""
    model = build(SMALL["fastnet"], seed=0)
    x = torch.rand(16, *SMALL["fastnet"].shape)
    network = next(module for module in model.modules() if hasattr(module, "whiten"))
    plain = model.eval()(x)
    for block in network.hidden[1:]:
        seen = []
        handle = block[4].register_forward_hook(lambda _, given, __, seen=seen: seen.append(given[0].detach()))
        given = torch.rand(16, block[0].in_channels, 16, 16)
        block.train()(given)
        block.dropout = 0.25
        block(given)
        handle.remove()
        before, dropped = seen
        kept = dropped != 0
        assert torch.allclose(dropped[kept], before[kept] / 0.75)
        assert (~kept).float().mean() == pytest.approx(0.25, abs=0.05)
    rest = build(SMALL["fastnet"], seed=0).eval()
    for block in next(module for module in rest.modules() if hasattr(module, "whiten")).hidden[1:]:
        block.dropout = 0.25
    assert torch.equal(plain, rest(x))


def test_dropout_of_the_small_cnn_stands_before_its_last_convolution():
    model, seen = build(SMALL["smallcnn"], seed=0), []
    x = torch.rand(64, *SMALL["smallcnn"].shape)
    network = next(module for module in model.modules() if hasattr(module, "features"))
    network.features[6].register_forward_hook(lambda _, given, __: seen.append(given[0].detach()))
    model(x)
    network.dropout = 0.25
    model(x)
    before, dropped = seen
    kept = dropped != 0
    assert torch.allclose(dropped[kept], before[kept] / 0.75)
    assert (~kept & (before > 0)).sum() / (before > 0).sum() == pytest.approx(0.25, abs=0.02)
    plain = model.eval()(x)
    network.dropout = 0.0
    assert torch.equal(plain, model(x))

"""Against networks of others, with the same weights."""

import pytest
import torch
from torch.nn import functional as F

from common.models import build, class_of
from tests.models.small import assert_equal_logits, blueprint, same_weights


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

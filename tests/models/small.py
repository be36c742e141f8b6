"""Networks that are small enough to be run, and what is compared of two."""

import torch

from common.models import Blueprint


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

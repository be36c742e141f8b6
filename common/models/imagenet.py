"""torchvision's own ResNets and ResNeXts for 224 x 224 images: the networks of the paper's Table 1.

Their stem is a 7 x 7 convolution and a halving by the maximum: an image is a quarter as wide before the first stage.
On 32 x 32 they compute, at 1 x 1 in the last stage; networks for such images are in `resnet` and `preactresnet`.
"""

from collections.abc import Sequence

from torch import nn
from torchvision.models import ResNet
from torchvision.models.resnet import BasicBlock, Bottleneck


class ImageNetResNet(ResNet):
    """channels  other than three: the first convolution is one of as many, drawn as torchvision draws it"""

    def __init__(
        self, block: type[BasicBlock | Bottleneck], blocks: Sequence[int], channels: int, classes: int, **groups: int
    ) -> None:
        super().__init__(block, list(blocks), num_classes=classes, **groups)
        if channels != 3:
            self.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
            nn.init.kaiming_normal_(self.conv1.weight, mode="fan_out", nonlinearity="relu")

    @property
    def hidden(self) -> tuple[nn.Module, ...]:
        """What makes the inputs of the four stages, and of pooling and the linear layer."""
        return (self.maxpool, self.layer1, self.layer2, self.layer3, self.layer4)


class ResNet18(ImageNetResNet):
    """11,689,512 parameters with 1,000 classes; 1.8 G multiply-adds at 224 x 224."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__(BasicBlock, (2, 2, 2, 2), channels, classes)


class ResNet50(ImageNetResNet):
    """25,557,032 parameters; 4.1 G multiply-adds."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__(Bottleneck, (3, 4, 6, 3), channels, classes)


class ResNet101(ImageNetResNet):
    """44,549,160 parameters; 7.8 G multiply-adds."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__(Bottleneck, (3, 4, 23, 3), channels, classes)


class ResNeXt101x32x4d(ImageNetResNet):
    """32 groups of 4 channels in the first stage (Xie et al. 2017): 44,177,704 parameters; 8.0 G multiply-adds."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__(Bottleneck, (3, 4, 23, 3), channels, classes, groups=32, width_per_group=4)


class ResNeXt101x64x4d(ImageNetResNet):
    """64 groups of 4 channels: 83,455,272 parameters; 15.5 G multiply-adds."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__(Bottleneck, (3, 4, 23, 3), channels, classes, groups=64, width_per_group=4)

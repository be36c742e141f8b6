"""ResNet-18 with activations after the additions, for 32 x 32 images: the network that the deck's attack names."""

from torch import nn
from torch.nn import functional as F

from common.shapes import Inputs, MixedLogits


class Block(nn.Module):
    """Two 3 x 3 convolutions, each with BatchNorm, the shortcut added before the last ReLU (He et al. 2016, Deep
    Residual Learning, Fig. 2). Where the shape changes, the shortcut is a 1 x 1 convolution with BatchNorm."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        reshapes = stride != 1 or channels_in != channels
        self.shortcut = nn.Conv2d(channels_in, channels, 1, bias=False) if reshapes else None
        self.bn_shortcut = nn.BatchNorm2d(channels) if reshapes else None
        self.stride = stride

    def forward(self, x: Inputs) -> Inputs:
        out = F.relu(self.bn1(self.conv1(x)), inplace=True)
        out = self.bn2(self.conv2(out))
        if self.shortcut is not None and self.bn_shortcut is not None:
            # Not a strided convolution, for the reason that preactresnet.py gives.
            x = self.bn_shortcut(self.shortcut(x[:, :, :: self.stride, :: self.stride]))
        return F.relu(out.add_(x), inplace=True)


class ResNet18(nn.Module):
    """A 3 x 3 stem with BatchNorm and ReLU and no pooling, four stages of two blocks with `width` times 1, 2, 4, 8
    channels, the mean over the positions, one linear layer.

    11,173,962 parameters at width 64 with 10 classes.
    """

    def __init__(self, channels: int, classes: int, width: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        )
        blocks: list[nn.Module] = []
        before = width
        for factor, stride in ((1, 1), (2, 2), (4, 2), (8, 2)):
            blocks += [Block(before, factor * width, stride), Block(factor * width, factor * width, 1)]
            before = factor * width
        self.blocks = nn.Sequential(*blocks)
        self.linear = nn.Linear(before, classes)

    @property
    def hidden(self) -> tuple[nn.Module, ...]:
        """What makes the inputs of the four stages, and of pooling and the linear layer."""
        return (self.stem, *self.blocks[1::2])

    def forward(self, x: Inputs) -> MixedLogits:
        return self.linear(self.blocks(self.stem(x)).mean(dim=(2, 3)))

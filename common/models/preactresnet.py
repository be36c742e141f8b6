"""PreAct ResNet-18 for 32 x 32 images, as the paper used it."""

from torch import nn
from torch.nn import functional as F

from common.shapes import Inputs, MixedLogits


class PreActBlock(nn.Module):
    """Two 3 x 3 convolutions, each after BatchNorm and ReLU (He et al. 2016, Identity Mappings, Fig. 4e).

    Where the shape changes, the shortcut is a 1 x 1 convolution of the first activation, not of the input.

    dropout  probability that an activation is dropped in training, after the second ReLU (section 3.4, from WRN)
    """

    def __init__(self, channels_in: int, channels: int, stride: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels_in)
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        reshapes = stride != 1 or channels_in != channels
        self.shortcut = nn.Conv2d(channels_in, channels, 1, bias=False) if reshapes else None
        self.stride = stride
        self.dropout = dropout

    def forward(self, x: Inputs) -> Inputs:
        out = F.relu(self.bn1(x), inplace=True)
        # Every stride-th position, then 1 x 1: the same numbers as a strided 1 x 1 convolution, whose backward pass
        # corrupts memory on CPUs for fewer than 8 channels (torch 2.14 with oneDNN, channels last).
        shortcut = x if self.shortcut is None else self.shortcut(out[:, :, :: self.stride, :: self.stride])
        out = self.conv1(out)
        out = F.dropout(F.relu(self.bn2(out), inplace=True), self.dropout, self.training)
        out = self.conv2(out)
        return out.add_(shortcut)


class PreActResNet18(nn.Module):
    """Liu's CIFAR version, which the authors' code takes: a bare 3 x 3 stem, four stages of two blocks with `width`
    times 1, 2, 4, 8 channels, no BatchNorm after the last, the mean over the positions, one linear layer.

    11,171,146 parameters at width 64 with 10 classes.
    """

    def __init__(self, channels: int, classes: int, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.stem = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        blocks: list[nn.Module] = []
        before = width
        for factor, stride in ((1, 1), (2, 2), (4, 2), (8, 2)):
            for channels_in, step in ((before, stride), (factor * width, 1)):
                blocks.append(PreActBlock(channels_in, factor * width, step, dropout))
            before = factor * width
        self.blocks = nn.Sequential(*blocks)
        self.linear = nn.Linear(before, classes)

    @property
    def hidden(self) -> tuple[nn.Module, ...]:
        """What makes the inputs of the four stages, and of pooling and the linear layer: layers 1 to 5 of Table 5."""
        return (self.stem, *self.blocks[1::2])

    def forward(self, x: Inputs) -> MixedLogits:
        return self.linear(self.blocks(self.stem(x)).mean(dim=(2, 3)))

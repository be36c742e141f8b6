"""A small VGG-like network behind a whitened first layer, which learns CIFAR-10 in few epochs."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common.shapes import Inputs, MixedLogits

EPSILON = 5e-4  # added to each variance, so that what hardly varies is not blown up
OUTPUT_SCALE = 1 / 9
BETWEEN = 4  # the place of a block's second convolution


class FastNet(nn.Module):
    """2 x 2 patches whitened, each direction and its negative; GELU; three blocks of `width` times 1, 4, 4 channels (a
    convolution of 3 x 3, halving by the maximum, BatchNorm, GELU, another convolution, BatchNorm, GELU); the maximum
    over the positions, one linear layer, logits a ninth of what it gives. BatchNorm has biases alone and forgets fast.
    Convolutions begin as identities, as far as they have inputs. Source: airbench94 (Jordan 2024, section 3).

    1,972,792 parameters at width 64 with 10 classes and three channels, 288 of which, the whitening, are not learnt;
    0.71 GFLOP a row in training at 32 x 32.

    dropout  probability that an activation is dropped in training, between the convolutions of each block after the
             GELU, as in PreAct ResNet-18
    """

    def __init__(
        self, channels: int, classes: int, width: int, patches: Sequence[float] = (), dropout: float = 0.0
    ) -> None:
        """patches  covariance of the 2 x 2 patches, (4 channels, 4 channels) row by row; without it the first layer
        begins at random"""
        super().__init__()
        directions = 8 * channels
        self.whiten = nn.Conv2d(channels, directions, 2)
        self.whiten.weight.requires_grad_(False)
        if patches:
            whitening = _whitening(patches)
            both = torch.cat([whitening, -whitening]).view(directions, channels, 2, 2)
            with torch.no_grad():
                self.whiten.weight.copy_(both)
        self.blocks = nn.Sequential(
            nn.GELU(),
            _Block(directions, width, dropout),
            _Block(width, 4 * width, dropout),
            _Block(4 * width, 4 * width, dropout),
        )
        self.linear = nn.Linear(4 * width, classes, bias=False)

    @property
    def hidden(self) -> tuple[nn.Module, ...]:
        """What makes the inputs of the three blocks, and of the maximum and the linear layer."""
        return tuple(self.blocks)

    def forward(self, x: Inputs) -> MixedLogits:
        return self.linear(self.blocks(self.whiten(x)).amax(dim=(2, 3))) * OUTPUT_SCALE


class _Block(nn.Sequential):
    def __init__(self, before: int, channels: int, dropout: float) -> None:
        super().__init__(
            _convolution(before, channels),
            nn.MaxPool2d(2),
            _norm(channels),
            nn.GELU(),
            _convolution(channels, channels),
            _norm(channels),
            nn.GELU(),
        )
        self.dropout = dropout

    def forward(self, x: Inputs) -> Inputs:
        for place, layer in enumerate(self):
            if place == BETWEEN and self.dropout:  # which would cost a pass where it drops nothing
                x = F.dropout(x, self.dropout, self.training)
            x = layer(x)
        return x


def _convolution(before: int, channels: int) -> nn.Conv2d:
    """Its first channels return its inputs, the others, if any, begin at random."""
    convolution = nn.Conv2d(before, channels, 3, padding=1, bias=False)
    with torch.no_grad():
        nn.init.dirac_(convolution.weight[: min(before, channels)])
    return convolution


def _norm(channels: int) -> nn.BatchNorm2d:
    """Its statistics are those of the last few batches."""
    norm = nn.BatchNorm2d(channels, eps=1e-12, momentum=0.4)
    norm.weight.requires_grad_(False)
    return norm


def _whitening(patches: Sequence[float]) -> Tensor:
    """(n, n) rows that turn patches of this covariance into uncorrelated numbers of variance one."""
    n = round(len(patches) ** 0.5)
    covariance = torch.tensor(patches, dtype=torch.float64, device="cpu").view(n, n)
    variances, directions = torch.linalg.eigh(covariance)
    return (directions.T / (variances.clamp(min=0) + EPSILON).sqrt()[:, None]).float()

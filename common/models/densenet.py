"""DenseNet-BC-190 for 32 x 32 images; the paper took a growth rate of 40.

Each of its layers sees all that came before it side by side, and kept for the backward pass that grows with the square
of the layers. So every "BatchNorm, ReLU, convolution" keeps its inputs alone, which are there anyway, and makes the
rest a second time when the backward pass asks for it (Pleiss et al. 2017). The convolutions are not run again.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from common.shapes import Inputs, Logits

BLOCKS, LAYERS = 3, 31  # 3 blocks of 31 layers with two convolutions each, a stem, two transitions, one linear: 190


def preactivated(bn: nn.Module, conv: nn.Module, *before: Inputs) -> Inputs:
    """``conv(relu(bn(before)))``, the channels of `before` side by side, keeping nothing in between for later."""

    def run(*before: Tensor) -> Tensor:
        x = torch.cat(before, dim=1) if len(before) > 1 else before[0]
        return conv(F.relu(bn(x), inplace=True))

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _StatisticsKept(bn)

    if not torch.is_grad_enabled() or torch.compiler.is_compiling():  # a compiler chooses itself what is kept
        return run(*before)
    # Nothing in it is random, so no random state needs to be kept.
    return checkpoint(run, *before, use_reentrant=False, preserve_rng_state=False, context_fn=contexts)


class _StatisticsKept(AbstractContextManager[None]):
    """Within it BatchNorm moves copies of its running statistics: the first pass has moved them already. Entered once
    for each walk through the graph."""

    def __init__(self, bn: nn.Module) -> None:
        self.bn = bn

    def __enter__(self) -> None:
        self.own = dict(self.bn.named_buffers())
        for name, buffer in self.own.items():
            setattr(self.bn, name, buffer.clone())

    def __exit__(self, *_: object) -> None:
        for name, buffer in self.own.items():
            setattr(self.bn, name, buffer)


class Layer(nn.Module):
    """`growth` new channels out of all that came before: a 1 x 1 convolution to four times as many, then a 3 x 3 one,
    each after BatchNorm and ReLU (Huang et al. 2017, section 3, DenseNet-B)."""

    def __init__(self, channels_in: int, growth: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels_in)
        self.conv1 = nn.Conv2d(channels_in, 4 * growth, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, *before: Inputs) -> Inputs:
        return preactivated(self.bn2, self.conv2, preactivated(self.bn1, self.conv1, *before))


class DenseBlock(nn.Module):
    """Layers, each of which sees the block's input and what all layers before it made."""

    def __init__(self, channels_in: int, growth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(channels_in + number * growth, growth) for number in range(LAYERS))

    def forward(self, x: Inputs) -> Inputs:
        made = [x]
        for layer in self.layers:
            made.append(layer(*made))
        return torch.cat(made, dim=1)


class Transition(nn.Module):
    """Between two blocks: half the channels, half the side (theta = 0.5: DenseNet-C)."""

    def __init__(self, channels_in: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels_in)
        self.conv = nn.Conv2d(channels_in, channels_in // 2, 1, bias=False)

    def forward(self, x: Inputs) -> Inputs:
        return F.avg_pool2d(preactivated(self.bn, self.conv, x), 2)


class DenseNet190(nn.Module):
    """`width` is the growth rate; the bare 3 x 3 stem has twice as many channels. After the third block BatchNorm and
    ReLU, the mean over the positions, one linear layer; no dropout, as the authors' code. Convolutions start normal
    with variance 2 / fan-out, the linear layer's biases at 0, as their authors'.

    25,624,430 parameters at width 40 with 10 classes.
    """

    def __init__(self, channels: int, classes: int, width: int) -> None:
        super().__init__()
        before = 2 * width
        self.stem = nn.Conv2d(channels, before, 3, padding=1, bias=False)
        blocks: list[nn.Module] = []
        for number in range(BLOCKS):
            if number:
                blocks.append(Transition(before))
                before //= 2
            blocks.append(DenseBlock(before, width))
            before += LAYERS * width
        self.blocks = nn.Sequential(*blocks)
        self.bn = nn.BatchNorm2d(before)
        self.linear = nn.Linear(before, classes)
        nn.init.zeros_(self.linear.bias)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Inputs) -> Logits:
        out = F.relu(self.bn(self.blocks(self.stem(x))), inplace=True)
        return self.linear(out.mean(dim=(2, 3)))

"""The wide residual networks WRN-28-k for 32 x 32 images; the paper took k = 10."""

from torch import nn
from torch.nn import functional as F

from common.models.preactresnet import PreActBlock
from common.shapes import Inputs, Logits

STEM = 16  # channels, whatever the width


class WideResNet28(nn.Module):
    """28 layers (Zagoruyko and Komodakis 2016, Table 1): a bare 3 x 3 stem of 16 channels, three stages of four
    pre-activation blocks with `width` times 16, 32, 64 channels, BatchNorm and ReLU, the mean over the positions, one
    linear layer; no dropout, as the paper's. Convolutions start normal with variance 2 / fan-out, as their authors'.

    36,479,194 parameters at width 10 with 10 classes.
    """

    def __init__(self, channels: int, classes: int, width: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(channels, STEM, 3, padding=1, bias=False)
        blocks: list[nn.Module] = []
        before = STEM
        for after, first_stride in ((16 * width, 1), (32 * width, 2), (64 * width, 2)):
            for stride in (first_stride, 1, 1, 1):
                blocks.append(PreActBlock(before, after, stride))
                before = after
        self.blocks = nn.Sequential(*blocks)
        self.bn = nn.BatchNorm2d(before)
        self.linear = nn.Linear(before, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Inputs) -> Logits:
        out = F.relu(self.bn(self.blocks(self.stem(x))), inplace=True)
        return self.linear(out.mean(dim=(2, 3)))

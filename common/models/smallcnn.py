"""A small convolutional network for images of 8 x 8 pixels, such as scikit-learn's digits."""

from torch import nn
from torch.nn import functional as F

from common.shapes import Inputs, MixedLogits


class SmallCNN(nn.Module):
    """Three 3 x 3 convolutions with BatchNorm and ReLU (`width`, twice and twice that), one halving, the mean over the
    positions, one linear layer. Not in the paper: it lets a laptop run the whole study in minutes.

    dropout  probability that an activation is dropped in training, before the last convolution, as in PreAct ResNet-18
    """

    def __init__(self, channels: int, classes: int, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = channels
        for after, stride in ((width, 1), (2 * width, 2), (2 * width, 1)):
            layers += [
                nn.Conv2d(before, after, 3, stride, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
            ]
            before = after
        self.features = nn.Sequential(*layers)
        self.linear = nn.Linear(before, classes)
        self.dropout = dropout

    @property
    def hidden(self) -> tuple[nn.Module, ...]:
        """What makes the inputs of the second and third convolution, and of the mean and the linear layer."""
        return (self.features[2], self.features[5], self.features[8])

    def forward(self, x: Inputs) -> MixedLogits:
        halved = self.features[:6](x)  # two convolutions, each with BatchNorm and ReLU
        out = self.features[6:](F.dropout(halved, self.dropout, self.training))
        return self.linear(out.mean(dim=(2, 3)))

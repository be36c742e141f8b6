"""A small convolutional network for images of 8 x 8 pixels, such as scikit-learn's digits."""

from torch import nn

from common.shapes import Inputs, Logits


class SmallCNN(nn.Module):
    """Three 3 x 3 convolutions with BatchNorm and ReLU (`width`, twice and twice that), one halving, the mean over the
    positions, one linear layer. Not in the paper: it lets a laptop run the whole study in minutes."""

    def __init__(self, channels: int, classes: int, width: int) -> None:
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

    def forward(self, x: Inputs) -> Logits:
        return self.linear(self.features(x).mean(dim=(2, 3)))

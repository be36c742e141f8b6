"""VGG-11 with BatchNorm, for images and spectrograms of any size from 32 x 32 on."""

from torch import nn

from common.shapes import Inputs, Logits


class VGG11(nn.Module):
    """Eight 3 x 3 convolutions, each with BatchNorm and ReLU, with `width` times 1, 2, 4, 4, 8, 8, 8, 8 channels and
    five halvings by the maximum (Simonyan and Zisserman 2015, Table 1, A); the mean over the positions, one linear
    layer. BatchNorm, which they did not have yet, lets it learn without their staged start; it also makes biases of
    convolutions void, so there are none.

    9,228,362 parameters at width 64 with 10 classes and three channels.
    """

    def __init__(self, channels: int, classes: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = channels
        for factors in ((1,), (2,), (4, 4), (8, 8), (8, 8)):
            for factor in factors:
                layers += [
                    nn.Conv2d(before, factor * width, 3, padding=1, bias=False),
                    nn.BatchNorm2d(factor * width),
                    nn.ReLU(inplace=True),
                ]
                before = factor * width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.linear = nn.Linear(before, classes)

    def forward(self, x: Inputs) -> Logits:
        return self.linear(self.features(x).mean(dim=(2, 3)))

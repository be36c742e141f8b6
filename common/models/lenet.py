"""LeNet, for images and spectrograms of any size from 16 x 16 on; and as large as it is in use for the Google commands.

Source of the latter: the network that public code calls LeNet for spectrograms of 161 x 101 (adiyoss/GCommandsPytorch),
without its dropout.
"""

from collections.abc import Sequence

from torch import nn

from common.shapes import Features, Inputs, MixedLogits


class Means(nn.AdaptiveAvgPool2d):
    """Of regions. Apple's MPS takes them of equal size alone (pytorch issue 96056): there the CPU makes them."""

    def forward(self, x: Features) -> Features:
        made: Features = super().forward(x.cpu() if x.device.type == "mps" else x).to(x.device)
        return made


class LeNet(nn.Module):
    """Two 5 x 5 convolutions without padding (`width` and 5/2 `width` channels), each followed by a halving by the
    maximum and ReLU; means over 4 x 4 regions; two linear layers with 25 `width` ReLU in between: LeCun et al. 1998 in
    the sizes that Caffe made common. On 28 x 28 images a region is a single position.

    431,080 parameters at width 20 with 10 classes and one channel.
    """

    def __init__(self, channels: int, classes: int, width: int) -> None:
        super().__init__()
        second, hidden = 5 * width // 2, 25 * width
        self.features = nn.Sequential(
            nn.Conv2d(channels, width, 5),
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, second, 5),
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
            Means(4),
            nn.Flatten(),
        )
        self.layers = nn.Sequential(nn.Linear(16 * second, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, classes))

    @property
    def hidden(self) -> tuple[nn.Module, ...]:
        """What makes the inputs of the second convolution, of the means, and of the last layer."""
        return (self.features[2], self.features[5], self.layers[1])

    def forward(self, x: Inputs) -> MixedLogits:
        return self.layers(self.features(x))


class LargeLeNet(nn.Module):
    """Two 5 x 5 convolutions without padding (`width` channels each), each followed by a halving by the maximum and
    ReLU; two linear layers with 50 `width` ReLU in between, of which the first sees every position, and no means: it
    holds nearly all parameters.

    16,321,570 of them at width 20 with 30 classes on 161 x 101.

    sides  height and width of an input
    """

    def __init__(self, channels: int, classes: int, width: int, sides: Sequence[int]) -> None:
        super().__init__()
        positions, hidden = 1, 50 * width
        for side in sides:
            positions *= ((side - 4) // 2 - 4) // 2
        self.features = nn.Sequential(
            nn.Conv2d(channels, width, 5),
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 5),
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
            nn.Flatten(),
        )
        self.layers = nn.Sequential(
            nn.Linear(positions * width, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, classes)
        )

    @property
    def hidden(self) -> tuple[nn.Module, ...]:
        """What makes the inputs of the second convolution, of the first linear layer, and of the last one."""
        return (self.features[2], self.features[5], self.layers[1])

    def forward(self, x: Inputs) -> MixedLogits:
        return self.layers(self.features(x))

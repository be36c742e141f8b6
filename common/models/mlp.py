"""The paper's network for tables."""

from torch import nn

from common.shapes import Inputs, MixedLogits


class MLP(nn.Module):
    """Two hidden layers of `width` units with ReLU (section 3.6: 128)."""

    def __init__(self, features: int, classes: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(features, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, classes)
        )

    @property
    def hidden(self) -> tuple[nn.Module, ...]:
        """What makes the inputs of the second and the last layer."""
        return (self.layers[1], self.layers[3])

    def forward(self, x: Inputs) -> MixedLogits:
        return self.layers(x)

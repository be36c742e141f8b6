"""The paper's network for tables."""

from torch import nn

from common.shapes import Inputs, Logits


class MLP(nn.Module):
    """Two hidden layers of `width` units with ReLU (section 3.6: 128)."""

    def __init__(self, features: int, classes: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(features, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, classes)
        )

    def forward(self, x: Inputs) -> Logits:
        return self.layers(x)

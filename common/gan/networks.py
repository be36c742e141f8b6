"""The network of all seeds at once: as many perceptrons of one shape, by batched matrix products."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from common import chance


class Perceptrons(nn.Module):
    """A perceptron a seed, with ReLU between its layers. No seed knows of the others: each is, but for rounding, what
    it is alone.

    role   "generator" or "discriminator", whose weights a seed draws apart
    sizes  features of each layer, the inputs first
    """

    def __init__(self, role: str, sizes: Sequence[int], seeds: Sequence[int]) -> None:
        super().__init__()
        shapes = list(pairwise(sizes))
        self.weights = nn.ParameterList(torch.empty(len(seeds), *shape) for shape in shapes)
        self.biases = nn.ParameterList(torch.empty(len(seeds), 1, width) for width in sizes[1:])
        for place, seed in enumerate(seeds):
            self._draw(place, torch.Generator().manual_seed(chance.seed(f"gan {role}", seed)))

    def forward(self, x: Float[Tensor, "s n inputs"]) -> Float[Tensor, "s n outputs"]:
        last = len(self.weights) - 1
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, x, weight)
            if number < last:
                x = x.relu()
        return x

    @torch.no_grad()
    def _draw(self, place: int, drawn: torch.Generator) -> None:
        """As torch.nn.Linear draws: evenly up to one over the root of the inputs."""
        for weight, bias in zip(self.weights, self.biases, strict=True):
            most = weight.shape[1] ** -0.5
            weight[place].uniform_(-most, most, generator=drawn)
            bias[place].uniform_(-most, most, generator=drawn)

"""A generator and a discriminator of each seed, and one iteration of their training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim.lr_scheduler import MultiStepLR

from common.chance import rng
from common.gan import losses
from common.gan.losses import Loss
from common.gan.networks import Perceptrons
from common.gan.targets import Target
from common.options.gan import GanConfig
from common.training import Training, optimizer_of

LAYERS = 3  # hidden ones


@dataclass(frozen=True)
class Step:
    """What is drawn for one step of a network, for every seed.

    real    (s, rows, 2) points of the target;  latent  (s, rows, latent)
    mixing  what the loss draws beside
    """

    real: Tensor
    latent: Tensor
    mixing: tuple[Tensor, ...] = ()


@dataclass(frozen=True)
class Pair:
    """Of all seeds at once, each apart from the others."""

    generator: Training
    discriminator: Training
    loss: Loss
    discriminator_steps: int

    def iterate(self, steps: Sequence[Step]) -> Float[Tensor, "2 s"]:
        """Steps of the discriminator, and with the last of `steps` one of the generator.

        returns  the last loss of the discriminator and that of the generator
        """
        g, d = self.generator.network, self._score
        for step in steps[:-1]:
            with torch.no_grad():
                fake = g(step.latent)
            of_discriminator = self.loss.discriminator(d, step.real, fake, *step.mixing)
            of_discriminator.sum().backward()
            self.discriminator.step()
        of_generator = self.loss.generator(d, steps[-1].real, g(steps[-1].latent))
        of_generator.sum().backward(inputs=[*g.parameters()])  # those of the discriminator are left alone
        self.generator.step()
        return torch.stack([of_discriminator.detach(), of_generator.detach()])

    @torch.no_grad()
    def samples(self, latent: Tensor) -> np.ndarray:
        """What the generators make. latent  (s, n, latent).  returns  (s, n, 2) float64"""
        return self.generator.network(latent).cpu().double().numpy()

    def kept(self, accelerator: Accelerator) -> dict[str, Any]:
        """What it takes to go on after this iteration."""
        return {"generator": self.generator.kept(accelerator), "discriminator": self.discriminator.kept(accelerator)}

    def restore(self, accelerator: Accelerator, kept: dict[str, Any], iterations: int) -> None:
        """Goes on from what `kept` gave, after so many iterations. raises what `Training.restore` raises"""
        self.generator.restore(accelerator, kept["generator"], iterations)
        self.discriminator.restore(accelerator, kept["discriminator"], iterations * self.discriminator_steps)

    @property
    def parameters(self) -> int:
        """Of both networks of one seed."""
        networks = (self.generator.network, self.discriminator.network)
        return sum(parameter[0].numel() for network in networks for parameter in network.parameters())

    def _score(self, x: Tensor) -> Tensor:
        return self.discriminator.network(x).squeeze(-1)


def begin(config: GanConfig, device: torch.device) -> Pair:
    """Before the first step, with the weights that its seeds draw."""
    hidden = [config.width] * LAYERS
    generator = Perceptrons("generator", [config.latent, *hidden, 2], config.seeds)
    discriminator = Perceptrons("discriminator", [2, *hidden, 1], config.seeds)
    loss = losses.of(config)
    g, d = (_learner(network.to(device), config.lr, loss) for network in (generator, discriminator))
    return Pair(g, d, loss, config.discriminator_steps)


def flops_per_row(config: GanConfig) -> int:
    """Forward and backward FLOPs of one row in both networks of one seed: of their matrices, six a weight."""
    width = config.width
    return 6 * (2 * (LAYERS - 1) * width**2 + (config.latent + 2 + 2 + 1) * width)


def _learner(network: nn.Module, lr: float, loss: Loss) -> Training:
    """By Adam, at one rate from the first step to the last. Accelerate does not wrap it: a mode's noise is too fine for
    half the digits, and what is compiled has no second derivative, which R1 and R2 take."""
    optimizer = optimizer_of(network, "adam", lr, None, 0.0, betas=loss.betas)
    return Training(network, network, optimizer, MultiStepLR(optimizer, []))


def draw(config: GanConfig, target: Target, loss: Loss, iteration: int, device: torch.device) -> list[Step]:
    """All chance of one iteration: by seed and iteration alone, so that it may go on after any of them, and the same
    points and latent rows for every loss that takes as many."""
    steps, n = config.discriminator_steps, config.batch_size
    sizes = [loss.batches * n] * steps + [n]
    points, latent, mixing = [], [], []
    for seed in config.seeds:
        points.append(target.draw(rng("gan points", seed, iteration), sum(sizes)))
        latent.append(rng("gan latent", seed, iteration).standard_normal((sum(sizes), config.latent), dtype=np.float32))
        chance = rng("gan lambda", seed, iteration)
        mixing.append([loss.draw(chance, n) for _ in range(steps)])
    real, noise = (torch.from_numpy(np.stack(rows)).float().to(device) for rows in (points, latent))
    mixed = [_stacked([of_seed[step] for of_seed in mixing], device) for step in range(steps)]
    return [Step(*rows) for rows in zip(real.split(sizes, dim=1), noise.split(sizes, dim=1), [*mixed, ()], strict=True)]


def _stacked(drawn: Sequence[tuple[np.ndarray, ...]], device: torch.device) -> tuple[Tensor, ...]:
    """What was drawn for each seed, over the seeds."""
    return tuple(_tensor(np.stack(arrays)).to(device) for arrays in zip(*drawn, strict=True))


def _tensor(array: np.ndarray) -> Tensor:
    tensor = torch.from_numpy(array)
    return tensor.float() if tensor.is_floating_point() else tensor


def fixed_latent(config: GanConfig, n: int, device: torch.device) -> Tensor:
    """The noise that every snapshot of every seed is made from.  (s, n, latent)"""
    rows = torch.from_numpy(rng("gan fixed latent").standard_normal((n, config.latent), dtype=np.float32))
    return rows.expand(len(config.seeds), -1, -1).to(device)

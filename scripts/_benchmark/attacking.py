"""Adversarial examples made and tested, ours and torchattack's."""

from collections.abc import Callable

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from _benchmark.contest import Turn
from _benchmark.subjects import device_here, finished, random_images
from common import attacks, processes
from common.matrix import Matrix
from common.options.attack import Attack, AttackConfig, resolve
from common.options.benchmark import MeasuredConfig

EPSILONS = (1.0, 2.0, 4.0, 8.0, 16.0)  # attack.py's own, in 1/255
PGD_EPSILON, PGD_STEPS = 4.0, 4  # time is linear in the steps, so that a few tell it


def our_attack(measured: MeasuredConfig, attack: Attack) -> Turn:
    """As attack.py makes and tests examples. A turn returns the errors, epsilon by epsilon, target by target."""
    accelerator = processes.start(torch.get_num_threads(), None)
    asked = (
        AttackConfig((attack,), epsilons=EPSILONS)
        if attack == "fgsm"
        else AttackConfig((attack,), iterated_epsilons=(PGD_EPSILON,), pgd_steps=PGD_STEPS)
    )
    part = random_images(measured.rows).to(accelerator.device)
    networks = [network.to(accelerator.device) for network in finished(measured.width)]
    matrix = Matrix(accelerator, resolve(asked), part, attacks.space(networks[0], "images"), measured.batch_size)
    targets = dict(enumerate(networks if attack == "fgsm" else networks[:1]))

    def turn() -> list[int]:
        made = matrix.attack(attack, networks[0], targets)
        return [int((tested.ranks[target] > 0).sum()) for tested in made.values() for target in targets]

    return turn


def plain_attack(measured: MeasuredConfig, attack: Attack) -> Turn:
    """What people write: torchattack, called for each epsilon and target, batch by batch of a DataLoader."""
    import torchattack  # of the tests' requirements: nothing else needs it

    device = device_here()
    part = random_images(measured.rows)
    loader = DataLoader(TensorDataset(part.whole / 255, part.labels), measured.batch_size)
    networks = [
        network.to(device).to(memory_format=torch.contiguous_format).requires_grad_()
        for network in finished(measured.width)
    ]
    epsilon = PGD_EPSILON / 255
    attackers: list[Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]
    if attack == "fgsm":
        attackers = [torchattack.FGSM(networks[0], device=device, eps=epsilon / 255) for epsilon in EPSILONS]
    else:
        attackers = [torchattack.PGD(networks[0], device=device, eps=epsilon, steps=PGD_STEPS, alpha=epsilon / 8)]
    targets = networks if attack == "fgsm" else networks[:1]

    def turn() -> list[int]:
        return [
            sum(_errors(target, attacker(x.to(device), y.to(device)), y.to(device)) for x, y in loader)
            for attacker in attackers
            for target in targets
        ]

    return turn


@torch.no_grad()
def _errors(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> int:
    return int((network(x).argmax(dim=1) != y).sum())

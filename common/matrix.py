"""An attack is a matrix: examples made on a source, and what each target makes of them, example by example."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn

from common import attacks, metrics
from common.attacks import Space
from common.chance import rng
from common.data.dataset import Part
from common.errors import UserError
from common.evaluation import natural, ranks
from common.options.attack import ITERATED, Attack, AttackConfig, AttackOptions, resolve
from common.options.fields import check
from common.processes import wait_for
from common.shapes import Flags, Inputs, Labels

Made = tuple[Attack, float]  # by which attack, with which epsilon
USUAL = AttackConfig()
TRIAL_ROWS = 16  # that a CPU is timed on, at most; a GPU is on a batch


@dataclass(frozen=True)
class Tested:
    """Examples of one epsilon, the same on every process.

    rows       (n,)  numbers of the rows that were attacked, ascending
    ranks      (n,)  of the true class, by the number of each target: 0 is a right prediction
    is_zero    (n,)  where the source's gradient vanished, at the first step
    distances  (n,)  from the row itself, in units of epsilon
    """

    rows: np.ndarray
    ranks: dict[int, np.ndarray]
    is_zero: np.ndarray
    distances: np.ndarray


@dataclass(frozen=True)
class Matrix:
    """What all attacks of a matrix share. The batch size moves no number beyond rounding."""

    accelerator: Accelerator
    config: AttackConfig
    part: Part
    space: Space
    batch_size: int

    def rows(self, attack: Attack) -> np.ndarray:
        """Numbers of the rows to attack, ascending; fewer rows are among more."""
        n = self.config.sample if attack in ITERATED else self.config.rows
        return np.sort(rng("attack rows", self.config.seed).permutation(len(self.part))[:n])

    def all_rows(self) -> np.ndarray:
        """Numbers of the rows that any of the attacks takes."""
        return max((self.rows(attack) for attack in self.config.attacks), key=len)

    def rows_here(self) -> np.ndarray:
        """Numbers of the rows that this process takes of any of the attacks, ascending: all that it fetches."""
        every = [self.rows(attack) for attack in self.config.attacks]
        return np.unique(np.concatenate([rows[slice(*self._share(len(rows)))] for rows in every]))

    def _share(self, n: int) -> tuple[int, int]:
        """Where the share of this process begins and ends, of so many rows."""
        process, processes = self.accelerator.process_index, self.accelerator.num_processes
        return n * process // processes, n * (process + 1) // processes

    def batches(self, attack: Attack) -> int:
        """How many batches each process makes of them, at most."""
        share = math.ceil(len(self.rows(attack)) / self.accelerator.num_processes)
        return math.ceil(share / self.batch_size)

    def trial(self, model: nn.Module) -> tuple[float, float]:
        """Seconds that a row takes forward, and forward and backward, from one timed batch of each."""
        most = TRIAL_ROWS if self.accelerator.device.type == "cpu" else self.batch_size
        x, y = natural(self.part.fetch(slice(most))), self.part.labels[:most]
        seconds = []
        for step in (torch.no_grad()(lambda: model(x)), lambda: attacks.signed_gradient(model, x, y)):
            for _ in range(2):  # the first one warms up
                begun = time.perf_counter()
                step()
                wait_for(x.device)
                spent = time.perf_counter() - begun
            seconds.append(spent / len(y))
        return seconds[0], seconds[1]

    def clean(self, model: nn.Module) -> np.ndarray:
        """(rows of the part,) ranks of the true class on the rows as they are; -1 for a row that nothing attacks."""
        found = np.full(len(self.part), -1)
        (tested,) = self._test(None, model, self.all_rows(), (0.0,), {0: model})
        found[tested.rows] = tested.ranks[0]
        return found

    def attack(self, attack: Attack, source: nn.Module, targets: Mapping[int, nn.Module]) -> dict[Made, Tested]:
        """Examples of each epsilon, made once on the source and tested on each target. Noise asks no source."""
        epsilons = self.config.epsilons_of(attack)
        tested = self._test(attack, source, self.rows(attack), epsilons, targets)
        return {(attack, epsilon): found for epsilon, found in zip(epsilons, tested, strict=True)}

    @torch.no_grad()
    def _test(
        self,
        attack: Attack | None,
        source: nn.Module,
        rows: np.ndarray,
        epsilons: Sequence[float],
        targets: Mapping[int, nn.Module],
    ) -> list[Tested]:
        """Each process takes a share of the rows, without padding, and fills its own columns of a table of zeros; the
        sum over the processes is the table, exactly."""
        start, stop = self._share(len(rows))
        table = torch.zeros(len(epsilons), len(targets) + 2, len(rows), device=self.part.labels.device)
        for first in range(start, stop, self.batch_size):
            places = slice(first, min(first + self.batch_size, stop))
            index = torch.from_numpy(rows[places]).to(self.part.labels.device)
            x, y = natural(self.part.fetch(index)), self.part.labels.index_select(0, index)
            self.space.check(x, epsilons)
            made = self._examples(attack, source, epsilons, x, y, rows[places])
            for number, (examples, is_zero) in enumerate(made):
                for column, target in enumerate(targets.values()):
                    table[number, column, places] = ranks(target(examples), y).float()
                table[number, -2, places] = is_zero.float()
                table[number, -1, places] = self.space.distances(x, examples)
        filled = self.accelerator.reduce(table, "sum").cpu().numpy()
        return [
            Tested(rows, dict(zip(targets, of_one.astype(np.int64), strict=False)), of_one[-2] > 0, of_one[-1])
            for of_one in filled
        ]

    def _examples(
        self,
        attack: Attack | None,
        source: nn.Module,
        epsilons: Sequence[float],
        x: Inputs,
        y: Labels,
        rows: np.ndarray,
    ) -> Iterator[tuple[Inputs, Flags]]:
        """Of one batch, for each epsilon; None leaves the rows as they are."""
        config, space = self.config, self.space
        sign, is_zero = torch.zeros_like(x), torch.zeros_like(y, dtype=torch.bool)
        starts: list[Inputs] = []
        if attack == "fgsm":
            sign, is_zero = attacks.signed_gradient(source, x, y)  # once, for every epsilon and target
        elif attack == "noise":
            sign = attacks.random_signs(x, rows, config.seed)
        elif attack == "pgd":
            starts = [attacks.random_starts(x, rows, config.seed, number) for number in range(config.pgd_restarts or 1)]
        else:
            assert attack in (None, "ifgsm"), attack  # or one that harms nobody would be recorded
        for epsilon in epsilons:
            if attack == "ifgsm":
                yield attacks.ifgsm(source, x, y, epsilon, space)
            elif attack == "pgd":
                yield attacks.pgd(source, x, y, starts, epsilon, config.pgd_steps or 0, space)
            else:
                yield attacks.shifted(x, sign, epsilon, space), is_zero


def errors(
    models: Mapping[str, nn.Module],
    part: Part,
    asked: AttackConfig = USUAL,
    space: Space = attacks.PIXELS,
    batch_size: int = 100,
) -> list[dict[str, Any]]:
    """The whole matrix of models of any make: a row of counts for each source, target, attack and epsilon.

    models  by name, in eval mode, on the device of the part; each from natural units (pixels in [0, 1]) to logits
    raises UserError for options that clash, a model in training mode, and one that has fewer logits than classes
    """
    check(AttackOptions(attack=asked))
    classes = int(part.labels.max()) + 1
    for name, model in models.items():
        if any(module.training for module in model.modules()):
            raise UserError(
                f"{name} is in training mode, where its answers depend on the batch: call eval() on it first."
            )
        with torch.no_grad():
            logits = model(natural(part.fetch(slice(1)))).shape[-1]
        if logits < classes:
            raise UserError(f"{name} gives {logits} logits, and the labels are of {classes} classes.")
    matrix, targets = Matrix(Accelerator(), resolve(asked), part, space, batch_size), dict(enumerate(models.values()))
    names, clean = list(models), [matrix.clean(model) for model in models.values()]
    return [
        {"source": names[source], "target": names[target]}
        | counts(made, tested, target, (clean[source], clean[target]), classes)
        for source, model in targets.items()
        for attack in matrix.config.attacks
        for made, tested in matrix.attack(attack, model, targets).items()
        for target in targets
    ]


def counts(made: Made, tested: Tested, target: int, clean: Sequence[np.ndarray], classes: int) -> dict[str, Any]:
    """What a record holds of one attack and epsilon, all in counts.

    clean  the source's and the target's ranks on the rows as they are, by number of row
    """
    attack, epsilon = made
    of_source, of_target = (found[tested.rows] for found in clean)
    found = tested.ranks[target]
    both_right = (of_source == 0) & (of_target == 0)
    row = {
        "attack": attack,
        "epsilon": epsilon,
        **metrics.errors_of(found, classes),
        "errors_clean": int((of_target > 0).sum()),
        "n_both_right": int(both_right.sum()),
        "errors_both_right": int((found[both_right] > 0).sum()),
        "largest_perturbation": float(tested.distances.max()),
    }
    return row if attack == "noise" else row | {"zero_gradients": int(tested.is_zero.sum())}

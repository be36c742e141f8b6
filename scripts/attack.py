"""How much does a gradient step hurt? Every model makes adversarial examples and is tested on those of every model.

    python scripts/attack.py RUN RUN ...

Leaves results/<dataset>/attack-<source>--<target>.json for each source and target: white-box where they are one,
black-box (transfer) where not. What is recorded already is left as it is. Paper: Zhang et al. 2018, section 3.5.
"""

if __name__ == "__main__":
    import ready

    ready.answer("attack", __doc__)

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from common import cli, measurement, metrics, processes, records, trained
from common.attacks import space
from common.data.dataset import Part
from common.errors import UserError
from common.evaluation import WITH_GRADIENTS, fitting
from common.matrix import Made, Matrix, Tested, counts
from common.measurement import Measurement
from common.options.attack import AttackConfig, AttackOptions, attack_name, check_unit, passes, resolve
from common.options.fields import in_force
from common.progress import Progress, duration
from common.terminal import say
from common.trained import Trained

Pair = Measurement[AttackConfig, tuple[int, int]]  # of a source and a target, by their numbers
Todo = dict[int, list[Pair]]  # what is missing, by the number of its source

ON_A_CPU = 100  # rows at once
ZERO_SHARE = 0.01  # of vanished gradients, from which the reader is warned
WIDEST = 4  # models whose pairs fit beside each other; of more, each source has a table


def main(argv: Sequence[str] | None = None) -> list[Path] | None:
    """Attacks every model by every model. returns the records' paths, source by source, or None with --plan"""
    asked = cli.parse(AttackOptions, __doc__, argv)
    accelerator, runs, environment = trained.start(asked.models.runs, asked.run)
    is_main = accelerator.is_main_process
    config, models = resolve(asked.attack), [run.model for run in runs]
    part, on_cpu = _measured_part(runs), accelerator.device.type == "cpu"
    matrix = Matrix(
        accelerator=accelerator,
        config=config,
        part=part.to(accelerator.device),
        space=space(models[0], runs[0].data.kind),
        batch_size=asked.run.batch_size or (ON_A_CPU if on_cpu else fitting(WITH_GRADIENTS, part.shape)),
    )
    check_unit(asked.attack, matrix.space.unit, runs[0].data.name)
    wanted = [
        _wanted(asked.run.results_dir, config, runs, source, target)
        for source in range(len(runs))
        for target in range(len(runs))
    ]
    missing = measurement.missing(accelerator, asked.run, wanted)
    todo: Todo = {}
    for one in missing:
        todo.setdefault(one.of[0], []).append(one)
    seconds = _predicted(matrix, models[0], todo)
    said = _opening(matrix, runs, todo, len(wanted), seconds)
    measurement.announce(accelerator, asked.run, wanted, missing, seconds, said)
    if asked.run.plan:
        return None

    if missing:
        matrix = replace(matrix, part=matrix.part.held(torch.from_numpy(matrix.rows_here())))
    tested = sorted({one.of[1] for one in missing})
    steps = sum(passes(config, matrix.batches("fgsm"), matrix.batches("pgd"), _targets(todo)))
    with Progress(steps, 0, accelerator.is_main_process, asked.run.json) as progress:
        hooks = [model.register_forward_hook(lambda *_: progress.step()) for model in models]
        progress.say("clean rows and noise")
        clean = {number: matrix.clean(models[number]) for number in sorted({*todo, *tested})}
        noise: dict[Made, Tested] = {}
        if todo and "noise" in config.attacks:
            noise = matrix.attack("noise", models[0], {number: models[number] for number in tested})
        for source, pairs in todo.items():
            progress.say(f"by {runs[source].name}")
            begun = time.perf_counter()
            made: dict[Made, Tested] = {}
            aims = {target: models[target] for _, target in (one.of for one in pairs)}
            for attack in config.attacks:
                made |= noise if attack == "noise" else matrix.attack(attack, models[source], aims)
            if is_main:
                _warn(runs[source].name, made)
            spent = {
                "seconds": time.perf_counter() - begun,  # of all targets of this source
                "peak_memory_bytes": processes.peak_memory(accelerator),
            }
            for one in pairs:
                measurement.write(accelerator, one, environment, _final(matrix, runs, one, clean, made), spent)
    for hook in hooks:
        hook.remove()
    if is_main:
        say(_closing(runs, wanted))
    return [one.path for one in wanted]


def _wanted(results_dir: Path, config: AttackConfig, runs: Sequence[Trained], source: int, target: int) -> Pair:
    pair = runs[source], runs[target]
    name = attack_name(pair[0].name, pair[1].name, config)
    path = records.path_of(results_dir, pair[1].data.name, "attack", name)
    return Measurement("attack", name, path, config, (source, target), pair[1].record["data"], [r.parent for r in pair])


def _targets(todo: Todo) -> dict[int, list[int]]:
    """The targets of each source, by their numbers."""
    return {source: [one.of[1] for one in pairs] for source, pairs in todo.items()}


def _measured_part(runs: Sequence[Trained]) -> Part:
    """The rows that all runs were measured on. raises UserError where they are not the same"""
    first = runs[0]
    for run in runs[1:]:
        one, two = first.data.test, run.data.test
        if not one.same(two):
            raise UserError(
                f"{first.name} and {run.name} were measured on different rows ({len(one)} {first.data.measured_on}, "
                f"{len(two)} {run.data.measured_on}); attack them apart."
            )
    return first.data.test


def _final(
    matrix: Matrix,
    runs: Sequence[Trained],
    one: Pair,
    clean: Mapping[int, np.ndarray],
    made: Mapping[Made, Tested],
) -> dict[str, Any]:
    source, target = one.of
    rows, classes = matrix.all_rows(), len(runs[target].data.classes)
    of_pair = clean[source], clean[target]
    unattacked = [metrics.errors_of(found[rows], classes) for found in of_pair]
    return {
        "source": runs[source].name,
        "target": runs[target].name,
        "epsilon_unit": matrix.space.unit,
        "clipped": matrix.space.deviations is None,
        "clean": dict(zip(("source", "target"), unattacked, strict=True)),
        "attacks": [counts(which, tested, target, of_pair, classes) for which, tested in made.items()],
    }


def _warn(source: str, made: Mapping[Made, Tested]) -> None:
    """Of masked gradients: an attack that has no gradient to follow proves nothing about the model."""
    shares: dict[str, float] = {}
    for (attack, _), tested in made.items():
        shares[attack] = max(shares.get(attack, 0.0), float(tested.is_zero.mean()))
    for name, share in shares.items():
        if share > ZERO_SHARE:
            say(
                f"Warning: {share:.1%} of the gradients that {name} starts from are exactly zero in {source}: "
                "its errors under attack are a lower bound.",
                error=True,
            )


def _predicted(matrix: Matrix, model: nn.Module, todo: Todo) -> float:
    """Seconds, from a trial of one model."""
    if not todo:
        return 0.0
    forward, gradient = passes(matrix.config, len(matrix.rows("fgsm")), len(matrix.rows("pgd")), _targets(todo))
    for_one_row = matrix.trial(model)
    return (forward * for_one_row[0] + gradient * for_one_row[1]) / matrix.accelerator.num_processes


def _opening(matrix: Matrix, runs: Sequence[Trained], todo: Todo, pairs: int, seconds: float) -> str:
    """What is to be done of so many pairs, and how long it will take, before the first pass."""
    if not todo:
        return f"All {pairs} records are there, of these weights. To attack again, add --overwrite."
    config, accelerator = matrix.config, matrix.accelerator
    one_step, iterated = len(matrix.rows("fgsm")), len(matrix.rows("pgd"))
    forward, gradient = passes(config, one_step, iterated, _targets(todo))
    rows = ", ".join(f"{len(matrix.rows(attack)):,} ({attack})" for attack in config.attacks)
    number = accelerator.num_processes
    return "\n".join(
        [
            f"{len(runs)} models of {runs[0].data.name}: {sum(map(len, todo.values()))} of {pairs} pairs to attack",
            *(f"  {number}  {run.name}" for number, run in enumerate(runs, 1)),
            f"  options  {in_force(config)}",
            f"  rows     {rows}; epsilon in {matrix.space.unit}",
            f"  passes   {forward:,} forward and {gradient:,} forward and backward, of a row",
            f"  cost     about {duration(seconds)} on {processes.device_name(accelerator)}, {number} "
            f"process{'es' if number > 1 else ''} (from a trial)",
        ]
    )


def _closing(runs: Sequence[Trained], wanted: Sequence[Pair]) -> str:
    """The matrix in percent of errors, and where its records lie."""
    finals = {one.of: records.read(one.path)["final"] for one in wanted}
    lines = [f"  {number}  {run.name}" for number, run in enumerate(runs, 1)]
    every = list(range(len(runs)))
    for sources in [every] if len(runs) <= WIDEST else [[source] for source in every]:
        pairs = [(source, target) for source in sources for target in every]
        lines += ["", "test error in %, source>target (white-box where they are one)"]
        lines.append(_line("", "eps", [f"{s + 1}>{t + 1}" for s, t in pairs]))
        cleans = [finals[pair]["clean"]["target"] for pair in pairs]
        lines.append(_line("clean", "0", [_percent(clean) for clean in cleans]))
        for rows in zip(*(finals[pair]["attacks"] for pair in pairs), strict=True):
            lines.append(_line(rows[0]["attack"], f"{rows[0]['epsilon']:g}", [_percent(row) for row in rows]))
    return "\n".join([*lines, "", f"  records  {wanted[0].path.parent}/attack-*.json"])


def _line(attack: str, epsilon: str, cells: Sequence[str]) -> str:
    return f"{attack:<6}{epsilon:>5}" + "".join(f"{cell:>7}" for cell in cells)


def _percent(row: Mapping[str, Any]) -> str:
    return f"{100 * row['errors'] / row['n']:.1f}"


if __name__ == "__main__":
    sys.exit(cli.run(main))

"""How much does a gradient step hurt? Every model makes adversarial examples and is tested on those of every model.

    python scripts/attack.py RUN RUN ...

Leaves results/<dataset>/attack-<source>--<target>.json for each source and target: white-box where they are one,
black-box (transfer) where not. What is recorded already is left as it is. Paper: Zhang et al. 2018, section 3.5.
"""

if __name__ == "__main__":
    import ready

    ready.check()


import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import cli, records
from common.errors import UserError
from common.files import check_writable
from common.options.attack import AttackConfig, AttackOptions, attack_name, check_unit, passes, resolve
from common.terminal import say

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from common.data.dataset import Part
    from common.matrix import Bench, Made, Tested
    from common.trained import Trained

Todo = dict[int, list[int]]  # the targets of each source, by their numbers

TRIAL_ROWS = 16  # at most, to predict the time from
ZERO_SHARE = 0.01  # of vanished gradients, from which the reader is warned
WIDEST = 4  # models whose pairs fit beside each other; of more, each source has a table


def main(argv: Sequence[str] | None = None) -> list[Path]:
    """Attacks every model by every model. returns the records' paths, source by source (with --plan, of records that
    may not be there yet)"""
    asked = cli.parse(AttackOptions, __doc__ or "", argv)
    return fill_matrix(asked)


def fill_matrix(asked: AttackOptions) -> list[Path]:
    # torch takes seconds to import; what can be refused without it has been refused by now.
    from common import matrix, measurement, processes, trained
    from common.attacks import space
    from common.progress import Progress

    accelerator = processes.start(asked.run.threads, None)
    processes.full_precision()
    is_main = accelerator.is_main_process
    with accelerator.local_main_process_first():  # the first one decodes the files, the others read its cache
        folders = asked.run.results_dir, asked.run.checkpoint_dir, asked.run.data_dir
        runs = trained.find(asked.models.runs, *folders, accelerator.device)
    processes.spare_threads(asked.run.threads, max(run.flops for run in runs))
    environment = records.environment(**processes.measuring_environment(accelerator))
    config, models = resolve(asked.attack), dict(enumerate(run.model for run in runs))
    bench = matrix.Bench(
        accelerator=accelerator,
        config=config,
        part=_measured_part(runs).to(accelerator.device),
        space=space(models[0], runs[0].data.kind),
        batch_size=asked.run.batch_size or (100 if accelerator.device.type == "cpu" else 500),
    )
    check_unit(asked.attack, bench.space.unit, runs[0].data.name)
    paths = {
        (s, t): records.path_of(
            asked.run.results_dir, runs[t].data.name, "attack", attack_name(runs[s].name, runs[t].name, config)
        )
        for s in models
        for t in models
    }
    todo = processes.from_main(accelerator, lambda: _todo(paths, runs, config, asked.run.overwrite))
    if asked.run.plan and asked.run.json:
        wanted = [
            (attack_name(runs[s].name, runs[t].name, config), path, config.to_json(), t not in todo.get(s, []))
            for (s, t), path in paths.items()
        ]
        seconds, device = _predicted(bench, runs[0].model, todo), processes.device_name(accelerator)
        processes.say(accelerator, measurement.plan_json(wanted, seconds, device))
        return list(paths.values())
    processes.say(accelerator, _opening(bench, runs, todo, paths))
    if asked.run.plan:
        return list(paths.values())

    for path in paths.values():
        check_writable(path)
    tested = sorted({target for targets in todo.values() for target in targets})
    one_step, iterated = (bench.batches(attack) for attack in ("fgsm", "pgd"))
    with Progress(sum(passes(config, one_step, iterated, todo)), 0, is_main, asked.run.json) as progress:
        hooks = [model.register_forward_hook(lambda *_: progress.step()) for model in models.values()]
        progress.say("clean rows and noise")
        clean = {number: bench.clean(models[number]) for number in sorted({*todo, *tested})}
        noise: dict[Made, Tested] = {}
        if todo and "noise" in config.attacks:
            noise = bench.attack("noise", models[0], {number: models[number] for number in tested})
        for source, targets in todo.items():
            progress.say(f"by {runs[source].name}")
            begun = time.perf_counter()
            made: dict[Made, Tested] = {}
            aims = {target: models[target] for target in targets}
            for attack in config.attacks:
                made |= noise if attack == "noise" else bench.attack(attack, models[source], aims)
            if not is_main:
                continue
            _warn(runs[source].name, made)
            for target in targets:
                pair = runs[source], runs[target]
                record = {
                    "schema": records.SCHEMA,
                    "kind": "attack",
                    "run": attack_name(pair[0].name, pair[1].name, config),
                    "config": config.to_json(),
                    "environment": environment,
                    "data": pair[1].record["data"],
                    "parents": [run.parent for run in pair],
                    "final": _final(bench, pair, target, (clean[source], clean[target]), made),
                    "cost": {
                        "seconds": time.perf_counter() - begun,  # of all targets of this source
                        "peak_memory_bytes": processes.peak_memory(accelerator),
                    },
                }
                records.write(paths[source, target], record)
    for hook in hooks:
        hook.remove()
    if is_main:
        say(_closing(runs, paths))
    return list(paths.values())


def _measured_part(runs: Sequence["Trained"]) -> "Part":
    """The rows that all runs were measured on. raises UserError where they are not the same"""
    first = runs[0]
    for run in runs[1:]:
        one, two = first.data.test, run.data.test
        same = len(one) == len(two) and one.labels.equal(two.labels)
        if not same or not one.fetch(slice(None)).equal(two.fetch(slice(None))):
            raise UserError(
                f"{first.name} and {run.name} were measured on different rows ({len(one)} {first.data.measured_on}, "
                f"{len(two)} {run.data.measured_on}); attack them apart."
            )
    return first.data.test


def _todo(
    paths: Mapping[tuple[int, int], Path], runs: Sequence["Trained"], config: AttackConfig, overwrite: bool
) -> Todo:
    """What is not yet recorded of these very models."""
    todo: Todo = {}
    for (source, target), path in paths.items():
        if overwrite or not _is_done(path, config, runs[source], runs[target]):
            todo.setdefault(source, []).append(target)
    return todo


def _is_done(path: Path, config: AttackConfig, source: "Trained", target: "Trained") -> bool:
    """Whether the record is there, of the weights that are there. raises UserError where it is of something else"""
    if not path.exists():
        return False
    record = records.read(path)
    if record["parents"] != [source.parent, target.parent]:
        return False  # trained again since
    there = record["config"] | {"data": record["data"]["fingerprint"]}
    here = config.to_json() | {"data": target.record["data"]["fingerprint"]}
    for field, ours in here.items():
        if there.get(field) != ours:
            raise UserError(
                f"{path}: is of another attack under the same name: {field} is {there.get(field)!r} there and {ours!r} "
                "here. Give another --results-dir, or replace it with --overwrite."
            )
    return True


def _final(
    bench: "Bench",
    pair: tuple["Trained", "Trained"],
    target: int,
    clean: tuple["np.ndarray", "np.ndarray"],
    made: Mapping["Made", "Tested"],
) -> dict[str, Any]:
    from common import matrix, metrics

    rows, classes = bench.all_rows(), len(pair[1].data.classes)
    unattacked = [metrics.errors_of(found[rows], classes) for found in clean]
    return {
        "source": pair[0].name,
        "target": pair[1].name,
        "epsilon_unit": bench.space.unit,
        "clipped": bench.space.deviations is None,
        "clean": dict(zip(("source", "target"), unattacked, strict=True)),
        "attacks": [matrix.counts(which, tested, target, clean, classes) for which, tested in made.items()],
    }


def _warn(source: str, made: Mapping["Made", "Tested"]) -> None:
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


def _predicted(bench: "Bench", model: "nn.Module", todo: Todo) -> float:
    """Seconds, from a trial of one model."""
    if not todo:
        return 0.0
    forward, gradient = passes(bench.config, len(bench.rows("fgsm")), len(bench.rows("pgd")), todo)
    for_one_row = bench.trial(model, TRIAL_ROWS)
    return (forward * for_one_row[0] + gradient * for_one_row[1]) / bench.accelerator.num_processes


def _opening(bench: "Bench", runs: Sequence["Trained"], todo: Todo, paths: Mapping[tuple[int, int], Path]) -> str:
    """What is to be done, and how long it will take, before the first pass."""
    from common.processes import device_name
    from common.progress import duration

    pairs = sum(map(len, todo.values()))
    if not todo:
        return f"All {len(paths)} records are there, of these weights. To attack again, add --overwrite."
    config, accelerator = bench.config, bench.accelerator
    one_step, iterated = len(bench.rows("fgsm")), len(bench.rows("pgd"))
    forward, gradient = passes(config, one_step, iterated, todo)
    seconds = _predicted(bench, runs[0].model, todo)
    options = " ".join(f"{name}={value}" for name, value in config.to_json().items() if value is not None)
    number = accelerator.num_processes
    return "\n".join(
        [
            f"{len(runs)} models of {runs[0].data.name}: {pairs} of {len(paths)} pairs to attack",
            *(f"  {number}  {run.name}" for number, run in enumerate(runs, 1)),
            f"  options  {options}",
            f"  rows     {one_step:,} (fgsm, noise), {iterated:,} (ifgsm, pgd); epsilon in {bench.space.unit}",
            f"  passes   {forward:,} forward and {gradient:,} forward and backward, of a row",
            f"  cost     about {duration(seconds)} on {device_name(accelerator)}, {number} "
            f"process{'es' if number > 1 else ''} (from a trial)",
        ]
    )


def _closing(runs: Sequence["Trained"], paths: Mapping[tuple[int, int], Path]) -> str:
    """The matrix in percent of errors, and where its records lie."""
    finals = {pair: records.read(path)["final"] for pair, path in paths.items()}
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
    return "\n".join([*lines, "", f"  records  {paths[0, 0].parent}/attack-*.json"])


def _line(attack: str, epsilon: str, cells: Sequence[str]) -> str:
    return f"{attack:<6}{epsilon:>5}" + "".join(f"{cell:>7}" for cell in cells)


def _percent(row: Mapping[str, Any]) -> str:
    return f"{100 * row['errors'] / row['n']:.1f}"


if __name__ == "__main__":
    sys.exit(cli.run(main))

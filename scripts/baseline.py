"""Fit scikit-learn's classifiers to the rows of a table, so that a reader sees what the errors of ours mean.

    python scripts/baseline.py --dataset iris

Leaves results/<dataset>/baseline-<rows>-<method>-seed<n>.json, one record a method: logistic regression, gradient
boosting and an MLP, on the rows that train.py sees under the same options. Seconds to minutes on a CPU.
"""

if __name__ == "__main__":
    import ready

    ready.answer("baseline", __doc__)

import math
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from common import baselines, cli, measurement, metrics, processes, records, runs
from common.measurement import Measurement
from common.options.baseline import BaselineConfig, BaselineOptions, Method, record_name, resolve
from common.progress import Progress, duration
from common.runs import Run
from common.terminal import say

TRIAL_ROUNDS = 2


def main(argv: Sequence[str] | None = None) -> list[Path] | None:
    """returns the records' paths, or None with --plan"""
    asked = cli.parse(BaselineOptions, __doc__, argv)
    source = asked.source()
    accelerator = processes.start(asked.run.threads)
    device = f"CPU {platform.machine()}"
    of_cpu = {"device": device, "precision": "no", "compiled": False}
    environment = records.environment(**processes.environment(accelerator)) | of_cpu
    run = runs.describe(asked.as_training.asked, source)
    wanted = [_wanted(asked, run, method) for method in asked.fitting.methods]
    missing = measurement.missing(accelerator, asked.run, wanted)
    if not accelerator.is_main_process:  # what is fitted here is fitted by one
        return [one.path for one in wanted]
    with threadpool_limits(environment["threads"]):
        seconds = math.fsum(_predicted(one.config, run) for one in missing)
        cost = f"about {duration(seconds)} at most, from {TRIAL_ROUNDS} rounds of each"
        said = f"{_rows(run)}\n{measurement.listed(wanted, missing, cost)}"
        measurement.announce(accelerator, asked.run, wanted, missing, seconds, said, device=device)
        if asked.run.plan:
            return None
        with Progress(len(missing), 0, accelerator.is_main_process, asked.run.json) as progress:
            for one in missing:
                progress.say(one.name)
                final, spent = measure(one.config, run)
                measurement.write(accelerator, one, environment, final, spent)
                share = f"{final['errors'] / final['n']:.2%} ({final['errors']} of {final['n']})"
                say(f"{one.name}: error {share}\n  record   {one.path}")
                progress.step()
    return [one.path for one in wanted]


def _wanted(asked: BaselineOptions, run: Run, method: Method) -> Measurement[BaselineConfig, Run]:
    """run  a training on the same rows, which is not trained"""
    name = record_name(run.config, method)
    path = records.path_of(asked.run.results_dir, run.data.name, "baseline", name)
    return Measurement("baseline", name, path, resolve(run.config, method), run, run.data_json)


def measure(config: BaselineConfig, run: Run) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fits one method. returns what its record holds as final, and as cost"""
    begun, data, clean = time.perf_counter(), run.data, run.clean_train
    classifier = baselines.build(config.method, config.seed)
    if not baselines.fit(classifier, data.train):
        rounds = baselines.ROUNDS[config.method]
        say(f"{config.method}, seed {config.seed}: its {rounds} rounds were over before it had converged")
    wrong = baselines.wrong(classifier, data.test)
    final = {
        "n": len(data.test),
        "errors": int(wrong.sum()),
        "by_class": metrics.by_class(wrong, data.test.labels.numpy(), len(data.classes)),
        "clean_train": {"n": len(clean), "errors": int(baselines.wrong(classifier, clean).sum())},
    }
    return final, {"seconds": time.perf_counter() - begun}


def _predicted(config: BaselineConfig, run: Run) -> float:
    """Seconds, from a fit that stops at once."""
    begun = time.perf_counter()
    baselines.fit(baselines.build(config.method, config.seed, TRIAL_ROUNDS), run.data.train)
    return (time.perf_counter() - begun) / TRIAL_ROUNDS * baselines.ROUNDS[config.method]


def _rows(run: Run) -> str:
    data = run.data
    measured = "test" if data.measured_on == "test" else "held-out training"
    lines = [
        f"{len(data.train):,} training and {len(data.test):,} {measured} rows of {data.train.inputs.shape[1]:,} in "
        f"{len(data.classes)} classes, from {data.origin}",
        *(f"  {note}" for note in data.notes),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(cli.run(main))

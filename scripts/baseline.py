"""Fit scikit-learn's classifiers to the rows of a table, so that a reader sees what the errors of ours mean.

    python scripts/baseline.py --dataset iris

Leaves results/<dataset>/baseline-<rows>-<method>-seed<n>.json, one record a method: logistic regression, gradient
boosting and an MLP, on the rows that train.py sees under the same options. Seconds to minutes on a CPU.
"""

if __name__ == "__main__":
    import ready

    ready.check()


import math
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import cli
from common.data import sources
from common.files import check_writable
from common.options import baseline as options
from common.options.baseline import BaselineConfig, BaselineOptions, Method
from common.terminal import say

if TYPE_CHECKING:
    from common.runs import Run

TRIAL_ROUNDS = 2


@dataclass(frozen=True)
class Baseline:
    """One method on the rows of a run.

    run  a training on the same rows, which is not trained
    """

    name: str
    method: Method
    config: BaselineConfig
    run: "Run"
    path: Path

    def is_finished(self) -> bool:
        """raises UserError where the record under this name is of another configuration or other data"""
        from common import records

        return records.is_of(self.path, self.config.to_json(), self.run.fingerprint)


def main(argv: Sequence[str] | None = None) -> list[Path] | None:
    """returns the records' paths, or None with --plan"""
    asked = cli.parse(BaselineOptions, __doc__ or "", argv)
    source = sources.find(asked.data.dataset, asked.run.data_dir)
    options.check_kind(source.name, source.kind)

    # torch and scikit-learn take seconds to import; what can be refused without them has been refused by now.
    from threadpoolctl import threadpool_limits

    from common import measurement, processes, records, runs
    from common.progress import duration

    accelerator = processes.start(asked.run.threads, tracker=None)
    environment = records.environment(**processes.environment(accelerator)) | {
        "device": f"CPU {platform.machine()}",
        "precision": "no",
        "compiled": False,
    }
    run = runs.describe(asked.as_training, source, "no")
    found = [_baseline(asked, run, method) for method in asked.fitting.methods]
    if not accelerator.is_main_process:  # what is fitted here is fitted by one
        return [one.path for one in found]
    missing = [one for one in found if asked.run.overwrite or not one.is_finished()]
    with threadpool_limits(environment["threads"]):
        if asked.run.plan and asked.run.json:
            wanted = [(one.name, one.path, one.config.to_json(), one not in missing) for one in found]
            say(measurement.plan_json(wanted, math.fsum(map(_predicted, missing)), environment["device"]))
            return None
        say(_opening(found, missing))
        if missing and asked.run.plan:
            say(f"about {duration(sum(map(_predicted, missing)))} at most, from {TRIAL_ROUNDS} rounds of each")
        if asked.run.plan:
            return None
        for one in missing:
            check_writable(one.path)
        for one in missing:
            record = measure(one) | {"environment": environment}
            records.write(one.path, record)
            say(_closing(one, record["final"]))
    return [one.path for one in found]


def measure(one: Baseline) -> dict[str, Any]:
    """Fits one method. returns its record, without the environment"""
    from common import baselines, metrics, records

    begun, data, clean = time.perf_counter(), one.run.data, one.run.clean_train
    classifier = baselines.build(one.method, one.config.seed)
    if not baselines.fit(classifier, data.train):
        say(f"{one.name}: its {baselines.ROUNDS[one.method]} rounds were over before it had converged")
    wrong = baselines.wrong(classifier, data.test)
    return {
        "schema": records.SCHEMA,
        "kind": "baseline",
        "run": one.name,
        "config": one.config.to_json(),
        "data": one.run.data_json,
        "parents": [],
        "final": {
            "n": len(data.test),
            "errors": int(wrong.sum()),
            "by_class": metrics.by_class(wrong, data.test.labels.numpy(), len(data.classes)),
            "clean_train": {"n": len(clean), "errors": int(baselines.wrong(classifier, clean).sum())},
        },
        "cost": {"seconds": time.perf_counter() - begun},
    }


def _baseline(asked: BaselineOptions, run: "Run", method: Method) -> Baseline:
    from common import records

    name = options.record_name(run.config, method)
    path = records.path_of(asked.run.results_dir, run.data.name, "baseline", name)
    return Baseline(name, method, options.resolve(run.config, method), run, path)


def _predicted(one: Baseline) -> float:
    """Seconds, from a fit that stops at once."""
    from common import baselines

    begun = time.perf_counter()
    baselines.fit(baselines.build(one.method, one.config.seed, TRIAL_ROUNDS), one.run.data.train)
    return (time.perf_counter() - begun) / TRIAL_ROUNDS * baselines.ROUNDS[one.method]


def _opening(found: list[Baseline], missing: list[Baseline]) -> str:
    data = found[0].run.data
    lines = [
        f"{len(data.train):,} training and {len(data.test):,} "
        f"{'test' if data.measured_on == 'test' else 'held-out training'} rows of {data.train.inputs.shape[1]:,} in "
        f"{len(data.classes)} classes, from {data.origin}",
        *(f"  {note}" for note in data.notes),
    ]
    for one in found:
        again = "" if one in missing else f" is finished: {one.path}. To fit it again, add --overwrite."
        lines.append(one.name + again)
    return "\n".join(lines)


def _closing(one: Baseline, final: dict[str, Any]) -> str:
    share = final["errors"] / final["n"]
    return f"{one.name}: error {share:.2%} ({final['errors']} of {final['n']})\n  record   {one.path}"


if __name__ == "__main__":
    sys.exit(cli.run(main))

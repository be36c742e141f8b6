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
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from common import cli, measurement, metrics, processes, records, runs
from common.data.dataset import Part
from common.measurement import Measurement
from common.options.baseline import BaselineConfig, BaselineOptions, Method, record_name, resolve
from common.progress import Progress, duration
from common.runs import Run
from common.terminal import say

# Rounds of each by default: steps of L-BFGS, trees of a class, epochs. What converges sooner stops sooner.
ROUNDS: dict[Method, int] = {"logistic_regression": 1000, "gradient_boosting": 100, "mlp": 200}
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
    classifier = build(config.method, config.seed)
    if not fit(classifier, data.train):
        rounds = ROUNDS[config.method]
        say(f"{config.method}, seed {config.seed}: its {rounds} rounds were over before it had converged")
    missed = wrong(classifier, data.test)
    final = {
        "n": len(data.test),
        "errors": int(missed.sum()),
        "by_class": metrics.by_class(missed, data.test.labels.numpy(), len(data.classes)),
        "clean_train": {"n": len(clean), "errors": int(wrong(classifier, clean).sum())},
    }
    return final, {"seconds": time.perf_counter() - begun}


def build(method: Method, seed: int, rounds: int | None = None) -> Pipeline:
    """A classifier by scikit-learn's defaults. Ours are: columns standardised by the rows that it is fitted on (trees
    do without), the study's two hidden layers of 128 units, no rows held back for stopping early, which classes of few
    rows cannot spare, and for trees an L2 penalty of 1, as XGBoost's: with none, boosting diverges on Abalone, whose
    rarest classes have a row or two (84 % errors on its own training rows).

    rounds  at most so many; by default `ROUNDS`
    """
    n = rounds or ROUNDS[method]
    if method == "logistic_regression":
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=n))
    if method == "gradient_boosting":
        trees = HistGradientBoostingClassifier(max_iter=n, l2_regularization=1, early_stopping=False, random_state=seed)
        return make_pipeline(trees)
    return make_pipeline(StandardScaler(), MLPClassifier((128, 128), max_iter=n, random_state=seed))


def fit(classifier: Pipeline, train: Part) -> bool:
    """Fits it to a training part. returns whether it stopped before its rounds were over, where they are a limit"""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        classifier.fit(train.whole.numpy().astype(np.float64), train.labels.numpy())
    return not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)


def wrong(classifier: Pipeline, part: Part) -> np.ndarray:
    """Whether each row is predicted wrongly, bool (n,)."""
    return np.asarray(classifier.predict(part.whole.numpy().astype(np.float64)) != part.labels.numpy())


def _predicted(config: BaselineConfig, run: Run) -> float:
    """Seconds, from a fit that stops at once."""
    begun = time.perf_counter()
    fit(build(config.method, config.seed, TRIAL_ROUNDS), run.data.train)
    return (time.perf_counter() - begun) / TRIAL_ROUNDS * ROUNDS[config.method]


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

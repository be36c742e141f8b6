"""## How soon does a run come near the deck's accuracy?

**Asked:** for how much computing, and in what time, does a run on all of CIFAR-10 first measure a test accuracy of 90
and of 93 %? **Beside it** the deck's training by a plain PyTorch loop: a step of that was timed, its 200 epochs were
not run.
"""

import math
import statistics
from collections.abc import Iterator

import pandas as pd

from analysis import commands, missing, paper
from analysis.collect import Results
from analysis.measures import test_error
from analysis.methods import ERM, Method
from analysis.question import Question, table_of_all
from analysis.questions.flops import PETA, budgets
from analysis.sentences import code
from analysis.setting import Setting
from analysis.table import Table
from common.records import Record

ERRORS = (10.0, 7.0)  # in percent, that are to be reached
HOUR = 3600


@table_of_all("reached", "How soon 90 and 93 % were reached")
def reached(results: Results) -> Table:
    """A row a method and setting, and one for each timed step of a plain PyTorch loop."""
    settings = budgets(results)
    if not settings:
        return missing.table("There is no run on all of CIFAR-10 yet.", [commands.study("fast", results)])
    rows, used = [], []
    for one in settings:
        for method in (ERM, one.mixup):
            paths = list(one.here.runs.loc[one.here.runs["method"] == method, "record"])
            if paths:
                rows.append(_of(one, method, paths))
                used += paths
    for path, row in _plain(results):
        rows.append(row)
        used.append(path)
    notes = [
        "Means over the seeds. A run is measured at the end of epochs: it may have passed the mark before. Hours are "
        "as they were measured, with the measuring: other work may have shared the machine.",
        "A plain PyTorch loop: the deck's network and epochs at the rate of a step that "
        f"{code('scripts/benchmark.py train')} timed. It was not trained; its error is the deck's.",
    ]
    return Table(pd.DataFrame(rows).fillna(""), notes, used)


def _of(one: Setting, method: Method, paths: list[str]) -> dict[str, str]:
    records = [one.results.records[path] for path in paths]
    errors = test_error(one.here).by_seed(method)
    row = {"setting": one.name, "method": str(method), "n": str(len(errors)), "error": f"{errors.mean():.2f}"}
    spent = {
        "PFLOP": [record["cost"]["training_flops"] / PETA for record in records],
        "hours": [record["cost"]["seconds"] / HOUR for record in records],
    }
    row |= {what: _mean(values) for what, values in spent.items()}
    row["threads"] = ", ".join(sorted({str(record["environment"]["threads"]) for record in records}))
    for error in ERRORS:
        parts = [_part(record, error) for record in records]
        did = sum(not math.isnan(part) for part in parts)
        for what, values in spent.items():
            at = [part * value for part, value in zip(parts, values, strict=True)]
            row[f"{what} to {100 - error:g} %"] = _mean(at) if did == len(at) else f"{did} of {len(at)} reached it"
    return row


def _plain(results: Results) -> Iterator[tuple[str, dict[str, str]]]:
    for path, record in sorted(results.records.items()):
        config = record["config"]
        if record["kind"] == "benchmark" and config["what"] == "train" and config["width"] == paper.DECK["width"]:
            rows = paper.DECK["images"] * paper.DECK["epochs"]
            yield (
                path,
                {
                    "setting": f"{paper.DECK['model']}, {paper.DECK['epochs']} epochs, a plain PyTorch loop",
                    "method": "mixup",
                    "error": f"{paper.SLIDE_20[0].deck.value:g} (the deck's)",
                    "PFLOP": f"{paper.DECK_FLOPS / PETA:.3g}",
                    "hours": _mean([rows / record["final"]["plain_images_per_second"] / HOUR]),
                    "threads": str(record["environment"]["threads"]),
                },
            )


def _mean(values: list[float]) -> str:
    return f"{statistics.fmean(values):.3g}"


def _part(record: Record, error: float) -> float:
    """The part of its epochs after which a run first erred in no more than this; NaN: it never did."""
    for row in record["curve"]:
        if 100 * row["test"]["errors"] <= error * row["test"]["n"]:
            return float(row["epoch"]) / float(record["config"]["epochs"])
    return math.nan


QUESTION = Question(__doc__, [reached])

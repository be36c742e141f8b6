"""The commands that make what is missing."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis import typed
from analysis.collect import Results
from analysis.measures import ENOUGH
from common.options.train import TrainConfig, command_words, resolve
from common.records import Record

# What makes a method ERM, and a plain one.
PLAIN = {"mixup": False, "alpha": None, "lam_per": None, "warmup_epochs": 0, "dropout": 0.0}


def first(results: Results) -> list[str]:
    """What to begin with where there is nothing: the study in small."""
    return [study("demo", results)]


def study(name: str, results: Results) -> str:
    return _line(results, "study", [name])


def holdout(results: Results) -> str:
    """A run that is measured on held-out training rows."""
    return _line(results, "train", ["--mixup", "--holdout", "5000"])


def train(results: Results, record: Record, changes: Mapping[str, Any]) -> str:
    """Trains as a train record was, but for these fields of its configuration: seed, mixup, alpha, epochs, …"""
    data = record["data"]
    kind, side = data["kind"], data["shape"][-1] if data["kind"] == "images" else None
    asked = TrainConfig.from_json(record["config"] | changes)
    words = command_words(resolve(asked, asked.dataset, kind, side), kind, side)
    if "--dataset" in words:
        words[words.index("--dataset") + 1] = typed.data_set(results.folder, record)
    return _line(results, "train", [*words, *_threads(record)], record)


def seeds(results: Results, setting: str, method: str, enough: int = ENOUGH, than: str = "ERM") -> list[str]:
    """Trains the runs that a setting lacks for this many paired seeds of a method and what it is held against. Where
    the seeds that are there see rows of their own, a new one brings its own too."""
    rows = results.runs[results.runs["setting"] == setting]
    if rows.empty:
        return first(results)
    made, is_one_file = [], results.config(setting)["test_share"] is not None
    is_anew = (rows["split"] == rows["seed"]).all() and (is_one_file or rows["split"].any())
    for seed in _wanted(rows, method, enough, than):
        splits = rows.loc[rows["seed"] == seed, "split"]
        for one in (than, method):
            like = rows[rows["method"] == one]
            if seed not in set(like["seed"]):
                record = results.records[(rows if like.empty else like).iloc[0]["record"]]
                change: dict[str, Any] = {"seed": seed}
                if like.empty:
                    change |= PLAIN if one == "ERM" else PLAIN | {"mixup": True, "warmup_epochs": None}
                if is_anew:
                    change["data_seed"] = int(next(iter(splits), seed))
                made.append(train(results, record, change))
    return made


def probe(results: Results, setting: str, script: str, enough: int = ENOUGH) -> str:
    """Asks the paired runs of a setting, those among them that `seeds` is still to make, with interpolate.py or
    attack.py. What is there is not made again."""
    rows = results.runs[results.runs["setting"] == setting]
    record = results.records[rows.iloc[0]["record"]]
    method = results.mixup_of(setting) or "mixup"
    names = []
    for one in ("ERM", method):
        for run, seed in rows.loc[rows["method"] == one, ["run", "seed"]].head(1).itertuples(index=False):
            names += [str(run).removesuffix(f"{seed}") + str(wanted) for wanted in _wanted(rows, method, enough)]
    return _line(results, script, [*names, *_threads(record)], record)


def boundary(results: Results, enough: int = ENOUGH) -> str:
    return _line(results, "boundary", ["--seeds", *map(str, range(enough))])


def _wanted(rows: pd.DataFrame, method: str, enough: int = ENOUGH, than: str = "ERM") -> list[int]:
    """The seeds to have, those first that most is there of."""
    there = [set(rows.loc[rows["method"] == one, "seed"]) for one in (than, method)]
    found = sorted(set.union(*there), key=lambda seed: (-sum(seed in seeds for seeds in there), seed))
    paired = len(set.intersection(*there))
    found += [seed for seed in range(enough + len(found)) if seed not in found]
    return [int(seed) for seed in found[: max(enough, paired)]]


def _threads(record: Record) -> list[str]:
    threads = typed.options(record).get("--threads")
    return ["--threads", threads] if threads else []


def _line(results: Results, script: str, words: list[str], record: Record | None = None) -> str:
    """For the folders of a record; without one for those of the first run, if there is any."""
    runs = (one for one in results.records.values() if one["kind"] == "train")
    record = record or next(runs, None)
    return typed.line(results.folder, f"scripts/{script}.py", words, typed.options(record) if record else {})

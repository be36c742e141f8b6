"""The commands that make what is missing."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis import typed
from analysis.collect import Results
from analysis.measures import ENOUGH
from analysis.methods import ERM, MIXUP, Method
from analysis.rows import side
from common.options.names import command_words, run_name
from common.options.networks import GIVEN, RECORDED
from common.options.resolving import resolve
from common.options.train import OF_MIXUP, TrainConfig
from common.records import Record

# What makes a method ERM, and a plain one.
PLAIN = {"mixup": False, **OF_MIXUP, "dropout": 0.0, "noise": 0.0, "label_smoothing": None}


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
    words = command_words(_resolved(record, changes), data["kind"], side(data))
    if "--dataset" in words:
        words[words.index("--dataset") + 1] = typed.data_set(results.folder, record)
    for option, recorded in (("--model", RECORDED), ("--weights", GIVEN)):  # by digest, which cannot be typed
        if option in words and recorded.fullmatch(words[words.index(option) + 1]):
            words[words.index(option) + 1] = typed.file_of(results.folder, record, option)
    return _line(results, "train", [*words, *_threads(record)], record)


def _resolved(record: Record, changes: Mapping[str, Any]) -> TrainConfig:
    asked, data = TrainConfig.from_json(record["config"] | changes), record["data"]
    return resolve(asked, asked.dataset, data["kind"], side(data))


def seeds(results: Results, setting: str, method: Method, enough: int = ENOUGH, than: Method = ERM) -> list[str]:
    """Trains the runs that a setting lacks for this many paired seeds of a method and what it is held against."""
    rows = results.of(setting).runs
    if rows.empty:
        return first(results)
    made = []
    trained = {one: rows[rows["method"] == one] for one in (than, method)}
    there = {one: set(like["seed"]) for one, like in trained.items()}
    for seed in _wanted(there, enough):
        for one, like in trained.items():
            if seed not in there[one]:
                record = results.records[(rows if like.empty else like).iloc[0]["record"]]
                change = _of_seed(results, setting, rows, seed)
                if like.empty:
                    change |= PLAIN if one == ERM else PLAIN | {"mixup": True, "warmup_epochs": None}
                made.append(train(results, record, change))
    return made


def _of_seed(results: Results, setting: str, rows: pd.DataFrame, seed: int) -> dict[str, Any]:
    """What a run of this seed departs by from the others. Where those that are there see rows of their own, a new one
    brings its own too."""
    is_one_file = results.config(setting)["test_share"] is not None
    if (rows["split"] == rows["seed"]).all() and (is_one_file or rows["split"].any()):
        splits = rows.loc[rows["seed"] == seed, "split"]
        return {"seed": seed, "data_seed": int(next(iter(splits), seed))}
    return {"seed": seed}


def probe(results: Results, setting: str, script: str, enough: int = ENOUGH) -> str:
    """Asks the paired runs of a setting, those among them that `seeds` is still to make, with interpolate.py or
    attack.py. What is there is not made again.

    script  with its options: "interpolate --beyond 0.5"
    """
    script, *options = script.split()
    rows = results.of(setting).runs
    trained = {one: rows[rows["method"] == one] for one in (ERM, results.mixup_of(setting) or MIXUP)}
    there = {one: set(like["seed"]) for one, like in trained.items()}
    names = []
    for like in trained.values():
        for path in like["record"].head(1):
            record = results.records[path]
            for seed in _wanted(there, enough):
                config = _resolved(record, _of_seed(results, setting, rows, seed))
                precision, data = record["environment"]["precision"], record["data"]
                names.append(run_name(config, data["kind"], side(data), precision))
    return _line(results, script, [*names, *options, *_threads(results.first(setting))], results.first(setting))


def benchmark(results: Results, what: str) -> str:
    return _line(results, "benchmark", [what, "--repeats", "15"])


def boundary(results: Results, enough: int = ENOUGH) -> str:
    return _line(results, "boundary", ["--seeds", *map(str, range(enough))])


def _wanted(there: Mapping[Method, set[int]], enough: int) -> list[int]:
    """The seeds to have, those first that most is there of; there: of each method."""
    found = sorted(set.union(*there.values()), key=lambda seed: (-sum(seed in seeds for seeds in there.values()), seed))
    paired = len(set.intersection(*there.values()))
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

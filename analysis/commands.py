"""The commands that make what is missing."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis import measures, typed
from analysis.collect import Results
from analysis.measures import ENOUGH
from analysis.methods import ERM, Method
from analysis.rows import is_drawn, side
from analysis.setting import Setting
from common.options import attack, interpolate
from common.options.attack import AttackConfig
from common.options.fields import of_json
from common.options.interpolate import InterpolateConfig
from common.options.names import command_words, run_name
from common.options.networks import GIVEN, RECORDED
from common.options.resolving import resolve
from common.options.train import OF_MIXUP, TrainConfig
from common.records import Record

Place = tuple[int, int]  # a seed, and its split

# What makes a method ERM, and a plain one.
PLAIN = {"mixup": False, **OF_MIXUP, "dropout": 0.0, "noise": 0.0, "label_smoothing": None}


def first(results: Results) -> list[str]:
    """What to begin with where there is nothing: a small version of the study."""
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
    return _line(results, "train", [*words, *_threads(record)], record, record["environment"]["precision"])


def _resolved(record: Record, changes: Mapping[str, Any]) -> TrainConfig:
    asked, data = of_json(TrainConfig, record["config"] | changes), record["data"]
    return resolve(asked, asked.dataset, data["kind"], side(data))


def seeds(setting: Setting, method: Method, enough: int = ENOUGH, than: Method = ERM) -> list[str]:
    """Trains the runs that a setting lacks for this many paired seeds of a method and what it is held against."""
    results, rows = setting.results, setting.here.runs
    if rows.empty:
        return first(results)
    made = []
    trained = {one: rows[rows["method"] == one] for one in (than, method)}
    there = _places(trained)
    for place in _wanted(setting, there, enough):
        for one, like in trained.items():
            if place not in there[one]:
                record = results.records[(rows if like.empty else like).iloc[0]["record"]]
                change = _of_place(record, place)
                if like.empty:
                    change |= PLAIN if one == ERM else PLAIN | {"mixup": True, "warmup_epochs": None}
                made.append(train(results, record, change))
    return made


def probe(setting: Setting, script: str, enough: int = ENOUGH) -> str:
    """Asks the paired runs of a setting, those among them that `seeds` is still to make, with interpolate.py or
    attack.py, in the way in which the others were asked: what is there is not made again.

    script  with its options: "interpolate --beyond 0.5"
    """
    script, *options = script.split()
    results, rows = setting.results, setting.here.runs
    asked = measures.attacked(setting) if script == "attack" else measures.between(setting.here, bool(options))
    for path in asked["record"].head(1):
        found = results.records[path]["config"]
        if script == "attack":
            options = attack.command_words(of_json(AttackConfig, found))
        else:
            options = interpolate.command_words(of_json(InterpolateConfig, found))
    trained = {one: rows[rows["method"] == one] for one in (ERM, setting.mixup)}
    names, wanted = [], _wanted(setting, _places(trained), enough)
    for like in trained.values():
        for path in like["record"].head(1):
            record = results.records[path]
            for place in wanted:
                config = _resolved(record, _of_place(record, place))
                precision, data = record["environment"]["precision"], record["data"]
                names.append(run_name(config, data["kind"], side(data), precision))
    return _line(results, script, [*names, *options, *_threads(setting.record)], setting.record)


def benchmark(results: Results, what: str) -> str:
    return _line(results, "benchmark", [what, "--repeats", "15"])


def boundary(results: Results, enough: int = ENOUGH) -> str:
    return _line(results, "boundary", ["--seeds", *map(str, range(enough))])


def _places(trained: Mapping[Method, pd.DataFrame]) -> dict[Method, set[Place]]:
    return {one: set(zip(like["seed"], like["split"], strict=True)) for one, like in trained.items()}


def _wanted(setting: Setting, there: Mapping[Method, set[Place]], enough: int) -> list[Place]:
    """The seeds to have, each with its split, those first that most is there of. Where those that are there see rows of
    their own, a new one brings its own too.

    there  of each method
    """
    every = set.union(*there.values())
    found = sorted(every, key=lambda place: (-sum(place in places for places in there.values()), place))
    paired = len(set.intersection(*there.values()))
    is_one_file = setting.config["test_share"] is not None
    brings_own = all(seed == split for seed, split in every) and (is_one_file or any(split for _, split in every))
    usual = next((split for _, split in found), 0)
    seeds = {seed for seed, _ in every}
    found += [(seed, seed if brings_own else usual) for seed in range(enough + len(found)) if seed not in seeds]
    return [(int(seed), int(split)) for seed, split in found[: max(enough, paired)]]


def _of_place(record: Record, place: Place) -> dict[str, Any]:
    """What a run of this seed and split departs by from the one that has this record."""
    seed, split = place
    return {"seed": seed} | ({"data_seed": split} if is_drawn(record["config"]) else {})


def _threads(record: Record) -> list[str]:
    threads = typed.options(record).get("--threads")
    return ["--threads", threads] if threads else []


def _line(results: Results, script: str, words: list[str], record: Record | None = None, precision: str = "no") -> str:
    """For the folders of a record; without one for those of the first run, if there is any."""
    runs = (one for one in results.records.values() if one["kind"] == "train")
    record = record or next(runs, None)
    options = typed.options(record) if record else {}
    return typed.line(results.folder, f"scripts/{script}.py", words, options, precision)

"""The commands that make what is missing."""

import itertools
import shlex
from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.collect import Results
from analysis.measures import ENOUGH
from common.options.train import TrainConfig, command_words, resolve
from common.records import ROOT, Record

# What makes a method ERM, and a plain one.
PLAIN = {"mixup": False, "alpha": None, "lam_per": None, "warmup_epochs": 0, "dropout": 0.0}
# Options of this machine that its commands keep.
KEPT = ("--threads", "--data-dir", "--checkpoint-dir", "--results-dir")


def first(results: Results) -> list[str]:
    """What to begin with where there is nothing: the study in small."""
    return [study("demo", results)]


def study(name: str, results: Results) -> str:
    return f"python scripts/study.py {name}{_folder(results)}"


def holdout(results: Results) -> str:
    """A run that is measured on held-out training rows."""
    return f"python scripts/train.py --mixup --holdout 5000{_folder(results)}"


def train(record: Record, changes: Mapping[str, Any]) -> str:
    """Trains as a train record was, but for these fields of its configuration: seed, mixup, alpha, epochs, …"""
    typed, data = _typed(record), record["data"]
    kind, side = data["kind"], data["shape"][-1] if data["kind"] == "images" else None
    asked = TrainConfig.from_json(record["config"] | changes)
    words = command_words(resolve(asked, asked.dataset, kind, side), kind, side)
    if "--dataset" in words and "--dataset" in typed:
        words[words.index("--dataset") + 1] = typed["--dataset"]
    return shlex.join(["python", "scripts/train.py", *words, *_kept(typed)])


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
                made.append(train(record, change))
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
    typed = _typed(record)
    return shlex.join(["python", f"scripts/{script}.py", *names, *_kept(typed)])


def boundary(results: Results) -> str:
    return f"python scripts/boundary.py{_folder(results)}"


def _folder(results: Results) -> str:
    """So that a command writes where these records lie; below the repository without its path on this machine."""
    folder = results.folder.resolve()
    if folder == ROOT / "results":
        return ""
    return f" --results-dir {shlex.quote(str(folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder))}"


def _wanted(rows: pd.DataFrame, method: str, enough: int = ENOUGH, than: str = "ERM") -> list[int]:
    """The seeds to have, those first that most is there of."""
    there = [set(rows.loc[rows["method"] == one, "seed"]) for one in (than, method)]
    found = sorted(set.union(*there), key=lambda seed: (-sum(seed in seeds for seeds in there), seed))
    paired = len(set.intersection(*there))
    found += [seed for seed in range(enough + len(found)) if seed not in found]
    return [int(seed) for seed in found[: max(enough, paired)]]


def _kept(typed: Mapping[str, str]) -> list[str]:
    return [word for option in KEPT if option in typed for word in (option, typed[option])]


def _typed(record: Record) -> dict[str, str]:
    """Options of the command that made a record, each with the word after it."""
    words = record["environment"]["command"].split()
    split = [word.partition("=") for word in words]
    pairs = {option: value for option, equals, value in split if equals}
    return pairs | {word: after for word, after in itertools.pairwise(words) if word.startswith("--")}

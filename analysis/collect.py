"""From records to tables of numbers: what figures, tables and claims are made from. Needs no torch."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import columns, rows, typed
from analysis.methods import ERM, Method, in_order
from analysis.sentences import named
from common import records
from common.errors import UserError, meant
from common.options import TrainConfig
from common.options.fields import of_json
from common.options.resolving import draws_test_part
from common.records import ROOT, Record

OF_SETTINGS = ("runs", "curves", "bins", "between", "attacks")  # the frames whose rows are of one
RUN = ("setting", "method", "seed", "split")


@dataclass(frozen=True)
class Results:
    """What a folder of records holds.

    records   by path below the folder
    problems  sentences: what could not be used, and why
    runs      a row a train record; curves: a row a run and epoch; bins: a row a run and bin of its calibration
    between   a row an interpolate record and lambda
    attacks   a row an attack record, attack and epsilon, "clean" at epsilon 0 among them; run is the target
    borders   a row a boundary record, method and seed
    baselines a row a baseline record: what scikit-learn's own models reach on a table
    gans      a row a GAN record, seed and iteration at which it was measured
    chosen    the setting to show first, where one was asked for
    """

    folder: Path
    records: dict[str, Record]
    problems: list[str]
    runs: pd.DataFrame
    curves: pd.DataFrame
    bins: pd.DataFrame
    between: pd.DataFrame
    attacks: pd.DataFrame
    borders: pd.DataFrame
    baselines: pd.DataFrame
    gans: pd.DataFrame
    chosen: str | None = None

    def settings(self) -> list[str]:
        """What ERM and mixup can be compared in, the best first: CIFAR-10, other images, the rest, corrupted labels; of
        those the whole test part before a share of it, the most paired seeds, the most work. Runs measured on held-out
        rows are none, nor are those in which nothing was trained."""
        return list(self._ranked)

    @cached_property
    def _ranked(self) -> list[str]:
        """All that is shown and judged asks for it, and the frames are not changed."""
        tested = self.runs[(self.runs["measured_on"] == "test") & (self.runs["epochs"] > 0)]
        rank = {}
        for setting, runs in tested.groupby("setting"):
            first = runs.iloc[0]
            kind = self.records[first["record"]]["data"]["kind"]
            place = 0 if first["dataset"] == "cifar10" else 1 if kind == "images" else 2
            place = 3 if first["corrupt_labels"] else place
            in_part = self.config(str(setting))["test_subset"] is not None
            method = self.mixup_of(str(setting))
            pairs = len(self.paired_seeds(str(setting), method)) if method else 0
            rank[str(setting)] = (place, in_part, -pairs, -runs["training_flops"].fillna(0).max(), setting)
        return sorted(rank, key=lambda setting: rank[setting])

    def headline(self) -> str | None:
        """The setting to show first: the one that was asked for; else none of corrupted labels, whose errors are not to
        be taken for a network's own."""
        if self.chosen:
            return self.chosen
        corrupted = set(self.runs.loc[self.runs["corrupt_labels"] > 0, "setting"])
        return next((setting for setting in self.settings() if setting not in corrupted), None)

    def of(self, setting: str) -> "Results":
        """The rows of one setting; borders, baselines and GANs, which are of none, stay."""
        if setting not in self._parts:
            only = {name: getattr(self, name).take(at.get(setting, [])) for name, at in self._places.items()}
            self._parts[setting] = replace(self, **{name: frame.reset_index(drop=True) for name, frame in only.items()})
        return self._parts[setting]

    @cached_property
    def _parts(self) -> dict[str, "Results"]:
        """Of the settings that were asked for: each is asked for often, and the frames are not changed."""
        return {}

    @cached_property
    def _places(self) -> dict[str, dict[Any, Any]]:
        """Where in each frame the rows of each setting stand."""
        return {name: getattr(self, name).groupby("setting").indices for name in OF_SETTINGS}

    def config(self, setting: str) -> dict[str, Any]:
        """The configuration that the runs of a setting share: without their method and seeds."""
        return self._configs[setting]

    @cached_property
    def _configs(self) -> dict[str, dict[str, Any]]:
        return {name: rows.shared(self.records[path]) for name, path in self._firsts.items()}

    @cached_property
    def _firsts(self) -> dict[str, str]:
        """By setting, the record of its first run."""
        first = self.runs.drop_duplicates("setting")
        return dict(zip(first["setting"], first["record"], strict=True))

    def first(self, setting: str) -> Record:
        """The record of the setting's first run."""
        return self.records[self._firsts[setting]]

    @property
    def overlap(self) -> float:
        """Of one setting: test rows per training row, where its test parts are random splits of the same rows; else 0.
        Numbers of such splits vary together."""
        if self.runs["split"].nunique() < 2:
            return 0.0
        config = of_json(TrainConfig, self.records[self.runs["record"].iloc[0]]["config"])
        return float((self.runs["n_test"] / self.runs["n_train"]).mean()) if draws_test_part(config) else 0.0

    def methods(self, setting: str) -> list[Method]:
        """The methods trained in a setting."""
        return in_order(self._trained.get(setting, {}))

    @cached_property
    def _trained(self) -> dict[str, dict[Method, set[tuple[int, int]]]]:
        """By setting and method, the seeds that were trained, each with its split."""
        found: dict[str, dict[Method, set[tuple[int, int]]]] = {}
        for setting, method, *seen in zip(*(self.runs[name] for name in RUN), strict=True):
            found.setdefault(setting, {}).setdefault(method, set()).add(tuple(seen))
        return found

    def of_methods(self, setting: str, methods: Collection[Method]) -> "Results":
        """Without the rows of a setting that are of other methods than these."""
        frames = {name: getattr(self, name) for name in OF_SETTINGS}
        left = {
            name: frame[(frame["setting"] != setting) | frame["method"].isin(methods)] for name, frame in frames.items()
        }
        return replace(self, **left)

    def paired_seeds(self, setting: str, method: Method) -> list[int]:
        """The seeds that both ERM and this method were trained with: one for each pair, so that a seed of two drawn
        splits is there twice."""
        erm, other = (self._trained.get(setting, {}).get(one, set()) for one in (ERM, method))
        return [int(seed) for seed, _ in sorted(erm & other)]

    def mixup_of(self, setting: str) -> Method | None:
        """The mixup to hold against ERM: without dropout where there is such, of most paired seeds, then alpha = 1 with
        one lambda a batch. Other ways of mixing are none."""
        mixed = [method for method in self.methods(setting) if method.is_mixup]
        found = [method for method in mixed if not method.dropout] or mixed
        return min(found, key=lambda m: (-len(self.paired_seeds(setting, m)), not m.is_the_papers, m), default=None)


def collect(folder: Path = ROOT / "results") -> Results:
    """Reads ``<dataset>/*.json`` below the folder. Never raises for what lies there: `problems` names it."""
    problems = [] if folder.is_dir() else [f"{folder}: no such folder, so there are no records."]
    found = {
        path: _seen(record)
        for path, record in _in_their_place(folder, dict(_readable(folder, problems)), problems).items()
    }
    found = _of_the_same_rows(found, problems)
    fresh = {path: record for path, record in found.items() if _has_its_parents(folder, path, record, found, problems)}
    made: dict[str, list[rows.Row]] = {name: [] for name in columns.OF}
    for path, record in fresh.items():
        if record["kind"] == "train":
            made["runs"].append(rows.run(path, record))
            made["curves"] += rows.curve(path, record)
            made["bins"] += rows.bins(path, record)
        elif record["kind"] == "interpolate":
            made["between"] += rows.between(path, record, found)
        elif record["kind"] == "attack":
            made["attacks"] += rows.attacks(path, record, found)
        elif record["kind"] == "boundary":
            made["borders"] += rows.borders(path, record)
        elif record["kind"] == "baseline":
            made["baselines"].append(rows.baseline(path, record))
        elif record["kind"] == "gan":
            made["gans"] += rows.gans(path, record)
    _name_alphas(made)
    frames = {name: pd.DataFrame(made[name], columns=list(types)).astype(types) for name, types in columns.OF.items()}
    return Results(folder=folder, records=found, problems=problems, chosen=None, **frames)


def asked(folder: Path, setting: str | None) -> Results:
    """What --results-dir and --setting name. raises UserError where there is no such folder, or setting"""
    if not folder.is_dir():
        raise UserError(
            f"--results-dir {folder}: no such folder; give the one that holds the records, such as results."
        )
    results = collect(folder)
    settings = results.settings()
    if setting is not None and setting not in settings:
        raise UserError(
            f"--setting {setting}: no such setting in {folder}{meant(setting, settings)}. There are "
            f"{', '.join(settings) or 'none'}."
        )
    return replace(results, chosen=setting)


def one_protocol(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of `between` or `attacks` that were measured in one way: the one that most records share, the scripts'
    defaults first. Rows of another number of pairs, steps or restarts are not to be averaged with them."""
    shared = frame.groupby("protocol")["record"].nunique()
    if shared.empty:
        return frame
    best = min(shared.index, key=lambda protocol: (-shared[protocol], protocol))
    return frame[frame["protocol"] == best]


def _seen(record: Record) -> Record:
    """With what cannot be seen of its names and commands written out."""

    def seen(value: Any) -> Any:
        if isinstance(value, str):
            return named(value)
        if isinstance(value, list):
            return list(map(seen, value))
        return {named(key): seen(one) for key, one in value.items()} if isinstance(value, dict) else value

    return record | {part: seen(record[part]) for part in ("config", "data", "environment") if part in record}


def _name_alphas(made: dict[str, list[rows.Row]]) -> None:
    """Has alpha = 1 said, too, where the same is mixed by other alphas beside it: in a setting, or among the toy
    borders."""

    def kind(where: str, method: Method) -> tuple[Any, ...]:
        return where, method.mix, method.more

    others = {kind(row["setting"], row["method"]) for row in made["runs"] if row["alpha"] not in (0, 1)}
    bordered = any(row["alpha"] not in (0, 1) for row in made["borders"])
    for name, table in made.items():
        for row in table:
            if bordered if name == "borders" else kind(row.get("setting", ""), row["method"]) in others:
                row["method"] = replace(row["method"], says_one=True)
            if "source_method" in row and kind(row["source_setting"], row["source_method"]) in others:
                row["source_method"] = replace(row["source_method"], says_one=True)


def _readable(folder: Path, problems: list[str]) -> Iterator[tuple[str, Record]]:
    for path in sorted(folder.glob("*/*.json")):
        try:
            yield path.relative_to(folder).as_posix(), records.read(path)
        except UserError as error:
            problems.append(str(error).removeprefix(f"{folder}/"))


def _in_their_place(folder: Path, found: dict[str, Record], problems: list[str]) -> dict[str, Record]:
    """Without those that lie elsewhere than their run's record does: copies, and files that were renamed."""
    kept = {}
    for path, record in found.items():
        rooms = {"boundary": "toy", "gan": "toy", "benchmark": "benchmark", "endurance": "endurance"}
        room = rooms.get(record["kind"]) or record["data"]["name"]
        place = records.path_of(folder, room, record["kind"], record["run"]).relative_to(folder).as_posix()
        if path == place:
            kept[path] = record
        elif place in found:
            problems.append(f"{path}: a second record of what {place} is of; left out. Move it away.")
        else:
            problems.append(f"{path}: its name is not its run's; left out. Move it to {place}.")
    return kept


def _has_its_parents(folder: Path, path: str, record: Record, found: dict[str, Record], problems: list[str]) -> bool:
    """Whether the runs that a measurement was made from are there, with the very weights that it was made from."""
    for parent in record["parents"]:
        train = found.get(parent["record"])
        if train is None or train["kind"] != "train":
            problems.append(f"{path}: the record of its run, {parent['record']}, is missing; left out. Restore it.")
            return False
        if train["weights"] != parent["weights"]:
            problems.append(
                f"{path}: stale: made from weights {parent['weights'][:8]}…, and {parent['record']} is now of "
                f"{train['weights'][:8]}…; left out. To measure again: {typed.again(folder, record)}"
            )
            return False
    if record["parents"] and record["data"] != found[record["parents"][-1]["record"]]["data"]:
        measure = typed.again(folder, record)
        problems.append(f"{path}: its data are not those of its run; left out. To measure again: {measure}")
        return False
    return True


def _of_the_same_rows(found: dict[str, Record], problems: list[str]) -> dict[str, Record]:
    """Without the runs of a setting, and of one split where it is drawn, that saw other rows than most of it did, as of
    a file that was changed in between, and without what was measured of them. They are not comparable."""
    seen: dict[tuple[str, int], dict[str, list[str]]] = {}
    for path, record in found.items():
        if record["kind"] == "train":
            row = rows.key(path, record)
            of = seen.setdefault((row["setting"], row["split"]), {})
            of.setdefault(record["data"]["fingerprint"], []).append(path)
    left = set[str]()
    for marks in seen.values():
        most = max(marks.values(), key=len)
        for paths in marks.values():
            if paths is not most:
                left |= {*paths}
                problems += [f"{path}: saw other rows than {most[0]}, of the same setting; left out." for path in paths]
    of_left = {path for path, record in found.items() if left & {parent["record"] for parent in record["parents"]}}
    return {path: record for path, record in found.items() if path not in left | of_left}

"""From records to tables of numbers: what figures, tables and claims are made from. Needs no torch."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis import columns, rows
from common import records
from common.errors import UserError
from common.records import ROOT, Record


@dataclass(frozen=True)
class Results:
    """What a folder of records holds.

    records   by path below the folder
    problems  sentences: what could not be used, and why
    runs      a row a train record; curves: a row a run and epoch; bins: a row a run and bin of its calibration
    between   a row an interpolate record and lambda
    attacks   a row an attack record, attack and epsilon, "clean" at epsilon 0 among them; run is the target
    borders   a row a boundary record, method and seed
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

    def settings(self) -> list[str]:
        """What ERM and mixup can be compared in, the best first: CIFAR-10, other images, the rest; of those the most
        paired seeds, then the most work. Runs measured on held-out rows are none."""
        tested = self.runs[self.runs["measured_on"] == "test"]
        rank = {}
        for setting, runs in tested.groupby("setting"):
            first = runs.iloc[0]
            kind = self.records[first["record"]]["data"]["kind"]
            place = 0 if first["dataset"] == "cifar10" else 1 if kind == "images" else 2
            method = self.mixup_of(str(setting))
            pairs = len(self.paired_seeds(str(setting), method)) if method else 0
            rank[str(setting)] = (place, -pairs, -runs["training_flops"].fillna(0).max(), setting)
        return sorted(rank, key=lambda setting: rank[setting])

    def headline(self) -> str | None:
        """The setting to show first."""
        return next(iter(self.settings()), None)

    def of(self, setting: str) -> "Results":
        """The rows of one setting; the borders, which are of none, stay."""
        frames = {name: getattr(self, name) for name in ("runs", "curves", "bins", "between", "attacks")}
        only = {name: frame[frame["setting"] == setting].reset_index(drop=True) for name, frame in frames.items()}
        return dataclasses.replace(self, **only)

    def methods(self, setting: str) -> list[str]:
        """The methods trained in a setting: ERM, then mixup by alpha."""
        runs = self.runs[self.runs["setting"] == setting].sort_values(["alpha", "method"])
        return list(runs["method"].unique())

    def paired_seeds(self, setting: str, method: str) -> list[int]:
        """The seeds that both ERM and this method were trained with."""
        runs = self.runs[self.runs["setting"] == setting]
        erm, other = (set(runs.loc[runs["method"] == one, "seed"]) for one in ("ERM", method))
        return sorted(erm & other)

    def mixup_of(self, setting: str) -> str | None:
        """The method to hold against ERM: of most paired seeds, then alpha = 1 with one lambda a batch."""
        found = [method for method in self.methods(setting) if method != "ERM"]
        return min(found, key=lambda m: (-len(self.paired_seeds(setting, m)), m != "mixup", m), default=None)


def collect(folder: Path = ROOT / "results") -> Results:
    """Reads ``<dataset>/*.json`` below the folder. Never raises for what lies there: `problems` names it."""
    problems = [] if folder.is_dir() else [f"{folder}: no such folder, so there are no records."]
    found = _in_their_place(folder, dict(_readable(folder, problems)), problems)
    fresh = {path: record for path, record in found.items() if _has_its_parents(path, record, found, problems)}
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
    _name_mixed_rows(made["runs"], found, problems)
    frames = {name: pd.DataFrame(made[name], columns=list(types)).astype(types) for name, types in columns.OF.items()}
    return Results(folder=folder, records=found, problems=problems, **frames)


def one_protocol(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of `between` or `attacks` that were measured in one way: the one that most records share, the scripts'
    defaults first. Rows of another number of pairs, steps or restarts are not to be averaged with them."""
    shared = frame.groupby("protocol")["record"].nunique()
    if shared.empty:
        return frame
    best = min(shared.index, key=lambda protocol: (-shared[protocol], protocol))
    return frame[frame["protocol"] == best]


def again(record: Record) -> str:
    """The command that makes a record again. Absolute paths are not in it (records.command)."""
    return f"python {record['environment']['command']}"


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
        rooms = {"boundary": "toy", "benchmark": "benchmark", "endurance": "endurance"}
        room = rooms.get(record["kind"]) or record["data"]["name"]
        place = records.path_of(folder, room, record["kind"], record["run"]).relative_to(folder).as_posix()
        if path == place:
            kept[path] = record
        elif place in found:
            problems.append(f"{path}: a second record of what {place} is of; left out. Move it away.")
        else:
            problems.append(f"{path}: its name is not its run's; left out. Move it to {place}.")
    return kept


def _has_its_parents(path: str, record: Record, found: dict[str, Record], problems: list[str]) -> bool:
    """Whether the runs that a measurement was made from are there, with the very weights that it was made from."""
    for parent in record["parents"]:
        train = found.get(parent["record"])
        if train is None or train["kind"] != "train":
            problems.append(f"{path}: the record of its run, {parent['record']}, is missing; left out. Restore it.")
            return False
        if train["weights"] != parent["weights"]:
            problems.append(
                f"{path}: stale: made from weights {parent['weights'][:8]}…, and {parent['record']} is now of "
                f"{train['weights'][:8]}…; left out. To measure again: {again(record)}"
            )
            return False
    return True


def _name_mixed_rows(runs: list[rows.Row], found: dict[str, Record], problems: list[str]) -> None:
    """Runs of one setting that saw different rows are not paired."""
    seen: dict[str, dict[str, str]] = {}
    for row in runs:
        mark = found[row["record"]]["data"]["fingerprint"]
        seen.setdefault(row["setting"], {}).setdefault(mark, row["record"])
    for setting, marks in seen.items():
        if len(marks) > 1:
            paths = " and ".join(marks.values())
            problems.append(f"{setting}: its runs saw different rows ({paths}), so they are not comparable.")

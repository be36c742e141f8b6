"""The table of tables: ERM, mixup and scikit-learn's own models on each, as the paper's Table 4 has two of them."""

import math

import pandas as pd

from analysis import commands, groups, measures, paper
from analysis.collect import Results
from analysis.measures import Interval, Measure, Pairs, error_interval, pair
from analysis.rows import BASELINES
from analysis.tables import missing
from analysis.tables.outcome import cell, outcome
from analysis.tables.table import Cell, Table

SEEN = {"error": "error", "balanced_error": "balanced error"}
OF_ROWS = (
    "subset",
    "holdout",
    "test_subset",
    "corrupt_labels",
    "target",
    "drop",
    "test_share",
)  # what decides which rows are seen, but for the split


def tabular(results: Results) -> Table:
    """A row a table and method: error and balanced error, and the differences to ERM on the same split."""
    title = "Tables"
    settings = groups.tabular(results)
    if not settings:
        return missing.table(title, "No run on the paper's tables yet.", [commands.study("tables", results)])
    rows: list[dict[str, str]] = []
    bold: set[Cell] = set()
    used: list[str] = []
    for name, setting in settings.items():
        frame = compared(results, setting)
        used += frame["record"].tolist()
        means = {}
        for method in methods(results, setting, frame):
            of = frame[frame["method"] == method]
            means[len(rows)] = {f"{what} (%)": of[column].mean() for column, what in SEEN.items()}
            shown = {"set": name, "method": method, "n": str(len(of))}
            shown |= {
                f"{what} (%)": _mean(error_interval(of[column].dropna().tolist())) for column, what in SEEN.items()
            }
            for column, what in SEEN.items():
                pairs = less_erm(results, setting, column, method)
                shown[f"{what} less ERM (points)"] = "" if method == "ERM" else cell(pairs)
            rows.append(shown | {"paper's error": _theirs(name, method, results.mixup_of(setting))})
        if len(means) > 1:
            columns = next(iter(means.values()))
            bold |= {(min(means, key=lambda row: means[row][column]), column) for column in columns}
    notes = [
        "n runs, each of a split of its own and a seed of its own; in brackets the 95 % t interval over them, of "
        "differences those on the same split. The test parts overlap, for which intervals of differences are corrected "
        "(Nadeau and Bengio). Bold: the lowest of a set. Balanced error: the mean of the classes' error rates.",
        "scikit-learn's models on the same rows, by its defaults but for the MLP's two layers of 128 units and an L2 "
        "penalty of 1 on the trees.",
        f"The paper's (Table 4) says neither α nor the splits; its networks are trained for 10 epochs. "
        f"{paper.FROM_MEMORY}",
    ]
    return Table(title, pd.DataFrame(rows), notes, used, frozenset(bold), lead=came_out(results, settings))


def came_out(results: Results, settings: dict[str, str]) -> list[str]:
    """Mixup against ERM by both errors, and whose mean error is the lowest of all."""
    said: list[str] = []
    lowest: dict[str, list[str]] = {}
    for column, what in SEEN.items():
        found = []
        for name, setting in settings.items():
            if method := results.mixup_of(setting):
                found.append((name, less_erm(results, setting, column, method)))
        if found:
            said.append(outcome(what.capitalize(), found))
    for name, setting in settings.items():
        means = compared(results, setting).groupby("method")["error"].mean()
        lowest.setdefault(str(means.idxmin()), []).append(name)
    whose = "; ".join(f"{method} on {', '.join(names)}" for method, names in lowest.items())
    return [*said, f"The lowest mean error of all: {whose}."]


def compared(results: Results, setting: str) -> pd.DataFrame:
    """The runs of a setting, and scikit-learn's models on the same splits: columns of `runs` that both have."""
    runs = results.of(setting).runs
    wanted = results.config(setting)
    theirs = results.baselines[results.baselines["dataset"] == wanted["dataset"]]
    alike = [
        all(results.records[path]["config"].get(field) == wanted.get(field) for field in OF_ROWS)
        for path in theirs["record"]
    ]
    theirs = theirs[pd.Series(alike, index=theirs.index, dtype=bool) & theirs["split"].isin(runs["split"])]
    return pd.concat([runs[list(theirs.columns)], theirs], ignore_index=True)


def methods(results: Results, setting: str, frame: pd.DataFrame) -> list[str]:
    """As they were trained here, ERM first, then scikit-learn's."""
    return [*results.methods(setting), *(name for name in BASELINES.values() if (frame["method"] == name).any())]


def less_erm(results: Results, setting: str, column: str, method: str) -> Pairs:
    """A method's values less ERM's: at the same split, and of ours at the same seed, too."""
    frame = compared(results, setting)
    if method in BASELINES.values():
        frame = frame.assign(seed=frame["split"])
    return pair(Measure(SEEN[column], "%", measures.valued(frame, column), results.of(setting).overlap), method)


def _mean(found: Interval) -> str:
    if found.n == 0:
        return ""
    said = f"{found.mean:.2f}" + (f" [{found.low:.2f}, {found.high:.2f}]" if not math.isnan(found.low) else "")
    return said.replace("-", "−")


def _theirs(name: str, method: str, mixup: str | None) -> str:
    erm, mixed = paper.TABLE_4.get(name, ("", ""))
    return str({"ERM": erm, mixup: mixed}.get(method, ""))

"""The table of training on corrupted labels, as the paper's Table 2 has it."""

import pandas as pd

from analysis import commands, groups, measures, paper
from analysis.collect import Results
from analysis.measures import Pairs, pair, percent, spread
from analysis.tables import missing
from analysis.tables.outcome import cell, outcome
from analysis.tables.table import Cell, Table, paths

TESTED = {"best epoch (%)": "best_error", "last epoch (%)": "error"}
TRAINED = {
    "training error, real labels (%)": "real_error",
    "corrupted labels (%)": "corrupted_error",
    "their true labels (%)": "restored_error",
}


def corrupted(results: Results) -> Table:
    """A row a share of corrupted labels and method: test error of the best and the last epoch, training error by kind
    of label, and the paper's beside."""
    title = "Training on corrupted labels"
    settings = groups.corrupted(results)
    if not settings:
        return missing.table(title, "No run on corrupted labels yet.", [commands.study("corrupted", results)])
    rows: list[dict[str, str]] = []
    bold: set[Cell] = set()
    used: list[str] = []
    for share, setting in settings.items():
        runs = results.of(setting).runs
        used += paths(runs)
        means = {}
        for method in results.methods(setting):
            of = runs[runs["method"] == method]
            means[len(rows)] = {name: of[column].mean() for name, column in TESTED.items()}
            pairs = pair(measures.of_runs(results.of(setting), "error", "test error"), method)
            shown = {"corrupted": percent(share), "method": method, "n": str(len(of))}
            shown |= {name: spread(of[column], 2) for name, column in TESTED.items()}
            shown |= {"last less ERM (points)": "" if method == "ERM" else cell(pairs)}
            shown |= {name: spread(of[column], 1) for name, column in TRAINED.items()}
            rows.append(shown | _theirs(share, method))
        if len(means) > 1:
            bold |= {(min(means, key=lambda row: means[row][name]), name) for name in TESTED}
    first = results.runs[results.runs["setting"] == next(iter(settings.values()))].iloc[0]
    classes = len(results.records[first["record"]]["data"]["classes"])
    notes = [
        f"{', '.join(settings.values())}. Test errors of {first['n_test']:,} rows with their true labels; bold: the "
        "lowest of a share. The best epoch is chosen by test error, as the paper's is, so it flatters.",
        "Training errors after the last epoch, on unmixed rows: with labels left alone, and with labels drawn at "
        f"random from all {classes} classes, against those and against the true ones. A high error on "
        f"corrupted labels is the good outcome: about {100 * (1 - 1 / classes):.0f} % where none of them was learnt.",
        f"{measures.SPREAD} In brackets: 95 % t interval of the mean difference at the same seed.",
        f"The paper's (Table 2): best / last, and real / corrupted in round brackets; 50,000 images, PreAct ResNet-18 "
        f"of width 64, 200 epochs. {paper.FROM_MEMORY}",
    ]
    return Table(title, pd.DataFrame(rows), notes, used, frozenset(bold), lead=came_out(results, settings))


def came_out(results: Results, settings: dict[float, str]) -> list[str]:
    """Mixup against ERM and against dropout, and whether adding dropout to it helps: of the last epoch."""
    said = []
    for family, than in (
        (groups.large_alpha, groups.erm),
        (groups.dropout, groups.erm),
        (groups.large_alpha, groups.dropout),
        (groups.both, groups.large_alpha),
    ):
        found = []
        for share, setting in settings.items():
            method, base = family(results, setting), than(results, setting)
            if method and base:
                found.append((percent(share), last_epoch(results, setting, method, base)))
        if found:
            said.append(outcome("Error after the last epoch", found))
    return said


def last_epoch(results: Results, setting: str, method: str, than: str) -> Pairs:
    return pair(measures.of_runs(results.of(setting), "error", "test error of the last epoch"), method, than)


def _theirs(share: float, method: str) -> dict[str, str]:
    """The paper's row of this method; where it is of another α or p, that is said."""
    for theirs, row in paper.TABLE_2.get(share, {}).items():
        if _family(theirs) == _family(method):
            said = "" if theirs == method else f", {theirs}"
            return {"paper's": f"{row.best} / {row.last} ({row.real} / {row.corrupted}){said}"}
    return {"paper's": ""}


def _family(method: str) -> tuple[bool, bool]:
    return "mixup" in method, "dropout" in method

"""A table that has nothing to show, or too little, says in a sentence what is missing and which command makes it."""

from collections.abc import Sequence

import pandas as pd

from analysis import commands
from analysis.collect import Results
from analysis.measures import ENOUGH
from analysis.sentences import code
from analysis.tables.table import Table


def runs(title: str, results: Results, setting: str | None = None) -> Table:
    """Of a folder without runs, or a setting without mixup."""
    if setting is None:
        return table(title, f"No run measured on a test part lies in {results.folder.name}/.", commands.first(results))
    return table(title, f"{setting} has no run under mixup.", commands.seeds(results, setting, "mixup"))


def of_another_set(title: str, results: Results, setting: str) -> Table:
    """Of a comparison with numbers that are of CIFAR-10."""
    sentence = f"The deck's and the paper's numbers are of CIFAR-10, and {setting} is held against none of them."
    return table(title, sentence, [commands.study("deck", results)])


def table(title: str, sentence: str, lines: Sequence[str], columns: Sequence[str] = ()) -> Table:
    return Table(title, pd.DataFrame(columns=list(columns)), [f"{sentence} {made_by(lines)}"])


def seeds(results: Results, setting: str) -> list[str]:
    method = results.mixup_of(setting)
    n = len(results.paired_seeds(setting, method)) if method else 0
    if n >= ENOUGH:
        return []
    lines = commands.seeds(results, setting, method or "mixup")
    return [f"{n} paired seed{'' if n == 1 else 's'}: too few to judge by. {made_by(lines)}"]


def probes(results: Results, setting: str) -> list[str]:
    own = results.of(setting)
    missing = [
        ("in between two examples", own.between, "interpolate"),
        ("under attack", own.attacks, "attack"),
    ]
    return [
        f"Not measured {what}. {made_by([commands.probe(results, setting, script)])}"
        for what, frame, script in missing
        if frame.empty
    ]


def made_by(lines: Sequence[str]) -> str:
    """The first command, and how many more there are."""
    more = f", and {len(lines) - 1} more like it" if len(lines) > 1 else ""
    return f"What makes it: {code(lines[0])}{more}."

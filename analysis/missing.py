"""What is missing, or too little to judge by: in a sentence, with the command that makes it."""

from collections.abc import Sequence

import pandas as pd

from analysis import commands
from analysis.collect import Results
from analysis.measures import ENOUGH
from analysis.methods import ERM, MIXUP
from analysis.sentences import code, many
from analysis.setting import Setting
from analysis.table import Table

NAMED = 4  # runs, that a sentence names


def first_run(results: Results) -> str:
    clean = " of clean labels" if results.settings() else ""
    return f"There is no run{clean} measured on the test part yet: {_listed(commands.first(results))}."


def arms(setting: Setting) -> str:
    """What a comparison of ERM and mixup lacks; empty where both are there."""
    methods = setting.methods
    if not methods:
        return first_run(setting.results)
    if methods == [ERM]:
        return f"There is no mixup run yet: {_listed(commands.seeds(setting, MIXUP, 1))}."
    if ERM not in methods:
        return f"There is no ERM run yet: {_listed(commands.seeds(setting, methods[0], 1))}."
    return ""


def measurement(setting: Setting, measured: pd.DataFrame, script: str) -> str:
    """The runs under ERM and mixup that a script has not measured yet, with the command that does it while they are too
    few to judge by; or else what `arms` says."""
    runs = setting.here.runs[setting.here.runs["method"].isin([ERM, setting.mixup])]
    left = sorted(set(runs["run"]) - set(measured["run"]))
    if not left:
        return arms(setting)
    said = ", ".join(left) if len(left) <= NAMED else f"{len(left)} of {len(runs)} runs"
    pairs = (runs[~runs["run"].isin(left)].groupby(["seed", "split"])["method"].nunique() > 1).sum()
    if pairs >= ENOUGH:
        return f"Not measured: {said}, beyond the {pairs} pairs that are."
    return f"Not measured yet: {said}; {_listed([commands.probe(setting, script)])}."


def probed(setting: Setting, script: str) -> Table:
    """What stands for a table of which a script has measured no run."""
    done = {"attack": "attacked", "interpolate": "looked at in between"}[script]
    return table(f"{setting.name} has not been {done}.", [commands.probe(setting, script)])


def borders(results: Results) -> str:
    return f"There is no toy border yet; {_listed([commands.boundary(results)])} makes them in a minute."


def study(results: Results, what: str, name: str) -> str:
    """A whole study that is not there: "on sounds", "speech"."""
    return f"There is no run {what} yet: {_listed([commands.study(name, results)])}."


def table(sentence: str, lines: Sequence[str], columns: Sequence[str] = ()) -> Table:
    """One that has nothing to show."""
    return Table(pd.DataFrame(columns=list(columns)), [f"{sentence} {made_by(lines)}"])


def runs(results: Results) -> Table:
    return table(f"No run measured on a test part lies in {results.folder.resolve().name}/.", commands.first(results))


def pairs(setting: Setting) -> list[str]:
    """Below a table of differences that are too few."""
    if setting.pairs >= ENOUGH:
        return []
    lines = commands.seeds(setting, setting.mixup)
    return [f"{many(setting.pairs, 'paired seed')}: too few to judge by. {made_by(lines)}"]


def made_by(lines: Sequence[str]) -> str:
    """The first command, and how many more there are; of none nothing."""
    if not lines:
        return ""
    more = f", and {len(lines) - 1} more like it" if len(lines) > 1 else ""
    return f"What makes it: {code(lines[0])}{more}."


def _listed(lines: Sequence[str]) -> str:
    return " and ".join(map(code, lines))

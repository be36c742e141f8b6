"""What is missing, in a sentence with the command that makes it."""

import pandas as pd

from analysis import commands
from analysis.collect import Results
from analysis.sentences import code


def of_arms(results: Results, setting: str | None) -> str:
    """What a comparison of ERM and mixup lacks in this setting; empty where both are there."""
    methods = results.methods(setting) if setting else []
    if setting is None or not methods:
        return f"There is no run measured on the test part yet: {_listed(commands.first(results))}."
    if methods == ["ERM"]:
        return f"There is no mixup run yet: {_listed(commands.seeds(results, setting, 'mixup', 1))}."
    if "ERM" not in methods:
        return f"There is no ERM run yet: {_listed(commands.seeds(results, setting, methods[0], 1))}."
    return ""


def of_measurement(results: Results, setting: str | None, measured: pd.DataFrame, script: str) -> str:
    """The runs of this setting that a script has not measured yet, or else what `of_arms` says."""
    runs = results.runs[results.runs["setting"] == setting]
    left = sorted(set(runs["run"]) - set(measured["run"]))
    if setting is None or not left:
        return of_arms(results, setting)
    return f"Not measured yet: {', '.join(left)}; {_listed([commands.probe(results, setting, script)])}."


def of_borders(results: Results) -> str:
    return f"There is no toy border yet; {_listed([commands.boundary(results)])} makes them in a minute."


def of_study(results: Results, what: str, name: str) -> str:
    """A whole study that is not there: "on sounds", "speech"."""
    return f"There is no run {what} yet: {_listed([commands.study(name, results)])}."


def _listed(lines: list[str]) -> str:
    return " and ".join(map(code, lines))

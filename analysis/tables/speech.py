"""The table of networks on sounds, as the paper's Fig. 4 (a table) has it."""

import pandas as pd

from analysis import commands, groups, measures, paper
from analysis.collect import Results
from analysis.measures import pair, spread
from analysis.tables import missing
from analysis.tables.outcome import cell, outcome
from analysis.tables.table import Cell, Table, paths


def speech(results: Results) -> Table:
    """A row a network and method: test error, its difference to ERM, and the paper's on its own, larger set."""
    title = "Speech"
    settings = groups.speech(results)
    if not settings:
        return missing.table(title, "No run on sounds yet.", [commands.study("speech", results)])
    rows: list[dict[str, str]] = []
    bold: set[Cell] = set()
    used: list[str] = []
    for network, setting in settings.items():
        own = results.of(setting)
        used += paths(own.runs)
        measure = measures.of_runs(own, "error", "test error")
        means = {}
        for method in results.methods(setting):
            of = own.runs[own.runs["method"] == method]
            means[len(rows)] = of["error"].mean()
            size = of.iloc[0]
            shown = {"network": f"{network}, width {size['width']}", "parameters": f"{size['parameters']:,.0f}"}
            shown |= {"method": method, "n": str(len(of))}
            shown |= {"test error (%)": spread(of["error"], 2)}
            shown |= {"less ERM (points)": "" if method == "ERM" else cell(pair(measure, method))}
            shown |= {"clean training error (%)": spread(of["clean_train_error"], 2)}
            theirs = paper.FIG_4.get(network, {}).get(float(of["alpha"].iloc[0]), "")
            rows.append(shown | {"paper's test error": str(theirs)})
        if len(means) > 1:
            bold.add((min(means, key=lambda row: means[row]), "test error (%)"))
    first = results.runs[results.runs["setting"] == next(iter(settings.values()))].iloc[0]
    notes = [
        f"{first['dataset']}: {first['n_train']:,} training and {first['n_test']:,} test recordings of "
        f"{len(results.records[first['record']]['data']['classes'])} words. {measures.SPREAD} In brackets: 95 % t "
        "interval of the mean difference at the same seed. Bold: the lowest of a network.",
        f"The paper's (Fig. 4) are of {paper.SPEECH}: the same question, other data. {paper.FROM_MEMORY}",
    ]
    return Table(title, pd.DataFrame(rows), notes, used, frozenset(bold), lead=came_out(results, settings))


def came_out(results: Results, settings: dict[str, str]) -> list[str]:
    """Of each network, every α against ERM."""
    said = []
    for network, setting in settings.items():
        measure = measures.of_runs(results.of(setting), "error", "test error")
        found = [("", pair(measure, method)) for method in results.methods(setting) if method != "ERM"]
        if found:
            said.append(outcome(f"Test error of {network}", found))
    return said

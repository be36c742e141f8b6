"""Tables of training: what is reached, what differs at the same seed, what it cost, how settings were chosen."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from analysis import commands, measures, paper
from analysis.collect import Results
from analysis.measures import Measure, spread
from analysis.tables import missing
from analysis.tables.table import Cell, Table, paths

ONE_PAIR = "One pair: no interval."
T_INTERVAL = "In brackets: 95 % t interval of the mean difference over seeds."


def methods(results: Results, setting: str | None = None) -> Table:
    """What each method reaches: errors, cross-entropy and calibration."""
    title = "What each method reaches"
    setting = setting or results.headline()
    if setting is None:
        return missing.runs(title, results)
    own = results.of(setting)
    columns = {
        "error, last epoch (%)": ("error", 2),
        "median of last ten (%)": ("median10_error", 2),
        "best epoch (%)": ("best_error", 2),
        "clean training error (%)": ("clean_train_error", 2),
        "cross-entropy (nats)": ("cross_entropy", 3),
        "calibration error": ("calibration_error", 3),
    }
    rows, means = [], []
    for method in results.methods(setting):
        runs = own.runs[own.runs["method"] == method]
        shown = {name: spread(runs[column], places) for name, (column, places) in columns.items()}
        rows.append({"method": method, "n": str(len(runs)), **shown})
        means.append({name: runs[column].mean() for name, (column, _) in columns.items()})
    notes = [
        f"{setting}, measured on {_rows_of(own)}. {measures.SPREAD} Bold: the lowest.",
        *missing.seeds(results, setting),
    ]
    return Table(title, pd.DataFrame(rows), notes, paths(own.runs), _lowest(means))


def paired(results: Results, setting: str | None = None, method: str | None = None) -> Table:
    """Mixup less ERM, seed by seed."""
    title = "mixup less ERM, at the same seed"
    setting = setting or results.headline()
    method = method or (results.mixup_of(setting) if setting else None)
    if setting is None or method is None:
        return missing.runs(title, results, setting)
    columns, used = {}, []
    for measure in usual_measures(results, setting):
        pairs = measures.pair(measure, method)
        if not pairs.seeds:
            continue
        mean = pairs.interval
        shown = {str(seed): measure.show_difference(d) for seed, d in zip(pairs.seeds, pairs.differences, strict=True)}
        shown["mean"] = measure.show_difference(mean.mean)
        if mean.n > 1:
            shown["mean"] += " " + measure.show_range(mean.low, mean.high)
        columns[measure.name] = shown
        used += pairs.records
    if not columns:
        lines = commands.seeds(results, setting, method)
        return missing.table(title, f"{setting} has no seed under both ERM and {method}.", lines, ["seed"])
    frame = pd.DataFrame(columns).fillna("")
    order = sorted((row for row in frame.index if row != "mean"), key=int)
    frame = frame.loc[[*order, "mean"]].rename_axis("seed").reset_index()
    notes = [f"{setting}: {method} less ERM; below 0, {method} has less.", T_INTERVAL if len(order) > 1 else ONE_PAIR]
    notes += [_binomial(results, setting), *missing.seeds(results, setting), *missing.probes(results, setting)]
    return Table(title, frame, notes, sorted(set(used)))


def usual_measures(results: Results, setting: str) -> list[Measure]:
    """What ERM and mixup are compared by."""
    own = results.of(setting)
    four = paper.PAPERS_EPSILON
    return [
        measures.of_runs(own, "error", "test error"),
        measures.of_runs(own, "cross_entropy", "cross-entropy", ""),
        measures.of_runs(own, "calibration_error", "calibration error", ""),
        measures.in_between(own, "missed", 0.5, "misses", "%"),
        measures.in_between(own, "loss_norm", 0.5, "gradient norm of the loss"),
        measures.in_between(own, "logit_norm", 0.5, "gradient norm of the logit"),
        *(measures.under_attack(own, setting, "white", attack, four) for attack in ("fgsm", "pgd")),
        *(measures.under_attack(own, setting, "black", attack, four) for attack in ("fgsm", "ifgsm")),
    ]


def cost(results: Results, setting: str | None = None) -> Table:
    """What each record of a setting took."""
    title = "What it cost"
    setting = setting or results.headline()
    if setting is None:
        return missing.runs(title, results)
    runs = results.of(setting)
    attacks = runs.attacks.groupby(["source", "protocol"], sort=False)["record"].agg(lambda found: sorted(set(found)))
    alone = [*paths(runs.runs), *paths(runs.between)]
    groups = [*([path] for path in alone), *attacks]  # an attack's seconds are of all targets of its source
    rows, links = [], {}
    for place, group in enumerate(groups):
        record = results.records[group[0]]
        spent, machine = record["cost"], record["environment"]
        name = record["run"].replace(f"{setting}-", "")
        if record["kind"] == "attack":
            name = f"{name.partition('--')[0]} on {len(group)} target{'s' if len(group) > 1 else ''}"
        rows.append(
            {
                "record": f"{record['kind']} {name}",
                "minutes": f"{_seconds(results, group) / 60:.1f}",
                "images a second": _number(spent.get("images_per_second"), 1, ",.0f"),
                "training TFLOPs": _number(spent.get("training_flops"), 1e12, ",.1f"),
                "peak memory (MB)": _number(spent.get("peak_memory_bytes"), 1e6, ",.0f"),
                "device": machine["device"],
                "threads": str(machine["threads"]),
                "processes": str(machine["processes"]),
            }
        )
        links[place, "record"] = group[0]
    hours = sum(_seconds(results, group) for group in groups) / 3600
    used = [path for group in groups for path in group]
    notes = [f"{setting}: {len(used)} records, {hours:.1f} hours of these devices in all."]
    return Table(title, pd.DataFrame(rows), notes, used, links=links)


def holdout(results: Results) -> Table:
    """How settings were chosen: runs measured on held-out training rows."""
    title = "Chosen on held-out training rows"
    found = results.runs[results.runs["measured_on"] == "holdout"]
    if found.empty:
        example = commands.holdout(results)
        return missing.table(
            title, "No run was measured on held-out rows, so nothing says how the settings were chosen.", [example]
        )
    rows = []
    for (setting, method), runs in found.sort_values(["setting", "alpha"]).groupby(["setting", "method"], sort=False):
        one = runs.iloc[0]
        shown = {"setting": str(setting), "method": str(method), "n": str(len(runs))}
        shown |= {"training rows": f"{one['n_train']:,}", "held out": f"{one['n_test']:,}"}
        shown |= {"width": f"{one['width']}", "epochs": f"{one['epochs']}", "error (%)": spread(runs["error"], 2)}
        rows.append(shown | {"minutes a run": f"{runs['seconds'].mean() / 60:.1f}"})
    notes = [f"Errors on rows taken from the training part; the test part was not looked at. {measures.SPREAD}"]
    return Table(title, pd.DataFrame(rows), notes, paths(found))


def problems(results: Results) -> Table:
    """Records that could not be used, and why."""
    notes = () if results.problems else ("Every record could be used.",)
    return Table("Records that could not be used", pd.DataFrame({"what": results.problems}, dtype="str"), notes)


def _lowest(means: Sequence[Mapping[str, float]]) -> frozenset[Cell]:
    """The lowest of each column, where there is more than one row to be lower than."""
    if len(means) < 2:
        return frozenset()
    return frozenset(
        (row, name) for name in means[0] for row in range(len(means)) if means[row][name] == min(m[name] for m in means)
    )


def _seconds(results: Results, group: Sequence[str]) -> float:
    return max(results.records[path]["cost"]["seconds"] for path in group)


def _number(value: float | None, per: float, form: str) -> str:
    return "" if value is None else format(value / per, form)


def _rows_of(own: Results) -> str:
    return f"{int(own.runs['n_test'].max()):,} {own.runs['measured_on'].iloc[0]} rows"


def _binomial(results: Results, setting: str) -> str:
    """What the test part's own size adds, which seeds do not show: they share its rows."""
    erm = results.of(setting).runs
    erm = erm[erm["method"] == "ERM"]
    n, p = int(erm["n_test"].iloc[0]), erm["error"].mean() / 100
    points = 100 * math.sqrt(p * (1 - p) / n)
    return (
        f"Apart from that, {n:,} test rows alone leave a binomial standard error of {points:.2f} points on an error of "
        f"{100 * p:.2f} %, the same rows for every seed."
    )

"""## What it costs

mixup adds a weighted sum to a step, and no pass through the network.
"""

from collections.abc import Sequence

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure as Picture

from analysis import lines, missing
from analysis.collect import Results
from analysis.figure import WIDE, Figure
from analysis.measures import means_of
from analysis.methods import in_order
from analysis.question import Question, figure, table
from analysis.setting import Setting
from analysis.table import Table, paths


@figure("cost", "Cost of a run")
def of_each_run(setting: Setting) -> Figure:
    """What each run took."""
    frame = setting.here.runs
    numbers = frame[["method", "seed", "device", "threads", "processes", "seconds", "images_per_second"]].copy()
    methods = in_order(numbers["method"])
    numbers["minutes"] = numbers.pop("seconds") / 60
    picture = Picture(figsize=(WIDE, 1.1 + 0.4 * len(methods)), layout="constrained")
    panels = {"minutes": "minutes, evaluation included", "images_per_second": "training images a second"}
    for ax, (column, label) in zip(picture.subplots(1, 2, sharey=True), panels.items(), strict=True):
        for method in methods:
            color, _, mark = lines.look_of(method)
            of = numbers[numbers["method"] == method]
            ax.plot(of[column], [str(method)] * len(of), mark, color=color, markersize=8, alpha=0.8, label=f"_{method}")
        ax.set(xlabel=label, ylim=(len(methods) - 0.5, -0.5))
        ax.set_xlim(0, 1.1 * numbers[column].max())
    sns.despine(picture, left=True)
    machines = {f"{row.device}, {row.threads} threads × {row.processes}" for row in numbers.itertuples()}
    caption = (
        f"A mark a run ({lines.seeds_said(frame)}; {', '.join(sorted(machines))}), as it was measured: other work may "
        "have shared the machine. One forward and one backward pass a batch under both methods: mixup's own work is "
        "the mixing."
    )
    means = ", ".join(f"{method} {mean:.1f}" for method, mean in means_of(numbers, "minutes").items())
    alt = f"Marks for each run. Minutes, mean: {means}."
    return Figure(caption, alt, picture, numbers, tuple(frame["record"]), missing.arms(setting))


@table("cost", "What it cost")
def in_numbers(setting: Setting) -> Table:
    """What each record of a setting took."""
    results, here = setting.results, setting.here
    groups = {path: [path] for path in [*paths(here.runs), *paths(here.between)]}
    for _, of in here.attacks.groupby(["source", "protocol"], sort=False):
        of_source = sorted(set(of["record"]))  # an attack's seconds are of all targets of its source
        groups[of_source[0]] = of_source
    sources = here.attacks.drop_duplicates("record").set_index("record")
    names = {row.record: f"{row.method}, seed {row.seed}" for row in here.runs.itertuples()}
    rows, links = [], {}
    for place, (path, group) in enumerate(groups.items()):
        record = results.records[path]
        spent, machine = record["cost"], record["environment"]
        name = names.get(record["parents"][0]["record"] if record["parents"] else path, "")
        if record["kind"] == "attack":
            name = name or str(sources.loc[path, "source"])
            name += f" on {len(group)} target{'s' if len(group) > 1 else ''}"
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
        links[place, "record"] = path
    hours = sum(_seconds(results, group) for group in groups.values()) / 3600
    used = [path for group in groups.values() for path in group]
    notes = [f"{setting.name}: {len(used)} records, {hours:.1f} hours of these devices in all."]
    return Table(pd.DataFrame(rows), notes, used, links=links)


def _seconds(results: Results, group: Sequence[str]) -> float:
    return max(results.records[path]["cost"]["seconds"] for path in group)


def _number(value: float | None, per: float, form: str) -> str:
    return "" if value is None else format(value / per, form)


QUESTION = Question(__doc__, [of_each_run, in_numbers])

"""## What it costs

mixup adds a weighted sum to a step, and no pass through the network. What that comes to is timed in alternation with
ERM (`scripts/benchmark.py mixup`): times of whole runs are of different days.
"""

import math
from collections.abc import Sequence

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure as Picture

from analysis import commands, lines, missing
from analysis.collect import Results
from analysis.figure import WIDE, Figure
from analysis.intervals import interval
from analysis.methods import in_order
from analysis.question import Question, claim, figure, table
from analysis.sentences import many
from analysis.setting import Setting
from analysis.table import Table, paths
from analysis.verdict import Verdict, above, not_run, whole

NO_DEARER = 1.05  # times the time of ERM, which mixup may take and still cost next to nothing


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
    where = zip(numbers["device"], numbers["threads"], numbers["processes"], strict=True)
    machines = {f"{device}, {many(threads, 'thread')} × {processes}" for device, threads, processes in where}
    caption = (
        f"A mark a run ({lines.seeds_said(frame)}; {', '.join(sorted(machines))}), as it was measured: other work may "
        "have shared the machine. One forward and one backward pass a batch under both methods: mixup's own work is "
        "the mixing."
    )
    medians = ", ".join(f"{m} {numbers.loc[numbers['method'] == m, 'minutes'].median():.1f}" for m in methods)
    alt = f"Marks for each run. Minutes, median: {medians}."
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
    rows = []
    for path, group in groups.items():
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
    hours = sum(_seconds(results, group) for group in groups.values()) / 3600
    used = [path for group in groups.values() for path in group]
    notes = [f"{setting.name}: {many(len(used), 'record')}, {hours:.1f} hours of these devices in all."]
    times = "; ".join(f"{results.records[path]['run']} {_times(logs)}" for path, logs in _timed(results).items())
    lead = [f"A step under mixup, timed in alternation with one under ERM: {times}."] if times else []
    return Table(pd.DataFrame(rows), notes, used, lead=lead)


def _timed(results: Results) -> dict[str, list[float]]:
    """The logarithm of each turn's ratio of mixup to ERM, by record of `benchmark.py` that timed the two."""
    return {
        path: [
            math.log(a / b) for a, b in zip(*(record["final"]["seconds"][one] for one in ("mixup", "erm")), strict=True)
        ]
        for path, record in sorted(results.records.items())
        if record["kind"] == "benchmark" and record["config"]["what"] == "mixup"
    }


def _times(logs: Sequence[float]) -> str:
    found = interval(logs)
    low, mean, high = (math.exp(value) for value in (found.low, found.mean, found.high))
    return f"{mean:.3f} [{low:.3f}, {high:.3f}] times ERM"


def _seconds(results: Results, group: Sequence[str]) -> float:
    return max(results.records[path]["cost"]["seconds"] for path in group)


def _number(value: float | None, per: float, form: str) -> str:
    return "" if value is None else format(value / per, form)


@claim("P34", "mixup costs next to no time", "section 1", "minimal", "1 introduction", anywhere=True)
def no_dearer(setting: Setting) -> Verdict:
    """A step under mixup takes at most `NO_DEARER` times one under ERM, by turns in alternation, of the records of
    `benchmark.py` that timed the two."""
    timed = _timed(setting.results)
    if not timed:
        return not_run("not timed in alternation", [commands.benchmark(setting.results, "mixup")])
    parts, rows = [], []
    for path, logs in timed.items():
        says = f"{setting.results.records[path]['run']}, {len(logs)} turns: {_times(logs)}"
        bound = f"; next to no is at most {NO_DEARER:g} times"
        parts.append(above(says + bound, logs, math.log(NO_DEARER), -1))
        rows += [f"{path}, turn {turn}: {math.exp(one):.3f} times ERM" for turn, one in enumerate(logs)]
    return whole("", parts, rows, list(timed), [])


QUESTION = Question(__doc__, [of_each_run, in_numbers], [no_dearer])

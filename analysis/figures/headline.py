"""The study's result in one picture: what mixup is for, and what it does."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from analysis import measures
from analysis.collect import Results
from analysis.figures import gaps, lines
from analysis.figures.figure import WIDE, Figure, styled
from analysis.figures.inbetween import at_half, draw_misses, misses_numbers, of_setting, pairs_said
from analysis.figures.lines import MEAN

LEAST = 1.0  # points of test error that the axis spans: less would make much of nothing


@styled
def headline(results: Results, setting: str | None = None) -> Figure:
    """Left, the test error of every seed under each method; right, misses in between training examples."""
    setting = setting or results.headline()
    of = results.of(setting) if setting else results
    runs = of.runs
    title = "mixup against ERM"
    if setting is None or runs.empty:
        return Figure("headline", title, missing=gaps.of_arms(results, setting))
    frame, missing = of_setting(results, setting)
    numbers = lines.lines(runs.assign(place=runs["method"]), "place", "error", "test error")
    picture = Picture(figsize=(WIDE, 3.4), layout="constrained")
    left, *rest = picture.subplots(1, 1 if frame.empty else 2, squeeze=False)[0]
    draw_errors(left, numbers)
    left.set_xlabel(difference_said(of, setting))
    if rest:
        between = misses_numbers(frame)
        draw_misses(rest[0], between)
        rest[0].set(title="misses in between", xlabel="λ", ylabel="%")
        numbers = pd.concat([numbers, between])
        lines.legend(picture, runs["method"])
    caption = (
        f"Left, test error: a mark a seed, joined where methods share it ({lines.seeds_said(runs)}); "
        f"{differences(of, setting)}"
    )
    if rest:
        caption += (
            " Right, how often the class predicted for a mix of two examples is neither's, "
            f"{pairs_said(frame)}. {at_half(between, ' %')} {lines.band_said(frame)}"
        )
    records = (*runs["record"], *frame["record"].unique())
    means = numbers[(numbers["panel"] == "test error") & (numbers["line"] == MEAN)].set_index("method")["y"]
    ends = ", ".join(f"{method} {means[method]:.2f} %" for method in lines.in_order(means.index))
    alt = f"Left, a mark for each seed. Mean test error: {ends}." + (" Right, misses over λ." if rest else "")
    first = runs.iloc[0]
    where = (
        f"{first['dataset']}, {first['n_train']:,} training rows, {first['model']} of width {first['width']}, "
        f"{first['epochs']} epochs."
    )
    return Figure("headline", title, f"{where} {caption}", alt, picture, numbers, records, missing)


def draw_errors(ax: Axes, numbers: pd.DataFrame) -> None:
    methods = lines.in_order(numbers["method"])
    place = {method: number for number, method in enumerate(methods)}
    seeds = numbers[numbers["line"] != MEAN]
    for name, line in seeds.groupby("line"):
        line = line.assign(place=line["method"].map(place)).sort_values("place")
        ax.plot(line["place"], line["y"], color="#999999", linewidth=1, label=f"_{name}", zorder=1)
    for method in methods:
        color, _, mark = lines.look_of(method)
        of = seeds[seeds["method"] == method]
        ax.plot([place[method]] * len(of), of["y"], mark, color=color, markersize=7, label=f"_{method}")
    ax.set(title="test error", ylabel="%", xlim=(-0.5, len(methods) - 0.5))
    low, high = ax.get_ylim()
    middle, half = (low + high) / 2, max((high - low) / 2, LEAST / 2)
    ax.set_ylim(middle - half, middle + half)
    ax.set_xticks(range(len(methods)), methods)
    ax.grid(axis="x", visible=False)


def differences(results: Results, setting: str) -> str:
    """Of each method less ERM, over the seeds that both have."""
    methods = [method for method in results.methods(setting) if method != "ERM"]
    said = [f"{method} − ERM {_difference(pairs)}" for method in methods if (pairs := _pairs(results, method)).seeds]
    return ("; ".join(said) or "no seed is shared yet") + "."


def difference_said(results: Results, setting: str) -> str:
    """For the picture: of the method to hold against ERM."""
    method = results.mixup_of(setting)
    pairs = _pairs(results, method) if method else None
    return f"{method} − ERM: {_difference(pairs)}".replace(", 95 %", "\n95 %") if pairs and pairs.seeds else ""


def _pairs(results: Results, method: str) -> measures.Pairs:
    return measures.pair(measures.of_runs(results, "error", "test error"), method)


def _difference(pairs: measures.Pairs) -> str:
    mean, shown = pairs.interval, pairs.measure
    if mean.n == 1:
        return f"{shown.show_difference(mean.mean)} (one pair)"
    within = shown.show_range(mean.low, mean.high)
    return f"{shown.show_difference(mean.mean)} ({mean.n} pairs), 95 % t interval {within}"

"""Differences to ERM at the same seed, as dots with their intervals: a row a table, or a network."""

from collections.abc import Mapping, Sequence

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D

from analysis import groups, measures
from analysis.collect import Results
from analysis.figures import gaps, lines
from analysis.figures.figure import WIDE, Figure, styled
from analysis.figures.lines import MEAN
from analysis.intervals import ROUNDING
from analysis.measures import Pairs, pair, signed
from analysis.rows import BASELINES
from analysis.tables.tabular import SEEN, compared, less_erm

NUMBERS = ["panel", "row", "mark", "line", "difference", "low", "high", "n"]
WHISKERS = (
    "Dots: the mean difference, line: its 95 % t interval over pairs, hollow where it holds 0; above it: each pair. "
    "Left of 0 is less error than ERM."
)


@styled
def tabular(results: Results, setting: str | None = None) -> Figure:
    """Mixup less ERM on each table, by both errors; and scikit-learn's models less ERM. It finds its own settings."""
    title = "Tables: differences to ERM on the same split"
    settings = groups.tabular(results)
    if not settings:
        return Figure("tabular", title, missing=gaps.of_study(results, "on the paper's tables", "tables"))
    parts, used = [pd.DataFrame(columns=NUMBERS)], []
    for name, one in settings.items():
        frame = compared(results, one)
        used += frame["record"].tolist()
        method = results.mixup_of(one)
        for column, what in SEEN.items() if method else ():
            parts.append(rows("mixup", name, what, less_erm(results, one, column, str(method))))
        parts += [rows("scikit-learn", name, m, less_erm(results, one, "error", m)) for m in BASELINES.values()]
    numbers = pd.concat([part for part in parts if len(part)] or parts)
    if numbers.empty:
        return Figure("tabular", title, missing=gaps.of_study(results, "under both on the paper's tables", "tables"))
    looks = {what: (lines.look_of("mixup")[0], mark) for what, mark in zip(SEEN.values(), "sD", strict=True)}
    looks |= {name: lines.look_of(name)[::2] for name in BASELINES.values()}
    panels = [panel for panel in ("mixup", "scikit-learn") if (numbers["panel"] == panel).any()]
    picture = Picture(figsize=(WIDE, 1.4 + 0.5 * len(settings)), layout="constrained")
    for ax, panel in zip(picture.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels, strict=True):
        draw(ax, numbers[numbers["panel"] == panel], list(settings), looks)
        ax.set(title=f"{panel} − ERM", xlabel="points")
    legend(picture, numbers, looks)
    means = numbers[(numbers["line"] == MEAN) & (numbers["mark"] == "error")]
    said = "; ".join(f"{one['row']} {signed(one['difference'], 2)} points" for one in means.to_dict("records"))
    caption = (
        f"Pairs of one split and one seed ({pairs_said(numbers)}). {WHISKERS} The panels have scales of their own."
    )
    alt = f"A row for each table, with dots and whiskers. Error, mixup less ERM: {said or 'no pair yet'}."
    return Figure("tabular", title, caption, alt, picture, numbers, tuple(dict.fromkeys(used)))


@styled
def speech(results: Results, setting: str | None = None) -> Figure:
    """Mixup less ERM under each network, by alpha. It finds its own settings."""
    title = "Speech: differences to ERM at the same seed"
    settings = groups.speech(results)
    if not settings:
        return Figure("speech", title, missing=gaps.of_study(results, "on sounds", "speech"))
    parts, used = [pd.DataFrame(columns=NUMBERS)], []
    for network, one in settings.items():
        measure = measures.of_runs(results.of(one), "error", "test error")
        used += results.of(one).runs["record"].tolist()
        methods = [method for method in results.methods(one) if method != "ERM"]
        parts += [rows("test error", network, method, pair(measure, method)) for method in methods]
    numbers = pd.concat([part for part in parts if len(part)] or parts)
    if numbers.empty:
        return Figure("speech", title, missing=gaps.of_study(results, "under both on sounds", "speech"))
    looks = {str(method): lines.look_of(str(method))[::2] for method in numbers["mark"].unique()}
    picture = Picture(figsize=(WIDE, 1.4 + 0.6 * len(settings)), layout="constrained")
    ax = picture.subplots()
    draw(ax, numbers, list(settings), looks)
    ax.set_xlabel("test error less ERM's (points)")
    legend(picture, numbers, looks)
    first = results.runs[results.runs["setting"].isin(settings.values())].iloc[0]
    of = f"{first['dataset']}, {first['n_test']:,} test recordings"
    caption = f"{of}. Pairs of one seed ({pairs_said(numbers)}). {WHISKERS}"
    means = numbers[numbers["line"] == MEAN]
    said = "; ".join(
        f"{one['row']}, {one['mark']} {signed(one['difference'], 2)} points" for one in means.to_dict("records")
    )
    alt = f"A row for each network, with dots and whiskers: {said}."
    return Figure("speech", title, caption, alt, picture, numbers, tuple(dict.fromkeys(used)))


def rows(panel: str, row: str, mark: str, pairs: Pairs) -> pd.DataFrame:
    """The numbers of one dot, columns NUMBERS: each pair's difference, and their mean with its interval."""
    mean, n = pairs.interval, len(pairs.seeds)
    made = [
        {"line": f"seed {seed}", "difference": value}
        for seed, value in zip(pairs.seeds, pairs.differences, strict=True)
    ]
    made += [{"line": MEAN, "difference": mean.mean, "low": mean.low, "high": mean.high, "n": n}] if n else []
    return pd.DataFrame(made, columns=NUMBERS).assign(panel=panel, row=row, mark=mark)


def draw(ax: Axes, numbers: pd.DataFrame, names: Sequence[str], looks: Mapping[str, tuple[str, str]]) -> None:
    """A row for each name, from above; within it the marks one below the other."""
    marks = [mark for mark in looks if (numbers["mark"] == mark).any()]
    ax.axvline(0, color="#555555", linewidth=1)
    for number, mark in enumerate(marks):
        color, symbol = looks[mark]
        of = numbers[numbers["mark"] == mark]
        shift = 0.6 * ((number + 0.5) / len(marks) - 0.5)
        for one in of.to_dict("records"):
            at, x, low, high = names.index(one["row"]) + shift, one["difference"], one["low"], one["high"]
            if one["line"] != MEAN:
                beside = at - 0.2 / len(marks)  # above the whisker, which would hide them
                ax.plot(x, beside, ".", color=color, alpha=0.5, markersize=4, label=f"_{mark}, {one['line']}")
                continue
            ax.plot([low, high], [at, at], color=color, linewidth=1.6, label=f"_{mark}, interval")
            face = color if low > ROUNDING or high < -ROUNDING else "white"
            ax.plot(x, at, symbol, color=color, markerfacecolor=face, markersize=6, label=f"_{mark}")
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    sns.despine(ax=ax, left=True)


def legend(picture: Picture, numbers: pd.DataFrame, looks: Mapping[str, tuple[str, str]]) -> None:
    handles = [
        Line2D([], [], color=color, marker=symbol, linewidth=1.6, label=mark)
        for mark, (color, symbol) in looks.items()
        if (numbers["mark"] == mark).any()
    ]
    picture.legend(
        handles=handles, loc="outside upper center", ncols=min(len(handles), 3), frameon=False, columnspacing=1.4
    )


def pairs_said(numbers: pd.DataFrame) -> str:
    """How many pairs a dot has: "10 pairs a dot"."""
    counts = numbers.loc[numbers["line"] == MEAN, "n"].astype(int)
    if counts.empty:
        return "no pair yet"
    low, high = counts.min(), counts.max()
    return f"{low} pair{'s' if low > 1 else ''} a dot" if low == high else f"{low} to {high} pairs a dot"

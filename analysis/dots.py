"""Differences to ERM as dots with their intervals: a row a table, or a network."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D

from analysis.intervals import LEVEL, holm
from analysis.lines import MEAN
from analysis.measures import ENOUGH, Pairs, signed

FAR = 3  # times the distance of the quartiles
NUMBERS = ["panel", "row", "mark", "line", "difference", "low", "high", "n", "p", "is_shown"]
WHISKERS = (
    "Dots: the mean difference, line: its 95 % t interval over pairs; above it: each pair. Filled where a difference "
    f"is shown: p below .05 by Holm's correction over all dots of one kind in a panel, from {ENOUGH} pairs on."
)
Looks = Mapping[Any, tuple[str, str]]  # colour and symbol of each mark


def numbers(panel: str, row: str, mark: Any, pairs: Pairs) -> pd.DataFrame:
    """Those of one dot, columns NUMBERS: each pair's difference, and their mean with its interval and p."""
    mean, n = pairs.interval, len(pairs.seeds)
    made = [
        {"line": f"seed {name}", "difference": value}
        for name, value in zip(pairs.names, pairs.differences, strict=True)
    ]
    if n:
        ends = {"low": mean.low, "high": mean.high} if mean.is_shown else {}
        made.append({"line": MEAN, "difference": mean.mean, **ends, "n": n, "p": mean.p})
    return pd.DataFrame(made, columns=NUMBERS).assign(panel=panel, row=row, mark=[mark] * len(made))


def joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """All dots of a picture, and of which a difference is shown: by p corrected for all of one mark in a panel."""
    found = pd.concat([part for part in parts if len(part)] or [pd.DataFrame(columns=NUMBERS)], ignore_index=True)
    found = found.astype({"mark": "object"})  # of methods and of words
    judged = found[(found["line"] == MEAN) & (found["n"] >= ENOUGH)]
    for _, of in judged.groupby(["panel", judged["mark"].map(str)]):
        found.loc[of.index, "p"] = holm(of["p"].tolist())
    return found.assign(is_shown=found["p"].lt(1 - LEVEL) & found.index.isin(judged.index))


def draw(ax: Axes, numbers: pd.DataFrame, names: Sequence[str], looks: Looks) -> None:
    """A row for each name, from above; within it the marks one below the other."""
    marks = [mark for mark in looks if (numbers["mark"] == mark).any()]
    ax.axvline(0, color="#555555", linewidth=1, zorder=0.9)
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
            face = color if one["is_shown"] else "white"
            ax.plot(x, at, symbol, color=color, markerfacecolor=face, markersize=6, label=f"_{mark}")
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    sns.despine(ax=ax, left=True)


def cut(ax: Axes, numbers: pd.DataFrame, names: Sequence[str], seen: Sequence[float]) -> bool:
    """Ends the axis where all rows end but those whose mean lies `FAR` times the quartiles' distance beyond them
    (Tukey's fence); of these an arrow says the mean. seen  places to be seen as well;  returns whether there are such
    """
    means = numbers[numbers["line"] == MEAN]
    low, high = means["difference"].quantile([0.25, 0.75])
    is_far = ~means["difference"].between(low - FAR * (high - low), high + FAR * (high - low))
    if not is_far.any():
        return False
    near = numbers[~numbers["row"].isin(means.loc[is_far, "row"])]
    ends = np.append(near[["difference", "low", "high"]].to_numpy(dtype=float), seen)
    edge = 0.05 * np.ptp(ends[np.isfinite(ends)])
    ax.set_xlim(np.nanmin(ends) - edge, np.nanmax(ends) + edge)
    for one in means[is_far].to_dict("records"):
        at = 1 if one["difference"] > high else 0
        said = f"{signed(one['difference'], 1)} →" if at else f"← {signed(one['difference'], 1)}"
        place: Any = {"transform": ax.get_yaxis_transform(), "ha": "right" if at else "left", "va": "center"}
        ax.text(at, names.index(one["row"]) + 0.35, said, size="small", **place)
    return True


def legend(picture: Picture, numbers: pd.DataFrame, looks: Looks, others: Iterable[Line2D] = ()) -> None:
    handles = [
        Line2D([], [], color=color, marker=symbol, linewidth=1.6, label=str(mark))
        for mark, (color, symbol) in looks.items()
        if (numbers["mark"] == mark).any()
    ]
    handles += others
    picture.legend(
        handles=handles, loc="outside upper center", ncols=min(len(handles), 3), frameon=False, columnspacing=1.4
    )


def pairs_said(numbers: pd.DataFrame) -> str:
    """How many pairs a dot has: "10 pairs per dot"."""
    counts = numbers.loc[numbers["line"] == MEAN, "n"].astype(int)
    if counts.empty:
        return "no pair yet"
    low, high = counts.min(), counts.max()
    return f"{low} pair{'s' if low > 1 else ''} per dot" if low == high else f"{low} to {high} pairs per dot"


def means_said(numbers: pd.DataFrame, name: str) -> str:
    """name: what a mean is called, of its row and mark: "{row}, {mark}"."""
    means: Any = numbers[numbers["line"] == MEAN].to_dict("records")
    return "; ".join(f"{name.format(**one)} {signed(one['difference'], 2)} points" for one in means)

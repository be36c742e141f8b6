"""Test errors of ERM and mixup over what settings differ in, and what lies between the two."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure as Picture

from analysis import lines
from analysis.figure import WIDE, Figure
from analysis.lines import MEAN
from analysis.measures import SHOWN, pair, test_error
from analysis.methods import ERM, MIXUP
from analysis.setting import Setting

COURSE = 3  # settings, at least, to see a course over

X = Callable[[Setting], float]


def shown(settings: Iterable[Setting]) -> list[Setting]:
    """Those that train on clean labels, with pairs enough for an interval; none where too few to see a course."""
    found = [one for one in settings if one.pairs >= SHOWN and one.trains_on_clean_labels]
    return found if len(found) >= COURSE else []


def drawn(
    columns: Mapping[str, Sequence[Setting]], x: X, label: str, name: Callable[[Setting], str] = lambda _: ""
) -> Figure:
    """A column of panels for each sequence of settings, by its title: above, every seed and the means; below, what lies
    between mixup and ERM, in pairs.

    x      of a setting, on a logarithmic scale;  label  what it is;  name  of a setting, below its x
    """
    picture = Picture(figsize=(max(WIDE, 3.2 * len(columns)), 5.2), layout="constrained")
    axes = picture.subplots(2, len(columns), squeeze=False, sharex="col", height_ratios=[3, 2])
    color, _, mark = lines.look_of(MIXUP)
    parts, records = [], []
    for (above, below), (title, settings) in zip(axes.T, columns.items(), strict=True):
        runs = pd.concat([one.here.runs.assign(x=x(one)) for one in settings])
        runs = runs[runs["method"].isin([ERM, *(one.mixup for one in settings)])]
        errors = lines.numbers(runs, "x", "error", title)
        between = _between(settings, x, f"{title}, mixup minus ERM")
        lines.draw(above, errors)
        reach = [between["y"] - between["low"], between["high"] - between["y"]]
        below.errorbar(between["x"], between["y"], reach, color=color, marker=mark, capsize=3, label="_mixup minus ERM")
        below.axhline(0, color=lines.look_of(ERM)[0], linewidth=1.2)
        above.set(title=title, xscale="log")
        below.set(xlabel=label)
        ticks = [f"{at:,.3g}" if at < 1000 else f"{at:,.0f}" for at in between["x"]]
        below.set_xticks(between["x"], [f"{tick}\n{name(one)}" for tick, one in zip(ticks, settings, strict=True)])
        below.minorticks_off()
        parts += [errors, between]
        records += list(runs["record"])
    axes[0, 0].set_ylabel("test error (%)")
    axes[1, 0].set_ylabel("mixup − ERM (points)")
    numbers = pd.concat(parts)
    lines.legend(picture, numbers["method"])
    return Figure(picture=picture, data=numbers, records=tuple(records))


def _between(settings: Sequence[Setting], x: X, panel: str) -> pd.DataFrame:
    """What lies between mixup and ERM, columns `lines.LINES`."""
    rows = []
    for one in settings:
        found = pair(test_error(one.here), one.mixup).interval
        at = {"method": one.mixup, "line": MEAN, "x": x(one)}
        rows.append(at | {"y": found.mean, "low": found.low, "high": found.high})
    return pd.DataFrame(rows).assign(panel=panel).reindex(columns=lines.LINES)

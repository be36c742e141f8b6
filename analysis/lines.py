"""Lines of methods: a thin one for each seed, a thick one for their mean, and a band."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D

from analysis.measures import SHOWN, interval, named
from analysis.methods import Method, in_order
from analysis.sentences import many

# One look a method, everywhere: colours that the colour-blind tell apart (seaborn's, and darker ones of P. Tol's), and
# dashes and marks for grey.
SOLID, LONG, SHORT, DOTTED = "-", (0, (6, 1.5)), (0, (3, 1.5)), (0, (1, 1.2))
Look = tuple[str, Any, str]  # colour, dashes, mark
OF_ERM: Look = ("#0173b2", SOLID, "o")
OF_ALPHA: dict[float, Look] = {  # of mixup
    1.0: ("#de8f05", LONG, "s"),
    0.1: ("#332288", SHORT, "^"),
    0.2: ("#029e73", SHORT, "^"),
    0.3: ("#cc78bc", SHORT, "v"),
    0.4: ("#767676", SHORT, "v"),
    0.5: ("#882255", SHORT, "v"),
    2.0: ("#d55e00", DOTTED, "D"),
    8.0: ("#8c6239", DOTTED, "D"),
    32.0: ("#767676", DOTTED, "P"),
}
# Of mixup's kin, by what departs from it, or from ERM: of several the first of these.
OF_KIN: dict[str, Look] = {
    "patches": ("#029e73", DOTTED, "H"),
    "hidden": ("#cc78bc", LONG, "8"),
    **{f"layer{number}": ("#332288", DOTTED, mark) for number, mark in enumerate("<>^vd", 1)},
    "targets": ("#d55e00", LONG, "D"),
    "regmixup": ("#8c6239", LONG, "P"),
    "partners": ("#882255", LONG, "p"),
    "neighbours": ("#767676", LONG, "h"),
    "pairs": ("#767676", DOTTED, "d"),
    "label_smoothing": ("#cc78bc", SOLID, ">"),
    "noise": ("#767676", SOLID, "<"),
    "mixup_prob": ("#029e73", SOLID, "s"),
    "cooldown_epochs": ("#d55e00", SOLID, "v"),
}
PER_ROW: Look = ("#d55e00", SHORT, "X")
OF_MODEL: dict[str, Look] = {  # of scikit-learn, and losses of GANs
    "logistic regression": ("#332288", SOLID, "<"),
    "gradient boosting": ("#029e73", SOLID, ">"),
    "scikit-learn's MLP": ("#555555", SOLID, "p"),
    "plain loss": OF_ERM,
    "non-saturating loss": ("#555555", SHORT, "X"),
    "the authors' code": ("#cc78bc", SHORT, "d"),
    "R3GAN": ("#d55e00", SHORT, "P"),
}
# Dropout, alone and with mixup: the mark tells p.
DROPOUT, WITH_DROPOUT = ("#029e73", LONG), ("#cc78bc", SHORT)
OF_P = {0.1: "<", 0.3: ">", 0.5: "^", 0.7: "v", 0.8: "p", 0.9: "h"}
OTHER: Look = ("#555555", DOTTED, "*")
MARKED: Any = {"markersize": 6, "markeredgecolor": "white", "markeredgewidth": 0.8}  # told from their own line

LINES = ["panel", "method", "line", "x", "y", "low", "high"]
MEAN = "mean"
ROOM, MARK = 95, 6  # letters that a legend has room for in a line, and that a line with its mark takes of them


def look_of(method: Method) -> Look:
    """The same with and without epochs of ERM before mixup."""
    if method.model:
        return OF_MODEL.get(method.model, OTHER)
    if method.dropout:
        color, dashes = WITH_DROPOUT if method.is_mixup else DROPOUT
        return color, dashes, OF_P.get(method.dropout, "*")
    if method.is_kin:
        has = {method.mix, *dict(method.more)}
        looks = (look for what, look in OF_KIN.items() if what in has)
        return next(looks, OTHER) if method.alpha in (None, 1) else OTHER
    if method.alpha is None:
        return OF_ERM
    if method.per_row:
        return PER_ROW if method.alpha == 1 else OTHER
    return OF_ALPHA.get(method.alpha, OTHER)


def numbers(frame: pd.DataFrame, x: str, y: str, panel: str) -> pd.DataFrame:
    """The numbers of one panel, columns LINES: for each method every seed's line ("seed 0"; of each split its own, of
    several rows the mean), and the mean over seeds with its interval."""
    frame = frame if "split" in frame else frame.assign(split=0)
    seeds = frame.dropna(subset=[y]).groupby(["method", "seed", "split", x], as_index=False)[y].mean()
    places = [*zip(seeds["seed"], seeds["split"], strict=True)]
    among = set(places)
    names = {place: f"seed {named(place, among)}" for place in among}
    each = seeds.assign(line=[names[place] for place in places]).rename(columns={x: "x", y: "y"})
    means = []
    for (method, at), values in seeds.groupby(["method", x])[y]:
        mean = interval(values.tolist())
        means.append({"method": method, "line": MEAN, "x": at, "y": mean.mean, "low": mean.low, "high": mean.high})
    return pd.concat([each, pd.DataFrame(means)]).assign(panel=panel).reindex(columns=LINES)


def draw(ax: Axes, numbers: pd.DataFrame, *, dashes: Any = None, band: bool = True, mark_every: int = 1) -> None:
    """Draws what `numbers` made. The limits follow the lines, and a band needs three seeds: of two it is 13 standard
    errors wide and would hide the rest.

    dashes  in place of the method's own, without marks: for a second kind of line in the same axes
    """
    for method in in_order(numbers["method"]):
        color, own, mark = look_of(method)
        style: dict[str, Any] = {"color": color, "linestyle": dashes or own}
        of = numbers[numbers["method"] == method]
        seeds = of[of["line"] != MEAN]
        if seeds["line"].nunique() > 1:
            for name, line in seeds.groupby("line"):
                ax.plot(line["x"], line["y"], linewidth=0.8, alpha=0.5, label=f"_{method}, {name}", **style)
        mean = of[of["line"] == MEAN]
        marks: dict[str, Any] = {} if dashes else {"marker": mark, "markevery": mark_every, **MARKED}
        ax.plot(mean["x"], mean["y"], linewidth=2 if not dashes else 1.3, label=f"_{method}", **style, **marks)
    limits = ax.get_ylim()
    for method in in_order(numbers["method"]) if band else []:
        of = numbers[numbers["method"] == method]
        if of.loc[of["line"] != MEAN, "line"].nunique() < SHOWN:
            continue
        mean = of[of["line"] == MEAN].dropna(subset=["low"])
        ax.fill_between(mean["x"], mean["low"], mean["high"], color=look_of(method)[0], alpha=0.18, linewidth=0)
    ax.set_ylim(limits)


def legend(picture: Picture, methods: Iterable[Method], others: Iterable[Line2D] = ()) -> None:
    """Above the panels, where it hides nothing."""
    handles = []
    for method in in_order(methods):
        color, dashes, mark = look_of(method)
        handles.append(Line2D([], [], color=color, linestyle=dashes, marker=mark, linewidth=2, label=str(method)))
    handles += others
    longest = max(len(str(handle.get_label())) for handle in handles)
    columns = max(1, min(len(handles), 5, ROOM // (longest + MARK)))
    picture.legend(handles=handles, loc="outside upper center", ncols=columns, frameon=False, columnspacing=1.4)


def seeds_said(frame: pd.DataFrame) -> str:
    """How many seeds of each method: "ERM 3 seeds, mixup 1 seed"."""
    counts: Any = frame.groupby("method")["seed"].nunique()
    return ", ".join(f"{method} {many(counts[method], 'seed')}" for method in in_order(counts.index))


def band_said(frame: pd.DataFrame) -> str:
    """What the band is, and which methods have none."""
    counts: Any = frame.groupby("method")["seed"].nunique()
    few = in_order(counts.index[counts < SHOWN])
    if len(few) == len(counts):
        return f"No interval: fewer than {SHOWN} seeds a method."
    alone = f" None for {', '.join(map(str, few))}: fewer than {SHOWN} seeds." if few else ""
    return f"Thin: each seed; band: 95 % t interval of the mean over seeds.{alone}"

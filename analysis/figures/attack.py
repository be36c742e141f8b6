"""How much a gradient step hurts: white-box, black-box, and every source against every target."""

from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D

from analysis import measures
from analysis.collect import Results
from analysis.figures import gaps, lines
from analysis.figures.figure import WIDE, Figure, styled
from analysis.figures.lines import MEAN

BOXES = ("white-box", "black-box")
ITERATED = {"ifgsm": ("I-FGSM", "+"), "pgd": ("PGD", "x")}
NOISE_DASHES = (0, (1, 2))
MOST_WITH_TENTHS = 6  # models whose errors fit into the matrix with a decimal
USUAL = 4.0  # epsilon: the paper's 4/255


def of_setting(results: Results, setting: str | None) -> tuple[pd.DataFrame, str]:
    """The rows whose source and target are both of the setting, measured alike, and what is missing."""
    frame = measures.attacked(results.of(setting), setting) if setting else results.attacks.iloc[:0]
    return frame, gaps.of_measurement(results, setting, frame, "attack")


def in_box(frame: pd.DataFrame, box: str) -> pd.DataFrame:
    """White-box: a model under its own examples. Black-box, as the deck has it: under those of an ERM model; of another
    seed for every target, since runs of one seed share initial weights and batches."""
    if box == "white-box":
        return frame[frame["white_box"]]
    return frame[(frame["source_method"] == "ERM") & (frame["source_seed"] != frame["seed"]) & ~frame["white_box"]]


@styled
def epsilon(results: Results, setting: str | None = None) -> Figure:
    """Error over epsilon, clean at 0."""
    setting = setting or results.headline()
    frame, missing = of_setting(results, setting)
    title = "Error under attack over ε"
    if frame.empty:
        return Figure("epsilon", title, missing=missing)
    parts = []
    for box in BOXES:
        rows = in_box(frame, box)
        for attack in ("fgsm", *ITERATED, "noise"):
            if (rows["attack"] == attack).any():
                # The iterated attacks are made on a sample, of which the clean error at 0 is not.
                at = rows[rows["attack"].isin([attack] if attack in ITERATED else [attack, "clean"])]
                parts.append(lines.lines(at, "epsilon", "error", f"{box}, {attack}"))
    numbers = pd.concat(parts)
    picture = Picture(figsize=(WIDE, 3.9), layout="constrained")
    for ax, box in zip(picture.subplots(1, 2, sharex=True, sharey=True), BOXES, strict=True):
        fgsm, noise = (numbers[numbers["panel"] == f"{box}, {attack}"] for attack in ("fgsm", "noise"))
        lines.draw(ax, fgsm)
        lines.draw(ax, noise, dashes=NOISE_DASHES, band=False)
        for attack, (_, mark) in ITERATED.items():
            means = numbers[(numbers["panel"] == f"{box}, {attack}") & (numbers["line"] == MEAN)]
            for method, of in means.groupby("method"):
                color, dashes, _ = lines.look_of(str(method))
                style = {"markersize": 7, "markeredgewidth": 1.6, "linewidth": 0.8, "clip_on": False}
                label = f"_{method}, {attack}"
                ax.plot(of["x"], of["y"], color=color, linestyle=dashes, marker=mark, label=label, **style)
        ax.set(title=box, xlabel=f"ε ({frame['unit'].iloc[0]})", ylim=(0, min(100, 1.15 * numbers["y"].max())))
        if numbers[numbers["panel"].str.startswith(box)].empty:
            ax.text(0.5, 0.5, "no such pair of models yet", ha="center", transform=ax.transAxes)
    picture.axes[0].set_ylabel("error (%)")
    handles = [
        Line2D([], [], color="#333333", linestyle="", marker=mark, markersize=8, label=name)
        for name, mark in ITERATED.values()
    ]
    noise_line = Line2D([], [], color="#333333", linestyle=NOISE_DASHES, label="noise")
    lines.legend(picture, frame["method"], [*handles, noise_line])
    counts = frame.groupby("attack")["n"].max()
    on = f"FGSM and noise on {counts.get('fgsm', 0):,} test rows"
    on += f", I-FGSM and PGD on {counts['pgd']:,} of them" if "pgd" in counts else ""
    clipped = results.records[frame["record"].iloc[0]]["final"]["clipped"]
    caption = (
        "White-box: examples made on the model itself; black-box: on ERM models of other seeds. "
        f"Thick: FGSM; dotted: noise of the same size (each pixel up or down by ε at random). {on}; ε = 0 is clean. "
        f"{'Clipped to the pixel range. ' if clipped else ''}"
        f"{lines.seeds_said(frame)[0].upper() + lines.seeds_said(frame)[1:]} as targets. {lines.band_said(frame)}"
    )
    usual = nearest(frame, USUAL)
    here = numbers[(numbers["line"] == MEAN) & (numbers["x"] == usual) & numbers["panel"].str.endswith(", fgsm")]
    said = "; ".join(f"{str(row.panel).split(',')[0]} {row.method} {row.y:.1f} %" for row in here.itertuples())
    alt = f"Two panels, error rising with ε. FGSM at ε = {usual:g}: {said}."
    return Figure("epsilon", title, caption, alt, picture, numbers, tuple(frame["record"].unique()), missing)


@styled
def transfer(results: Results, setting: str | None = None) -> Figure:
    """Every source against every target: the diagonal is white-box."""
    setting = setting or results.headline()
    frame, missing = of_setting(results, setting)
    frame = frame[frame["attack"] == "fgsm"]
    title = "FGSM made on one model, tested on another"
    if frame.empty:
        return Figure("transfer", title, missing=missing)
    at = nearest(frame, USUAL)
    numbers = frame.loc[frame["epsilon"] == at].assign(
        source=frame["source_method"] + " " + frame["source_seed"].astype(str),
        target=frame["method"] + " " + frame["seed"].astype(str),
    )[["source", "target", "epsilon", "n", "errors", "error"]]
    table = numbers.pivot(index="source", columns="target", values="error")
    order = sorted(set(table.index) | set(table.columns), key=lambda name: (not name.startswith("ERM"), name))
    table = table.reindex(index=order, columns=order)
    side = max(3.6, 1.4 + 0.75 * len(order))
    picture = Picture(figsize=(min(WIDE, side + 1), min(WIDE, side)), layout="constrained")
    ax = picture.subplots()
    bar = {"label": "error (%)", "shrink": 0.8}
    fits: dict[str, Any] = (
        {"fmt": ".1f"} if len(order) <= MOST_WITH_TENTHS else {"fmt": ".0f", "annot_kws": {"size": 7}}
    )
    sns.heatmap(table, ax=ax, annot=True, cmap="cividis_r", square=True, linewidths=1, cbar_kws=bar, **fits)
    ax.set(xlabel="tested on", ylabel="made on")
    ax.tick_params(axis="x", rotation=90 if len(order) > 4 else 0)
    ax.tick_params(axis="y", rotation=0)
    unit = frame["unit"].iloc[0]
    caption = (
        f"Error (%) of the model of the column under FGSM examples of ε = {at:g} ({unit}) made on the model of "
        f"the row, {numbers['n'].max():,} test rows; the number of a model is its seed. Diagonal: white-box. "
        "No interval: one measurement a cell."
    )
    alt = (
        "A matrix. "
        + "; ".join(f"{row.source} on {row.target} {row.error:.1f} %" for row in numbers.itertuples())
        + "."
    )
    return Figure("transfer", title, caption, alt, picture, numbers, tuple(frame["record"].unique()), missing)


def nearest(frame: pd.DataFrame, wanted: float) -> float:
    """The epsilon measured that is nearest to this one."""
    return float(min(frame.loc[frame["epsilon"] > 0, "epsilon"].unique(), key=lambda there: abs(there - wanted)))

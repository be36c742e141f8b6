"""## Under attack (slides 18 and 19)

**Asked:** how much does it hurt to move every pixel by ε in the worst direction? **Measured:** FGSM (one step along the
sign of the gradient), its iterated kin I-FGSM and PGD, and noise of the same size, which a gradient must beat to count
as an attack. *White-box*: made on the model that is tested. *Black-box*: made on an ERM model of another seed, and
transferred. I-FGSM takes 10 steps of ε/10, or of 1 where that is more; PGD 20 of ε/8 from one random start, unless its
record's name says otherwise. **Look at** ε = 0 first: a model that errs more on clean images starts higher. And at PGD:
whoever resists one step only is not robust.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D

from analysis import lines, measures, missing, paper
from analysis.figure import WIDE, Figure
from analysis.lines import MEAN
from analysis.measures import TITLES, at_epsilon, attack_rows, attacked, in_box, means_of, nearest, pair, spread
from analysis.methods import in_order
from analysis.question import Claim, Question, figure, table
from analysis.setting import Setting
from analysis.table import Table, paths
from analysis.verdict import Verdict, differ

BOXES = ("white", "black")
MARKS = {"ifgsm": "+", "pgd": "x"}  # of the iterated
BESIDE = {"ifgsm": -0.02, "pgd": 0.02}  # of the largest ε, so that they are told apart
FULL = 104  # percent, so that marks at 100 are whole
NOISE_DASHES = (0, (1, 2))
SCALES = {"1/255": "1/255 of the pixels' range", "std/100": "hundredths of a feature's standard deviation"}


@figure("epsilon", "Error under attack over ε", of_each=True)
def over_epsilon(setting: Setting) -> Figure:
    """Error over epsilon, clean at 0."""
    frame = attacked(setting)
    gap = missing.measurement(setting, frame, "attack")
    if frame.empty:
        return Figure(missing=gap)
    seen = {}
    for box in BOXES:
        rows = in_box(frame, box)
        for attack in ("fgsm", *MARKS, *(["noise"] if box == "white" else [])):  # which no model makes
            # The iterated attacks are made on a sample, of which the clean error at 0 is not.
            at = rows[rows["attack"].isin([attack] if attack in MARKS else [attack, "clean"])]
            if (at["attack"] == attack).any():
                seen[box, attack] = lines.numbers(at, "epsilon", "error", f"{box}-box, {attack}")
    if not seen:
        drawn = ", ".join(TITLES[one] for one in ("fgsm", *MARKS, "noise"))
        return Figure(missing=gap or f"{setting.name} was attacked by none of those that are drawn: {drawn}.")
    numbers = pd.concat(seen.values())
    picture = Picture(figsize=(WIDE, 3.9), layout="constrained")
    for ax, box in zip(picture.subplots(1, 2, sharex=True, sharey=True), BOXES, strict=True):
        if (box, "fgsm") in seen:
            lines.draw(ax, seen[box, "fgsm"])
        if (box, "noise") in seen:
            lines.draw(ax, seen[box, "noise"], dashes=NOISE_DASHES, band=False)
        for attack in MARKS:
            if (box, attack) in seen:
                _mark(ax, seen[box, attack], attack, BESIDE[attack] * numbers["x"].max())
        ax.set(title=f"{box}-box", xlabel=f"ε ({frame['unit'].iloc[0]})")
        ax.set_ylim(0, min(FULL, 1.15 * numbers["y"].max()))
        if not any(one == box for one, _ in seen):
            ax.text(0.5, 0.5, "no such pair of models yet", ha="center", transform=ax.transAxes)
    picture.axes[0].set_ylabel("error (%)")
    plain: dict[str, Any] = {"color": "#333333", "markersize": 8}
    handles = [Line2D([], [], linestyle="", marker=mark, label=TITLES[one], **plain) for one, mark in MARKS.items()]
    handles.append(Line2D([], [], color="#333333", linestyle=NOISE_DASHES, label="noise"))
    lines.legend(picture, frame["method"], handles)
    clipped = setting.results.records[frame["record"].iloc[0]]["final"]["clipped"]
    targets = lines.seeds_said(frame)
    caption = (
        "White-box: examples made on the model itself; black-box: on ERM models of other seeds. "
        f"Thick: FGSM; dotted, left: noise of the same size (each pixel up or down by ε at random). I-FGSM and PGD are "
        f"drawn a little beside their ε. Test rows attacked: {_counted(frame)}; ε = 0 is clean. "
        f"{'Clipped to the pixel range. ' if clipped else ''}"
        f"{targets[0].upper() + targets[1:]} as targets. {lines.band_said(frame)}"
    )
    usual = nearest(frame.loc[frame["epsilon"] > 0, "epsilon"], paper.PAPERS_EPSILON)
    said = []
    for box in BOXES:
        if (box, "fgsm") in seen:
            of = seen[box, "fgsm"]
            here = means_of(of[(of["line"] == MEAN) & (of["x"] == usual)], "y")
            said += [f"{box}-box {method} {error:.1f} %" for method, error in here.items()]
    alt = f"Two panels, error rising with ε. FGSM at ε = {usual:g}: {'; '.join(said)}."
    return Figure(caption, alt, picture, numbers, tuple(frame["record"].unique()), gap)


def _mark(ax: Axes, numbers: pd.DataFrame, attack: str, beside: float) -> None:
    """Draws the means of an iterated attack, which there are few of, a little beside their places."""
    means = numbers[numbers["line"] == MEAN]
    for method in in_order(means["method"]):
        color, dashes, _ = lines.look_of(method)
        of = means[means["method"] == method]
        style: dict[str, Any] = {"markersize": 7, "markeredgewidth": 1.6, "linewidth": 0.8, "clip_on": False}
        label = f"_{method}, {attack}"
        ax.plot(of["x"] + beside, of["y"], color=color, linestyle=dashes, marker=MARKS[attack], label=label, **style)


@table("attacks", "Error under attack (%)", of_each=True)
def in_numbers(setting: Setting) -> Table:
    """Error under attack over epsilon: white-box, black-box, and the noise control."""
    found = attacked(setting)
    if found.empty:
        return missing.probed(setting, "attack")
    made = found[found["attack"] != "clean"]
    names = {epsilon: f"ε = {epsilon:g}" for epsilon in sorted(made["epsilon"].unique())}
    rows = []
    for box, attack in [(b, a) for a in ("fgsm", *MARKS) for b in BOXES] + [("white", "noise")]:
        for method in setting.methods:
            seen = attack_rows(setting, box, attack)
            seen = seen[seen["method"] == method]
            if len(seen):
                label = "noise of the same size" if attack == "noise" else f"{TITLES[attack]}, {box}-box"
                row = {"attack": label, "method": str(method), "n": str(seen["seed"].nunique())}
                unharmed = (100 * seen["errors_clean"] / seen["n"]).groupby(seen["seed"]).mean()  # of the same rows
                row["ε = 0"] = spread(unharmed, 1)
                of_seeds = seen.groupby(["epsilon", "seed"])["error"].mean()
                rows.append(row | {names[e]: spread(of_seeds[e], 1) for e in of_seeds.index.unique("epsilon")})
    notes = [
        f"{setting.name}. ε in {SCALES[str(found['unit'].iloc[0])]}; test rows attacked: {_counted(found)}.",
        f"{measures.SPREAD} Black-box: examples made on ERM models of other seeds.",
        *_zero_gradients(made),
        *missing.pairs(setting),
    ]
    return Table(pd.DataFrame(rows).fillna(""), notes, paths(found))


def _counted(frame: pd.DataFrame) -> str:
    """How many rows each attack was made on: "FGSM 10,000, I-FGSM 1,000"."""
    most: Any = frame[frame["attack"] != "clean"].groupby("attack", sort=False)["n"].max()
    return ", ".join(f"{TITLES.get(name, name)} {most[name]:,}" for name in most.index)


def _zero_gradients(made: pd.DataFrame) -> list[str]:
    """Masked gradients: an attack that has none to follow proves nothing."""
    share = (made["zero_gradients"] / made["n"]).max()
    if math.isnan(share) or share <= 0.01:
        return []
    return [f"Up to {share:.1%} of the gradients were exactly zero: errors under attack are lower bounds there."]


def errs_less(box: str, attack: str) -> Callable[[Setting], Verdict]:
    """That mixup errs less than ERM under an attack. Both readings of the deck's unit are said."""

    def judge(setting: Setting) -> Verdict:
        measure = measures.under_attack(setting, box, attack, paper.PAPERS_EPSILON)
        found, pairs = differ(setting, [measure], -1, "attack"), pair(measure, setting.mixup)
        if not pairs.seeds:
            return found
        erm, other = (100 - np.mean(values) for values in (pairs.base, pairs.other))
        ratio = f", {other / erm:.2f} times as many" if erm > 0 else ""
        right = f"right answers: ERM {erm:.2f} %, {setting.mixup} {other:.2f} %{ratio}"
        rows = at_epsilon(attack_rows(setting, box, attack), paper.PAPERS_EPSILON)
        rows = rows[rows["record"].isin(pairs.records)]
        clean = means_of(rows.assign(clean=100 * rows["errors_clean"] / rows["n"]), "clean")
        unharmed = ", ".join(f"{method} {error:.2f} %" for method, error in clean.items())
        return replace(found, closing=f"{right}; error on the same rows unharmed: {unharmed}")

    return judge


OF = "3.5 attacks"
WHITE, BLACK = "white-box FGSM: mixup errs less than ERM", "black-box FGSM from ERM: mixup errs less than another ERM"
CLAIMS = [
    Claim("D5", WHITE, "deck 19", "49.25 and 53.7, unit open", OF, errs_less("white", "fgsm")),
    Claim("D6", BLACK, "deck 19", "49.76 and 55.07, unit open", OF, errs_less("black", "fgsm")),
    Claim("P17", "white-box FGSM: mixup is right more often", "section 3.5", "2.7 times", OF, same_as="D5"),
    Claim("P18", "black-box FGSM: mixup is right more often", "section 3.5", "1.25 times*", OF, same_as="D6"),
    Claim(
        "P19",
        "black-box I-FGSM: mixup is right more often",
        "section 3.5",
        "1.4 times",
        OF,
        errs_less("black", "ifgsm"),
    ),
]
QUESTION = Question(__doc__, [over_epsilon, in_numbers], CLAIMS)

"""A model that learned what mixup teaches would pass in a straight line from one class to the other. The grey lines are
that.
"""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D

from analysis import lines, measures, missing
from analysis.figure import WIDE, Figure
from analysis.lines import DOTTED, MEAN, SHORT
from analysis.measures import Measure, pair
from analysis.methods import in_order
from analysis.question import Question, claim, figure
from analysis.questions.misses import kind_of
from analysis.setting import Setting
from analysis.verdict import Verdict, differ

KINDS = {"p_i": "first example's class", "p_j": "second's", "p_rest": "all others together"}


@figure("probability", "Probability of the two classes in between two training examples")
def probability(setting: Setting) -> Figure:
    """How the probability passes from one class to the other: linearly, if mixup does what it is trained for."""
    frame = measures.between(setting.here)
    gap = missing.measurement(setting, frame, "interpolate")
    frame = frame.dropna(subset=["p_i"])
    if frame.empty:
        return Figure(missing=gap)
    numbers = pd.concat([lines.numbers(frame, "lam", column, panel) for column, panel in KINDS.items()])
    methods = in_order(frame["method"])
    dashes: dict[str, Any] = dict(zip(KINDS.values(), ("-", SHORT, DOTTED), strict=True))
    picture = Picture(figsize=(WIDE, 3.4), layout="constrained")
    for ax, method in zip(picture.subplots(1, len(methods), sharey=True, squeeze=False)[0], methods, strict=True):
        for kind in KINDS.values():
            part = numbers[(numbers["method"] == method) & (numbers["panel"] == kind)]
            lines.draw(ax, part, dashes=dashes[kind])
        ax.plot([0, 1], [0, 1], color="#888888", linewidth=0.8, label="_λ")
        ax.plot([0, 1], [1, 0], color="#888888", linewidth=0.8, label="_1 − λ")
        ax.set(title=str(method), xlabel="λ", xlim=(0, 1), ylim=(0, 1))
    picture.axes[0].set_ylabel("mean probability")
    handles = [Line2D([], [], color="#333333", linestyle=style, label=kind) for kind, style in dashes.items()]
    lines.legend(picture, [], [*handles, Line2D([], [], color="#888888", linewidth=0.8, label="λ, 1 − λ")])
    n = " to ".join(f"{n:,}" for n in sorted({frame["n_different"].min(), frame["n_different"].max()}))
    caption = (
        f"Mean over {n} pairs of {kind_of(frame)} examples of different classes ({lines.seeds_said(frame)}); grey: λ "
        f"and 1 − λ, what mixup trains for. {lines.band_said(frame)}"
    )
    middle = numbers[(numbers["line"] == MEAN) & ((numbers["x"] - 0.5).abs() < 1e-9)]
    said = "; ".join(f"{row.method}, {row.panel} {row.y:.2f}" for row in middle.itertuples())
    alt = f"Three lines over λ, a panel for each method. At λ = ½: {said}."
    return Figure(caption, alt, picture, numbers, tuple(frame["record"].unique()), gap)


@claim("P32", "predictions are nearer to linear in between", "section 2", "direction", "2 in between")
def linear(setting: Setting) -> Verdict:
    """The mean of |p(y_i) − λ| over λ and over pairs of different classes is smaller under mixup."""
    asked = setting.where(lambda one: len(pair(_off(one), one.mixup).seeds))
    return differ(asked, [_off(asked)], -1, "interpolate")


def _off(setting: Setting) -> Measure:
    rows = measures.between(setting.here).dropna(subset=["off_linear"])
    return measures.over_lambda(setting.here, rows, rows["off_linear"], "mean |p − λ|")


QUESTION = Question(__doc__, [probability], [linear])

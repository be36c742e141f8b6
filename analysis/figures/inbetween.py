"""What the models make of the points in between two training examples (the paper's Fig. 2)."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D

from analysis import measures
from analysis.collect import Results
from analysis.figures import gaps, lines
from analysis.figures.figure import WIDE, Figure, styled
from analysis.figures.lines import DOTTED, MEAN, SHORT

LAM = "λ (0: the second example, 1: the first)"
NORMS = {"loss_norm": "of the loss", "logit_norm": "of the predicted class's logit"}


def of_setting(results: Results, setting: str | None) -> tuple[pd.DataFrame, str]:
    """The rows to compare, measured alike, and what is missing."""
    frame = measures.between(results.of(setting)) if setting else results.between.iloc[:0]
    return frame, gaps.of_measurement(results, setting, frame, "interpolate")


def misses_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    return lines.lines(frame, "lam", "missed", "misses")


@styled
def misses(results: Results, setting: str | None = None) -> Figure:
    """Fig. 2a: how often neither of the two classes is predicted."""
    setting = setting or results.headline()
    frame, missing = of_setting(results, setting)
    title = "Misses in between two training examples"
    if frame.empty:
        return Figure("misses", title, missing=missing)
    numbers = misses_numbers(frame)
    picture = Picture(figsize=(WIDE, 3.6), layout="constrained")
    ax = picture.subplots()
    draw_misses(ax, numbers)
    lines.legend(picture, frame["method"])
    caption = (
        f"How often the predicted class is neither example's, {pairs_said(frame)}, the same for every model "
        f"({lines.seeds_said(frame)}). {lines.band_said(frame)}"
    )
    alt = f"A line for each method over λ. {at_half(numbers, ' %')}"
    return Figure("misses", title, caption, alt, picture, numbers, tuple(frame["record"].unique()), missing)


def draw_misses(ax: Axes, numbers: pd.DataFrame) -> None:
    lines.draw(ax, numbers)
    ax.set(xlabel=LAM, ylabel="misses (%)", xlim=(0, 1))
    ax.set_ylim(bottom=0)


@styled
def gradients(results: Results, setting: str | None = None) -> Figure:
    """Fig. 2b: how steep the model is there. Which function's gradient the paper shows is not said: both."""
    setting = setting or results.headline()
    frame, missing = of_setting(results, setting)
    title = "Norm of the gradient with respect to the input, in between two training examples"
    if frame.empty:
        return Figure("gradients", title, missing=missing)
    numbers = pd.concat([lines.lines(frame, "lam", column, panel) for column, panel in NORMS.items()])
    picture = Picture(figsize=(WIDE, 3.4), layout="constrained")
    for ax, panel in zip(picture.subplots(1, 2), NORMS.values(), strict=True):
        lines.draw(ax, numbers[numbers["panel"] == panel])
        ax.set(title=panel, xlabel="λ", xlim=(0, 1))
        ax.set_ylim(bottom=0)
    picture.axes[0].set_ylabel("mean L2 norm")
    lines.legend(picture, frame["method"])
    record = results.records[frame["record"].iloc[0]]
    pairs = record["final"]["between"][0]["gradient_norm"]["n"]
    caption = (
        f"Mean over {pairs:,} of the pairs of {kind_of(frame)} examples, per unit of the input (pixels in [0, 1]), of "
        "λ CE(y_i) + (1−λ) CE(y_j) and of the predicted class's logit "
        f"({lines.seeds_said(frame)}). {lines.band_said(frame)}"
    )
    alt = " ".join(f"Gradient {p}: {at_half(numbers[numbers['panel'] == p], '')}" for p in NORMS.values())
    return Figure("gradients", title, caption, alt, picture, numbers, tuple(frame["record"].unique()), missing)


@styled
def probability(results: Results, setting: str | None = None) -> Figure:
    """How the probability passes from one class to the other: linearly, if mixup does what it is trained for."""
    setting = setting or results.headline()
    frame, missing = of_setting(results, setting)
    frame = frame.dropna(subset=["p_i"])
    title = "Probability of the two classes in between two training examples"
    if frame.empty:
        return Figure("probability", title, missing=missing)
    kinds = {"p_i": "first example's class", "p_j": "second's", "p_rest": "all others together"}
    numbers = pd.concat([lines.lines(frame, "lam", column, panel) for column, panel in kinds.items()])
    methods = lines.in_order(frame["method"])
    dashes: dict[str, Any] = dict(zip(kinds.values(), ("-", SHORT, DOTTED), strict=True))
    picture = Picture(figsize=(WIDE, 3.4), layout="constrained")
    for ax, method in zip(picture.subplots(1, len(methods), sharey=True, squeeze=False)[0], methods, strict=True):
        for kind in kinds.values():
            part = numbers[(numbers["method"] == method) & (numbers["panel"] == kind)]
            lines.draw(ax, part, dashes=dashes[kind])
        ax.plot([0, 1], [0, 1], color="#888888", linewidth=0.8, label="_λ")
        ax.plot([0, 1], [1, 0], color="#888888", linewidth=0.8, label="_1 − λ")
        ax.set(title=method, xlabel="λ", xlim=(0, 1), ylim=(0, 1))
    picture.axes[0].set_ylabel("mean probability")
    handles = [Line2D([], [], color="#333333", linestyle=style, label=kind) for kind, style in dashes.items()]
    lines.legend(picture, [], [*handles, Line2D([], [], color="#888888", linewidth=0.8, label="λ, 1 − λ")])
    caption = (
        f"Mean over {frame['n_different'].iloc[0]:,} pairs of {kind_of(frame)} examples of different classes "
        f"({lines.seeds_said(frame)}); grey: λ and 1 − λ, what mixup trains for. {lines.band_said(frame)}"
    )
    middle = numbers[(numbers["line"] == MEAN) & ((numbers["x"] - 0.5).abs() < 1e-9)]
    said = "; ".join(f"{row.method}, {row.panel} {row.y:.2f}" for row in middle.itertuples())
    alt = f"Three lines over λ, a panel for each method. At λ = ½: {said}."
    return Figure("probability", title, caption, alt, picture, numbers, tuple(frame["record"].unique()), missing)


def pairs_said(frame: pd.DataFrame) -> str:
    return f"of {frame['n'].iloc[0]:,} random pairs of {kind_of(frame)} examples"


def kind_of(frame: pd.DataFrame) -> str:
    return "training" if (frame["split"] == "train").all() else "test"


def at_half(numbers: pd.DataFrame, unit: str) -> str:
    """The means in the middle: "At λ = 0.5: ERM 42.1 %, mixup 34.3 %."."""
    means = numbers[numbers["line"] == MEAN]
    middle = min(means["x"], key=lambda lam: abs(lam - 0.5))
    at = means[means["x"] == middle].set_index("method")["y"]
    return f"At λ = {middle:.3g}: " + ", ".join(f"{m} {at[m]:.1f}{unit}" for m in lines.in_order(at.index)) + "."

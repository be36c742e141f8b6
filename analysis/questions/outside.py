"""**Outside.** Mixup should also keep a model from swinging where it goes on past an example (slide 11; section 2):
x̃ = λ x_i + (1 − λ) x_j with λ below 0 or above 1, where the nearer example's class is the label.
"""

import pandas as pd
from matplotlib.figure import Figure as Picture

from analysis import lines, measures, missing
from analysis.figure import WIDE, Figure
from analysis.lines import MEAN
from analysis.measures import Measure, means_of, pair
from analysis.question import Question, claim, figure
from analysis.questions.misses import LAM, pairs_said
from analysis.setting import Setting
from analysis.verdict import Verdict, differ

PROBE = "interpolate --beyond 0.5"
SHOWN = {"missed": "misses (%)", "logit_norm": "gradient of the predicted class's logit"}


@figure("outside", "Beyond two training examples")
def outside(setting: Setting) -> Figure:
    """How a model goes on past the examples."""
    asked = _asked(setting)
    frame = measures.between(asked.here, beyond=True)
    gap = missing.measurement(asked, frame, PROBE)
    if frame.empty:
        return Figure(missing=gap)
    numbers = pd.concat([lines.numbers(frame, "lam", column, panel) for column, panel in SHOWN.items()])
    ends = (float(frame["lam"].min()), float(frame["lam"].max()))
    picture = Picture(figsize=(WIDE, 3.4), layout="constrained")
    for ax, panel in zip(picture.subplots(1, 2), SHOWN.values(), strict=True):
        lines.draw(ax, numbers[numbers["panel"] == panel])
        ax.axvspan(0, 1, color="#888888", alpha=0.12, linewidth=0)
        ax.set(title=panel, xlabel=LAM, xlim=(ends[0] - 0.05, ends[1] + 0.05))
        ax.set_ylim(bottom=0)
    lines.legend(picture, frame["method"])
    caption = (
        f"{asked.name}. How often the predicted class is neither example's, and how steep its logit is, "
        f"{pairs_said(frame)}, from λ = {ends[0]:g} to {ends[1]:g}; grey: in between them "
        f"({lines.seeds_said(frame)}). {lines.band_said(frame)}"
    )
    means = numbers[(numbers["line"] == MEAN) & (numbers["panel"] == SHOWN["missed"])]
    at = means_of(means[means["x"] == ends[1]], "y")
    said = ", ".join(f"{method} {mean:.1f} %" for method, mean in at.items())
    alt = f"A line for each method over λ. Misses at λ = {ends[1]:g}: {said}."
    return Figure(caption, alt, picture, numbers, tuple(frame["record"].unique()), gap)


@claim("D10", "mixup swings less outside the examples", "slide 11, section 2", "direction", "2 in between")
def less_outside(setting: Setting) -> Verdict:
    """Over λ below 0 and above 1: fewer misses, and a smaller gradient of the predicted class's logit (the mean
    logarithm of its norm)."""
    asked = _asked(setting)
    return differ(asked, _of(asked), -1, PROBE)


def _asked(setting: Setting) -> Setting:
    return setting.where(lambda one: len(pair(_of(one)[0], one.mixup).seeds))


def _of(setting: Setting) -> list[Measure]:
    frame = measures.between(setting.here, beyond=True)
    frame = frame[(frame["lam"] < 0) | (frame["lam"] > 1)]
    steep = "log gradient norm of the logit, mean over λ outside"
    return [
        measures.over_lambda(setting.here, frame, frame["missed"], "misses, mean over λ outside", "%"),
        measures.over_lambda(setting.here, frame, measures.log(frame["logit_norm"]), steep),
    ]


QUESTION = Question(__doc__, [outside], [less_outside])

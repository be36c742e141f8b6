"""**The gradient** with respect to the input says how fast the model's opinion changes (Fig. 2b: smaller under mixup
everywhere). Whether the paper's is the loss's or the output's is not said, so both are shown.
"""

import math

import pandas as pd
from matplotlib.figure import Figure as Picture

from analysis import lines, measures, missing
from analysis.figure import WIDE, Figure
from analysis.measures import pair
from analysis.question import Question, claim, figure
from analysis.questions.misses import IN_BETWEEN, at_half, kind_of
from analysis.setting import Setting
from analysis.verdict import Verdict, of_pairs, verdict

NORMS = {"loss_norm": "of the loss", "logit_norm": "of the predicted class's logit"}


@figure("gradients", "Norm of the gradient with respect to the input, in between two training examples")
def gradients(setting: Setting) -> Figure:
    """How steep the model is there."""
    frame = measures.between(setting.here)
    gap = missing.measurement(setting, frame, "interpolate")
    if frame.empty:
        return Figure(missing=gap)
    numbers = pd.concat([lines.numbers(frame, "lam", column, panel) for column, panel in NORMS.items()])
    picture = Picture(figsize=(WIDE, 3.4), layout="constrained")
    for ax, panel in zip(picture.subplots(1, 2), NORMS.values(), strict=True):
        lines.draw(ax, numbers[numbers["panel"] == panel])
        ax.set(title=panel, xlabel="λ", xlim=IN_BETWEEN)
        ax.set_ylim(bottom=0)
    picture.axes[0].set_ylabel("mean L2 norm")
    lines.legend(picture, frame["method"])
    record = setting.results.records[frame["record"].iloc[0]]
    pairs = record["final"]["between"][0]["gradient_norm"]["n"]
    caption = (
        f"Mean over {pairs:,} of the pairs of {kind_of(frame)} examples, per unit of the input (pixels in [0, 1]), of "
        "λ CE(y_i) + (1−λ) CE(y_j) and of the predicted class's logit "
        f"({lines.seeds_said(frame)}). {lines.band_said(frame)}"
    )
    alt = " ".join(f"Gradient {p}: {at_half(numbers[numbers['panel'] == p], '')}" for p in NORMS.values())
    return Figure(caption, alt, picture, numbers, tuple(frame["record"].unique()), gap)


@claim("P5", "smaller input gradients in between, on the mean over λ", "Fig. 2b", "direction", "2 in between")
def smaller(setting: Setting) -> Verdict:
    """For the loss and for the predicted logit, since the paper does not say which it shows: the mean over λ of the
    logarithm of the norm, whose difference is the mean log ratio."""
    here, rows = setting.here, measures.between(setting.here)
    lams = sorted(rows["lam"].unique())
    pairs, closing = [], []
    for column, name in (("loss_norm", "loss"), ("logit_norm", "logit")):
        title = f"log gradient norm of the {name}, mean over λ"
        pairs.append(pair(measures.over_lambda(here, rows, measures.log(rows[column]), title), setting.mixup))
        if pairs[-1].seeds:
            at = [pair(measures.in_between(here, column, lam, name), setting.mixup).interval for lam in lams]
            closing.append(
                f"of the {name}, {math.exp(pairs[-1].interval.mean):.2f} times ERM's, the interval wholly below at "
                f"{sum(one.high < 0 for one in at)} of {len(lams)} λ and above at {sum(one.low > 0 for one in at)}"
            )
    return verdict(setting, [of_pairs(one, -1) for one in pairs], pairs, "interpolate", "; ".join(closing))


QUESTION = Question(__doc__, [gradients], [smaller])

"""## Calibration

**Asked** by later work (Thulasidasan et al. 2019): is a model right as often as it is sure? Points above the diagonal:
it is right more often than it claims, and so underconfident; below: overconfident.
"""

from dataclasses import replace

from matplotlib.figure import Figure as Picture

from analysis import lines, measures, missing
from analysis.figure import WIDE, Figure
from analysis.measures import Measure, means_of
from analysis.methods import in_order
from analysis.question import Question, claim, figure
from analysis.questions.accuracy import of_each_network
from analysis.setting import Setting
from analysis.verdict import Verdict

FEWEST = 10  # examples in a bin that is drawn: fewer say little


@figure("calibration", "Calibration: how often a model is right when it is this sure", of_each=True)
def reliability(setting: Setting) -> Figure:
    frame = setting.here.bins
    frame = frame.assign(sure=frame["confidence"].fillna(0) * frame["n"])
    pooled = frame.groupby(["method", "bin"], as_index=False)[["n", "right", "sure"]].sum()
    numbers = pooled.assign(
        confidence=100 * pooled["sure"] / pooled["n"],
        accuracy=100 * pooled["right"] / pooled["n"],
        share=100 * pooled["n"] / pooled.groupby("method")["n"].transform("sum"),
    ).drop(columns="sure")
    picture = Picture(figsize=(WIDE, 5.0), layout="constrained")
    above, below = picture.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.plot([0, 100], [0, 100], color="#888888", linewidth=1, linestyle=":", label="_as right as sure")
    methods = in_order(numbers["method"])
    bins = 1 + int(numbers["bin"].max())
    width = 100 / bins / (len(methods) + 0.5)
    for place, method in enumerate(methods):
        color, dashes, mark = lines.look_of(method)
        of = numbers[numbers["method"] == method]
        drawn = of[of["n"] >= FEWEST]
        style = {"color": color, "linestyle": dashes, "marker": mark, "label": f"_{method}"}
        above.plot(drawn["confidence"], drawn["accuracy"], **style)
        middle = (of["bin"] + 0.5) * 100 / bins + (place - (len(methods) - 1) / 2) * width
        below.bar(middle, of["share"], width, color=color, hatch="//" if place else None, edgecolor="white")
    above.set(ylabel="right (%)", xlim=(0, 100), ylim=(0, 100))
    below.set(xlabel="confidence (%)", ylabel="share (%)")
    lines.legend(picture, methods)
    ends = ", ".join(f"{m} {of:.3f}" for m, of in means_of(setting.here.runs, "calibration_error").items())
    caption = (
        "Above, the share that is right among the predictions of a bin, over their mean confidence (dotted: as right "
        f"as sure); below, the share of predictions in each of {bins} bins. The predictions of all seeds together "
        f"({lines.seeds_said(frame)}); bins of fewer than {FEWEST} are not drawn; no interval. "
        f"Expected calibration error (ECE), mean over seeds: {ends}."
    )
    alt = f"A line for each method beside the diagonal, and a histogram of confidence. ECE: {ends}."
    return Figure(caption, alt, picture, numbers, tuple(frame["record"].unique()), missing.arms(setting))


@claim(
    "L1", "calibration error, and cross-entropy, are lower under mixup", "Thulasidasan 2019; cross-entropy is ours",
    "direction", "later work",
)  # fmt: skip
def calibrated(setting: Setting) -> Verdict:
    """Asked of the settings that D1 is asked of: mixup makes an overconfident network less sure, and a calibrated one
    underconfident."""
    found = of_each_network([setting, *setting.alike("dataset", "corrupt_labels")], _sureness)
    return replace(found, closing="; ".join(filter(None, [found.closing, "after temperature scaling: see L7"])))


def _sureness(setting: Setting) -> list[Measure]:
    return [
        measures.of_runs(setting.here, "cross_entropy", "cross-entropy", ""),
        measures.of_runs(setting.here, "calibration_error", "calibration error", ""),
    ]


QUESTION = Question(__doc__, [reliability], [calibrated])

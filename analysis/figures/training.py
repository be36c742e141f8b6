"""How the runs went: curves, calibration, cost."""

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure as Picture

from analysis.collect import Results
from analysis.figures import gaps, lines
from analysis.figures.figure import WIDE, Figure, styled
from analysis.figures.lines import MEAN

CURVES = {
    "train_accuracy": ("training accuracy (λ-weighted)", "%"),
    "accuracy": ("test accuracy", "%"),
    "cross_entropy": ("test cross-entropy", "nats"),
    "error": ("test error", "%"),
}
FEWEST = 10  # examples in a bin that is drawn: fewer say little


@styled
def curves(results: Results, setting: str | None = None) -> Figure:
    """The deck's four panels over epochs (slide 17)."""
    setting = setting or results.headline()
    frame = results.curves[results.curves["setting"] == setting]
    title = "Training accuracy, and accuracy, loss and error on the test part, over epochs"
    missing = gaps.of_arms(results, setting)
    if frame.empty:
        return Figure("curves", title, missing=missing)
    numbers = pd.concat([lines.lines(frame, "epoch", y, panel) for y, (panel, _) in CURVES.items()])
    picture = Picture(figsize=(WIDE, 5.2), layout="constrained")
    for ax, (panel, unit) in zip(picture.subplots(2, 2, sharex=True).flat, CURVES.values(), strict=True):
        lines.draw(ax, numbers[numbers["panel"] == panel], band=False, mark_every=max(1, frame["epoch"].max() // 10))
        ax.set(title=panel, ylabel=unit)
    for ax in picture.axes[2:]:
        ax.set_xlabel("epoch")
    lines.legend(picture, frame["method"])
    n = int(results.runs.loc[results.runs["setting"] == setting, "n_test"].iloc[0])
    caption = (
        f"Every seed thin, their mean thick ({lines.seeds_said(frame)}; no interval), {n:,} test rows (the deck says "
        "validation). Under "
        "mixup the training accuracy is that on mixed examples, weighted with λ, and cannot reach 100 %: it is not "
        "comparable with ERM's."
    )
    last = numbers[(numbers["line"] == MEAN) & (numbers["panel"] == CURVES["error"][0])].groupby("method").last()
    ends = "; ".join(f"{method} ends at {float(last['y'][method]):.2f} %" for method in lines.in_order(last.index))
    alt = f"Four panels with a line for each method over {frame['epoch'].max()} epochs. Test error: {ends}."
    return Figure("curves", title, caption, alt, picture, numbers, tuple(frame["record"].unique()), missing)


@styled
def calibration(results: Results, setting: str | None = None) -> Figure:
    """Reliability: how often the models are right, where they are this sure."""
    setting = setting or results.headline()
    frame = results.bins[results.bins["setting"] == setting]
    title = "Calibration: how often a model is right when it is this sure"
    missing = gaps.of_arms(results, setting)
    if frame.empty:
        return Figure("calibration", title, missing=missing)
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
    methods = lines.in_order(numbers["method"])
    width = 100 / 15 / (len(methods) + 0.5)
    for place, method in enumerate(methods):
        color, dashes, mark = lines.look_of(method)
        of = numbers[numbers["method"] == method]
        drawn = of[of["n"] >= FEWEST]
        above.plot(
            drawn["confidence"], drawn["accuracy"], color=color, linestyle=dashes, marker=mark, label=f"_{method}"
        )
        middle = (of["bin"] + 0.5) * 100 / 15 + (place - (len(methods) - 1) / 2) * width
        below.bar(middle, of["share"], width, color=color, hatch="//" if place else None, edgecolor="white")
    above.set(ylabel="right (%)", xlim=(0, 100), ylim=(0, 100))
    below.set(xlabel="confidence (%)", ylabel="share (%)")
    lines.legend(picture, methods)
    runs = results.runs[results.runs["setting"] == setting]
    errors = runs.groupby("method")["calibration_error"].mean()
    ends = ", ".join(f"{method} {errors[method]:.3f}" for method in methods)
    caption = (
        "Above, the share that is right among the predictions of a bin, over their mean confidence (dotted: as right "
        "as sure); below, the share of predictions in each of 15 bins. The predictions of all seeds together "
        f"({lines.seeds_said(frame)}); bins of fewer than {FEWEST} are not drawn; no interval. "
        f"Calibration error, mean over seeds: {ends}."
    )
    alt = f"A line for each method beside the diagonal, and a histogram of confidence. Calibration errors: {ends}."
    return Figure("calibration", title, caption, alt, picture, numbers, tuple(frame["record"].unique()), missing)


@styled
def cost(results: Results, setting: str | None = None) -> Figure:
    """What each run took."""
    setting = setting or results.headline()
    frame = results.runs[results.runs["setting"] == setting]
    title = "Cost of a run"
    missing = gaps.of_arms(results, setting)
    if frame.empty:
        return Figure("cost", title, missing=missing)
    numbers = frame[["method", "seed", "device", "threads", "processes", "seconds", "images_per_second"]].copy()
    methods = lines.in_order(numbers["method"])
    numbers["minutes"] = numbers.pop("seconds") / 60
    picture = Picture(figsize=(WIDE, 1.1 + 0.4 * len(methods)), layout="constrained")
    panels = {"minutes": "minutes, evaluation included", "images_per_second": "training images a second"}
    for ax, (column, label) in zip(picture.subplots(1, 2, sharey=True), panels.items(), strict=True):
        for method in methods:
            color, _, mark = lines.look_of(method)
            of = numbers[numbers["method"] == method]
            ax.plot(of[column], [method] * len(of), mark, color=color, markersize=8, alpha=0.8, label=f"_{method}")
        ax.set(xlabel=label, ylim=(len(methods) - 0.5, -0.5))
        ax.set_xlim(0, 1.1 * numbers[column].max())
    sns.despine(picture, left=True)
    where = ", ".join(
        sorted({f"{row.device}, {row.threads} threads × {row.processes}" for row in numbers.itertuples()})
    )
    caption = (
        f"A mark a run ({lines.seeds_said(frame)}; {where}), as it was measured: other work may have shared the "
        "machine. One forward and one backward pass a batch under both methods: mixup's own work is the mixing."
    )
    means = numbers.groupby("method")["minutes"].mean()
    alt = "Marks for each run. Minutes, mean: " + ", ".join(f"{m} {means[m]:.1f}" for m in methods) + "."
    return Figure("cost", title, caption, alt, picture, numbers, tuple(frame["record"]), missing)

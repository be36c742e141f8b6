"""The deck's four panels. In the deck ERM leads for some 30 epochs, mixup from 40 on, and both jump where the rate
drops, at half of the training.
"""

import itertools

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Picture

from analysis import commands, lines, measures, missing
from analysis.figure import WIDE, Figure
from analysis.intervals import interval
from analysis.lines import MEAN
from analysis.measures import Measure, means_of, pair
from analysis.methods import ERM
from analysis.question import Question, claim, figure
from analysis.setting import Setting
from analysis.verdict import Verdict, interval_said, lacking, not_run, of_pairs, said, side, verdict, whole, within

SECTION = "3.2 CIFAR"
CURVES = {
    "train_accuracy": ("training accuracy (λ-weighted)", "%"),
    "accuracy": ("test accuracy", "%"),
    "cross_entropy": ("test cross-entropy", "nats"),
    "error": ("test error", "%"),
}
SIMILAR = 0.1  # of the epochs: how near two trainings must come to be called of similar speed
NEAR_THE_BEST = 1.0  # points from its best, where a training is said to have got there
OF_RUN = ["method", "seed", "split", "machine", "record"]


@figure("curves", "Training accuracy, and accuracy, loss and error on the test part, over epochs", of_each=True)
def curves(setting: Setting) -> Figure:
    """The deck's four panels over epochs (slide 17)."""
    frame = setting.here.curves
    numbers = pd.concat([lines.numbers(frame, "epoch", y, panel) for y, (panel, _) in CURVES.items()])
    picture = Picture(figsize=(WIDE, 5.2), layout="constrained")
    for ax, (panel, unit) in zip(picture.subplots(2, 2, sharex=True).flat, CURVES.values(), strict=True):
        lines.draw(
            ax, numbers[numbers["panel"] == panel], band=False, mark_every=max(1, frame["epoch"].nunique() // 10)
        )
        ax.set(title=panel, ylabel=unit)
    for ax in picture.axes[2:]:
        ax.set_xlabel("epoch")
    lines.legend(picture, frame["method"])
    n = int(setting.here.runs["n_test"].iloc[0])
    caption = (
        f"Every seed thin, their mean thick ({lines.seeds_said(frame)}; no interval), {n:,} test rows (the deck says "
        "validation). Under "
        "mixup the training accuracy is that on mixed examples, weighted with λ, and cannot reach 100 %: it is not "
        "comparable with ERM's."
    )
    errors = numbers[(numbers["line"] == MEAN) & (numbers["panel"] == CURVES["error"][0])]
    last = means_of(errors[errors["x"] == errors.groupby("method")["x"].transform("max")], "y")
    ends = "; ".join(f"{method} ends at {error:.2f} %" for method, error in last.items())
    alt = f"Four panels with a line for each method over {frame['epoch'].max()} epochs. Test error: {ends}."
    return Figure(caption, alt, picture, numbers, tuple(frame["record"].unique()), missing.arms(setting))


@claim("D3", "ERM leads early, mixup later", "deck 17", "direction", SECTION)
def ahead_early_and_late(setting: Setting) -> Verdict:
    """ERM has the lower error in the first tenth of the epochs, mixup after the first fifth: 20 and 40 of 200."""
    epochs = int(setting.here.curves["epoch"].max())
    tenth, fifth = max(1, round(0.1 * epochs)), max(1, round(0.2 * epochs))
    early, late = (
        pair(_mean_error(setting, first, last), setting.mixup) for first, last in ((1, tenth), (fifth + 1, epochs))
    )
    return verdict(setting, [of_pairs(early, 1), of_pairs(late, -1)], [early, late], "train")


def _mean_error(setting: Setting, first: int, last: int) -> Measure:
    curves = setting.here.curves
    curves = curves[curves["epoch"].between(first, last)]
    means = pd.DataFrame(curves.groupby(OF_RUN, as_index=False)["error"].mean())
    of = sorted(curves["epoch"].unique())
    name = f"mean error of epochs {of[0]} to {of[-1]}" if len(of) > 1 else f"error of epoch {[*of, first][0]}"
    name += f", {len(of)} of them measured" if 1 < len(of) <= of[-1] - of[0] else ""
    return Measure(name, "%", measures.valued(means, "error"), setting.here.overlap)


@claim("D4", "errors fall sharply at the first drop of the rate, little at the second", "deck 17", "direction", SECTION)
def jumps(setting: Setting) -> Verdict:
    """The error falls with the first drop of the rate, and by less with the second; of three rows of the curve on each
    side."""
    if setting.config["schedule"] != "drops":
        return not_run(
            f"the rate of {setting.name} falls bit by bit, and drops nowhere", [commands.study("deck", setting.results)]
        )
    parts, rows, used, overlap = [], [], [], setting.here.overlap
    for method in (ERM, setting.mixup):
        falls = []
        curves = setting.here.curves[setting.here.curves["method"] == method]
        for (seed, record), curve in curves.groupby(["seed", "record"]):
            found = _falls(curve["lr"].to_numpy(), curve["error"].to_numpy())
            if found:
                falls.append(found)
                rows.append(f"{method}, seed {seed}: falls by {found[0]:.2f} points, then by {found[1]:.2f}")
                used.append(str(record))
        first = interval([one for one, _ in falls], overlap)
        more = interval([one - two for one, two in falls], overlap)
        opening = f"{method} (n = {first.n}): " if falls else f"{method}: no run whose rate drops twice; "
        parts += [
            side(opening + interval_said(first, " points", "the first drop lowers the error by {}"), first, 1),
            side(interval_said(more, " points", "which exceeds the second's by {}"), more, 1),
        ]
    return whole(f"on {setting.name}", parts, rows, used, lacking(setting, "train") if rows else [])


def _falls(rate: np.ndarray, errors: np.ndarray) -> tuple[float, float] | None:
    """By how much the error is lower after each of the first two drops of the rate; None where there are not two."""
    places = np.flatnonzero(rate[1:] < 0.99 * rate[:-1]) + 1
    if len(places) < 2:
        return None
    stops = [0, *places[:2].tolist(), len(errors)]
    width = min(3, *(b - a for a, b in itertools.pairwise(stops)))
    first, second = (float(errors[p - width : p].mean() - errors[p : p + width].mean()) for p in places[:2])
    return first, second


@claim("P3", "mixup and ERM reach their best at similar speed", "Fig. 3b", "direction", SECTION)
def similar_speed(setting: Setting) -> Verdict:
    """A training is there at the first epoch whose error is within a point of its best; the two are there within a
    tenth of the training of each other. (The best epoch itself is a draw along a flat end.)"""
    curves, overlap = setting.here.curves, setting.here.overlap
    of_run = curves.groupby("record")
    best, last = of_run["error"].transform("min"), of_run["epoch"].transform("max")
    there = curves.assign(share=curves["epoch"] / last)[curves["error"] <= best + NEAR_THE_BEST]
    first = pd.DataFrame(there.groupby(OF_RUN, as_index=False)["share"].min())
    name = f"share of the training after which the error is within {NEAR_THE_BEST:g} point of its best"
    pairs = pair(Measure(name, "", measures.valued(first, "share"), overlap), setting.mixup)
    part = within(f"{said(pairs)}; similar is within ±{SIMILAR:g}", pairs.differences, SIMILAR, overlap)
    return verdict(setting, [part], [pairs], "train")


QUESTION = Question(__doc__, [curves], [ahead_early_and_late, jumps, similar_speed])

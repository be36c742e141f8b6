"""## The answer in short

Where a figure or table names no other, one setting is shown: the one of most paired runs, CIFAR-10 before other data
(all others: *Every setting*, near the end). Left, whether mixup pays on test images; right, whether it does what it is
made for, to behave well in between two training examples.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from analysis import lines, measures, missing
from analysis.figure import WIDE, Figure
from analysis.lines import MEAN
from analysis.measures import Pairs, means_of, pair, test_error
from analysis.methods import ERM, in_order
from analysis.question import Question, figure
from analysis.questions.misses import at_half, draw_misses, numbers_of, pairs_said
from analysis.sentences import many
from analysis.setting import Setting

LEAST = 1.0  # points of test error that the axis spans: less would make much of nothing


@figure("headline", "mixup against ERM", of_each=True)
def headline(setting: Setting) -> Figure:
    """Left, the test error of every seed under each method; right, misses in between training examples."""
    runs, frame = setting.here.runs, measures.between(setting.here)
    numbers = lines.numbers(runs.assign(place=runs["method"]), "place", "error", "test error")
    picture = Picture(figsize=(WIDE, 3.4), layout="constrained")
    left, *rest = picture.subplots(1, 1 if frame.empty else 2, squeeze=False)[0]
    _draw_errors(left, numbers)
    pairs = pair(test_error(setting.here), setting.mixup)
    left.set_xlabel(_said(pairs, ": ", "\n"))
    caption = (
        f"Left, test error: a mark per seed, joined where methods share it ({lines.seeds_said(runs)}); "
        f"{_differences(setting)}"
    )
    if rest:
        between = numbers_of(frame)
        draw_misses(rest[0], between)
        rest[0].set(title="misses in between", xlabel="λ", ylabel="%")
        numbers = pd.concat([numbers, between])
        lines.legend(picture, runs["method"])
        caption += (
            " Right, how often the prediction for a mix of two examples is neither one's class, "
            f"{pairs_said(frame)} ({lines.seeds_said(frame)}). {at_half(between, ' %')} {lines.band_said(frame)}"
        )
    means = means_of(numbers[(numbers["panel"] == "test error") & (numbers["line"] == MEAN)], "y")
    ends = ", ".join(f"{method} {mean:.2f} %" for method, mean in means.items())
    alt = f"Left, a mark for each seed. Mean test error: {ends}." + (" Right, misses over λ." if rest else "")
    first = runs.iloc[0]
    where = (
        f"{first['dataset']}, {first['n_train']:,} training rows, {first['model']} of width {first['width']}, "
        f"{first['epochs']} epochs{', mixup of α = 1' * setting.mixup.is_the_papers}."
    )
    records = (*runs["record"], *frame["record"].unique())
    gap = missing.measurement(setting, frame, "interpolate")
    return Figure(f"{where} {caption}", alt, picture, numbers, records, gap)


def _draw_errors(ax: Axes, numbers: pd.DataFrame) -> None:
    methods = in_order(numbers["method"])
    place = {method: number for number, method in enumerate(methods)}
    seeds = numbers[numbers["line"] != MEAN]
    for name, line in seeds.groupby("line"):
        line = line.assign(place=line["method"].map(place)).sort_values("place")
        ax.plot(line["place"], line["y"], color="#999999", linewidth=1, label=f"_{name}", zorder=1)
    for method in methods:
        color, _, mark = lines.look_of(method)
        of = seeds[seeds["method"] == method]
        ax.plot([place[method]] * len(of), of["y"], mark, color=color, label=f"_{method}", **lines.MARKED)
    ax.set(title="test error", ylabel="%", xlim=(-0.5, len(methods) - 0.5))
    low, high = ax.get_ylim()
    middle, half = (low + high) / 2, max((high - low) / 2, LEAST / 2)
    ax.set_ylim(middle - half, middle + half)
    ax.set_xticks(range(len(methods)), [str(method) for method in methods])
    ax.grid(axis="x", visible=False)


def _differences(setting: Setting) -> str:
    """Of each method minus ERM, over the seeds that both have."""
    pairs = [pair(test_error(setting.here), method) for method in setting.methods if method != ERM]
    return ("; ".join(_said(one, " ", ", ") for one in pairs if one.seeds) or "no seed is shared yet") + "."


def _said(pairs: Pairs, colon: str, comma: str) -> str:
    mean, shown = pairs.interval, pairs.measure
    if not mean.n:
        return ""
    difference = f"{pairs.method} − ERM{colon}{shown.show_difference(mean.mean)}"
    if not mean.is_shown:
        return f"{difference} ({many(mean.n, 'pair')})"
    return f"{difference} ({mean.n} pairs){comma}95 % t interval {shown.show_range(mean.low, mean.high)}"


QUESTION = Question(__doc__, [headline])

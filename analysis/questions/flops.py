"""## From what training budget does mixup help?

**Asked:** of a run on all of CIFAR-10, and on few of its images, what does mixup gain for how much computing?
**Measured:** test error over the FLOPs of the training, ERM and mixup at the same seeds, and what lies between them.
**Look at** where the difference falls below zero, interval and all. The deck's and the
paper's are single runs of another network, at the FLOPs that the deck's setting takes by our count.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D

from analysis import lines, missing, over, paper
from analysis.collect import Results
from analysis.figure import WIDE, Figure
from analysis.intervals import interval
from analysis.lines import MEAN
from analysis.measures import pair, test_error
from analysis.methods import ERM, MIXUP, in_order
from analysis.outcome import difference
from analysis.question import Question, figure_of_all
from analysis.setting import Setting, families
from analysis.verdict import decided, interval_said, said

PETA, TERA = 1e15, 1e12
THEIRS: dict[str, Any] = {"deck": "o", "paper": "D"}  # marks, hollow


def budgets(results: Results) -> list[Setting]:
    """The settings that train on all of the deck's images with clean labels, the cheapest first."""
    found = [Setting(results, name) for name in results.settings()]
    whole = [one for one in found if paper.is_the_decks_set(one.config) and one.trains_on_clean_labels]
    whole = [one for one in whole if one.n_train == paper.DECK["images"]]
    return sorted(whole, key=lambda one: float(one.here.runs["training_flops"].mean()))


@figure_of_all("flops", "Test error over the FLOPs of a training")
def error_over_flops(results: Results) -> Figure:
    """Every seed a mark; what differs in epochs alone is joined."""
    settings = budgets(results)
    if not settings:
        return Figure(missing=missing.study(results, "on all of CIFAR-10", "fast"))
    shares: dict[str, list[Setting]] = {}
    for one in settings:
        shares.setdefault(str({field: value for field, value in one.config.items() if field != "epochs"}), []).append(
            one
        )
    parts = []
    for chain in shares.values():
        runs = pd.concat([one.here.runs for one in chain])
        parts.append(lines.numbers(runs.assign(pflop=runs["training_flops"] / PETA), "pflop", "error", chain[0].name))
    numbers = pd.concat(parts)
    picture = Picture(figsize=(WIDE, 3.8), layout="constrained")
    ax = picture.subplots()
    for _, of in numbers.groupby("panel", sort=False):
        lines.draw(ax, of, band=False)
    seeds = numbers[numbers["line"] != MEAN]
    for method in in_order(seeds["method"]):
        color, _, mark = lines.look_of(method)
        of = seeds[seeds["method"] == method]
        ax.plot(of["x"], of["y"], mark, color=color, markersize=2.5, label=f"_seeds of {method}")
    at = paper.DECK_FLOPS / PETA
    for row in paper.SLIDE_20[:2]:
        color = lines.look_of(ERM if row.method == "ERM" else MIXUP)[0]
        for whose, theirs in (("deck", row.deck), ("paper", row.paper)):
            mark, label = THEIRS[whose], f"_{whose}, {row.method}"
            ax.plot([at], [theirs.value], mark, color=color, fillstyle="none", markersize=8, label=label)
    ax.set(xscale="log", xlabel="PFLOP of the training (log scale)", ylabel="test error (%)")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.autoscale(axis="y")
    ax.set_ylim(bottom=0)
    hollow = [
        Line2D([], [], color="#555555", linestyle="", marker=mark, fillstyle="none", label=f"{whose}'s, one run")
        for whose, mark in THEIRS.items()
    ]
    lines.legend(picture, numbers["method"], hollow)
    runs = pd.concat([one.here.runs for one in settings])
    gap = next(filter(None, map(missing.arms, settings)), "")
    differences = _differences(settings)
    caption = (
        f"CIFAR-10, all {paper.DECK['images']:,} training images. Large: means over seeds, joined where settings "
        f"differ in epochs alone; small: each seed. {differences}{'. ' if differences else ''}Hollow: the deck's and "
        f"the paper's, at {at:.0f} PFLOP, which the deck's setting takes by our count."
    )
    means = numbers[numbers["line"] == MEAN].sort_values("x")
    columns = zip(means["method"], means["y"], means["x"], strict=True)
    told = ", ".join(f"{method} {error:.2f} % at {flops:.2g} PFLOP" for method, error, flops in columns)
    alt = f"Marks for ERM and mixup over the FLOPs of a training. Means: {told}."
    return Figure(caption, alt, picture, numbers, tuple(runs["record"]), gap)


def chains(results: Results) -> list[list[Setting]]:
    """Settings of fewer of the deck's images that differ in epochs alone, the cheapest first."""
    of_all = {one.name for one in budgets(results)}
    found = [over.shown(family.values()) for family in families(results, "epochs")]
    few = [of for of in found if of and paper.is_the_decks_set(of[0].config) and of[0].name not in of_all]
    return sorted(few, key=lambda of: of[0].n_train)


def tflop(one: Setting) -> float:
    """Of a training."""
    return float(one.here.runs["training_flops"].mean()) / TERA


@figure_of_all("flops-few", "Test error over the FLOPs of a training on few images")
def error_on_few_images(results: Results) -> Figure:
    """A column for each number of images."""
    columns = {
        f"{of[0].n_train:,} images, {of[0].config['model']}-w{of[0].config['width']}": of for of in chains(results)
    }
    if not columns:
        return Figure(missing=missing.study(results, "on few images in several budgets", "budgets"))
    told = ". ".join(f"{title}{of[0].smoothed}, {_in_short(of)}" for title, of in columns.items())
    caption = (
        f"CIFAR-10. {told}. Above: each seed, and means with 95 % t intervals; below: the mean difference of the "
        "pairs, with its own."
    )
    alt = "Above, the errors of ERM and mixup over FLOPs, of each seed; below, what lies between them."
    drawn = over.drawn(columns, tflop, "TFLOP of the training, and its epochs", _epochs)
    return replace(drawn, caption=caption, alt=alt)


def _epochs(one: Setting) -> str:
    return f"{one.config['epochs']} ep"


def _in_short(settings: list[Setting]) -> str:
    """What lies between the two at each budget, which budgets show a difference, and how it moves with each doubling:
    the slope over the logarithm, of the seeds that have every budget."""
    found = {one.config["epochs"]: pair(test_error(one.here), one.mixup) for one in settings}
    told = "; ".join(f"{epochs} epochs {difference(pairs)}, n = {pairs.interval.n}" for epochs, pairs in found.items())
    asked = {str(epochs): pairs for epochs, pairs in found.items()}
    ways = {"more": decided(asked, 0, 1), "less": decided(asked, 0, -1)}
    sides = [f"{which} at {', '.join(at)}" for which, at in ways.items() if at]
    shown = f"mixup is shown to err {' and '.join(sides)} epochs" if sides else "no budget shows a difference"
    by_seed = pd.DataFrame({epochs: of.by_place for epochs, of in found.items()})
    doublings = [math.log2(tflop(one)) for one in settings]
    slope = interval([float(np.polyfit(doublings, row, 1)[0]) for row in by_seed.dropna().to_numpy()])
    moves = interval_said(slope, " points", "with each doubling the difference moves by {}")
    return f"mixup minus ERM: {told}. By Holm's correction over the budgets {shown}; {moves} (n = {slope.n})"


def _differences(settings: list[Setting]) -> str:
    found = [(one, pair(test_error(one.here), one.mixup)) for one in settings]
    return "; ".join(
        f"{one.config['model']}, {one.config['epochs']} epochs{one.smoothed} (n = {len(pairs.seeds)}), {said(pairs)}"
        for one, pairs in found
        if pairs.seeds
    )


QUESTION = Question(__doc__, [error_over_flops, error_on_few_images])

"""How often is the class predicted in between two training examples neither's (Fig. 2a)?"""

from dataclasses import replace

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from analysis import lines, measures, missing, paper
from analysis.figure import WIDE, Figure
from analysis.intervals import interval
from analysis.lines import MEAN
from analysis.measures import Measure, means_of, pair, spread
from analysis.methods import ERM
from analysis.question import Question, claim, figure, table
from analysis.setting import Setting
from analysis.table import Table, paths
from analysis.verdict import Verdict, interval_said, of_pairs, side, verdict

IN_BETWEEN = (-0.03, 1.03)  # the axis of λ, with room for the marks at its ends
LAM = "λ (0: the second example, 1: the first)"
SHOWN_LAMS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
ENDS, SIDES = (0.0, 1.0), (0.25, 0.75)  # values of lambda that the middle is held against


@figure("misses", "Misses in between two training examples", of_each=True)
def misses(setting: Setting) -> Figure:
    frame = measures.between(setting.here)
    gap = missing.measurement(setting, frame, "interpolate")
    if frame.empty:
        return Figure(missing=gap)
    numbers = numbers_of(frame)
    picture = Picture(figsize=(WIDE, 3.6), layout="constrained")
    draw_misses(picture.subplots(), numbers)
    lines.legend(picture, frame["method"])
    caption = (
        f"How often the predicted class is neither example's, {pairs_said(frame)}, the same for the models of a seed "
        f"({lines.seeds_said(frame)}). {lines.band_said(frame)}"
    )
    alt = f"A line for each method over λ. {at_half(numbers, ' %')}"
    return Figure(caption, alt, picture, numbers, tuple(frame["record"].unique()), gap)


def numbers_of(frame: pd.DataFrame) -> pd.DataFrame:
    return lines.numbers(frame, "lam", "missed", "misses")


def draw_misses(ax: Axes, numbers: pd.DataFrame) -> None:
    lines.draw(ax, numbers)
    ax.set(xlabel=LAM, ylabel="misses (%)", xlim=IN_BETWEEN)
    ax.set_ylim(bottom=0)


def pairs_said(frame: pd.DataFrame) -> str:
    return f"of {frame['n'].iloc[0]:,} random pairs of {kind_of(frame)} examples"


def kind_of(frame: pd.DataFrame) -> str:
    return "training" if (frame["part"] == "train").all() else "test"


def at_half(numbers: pd.DataFrame, unit: str) -> str:
    """The means in the middle: "At λ = 0.5: ERM 42.1 %, mixup 34.3 %."."""
    means = numbers[numbers["line"] == MEAN]
    middle = min(means["x"], key=lambda lam: abs(lam - 0.5))
    at = means_of(means[means["x"] == middle], "y")
    return f"At λ = {middle:.3g}: " + ", ".join(f"{method} {mean:.1f}{unit}" for method, mean in at.items()) + "."


@table("misses", "In between two training examples")
def in_numbers(setting: Setting) -> Table:
    """Misses and gradient norms, beside what Fig. 2a shows."""
    found = measures.between(setting.here)
    if found.empty:
        return missing.probed(setting, "interpolate")
    lams = [lam for lam in SHOWN_LAMS if (found["lam"] == lam).any()] or sorted(found["lam"].unique())
    rows = []
    theirs = paper.FIG_2A if paper.is_the_decks_set(setting.config) else {}
    parts = (
        ("missed", "misses (%)", 1),
        ("missed_different", "of pairs of two classes (%)", 1),
        ("loss_norm", "gradient of the loss", 2),
        ("logit_norm", "of the logit", 2),
    )
    for column, name, places in parts:
        for method in setting.methods:
            seen = found[found["method"] == method]
            if len(seen):
                shown = {"measure": name, "method": str(method), "n": str(seen["seed"].nunique())}
                values = {f"λ = {lam:g}": spread(seen.loc[seen["lam"] == lam, column], places) for lam in lams}
                rows.append(shown | values)
        for whose, read in theirs.items() if column == "missed" else ():
            values = {f"λ = {lam:g}": f"{read[lam]}" if lam in read else "" for lam in lams}
            rows.append({"measure": name, "method": f"{whose}, paper's Fig. 2a", "n": "", **values})
    notes = [
        f"{setting.name}; {int(found['n'].max()):,} pairs of {found['part'].iloc[0]} rows; a miss is a prediction "
        "that is neither row's class.",
        measures.SPREAD,
    ]
    if theirs:
        notes.append(
            "The paper's are read off the deck's copy of its picture (± 0.3), of a network and pairs not stated."
        )
    return Table(pd.DataFrame(rows), [*notes, *missing.pairs(setting)], paths(found))


@claim("P4", "fewer misses between training examples, most at λ = ½", "Fig. 2a", "16.4 and 5.9 %", "2 in between")
def fewer_misses(setting: Setting) -> Verdict:
    """At λ = ½ there are fewer misses under mixup, also beyond what is missed at the examples themselves; and there are
    more of them at ½ than at ¼ and ¾, for each."""
    middle = measures.in_between(setting.here, "missed", 0.5, "misses", "%")
    pairs = [pair(one, setting.mixup) for one in (middle, _beyond(setting, middle, ENDS, "at the examples"))]
    parts = [of_pairs(one, -1) for one in pairs]
    rises = _beyond(setting, middle, SIDES, "at ¼ and ¾")
    for method in (ERM, setting.mixup):
        found = interval(rises.by_seed(method).tolist(), setting.here.overlap)
        parts.append(side(f"{method}, misses at ½ minus those at ¼ and ¾: {interval_said(found, ' points')}", found, 1))
    return verdict(setting, parts, pairs, "interpolate")


def _beyond(setting: Setting, middle: Measure, lams: tuple[float, float], where: str) -> Measure:
    """The misses in the middle less the mean of those at these values of lambda, of the same record."""
    others = pd.concat([measures.in_between(setting.here, "missed", lam, "", "%").rows for lam in lams])
    means = others.groupby("record")["value"].mean()
    rows = middle.rows.assign(value=middle.rows["value"] - middle.rows["record"].map(means).astype(float))
    return replace(middle, name=f"{middle.name} minus those {where}", rows=rows)


QUESTION = Question("", [misses, in_numbers], [fewer_misses])

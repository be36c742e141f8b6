"""**What the deck leaves open.** Its four numbers (53.7, 49.25, 55.07, 49.76) name neither unit nor ε. As errors, mixup
is the sturdier, but then transferred examples hurt more than a model's own, which is not usual. As accuracies, own
examples hurt more, as usual, but mixup is the weaker. Here are our numbers in both readings and both orders, over ε.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis import measures, missing, paper
from analysis.measures import ENOUGH, attack_rows
from analysis.paper import Compared
from analysis.question import Question, claim, table
from analysis.questions.deck import method_of, of_another_set, only_of_the_decks, ours
from analysis.setting import Setting
from analysis.table import Table
from analysis.verdict import Part, Status, Verdict, lacking, not_run, seeds_said, whole

UNDER = [row for row in paper.SLIDE_20 if row.box != "clean"]
BOXES = {"white": "own examples (white-box)", "black": "transferred (black-box)"}
NEAR = 2.0  # points: how near an epsilon must come to each of the deck's four numbers


@table("deck-under-attack", "The deck's attack rows, read both ways")
def both_readings(setting: Setting) -> Table:
    """The deck's four attack rows over epsilon, read as errors and as accuracies, and in which order they come out."""
    if not paper.is_the_decks_set(setting.config):
        return of_another_set(setting)
    means: dict[tuple[str, str], dict[float, float]] = {
        (row.box, row.method): _over_epsilon(setting, row) for row in UNDER
    }
    epsilons = sorted(set().union(*means.values()))
    if not epsilons:
        return missing.probed(setting, "attack")
    names = {epsilon: f"ε = {epsilon:g}" for epsilon in epsilons}
    theirs: dict[tuple[str, str], float] = {(row.box, row.method): row.deck.value for row in UNDER}
    rows = []
    for reading in ("errors", "accuracies"):
        for row in UNDER:
            found = means[row.box, row.method]
            seen = {e: found[e] if reading == "errors" else 100 - found[e] for e in found}
            shown = {names[e]: f"{seen[e]:.1f}" if e in seen else "" for e in epsilons}
            rows.append({"read as": f"{reading} (%)", "row": row.experiment, **shown, "deck": f"{row.deck.value:g}"})
    orders = [(f"{m}: which hurts more", [("white", m), ("black", m)], [*BOXES.values()]) for m in ("mixup", "ERM")]
    orders += [(f"{b}-box: who errs more", [(b, "mixup"), (b, "ERM")], ["mixup", "ERM"]) for b in BOXES]
    for what, (one, other), words in orders:
        rows.append(_order(what, (means[one], means[other]), (theirs[one], theirs[other]), words, names))
    used = [path for row in UNDER for path in ours(setting, row)[1]]
    notes = [
        f"{setting.name}: FGSM, means over seeds. The deck says neither ε nor the unit: its order is given for both "
        "readings.",
        *missing.pairs(setting),
    ]
    return Table(pd.DataFrame(rows).fillna(""), notes, sorted(set(used)))


def _over_epsilon(setting: Setting, row: Compared, attack: str = "fgsm") -> dict[float, float]:
    """Mean error (%) over seeds of one of the deck's attack rows, by epsilon; clean: at 0, of the rows that are
    attacked."""
    rows = attack_rows(setting, row.box, attack)
    rows = rows[rows["method"] == method_of(setting, row)]
    of_seeds = rows.groupby(["epsilon", "seed"])["error"].mean()
    return {float(str(e)): float(v) for e, v in of_seeds.groupby("epsilon").mean().items()}


def _order(
    what: str,
    pair: tuple[Mapping[float, float], Mapping[float, float]],
    theirs: tuple[float, float],
    words: Sequence[str],
    names: Mapping[float, str],
) -> dict[str, str]:
    """Which of two errors is the larger, by epsilon and in the deck."""

    def larger(one: float, other: float) -> str:
        if math.isnan(one) or math.isnan(other):
            return ""
        return "equal" if math.isclose(one, other) else words[one < other]

    shown = {name: larger(pair[0].get(e, math.nan), pair[1].get(e, math.nan)) for e, name in names.items()}
    deck = f"{larger(*theirs)} if errors, {larger(*reversed(theirs))} if accuracies"
    return {"read as": "order of the errors", "row": what, **shown, "deck": deck}


@claim("D7", "some ε yields all four of the deck's numbers", "deck 19", "exists or not", "3.5 attacks")
def the_decks_four(setting: Setting) -> Verdict:
    """Whether at some ε (between 0 and those measured, linearly) all four of the deck's numbers come out, read as
    errors or as accuracies. Asked of its own setting only."""
    curves = [_over_epsilon(setting, row) for row in UNDER]
    shared = sorted(set.intersection(*(set(curve) for curve in curves)))
    curves = [_over_epsilon(setting, row, "clean") | curve for row, curve in zip(UNDER, curves, strict=True)]
    if shared:
        shared = [0.0, *shared]
    else:
        return not_run(f"on {setting.name}: not attacked in all four ways", lacking(setting, "attack"))
    fine = np.linspace(shared[0], shared[-1], 5000)
    measured = np.array([np.interp(fine, shared, [curve[e] for e in shared]) for curve in curves])
    theirs = np.array([[row.deck.value] for row in UNDER])
    says, nearest = [], []
    for reading, seen in (("errors", measured), ("accuracies", 100 - measured)):
        worst = np.abs(seen - theirs).max(axis=0)
        nearest.append(worst.min())
        says.append(f"as {reading}, the nearest ε is {fine[worst.argmin()]:.2g}, off by up to {worst.min():.1f} points")
    n = min(len(ours(setting, row)[0]) for row in UNDER)
    given: Status | None = None if n < ENOUGH else "holds" if min(nearest) <= NEAR else "fails"
    used = sorted(set(measures.attacked(setting)["record"]))
    opening, lines = f"on {setting.name}, {seeds_said(n)}", lacking(setting, "attack")
    found = whole(opening, [Part("; ".join(says), n, given=given)], says, used, lines, f"near is within {NEAR:g}")
    return only_of_the_decks(setting, found)


QUESTION = Question(__doc__, [both_readings], [the_decks_four])

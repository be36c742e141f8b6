"""The questions of the study, a file each: its numbers, what is shown of them, and what deck and paper claim."""

from importlib import import_module

from analysis.collect import Results
from analysis.figure import Figure
from analysis.question import Claim, Question, Shown
from analysis.table import Table

# In the notebook's order.
NAMES = [
    "headline",
    "deck",
    "toy",
    "example",
    "misses",
    "linearity",
    "gradients",
    "outside",
    "accuracy",
    "classes",
    "curves",
    "flops",
    "reached",
    "examples",
    "budget",
    "weight_decay",
    "alpha",
    "ablation",
    "attacks",
    "besides",
    "transfer",
    "iterated",
    "deck_units",
    "calibration",
    "tempered",
    "corrupted",
    "memorised",
    "tabular",
    "speech",
    "gan",
    "imagenet",
    "cost",
    "settings",
    "verdicts",
    "holdout",
    "problems",
]
QUESTIONS: dict[str, Question] = {name: import_module(f"{__name__}.{name}").QUESTION for name in NAMES}

SHOWN: dict[str, Shown[Figure] | Shown[Table]] = {
    one.name: one for question in QUESTIONS.values() for one in question.shown
}


def _place(claim: Claim) -> tuple[int, int]:
    """The deck's first, then the paper's, then those of later work."""
    letter, number = claim.id[0], claim.id[1:]
    assert letter in "DPL", f"{claim.id}: begins with D (the deck), P (the paper) or L (later work)"
    return "DPL".index(letter), int(number)


CLAIMS: list[Claim] = sorted((claim for question in QUESTIONS.values() for claim in question.claims), key=_place)


def show(name: str, results: Results, setting: str | None = None) -> Figure | Table:
    """A figure or a table by its name."""
    return SHOWN[name](results, setting)

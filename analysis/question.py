"""What a question of the study is: what is said of it, what is shown, and what deck and paper claim."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import matplotlib as mpl

from analysis import missing
from analysis.collect import Results
from analysis.figure import LOOK, Figure
from analysis.sentences import many
from analysis.setting import Setting
from analysis.table import Table
from analysis.verdict import Verdict

T = TypeVar("T", Figure, Table)

TOLD_APART = 8  # methods, in one figure


@dataclass(frozen=True)
class Claim:
    """
    sentence  what is claimed
    source    slide, section, table or figure
    expected  what they have, or the direction alone
    seen      in a text that has it; else it is from memory
    section   of the paper: its claims are corrected together
    judge     gives the verdict on a setting; None where another claim asks the same
    anywhere  asked of all records, whatever the setting: the judge finds its own
    same_as   the claim that asks the same: one question is counted once
    """

    id: str
    sentence: str
    source: str
    expected: str
    section: str
    judge: Callable[[Setting], Verdict] | None = None
    anywhere: bool = False
    same_as: str = ""
    seen: bool = True

    @property
    def theirs(self) -> str:
        """What is expected, with its mark."""
        return self.expected + ("" if self.seen else "*")


def claim(
    id: str, sentence: str, source: str, expected: str, section: str, anywhere: bool = False, seen: bool = True
) -> Callable[[Callable[[Setting], Verdict]], Claim]:
    """A claim, of what judges it."""
    return lambda judge: Claim(id, sentence, source, expected, section, judge, anywhere=anywhere, seen=seen)


@dataclass(frozen=True)
class Shown(Generic[T]):
    """A figure or a table of a question, made of results and a setting (None: the one that is shown first).

    name     of its files in results/figures/, and of its marks in README
    of_each  whether the page shows it of every other setting, too
    """

    name: str
    make: Callable[[Results, str | None], T]
    of_each: bool = False

    def __call__(self, results: Results, setting: str | None = None) -> T:
        return self.make(results, setting)


@dataclass(frozen=True)
class Question:
    """
    prose   what the notebook says above it, in Markdown: what is asked, what is measured, where to look
    shown   below it, in this order
    """

    prose: str
    shown: Sequence[Shown[Figure] | Shown[Table]] = ()
    claims: Sequence[Claim] = ()


def figure(name: str, title: str, of_each: bool = False) -> Callable[[Callable[[Setting], Figure]], Shown[Figure]]:
    """A figure of one setting; without mixup's kin where its methods are more than a figure can tell apart."""

    def shown(draw: Callable[[Setting], Figure]) -> Shown[Figure]:
        def make(results: Results, setting: str | None) -> Figure:
            setting = setting or results.headline()
            with mpl.rc_context(LOOK):  # and leaves matplotlib's own look as it was
                drawn = _drawn(draw, results, setting) if setting else Figure(missing=missing.first_run(results))
            return replace(drawn, name=name, title=title)

        return Shown(name, make, of_each)

    return shown


def _drawn(draw: Callable[[Setting], Figure], results: Results, setting: str) -> Figure:
    every = results.methods(setting)
    if len(every) <= TOLD_APART:
        return draw(Setting(results, setting))
    told = [method for method in every if not method.is_kin][:TOLD_APART]
    found = draw(Setting(results.of_methods(setting, told), setting))
    left = f" Not drawn, but in the tables: {many(len(every) - len(told), 'more method')}."
    return replace(found, caption=found.caption + left) if found.shows else found


def figure_of_all(name: str, title: str) -> Callable[[Callable[[Results], Figure]], Shown[Figure]]:
    """One of no setting, or that finds its own."""

    def shown(draw: Callable[[Results], Figure]) -> Shown[Figure]:
        def make(results: Results, _: str | None) -> Figure:
            with mpl.rc_context(LOOK):
                return replace(draw(results), name=name, title=title)

        return Shown(name, make)

    return shown


def table(name: str, title: str, of_each: bool = False) -> Callable[[Callable[[Setting], Table]], Shown[Table]]:
    """A table of one setting."""

    def shown(fill: Callable[[Setting], Table]) -> Shown[Table]:
        def make(results: Results, setting: str | None) -> Table:
            setting = setting or results.headline()
            return replace(fill(Setting(results, setting)) if setting else missing.runs(results), title=title)

        return Shown(f"table-{name}", make, of_each)

    return shown


def table_of_all(name: str, title: str) -> Callable[[Callable[[Results], Table]], Shown[Table]]:
    """One of no setting, or that finds its own."""

    def shown(fill: Callable[[Results], Table]) -> Shown[Table]:
        return Shown(f"table-{name}", lambda results, _: replace(fill(results), title=title))

    return shown

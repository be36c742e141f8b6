"""The verdicts on all claims: computed from the records, corrected together by section, and how they are told."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import pandas as pd

from analysis import commands
from analysis.collect import Results
from analysis.intervals import holm
from analysis.measures import ENOUGH
from analysis.paper import FROM_MEMORY
from analysis.question import Claim
from analysis.sentences import to_markdown
from analysis.setting import Setting
from analysis.table import Table
from analysis.verdict import OF_SEVERAL, Status, Verdict, not_run, p_shown

IN_SHORT = ("D1", "P33", "P4", "P31")  # what README opens with: of clean images, in between, and under attack
ORDER: tuple[Status, ...] = get_args(Status)

Judged = list[tuple[Claim, Verdict]]


def judged(claims: Sequence[Claim], results: Results, setting: str | None = None) -> Judged:
    """Each claim with its verdict on one setting (None: the one that is shown first), corrected for all that its
    section asks: of a section there are all claims, or none. What is asked twice is judged, and counted, once."""
    setting = setting or results.headline()
    found = {claim.id: _judge(claim, results, setting) for claim in claims if not claim.same_as}
    for section in {claim.section for claim in claims}:
        ids = [claim.id for claim in claims if claim.section == section and not claim.same_as]
        corrected = iter(holm([part.p for one in ids for part in found[one].parts if part.judged]))
        for one in ids:
            parts = [replace(part, p=next(corrected)) if part.judged else part for part in found[one].parts]
            found[one] = replace(found[one], parts=parts)
    return [(claim, found[claim.same_as or claim.id]) for claim in claims]


def judge(claim: Claim, among: Sequence[Claim], results: Results, setting: str | None = None) -> Verdict:
    """The verdict on one, among all."""
    section = [one for one in among if one.section == claim.section]
    return next(verdict for one, verdict in judged(section, results, setting) if one.id == claim.id)


def _judge(claim: Claim, results: Results, setting: str | None) -> Verdict:
    assert claim.judge is not None  # only of a claim that asks the same as another, and is not judged
    if setting is None and not claim.anywhere:
        return not_run("there is no run on a test part yet", commands.first(results))
    return claim.judge(Setting(results, setting or ""))


def said(claim: Claim, verdict: Verdict) -> str:
    """What a verdict is from, or which claim it is that of."""
    return f"as {claim.same_as}" if claim.same_as else verdict.sentence


def counted(verdicts: Judged) -> str:
    """For example "5 hold, 1 in part, 2 fail, 1 undecided, 12 with too few runs, 20 not run": each question once."""
    counts = Counter[str](verdict.status for claim, verdict in verdicts if not claim.same_as)
    return ", ".join(f"{counts[status]} {OF_SEVERAL.get(status, status)}" for status in ORDER)


def in_short(claims: Sequence[Claim], results: Results) -> str:
    """What README opens with: the verdicts on IN_SHORT with their numbers, and below them the claims by verdict."""
    verdicts = judged(claims, results)
    said = [
        f"**{claim.sentence[0].upper()}{claim.sentence[1:]}: {verdict.status}** ({to_markdown(verdict.in_short)})."
        for claim, verdict in verdicts
        if claim.id in IN_SHORT
    ]
    asked = [(claim, verdict) for claim, verdict in verdicts if not claim.same_as]
    rows = []
    for status in ORDER:
        of = [f"{claim.id} {claim.sentence}{_by(verdict)}" for claim, verdict in asked if verdict.status == status]
        rows += [f"| **{status}** ({len(of)}) | {to_markdown('; '.join(of))} |"] if of else []
    opening = (
        f"All {len(asked)} questions of the deck (D), the paper (P) and later work (L), by verdict, and in brackets "
        "what decided it, where that is not CIFAR-10:"
    )
    return "\n\n".join([*said, opening, "\n".join(["| | |", "|---|---|", *rows])])


def _by(verdict: Verdict) -> str:
    """The data sets that decided it, unless that is CIFAR-10 alone, which deck and paper ask most of."""
    found = sorted({dataset for part in verdict.decisive for dataset in part.datasets})
    return "" if found in ([], ["cifar10"]) else f" ({', '.join(found)})"


def table(claims: Sequence[Claim], results: Results) -> Table:
    """The claims as a table: those that were asked first, in the order of the list."""
    verdicts = judged(claims, results)
    asked: Sequence[tuple[Claim, Verdict]] = sorted(verdicts, key=lambda one: one[1].status == "not run")
    rows = [
        {
            "": claim.id,
            "claim": f"{claim.sentence} ({claim.source})",
            "expected": claim.theirs,
            "verdict": verdict.status,
            "n": str(verdict.n or ""),
            "p": ", ".join(p_shown(part.p) for part in verdict.parts if part.judged),
            "from": said(claim, verdict),
        }
        for claim, verdict in asked
    ]
    notes = [
        f"{counted(verdicts)}; a claim that asks the same as another is counted with that one. Each part of a claim is "
        f"judged for itself by differences over pairs, from {ENOUGH} pairs on: it holds or fails with p below .05 (t "
        "test) after Holm's correction for all parts that a section of the paper asks. A claim of where a number lies, "
        "on how many tables, or which of many is best has a rule of its own, and no p here. n: the pairs of the part "
        f"with fewest; intervals: 95 %, not corrected. {FROM_MEMORY}"
    ]
    used = sorted({path for _, verdict in verdicts for path in verdict.records})
    bold = frozenset(
        (row, "verdict") for row, (_, one) in enumerate(asked) if one.status in ("holds", "holds in part", "fails")
    )
    return Table(pd.DataFrame(rows), notes, used, bold)

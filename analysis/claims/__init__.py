"""What the deck and the paper claim, and whether it holds here: verdicts computed from the records.

A claim that nothing asks yet is a row too.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from analysis import commands
from analysis.claims.listed import CLAIMS, Claim
from analysis.claims.verdict import Asked, Verdict, ask, not_run, p_shown
from analysis.collect import Results
from analysis.intervals import holm
from analysis.measures import ENOUGH
from analysis.sentences import to_markdown
from analysis.tables.table import Table

__all__ = [
    "CLAIMS",
    "Asked",
    "Claim",
    "Judged",
    "Verdict",
    "ask",
    "counted",
    "in_short",
    "judge",
    "judged",
    "said",
    "table",
]

IN_SHORT = ("D1", "P4")

Judged = list[tuple[Claim, Verdict]]


def judge(claim: Claim, results: Results, setting: str | None = None) -> Verdict:
    """A claim's verdict on one setting (the headline's by default), corrected for all that its section asks."""
    among = [one for one in CLAIMS if one.section == claim.section]
    return dict(zip((one.id for one in among), _corrected(among, results, setting), strict=True))[claim.id]


def judged(results: Results, setting: str | None = None) -> Judged:
    """Every claim with its verdict. What is of no setting (borders, longer trainings) is looked for among all."""
    return list(zip(CLAIMS, _corrected(CLAIMS, results, setting), strict=True))


def _corrected(among: Sequence[Claim], results: Results, setting: str | None) -> list[Verdict]:
    """The verdicts on claims, whole sections of them. What is asked twice is judged, and counted, once."""
    setting = setting or results.headline()
    found = {claim.id: _judge(claim, results, setting) for claim in among if not claim.same_as}
    for section in {claim.section for claim in among}:
        ids = [claim.id for claim in among if claim.section == section and not claim.same_as]
        corrected = iter(holm([part.p for one in ids for part in found[one].parts if part.judged]))
        for one in ids:
            parts = [replace(part, p=next(corrected)) if part.judged else part for part in found[one].parts]
            found[one] = replace(found[one], parts=parts)
    return [found[claim.same_as or claim.id] for claim in among]


def _judge(claim: Claim, results: Results, setting: str | None) -> Verdict:
    if claim.judge is None:
        return not_run(claim.needs)
    if setting is None and not claim.anywhere:
        return not_run("there is no run on a test part yet", commands.first(results))
    return claim.judge(ask(results, setting or ""))


def said(claim: Claim, verdict: Verdict) -> str:
    """What a verdict is from, or which claim it is that of."""
    return f"as {claim.same_as}" if claim.same_as else verdict.sentence


def counted(verdicts: Judged) -> str:
    """For example "5 hold, 1 in part, 2 fail, 1 undecided, 12 with too few runs, 20 not run": each question once."""
    words = {"holds": "hold", "holds in part": "in part", "fails": "fail", "too few runs": "with too few runs"}
    counts = Counter[str](verdict.status for claim, verdict in verdicts if not claim.same_as)
    order = ("holds", "holds in part", "fails", "undecided", "too few runs", "not run")
    return ", ".join(f"{counts[status]} {words.get(status, status)}" for status in order)


def in_short(results: Results) -> str:
    """What README opens with: the verdicts on IN_SHORT, each with its first numbers, and how all the others fare."""
    verdicts = judged(results)
    lines = [
        f"**{claim.sentence[0].upper()}{claim.sentence[1:]}: {verdict.status}** ({to_markdown(verdict.in_short)})."
        for claim, verdict in verdicts
        if claim.id in IN_SHORT
    ]
    questions = sum(not claim.same_as for claim, _ in verdicts)
    return "\n\n".join([*lines, f"Of {questions} questions of the deck and the paper: {counted(verdicts)}."])


def table(results: Results, setting: str | None = None) -> Table:
    """The claims as a table: those that were asked first, in the order of the list."""
    verdicts = judged(results, setting)
    asked: Sequence[tuple[Claim, Verdict]] = sorted(verdicts, key=lambda one: one[1].status == "not run")
    rows = [
        {
            "": claim.id,
            "claim": f"{claim.sentence} ({claim.source})",
            "expected": claim.expected,
            "verdict": verdict.status,
            "n": str(verdict.n or ""),
            "p": ", ".join(p_shown(part.p) for part in verdict.parts if part.judged),
            "from": said(claim, verdict),
        }
        for claim, verdict in asked
    ]
    notes = [
        f"{counted(verdicts)}. Each part of a claim is judged for itself by differences over pairs, from {ENOUGH} "
        "pairs on: it holds or fails with p below .05 (t test) after Holm's correction for all parts that a section of "
        "the paper asks. n: the pairs of the part with fewest; intervals: 95 %, not corrected."
    ]
    used = sorted({path for _, verdict in verdicts for path in verdict.records})
    bold = frozenset(
        (row, "verdict") for row, (_, one) in enumerate(asked) if one.status in ("holds", "holds in part", "fails")
    )
    return Table("What they claim, and whether it holds here", pd.DataFrame(rows), notes, used, bold)

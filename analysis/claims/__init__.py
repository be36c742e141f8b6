"""What the deck and the paper claim, and whether it holds here: verdicts computed from the records.

A claim that nothing asks yet is a row too.
"""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from analysis import commands
from analysis.claims.listed import CLAIMS, Claim
from analysis.claims.verdict import Asked, Verdict, ask
from analysis.collect import Results
from analysis.sentences import to_markdown
from analysis.tables.table import Table

__all__ = ["CLAIMS", "Asked", "Claim", "Judged", "Verdict", "ask", "counted", "in_short", "judge", "judged", "table"]

IN_SHORT = ("D1", "P4")

Judged = list[tuple[Claim, Verdict]]


def judge(claim: Claim, results: Results, setting: str | None = None) -> Verdict:
    """A claim's verdict on one setting (the headline's by default)."""
    setting = setting or results.headline()
    if claim.judge is None:
        return Verdict("not run", claim.needs)
    if setting is None and not claim.anywhere:
        return Verdict("not run", "there is no run on a test part yet", commands=commands.first(results))
    return claim.judge(ask(results, setting or ""))


def judged(results: Results, setting: str | None = None) -> Judged:
    """Every claim with its verdict. What is of no setting (borders, longer trainings) is looked for among all."""
    setting = setting or results.headline()
    return [(claim, judge(claim, results, setting)) for claim in CLAIMS]


def counted(verdicts: Judged) -> str:
    """For example "5 hold, 2 fail, 1 undecided, 12 with too few runs, 20 not run"."""
    words = {"holds": "hold", "fails": "fail", "too few runs": "with too few runs"}
    counts = Counter[str](verdict.status for _, verdict in verdicts)
    order = ("holds", "fails", "undecided", "too few runs", "not run")
    return ", ".join(f"{counts[status]} {words.get(status, status)}" for status in order)


def in_short(results: Results) -> str:
    """What README opens with: the verdicts on IN_SHORT, each with its numbers, and how all the others fare."""
    verdicts = judged(results)
    lines = [
        f"**{claim.sentence[0].upper()}{claim.sentence[1:]}: {verdict.status}** ({to_markdown(verdict.sentence)})."
        for claim, verdict in verdicts
        if claim.id in IN_SHORT
    ]
    return "\n\n".join([*lines, f"Of {len(verdicts)} claims of the deck and the paper: {counted(verdicts)}."])


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
            "from": verdict.sentence,
        }
        for claim, verdict in asked
    ]
    notes = [
        f"{counted(verdicts)}. Judged by differences at the same seed: holds or fails where their 95 % t interval lies "
        "wholly on one side, from three pairs on."
    ]
    used = sorted({path for _, verdict in verdicts for path in verdict.records})
    bold = frozenset((row, "verdict") for row, (_, verdict) in enumerate(asked) if verdict.status in ("holds", "fails"))
    return Table("What they claim, and whether it holds here", pd.DataFrame(rows), notes, used, bold)

"""Print what the deck, the paper and later work claim, and whether it holds in the records here.

    python -m analysis.claims

With --why CLAIM: from the verdict back to numbers, records, weights, commit and the commands that make them again.
"""

import shlex
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis import collect, typed
from analysis.collect import Results
from analysis.judging import Judged, counted, judge, judged, said
from analysis.paper import FROM_MEMORY
from analysis.question import Claim
from analysis.questions import CLAIMS
from analysis.setting import Setting
from analysis.verdict import Verdict
from common import cli
from common.errors import UserError
from common.terminal import say

WIDTH = 100
MARGIN = " " * 19


@dataclass(frozen=True)
class ClaimsOptions:
    why: str | None = None
    """A claim, such as P4: from its verdict back to records, weights, commit and commands."""
    setting: str | None = None
    """Ask this one of the settings in the records, rather than the one that has most to say."""
    results_dir: Path = Path("results")
    """Where the records are."""


def main(argv: Sequence[str] | None = None) -> None:
    asked = cli.parse(ClaimsOptions, __doc__ or "", argv)
    ids = [claim.id for claim in CLAIMS]
    if asked.why is not None and asked.why.upper() not in ids:
        raise UserError(f"--why {asked.why}: no such claim; there are {', '.join(ids)}.")
    results = collect.asked(asked.results_dir, asked.setting)
    setting = results.headline()
    if asked.why is None:
        verdicts = judged(CLAIMS, results, setting)
        say(_opening(results, setting))
        for claim, verdict in verdicts:
            say(_shown(claim, verdict))
        say("\n".join(_missing(verdicts)))
        say("\n" + textwrap.fill(FROM_MEMORY, WIDTH))
        folder = "" if asked.results_dir == Path("results") else f" --results-dir {shlex.quote(str(asked.results_dir))}"
        say(f"\n{counted(verdicts)}.\nWhy, of any of them: python -m analysis.claims --why D1{folder}")
    else:
        (claim,) = (claim for claim in CLAIMS if claim.id == asked.why.upper())
        verdict = judge(claim, CLAIMS, results, setting)
        say("\n".join([_shown(claim, verdict), *_back(results, verdict)]))
    for problem in results.problems:
        say(_wrapped(problem, "Not used: ", " " * 10))


def _opening(results: Results, setting: str | None) -> str:
    if setting is None:
        return f"Nothing to ask: no run measured on a test part lies in {results.folder}.\n"
    others = Setting(results, setting).departures()
    text = f"Asked of {setting}" + (
        f", which is not the deck's: {', '.join(others)}." if others else ", the deck's own."
    )
    more = [other for other in results.settings() if other != setting]
    text += f" With --setting also of {', '.join(more)}." if more else ""
    return _wrapped(text, "", "") + "\n"


def _shown(claim: Claim, verdict: Verdict) -> str:
    """The claim, its verdict, the numbers."""
    head = f"{claim.id:<4} {verdict.status:<13} "
    lines = [_wrapped(f"{claim.sentence} ({claim.source}; {claim.theirs})", head, MARGIN)]
    return "\n".join([*lines, _wrapped(said(claim, verdict), MARGIN, MARGIN)])


def _missing(verdicts: Judged) -> list[str]:
    """Every command that a verdict asks for, once, and whose. They are not wrapped, so that they can be copied."""
    asking: dict[str, list[str]] = {}
    for claim, verdict in verdicts:
        for line in verdict.commands:
            asking.setdefault(line, []).append(claim.id)
    lines = ["", "What makes the records that are missing"] if asking else []
    for line, ids in asking.items():
        lines += [_wrapped(f"{', '.join(ids)}:", "  ", "  "), f"    {line}"]
    return lines


def _back(results: Results, verdict: Verdict) -> list[str]:
    lines = ["", "Numbers", *(_wrapped(row, "  ", "    ") for row in verdict.rows or ["none"]), "", "Records"]
    parents: dict[str, None] = {}
    for path in verdict.records:
        lines += _record(results, path)
        parents |= dict.fromkeys(parent["record"] for parent in results.records[path]["parents"])
    parents = {path: None for path in parents if path not in verdict.records}
    lines += [] if verdict.records else ["  none"]
    lines += ["", "Runs that they were made from"] if parents else []
    for path in parents:
        lines += _record(results, path)
    if verdict.commands:
        lines += ["", "What is missing for a verdict", *(f"  {line}" for line in verdict.commands)]
    return lines


def _record(results: Results, path: str) -> list[str]:
    """Paths, hashes and commands are not wrapped, so that they can be copied."""
    record = results.records[path]
    environment = record["environment"]
    differs = ", and the code differed from it" if environment["code_differs"] else ""
    lines = [f"  {path}", f"    commit   {environment['commit']}{differs}"]
    if "weights" in record:
        lines.append(f"    weights  {record['weights']}")
    lines += [f"    of       {parent['weights']}  {parent['record']}" for parent in _once(record["parents"])]
    return [*lines, f"    again    {typed.again(results.folder, record)}"]


def _once(parents: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    return list({parent["record"]: parent for parent in parents}.values())


def _wrapped(text: str, first: str, rest: str) -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


if __name__ == "__main__":
    sys.exit(cli.run(main))

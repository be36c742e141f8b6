"""What a verdict is, and how one is come to: by differences at the same seed and their 95 % t interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analysis import commands, measures
from analysis.collect import Results
from analysis.measures import ENOUGH, ROUNDING, Interval, Measure, Pairs, signed

Status = Literal["holds", "fails", "undecided", "too few runs", "not run"]


@dataclass(frozen=True)
class Asked:
    """What a claim is asked of: one setting of the results.

    own     the rows of the setting
    method  the mixup to hold against ERM
    """

    results: Results
    setting: str
    own: Results
    method: str


@dataclass(frozen=True)
class Verdict:
    """
    sentence  the numbers, of which setting, from how many seeds
    rows      the numbers of each seed
    records   paths of those that it was made from
    commands  make what is missing for a verdict
    """

    status: Status
    sentence: str
    rows: Sequence[str] = ()
    records: Sequence[str] = ()
    commands: Sequence[str] = ()


def ask(results: Results, setting: str) -> Asked:
    return Asked(results, setting, results.of(setting), results.mixup_of(setting) or "mixup")


def side(found: Interval, claimed: int) -> Status:
    """Whether an interval lies wholly on the claimed side of 0: above for 1, below for -1."""
    if found.n < ENOUGH:
        return "too few runs" if found.n else "not run"
    low, high = (found.low, found.high) if claimed > 0 else (-found.high, -found.low)
    return "holds" if low > ROUNDING else "fails" if high < -ROUNDING else "undecided"


def together(statuses: Sequence[Status]) -> Status:
    """Of a claim with several parts: it fails with one of them, and holds with all."""
    found = set(statuses)
    if "fails" in found:
        return "fails"
    if found <= {"not run"}:
        return "not run"
    if found & {"not run", "too few runs"}:
        return "too few runs"
    return "holds" if found == {"holds"} else "undecided"


def differ(asked: Asked, found: Sequence[Measure], claimed: int, script: str = "train") -> Verdict:
    """That mixup has less (-1) or more (1) than ERM of each of these.

    script  what measures it
    """
    pairs = [measures.pair(measure, asked.method) for measure in found]
    statuses = [pairs_status(one, claimed) for one in pairs]
    return verdict(asked, together(statuses), [said(one) for one in pairs], pairs, script)


def verdict(asked: Asked, status: Status, parts: Sequence[str], pairs: Sequence[Pairs], script: str) -> Verdict:
    """Its sentence begins with the setting and the number of paired seeds."""
    n = min((len(one.seeds) for one in pairs), default=0)
    records = [path for one in pairs for path in one.records or one.measure.rows["record"]]
    return Verdict(
        status,
        f"on {asked.setting}, {seeds_said(n)}: {'; '.join(parts)}",
        [row for one in pairs for row in rows_of(one)],
        sorted(set(records)),
        lacking(asked, script) if status in ("too few runs", "not run") else (),
    )


def seeds_said(n: int) -> str:
    return f"{n} paired seed{'' if n == 1 else 's'}"


def said(pairs: Pairs) -> str:
    """Both means, and the difference with its interval."""
    measure, method, than = pairs.measure, pairs.method, pairs.than
    if not pairs.seeds:
        alone = {one: measure.by_seed(one) for one in (than, method)}
        known = [f"{one} {measure.show(v.mean())} (n = {len(v)})" for one, v in alone.items() if len(v)]
        return f"{measure.name}: {', '.join(known) or 'not measured'}"
    base, other = (measures.interval(values).mean for values in (pairs.base, pairs.other))
    found = pairs.interval
    spread = measure.show_range(found.low, found.high) if found.n > 1 else "(no interval of one pair)"
    difference = f"{measure.show_difference(found.mean)} {spread}"
    seeds = ", ".join(map(str, pairs.unlike))
    difference += f" (the two runs of seed {seeds} are of two kinds of machine)" if seeds else ""
    return f"{measure.name}: {than} {measure.show(base)}, {method} {measure.show(other)}, difference {difference}"


def rows_of(pairs: Pairs) -> list[str]:
    measure = pairs.measure
    return [
        f"{measure.name}, seed {seed}: {pairs.than} {measure.show(base)}, {pairs.method} {measure.show(other)}, "
        f"difference {measure.show_difference(other - base)}"
        for seed, base, other in zip(pairs.seeds, pairs.base, pairs.other, strict=True)
    ]


def interval_said(found: Interval, unit: str, part: str = "{}", places: int = 2) -> str:
    """A mean with its interval, for what is no pair of a `Measure`; part: of a sentence, which is not said of none."""
    if found.n == 0:
        return "not measured"
    mean = f"{signed(found.mean, places)}{unit}"
    spread = f" [{signed(found.low, places)}, {signed(found.high, places)}]"
    return part.format(mean if math.isnan(found.low) else mean + spread)


def lacking(asked: Asked, script: str) -> list[str]:
    """The commands that make what a verdict lacks: runs for enough paired seeds, then what measures them."""
    results, setting = asked.results, asked.setting
    lines = commands.seeds(results, setting, asked.method)
    if script != "train":
        lines.append(commands.probe(results, setting, script))
    return lines


def pairs_status(pairs: Pairs, claimed: int) -> Status:
    """The side of 0 on which the differences lie. Numbers without a pair are too few, not none."""
    status = side(pairs.interval, claimed)
    return "too few runs" if status == "not run" and len(pairs.measure.rows) else status

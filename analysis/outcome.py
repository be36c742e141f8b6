"""What came out, in a sentence made from the pairs: where a method has less error, where more, and where neither is
shown. What does not help is said as plainly as what does."""

import math
from collections.abc import Sequence

from analysis.intervals import LEVEL, Interval, holm
from analysis.measures import ENOUGH, Pairs, signed
from analysis.sentences import many

KINDS = ("less error", "more error", "no difference shown", "too few pairs to tell (one seed is an anecdote)")


def outcome(what: str, found: Sequence[tuple[str, Pairs]]) -> str:
    """For example "Error, mixup against ERM, 10 pairs: less error on 1 of 2 (iris: −2.00 points [−3.00, −1.00]); …".
    Methods and numbers of pairs that all have in common are said once. One of several would differ by chance alone too
    often: less and more are by p after Holm's correction over all, from `ENOUGH` pairs on.

    found  where, and the pairs that were compared there; those without a pair are left out
    """
    paired = [(where, pairs) for where, pairs in found if pairs.seeds]
    if not paired:
        return f"{what}: no pair yet."
    shared = set.intersection(*(set(about(pairs)) for _, pairs in paired))
    what = ", ".join([what, *(one for one in about(paired[0][1]) if one in shared)])
    groups: dict[str, list[str]] = {kind: [] for kind in KINDS}
    corrected = holm([pairs.interval.p if len(pairs.seeds) >= ENOUGH else math.nan for _, pairs in paired])
    for (where, pairs), p in zip(paired, corrected, strict=True):
        own = [where, *(one for one in about(pairs) if one not in shared)]
        groups[_kind(pairs, p)].append(": ".join(filter(None, [", ".join(filter(None, own)), difference(pairs)])))
    parts = [f"{kind} on {len(of)} of {len(paired)} ({'; '.join(of)})" for kind, of in groups.items() if of]
    parts = parts if groups[KINDS[0]] or groups[KINDS[3]] else [f"{KINDS[0]} on none of {len(paired)}", *parts]
    return f"{what}: {'; '.join(parts)}."


def about(pairs: Pairs) -> list[str]:
    """What is compared, and in how many pairs."""
    n = len(pairs.seeds)
    return [f"{pairs.method} against {pairs.than}", many(n, "pair")]


def _kind(pairs: Pairs, p: float) -> str:
    if len(pairs.seeds) < ENOUGH:
        return KINDS[3]
    return KINDS[2] if p >= 1 - LEVEL else KINDS[0] if pairs.interval.mean < 0 else KINDS[1]


def difference(pairs: Pairs) -> str:
    """The mean difference with its interval."""
    mean = pairs.interval
    within = f" {pairs.measure.show_range(mean.low, mean.high)}" if mean.is_shown else ""
    return f"{pairs.measure.show_difference(mean.mean)}{within}"


def level(found: Interval, unit: str = "") -> str:
    """A mean of runs with its interval; of none nothing."""
    if found.n == 0:
        return ""
    return f"{found.mean:.2f}{unit}" + (f" [{found.low:.2f}, {found.high:.2f}]" if found.is_shown else "")


def cell(pairs: Pairs) -> str:
    """The same for a table whose heading names the unit and which has a column of n; of no pair nothing."""
    mean = pairs.interval
    if mean.n == 0:
        return ""
    return signed(mean.mean, 2) + (f" {pairs.measure.show_range(mean.low, mean.high)}" if mean.is_shown else "")

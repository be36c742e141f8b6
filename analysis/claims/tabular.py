"""The claim on tables (section 3.6, Table 4): judged by train records, in pairs of one split and one seed."""

from analysis import commands, groups, paper
from analysis.claims.training import error
from analysis.claims.verdict import Asked, Part, Status, Verdict, not_run, of_pairs, rows_of, said, seeds_said, whole
from analysis.intervals import LEVEL, holm
from analysis.measures import ENOUGH, Pairs, pair

BETTER = 4  # of the six, at least
NO_WORSE = 1.0  # points that mixup may err more on a table, and still be said to be no worse


def better_on_four(asked: Asked) -> Verdict:
    """Less error on four of the paper's six tables; and more on none. A table is better, worse or no worse by p after
    Holm's correction over all of them: one of six would be worse by chance alone one time in seven."""
    results = asked.results
    found: dict[str, Pairs] = {}
    rows, used, lines = [], [], []
    for name, setting in groups.tabular(results).items():
        method = results.mixup_of(setting)
        if name in paper.TABLE_4 and method:
            own = results.of(setting)
            found[name] = pair(error(own), method)
            rows += [f"{name}, {row}" for row in rows_of(found[name])]
            used += own.runs["record"].tolist()
            lines += commands.seeds(results, setting, method)
    if not found:
        line = commands.study("tables", results)
        return not_run("none of the paper's six tables was learnt under mixup yet", [line])
    less, more, no_worse = (_decided(found, bound, claimed) for bound, claimed in ((0, -1), (0, 1), (NO_WORSE, -1)))
    short = [name for name in paper.TABLE_4 if name not in found or len(found[name].seeds) < ENOUGH]
    lines += [commands.study("tables", results)] if any(name not in found for name in paper.TABLE_4) else []
    n = min(len(pairs.seeds) for pairs in found.values())
    of_better: Status = "too few runs" if short else "holds" if len(less) >= BETTER else "undecided"
    of_worse: Status = "too few runs" if short else "holds" if len(no_worse) == len(found) else "undecided"
    worse = f"worse on {_named(more)}, no worse by {NO_WORSE:g} point on {_named(no_worse)}"
    parts = [
        Part(f"better on {_named(less)} of {len(paper.TABLE_4)}", n, given=of_better),
        Part(worse, n, given="fails" if more else of_worse),
    ]
    each = "; ".join(f"{name}, {seeds_said(len(pairs.seeds))}: {said(pairs)}" for name, pairs in found.items())
    return whole("", parts, rows, used, lines, each)


def _decided(found: dict[str, Pairs], bound: float, claimed: int) -> list[str]:
    """The tables whose difference lies below a bound (-1) or above it, by p after correction."""
    parts = {name: of_pairs(pairs, claimed, bound=bound) for name, pairs in found.items() if len(pairs.seeds) >= ENOUGH}
    corrected = holm([part.p for part in parts.values()])
    return [name for (name, part), p in zip(parts.items(), corrected, strict=True) if part.agrees and p < 1 - LEVEL]


def _named(tables: list[str]) -> str:
    return f"{len(tables)} ({', '.join(tables)})" if tables else "none"

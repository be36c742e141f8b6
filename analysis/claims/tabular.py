"""The claim on tables (section 3.6, Table 4): judged by train records, in pairs of one split and one seed."""

from analysis import commands, groups, paper
from analysis.claims.training import error
from analysis.claims.verdict import Asked, Status, Verdict, pairs_status, rows_of, said, seeds_said
from analysis.measures import pair

BETTER = 4  # of the six, at least


def better_on_four(asked: Asked) -> Verdict:
    """Less error on four of the paper's six tables, and more on none. It fails with one that is worse."""
    results = asked.results
    found: dict[str, Status] = {}
    parts, rows, used, lines = [], [], [], []
    for name, setting in groups.tabular(results).items():
        method = results.mixup_of(setting)
        if name in paper.TABLE_4 and method:
            own = results.of(setting)
            pairs = pair(error(own), method)
            found[name] = pairs_status(pairs, -1)
            parts.append(f"{name}, {seeds_said(len(pairs.seeds))}: {said(pairs)}")
            rows += [f"{name}, {row}" for row in rows_of(pairs)]
            used += own.runs["record"].tolist()
            lines += commands.seeds(results, setting, method)
    if not found:
        line = commands.study("tables", results)
        return Verdict("not run", "none of the paper's six tables was learnt under mixup yet", commands=[line])
    statuses = list(found.values())
    counts = {status: statuses.count(status) for status in ("holds", "fails", "undecided")}
    few = len(paper.TABLE_4) - sum(counts.values())
    status: Status = (
        "fails" if counts["fails"] else "too few runs" if few else "holds" if counts["holds"] >= BETTER else "undecided"
    )
    missing = [name for name in paper.TABLE_4 if name not in found]
    lines += [commands.study("tables", results)] if missing else []
    sentence = (
        f"better on {counts['holds']}, worse on {counts['fails']}, no difference shown on {counts['undecided']}"
        + (f", too few runs on {few}" if few else "")
        + f". {'; '.join(parts)}"
    )
    return Verdict(status, sentence, rows, sorted(set(used)), lines if status == "too few runs" else ())

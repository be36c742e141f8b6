"""Claims on corrupted labels (section 3.4, Table 2), each asked at every share there is: judged by train records.

Which α and p are held against each other is not chosen by test error: `groups` says how.
"""

from collections.abc import Callable, Sequence

import numpy as np

from analysis import commands, groups, measures
from analysis.claims.verdict import (
    Asked,
    Status,
    Verdict,
    interval_said,
    pairs_status,
    rows_of,
    said,
    seeds_said,
    side,
    together,
)
from analysis.collect import Results
from analysis.measures import interval, pair, percent

NEAR = 0.8  # points between the best epoch and the last, which the paper's with dropout do not exceed

TESTED = {"best_error": "best epoch", "error": "last epoch"}
Family = Callable[[Results, str], str | None]


def beats_erm(asked: Asked) -> Verdict:
    """Mixup of a large α has less error than ERM, of the best epoch and of the last."""
    return _less_error(asked.results, groups.large_alpha, lambda *_: "ERM")


def beats_dropout(asked: Asked) -> Verdict:
    """The same against dropout."""
    return _less_error(asked.results, groups.large_alpha, groups.dropout)


def last_is_near_the_best(asked: Asked) -> Verdict:
    """With mixup and dropout together the last epoch has at most `NEAR` points more error than the best."""
    results, parts, statuses, rows, used, lines = asked.results, [], [], [], [], []
    for share, setting in groups.corrupted(results).items():
        method = groups.both(results, setting)
        if method is None:
            continue
        runs = results.of(setting).runs
        gaps = {
            one: (of := runs[runs["method"] == one]).set_index("seed")["error"] - of.set_index("seed")["best_error"]
            for one in ("ERM", groups.large_alpha(results, setting), method)
            if one
        }
        statuses.append(side(interval([NEAR - gap for gap in gaps[method]]), 1))
        found = {one: interval(values.tolist()) for one, values in gaps.items() if len(values)}
        shown = [f"{one} {interval_said(gap, ' points')} (n = {gap.n})" for one, gap in found.items()]
        parts.append(f"at {percent(share)}, {', '.join(shown)}")
        rows += [f"{percent(share)}, {method}, seed {seed}: {gap:.2f} points" for seed, gap in gaps[method].items()]
        used += runs.loc[runs["method"].isin(found), "record"].tolist()
        lines += commands.seeds(results, setting, method)
    opening = f"the last epoch's error less the best's, near is within {NEAR:g} points; "
    return _whole(results, opening, parts, statuses, rows, used, lines)


def leaves_corrupted_labels(asked: Asked) -> Verdict:
    """After the last epoch mixup errs more than ERM on the rows of corrupted labels, against these: it learnt fewer of
    them; and it errs less on the real labels than on the corrupted."""
    results, parts, statuses, rows, used, lines = asked.results, [], [], [], [], []
    for share, setting in groups.corrupted(results).items():
        method = groups.large_alpha(results, setting)
        if method is None:
            continue
        own = results.of(setting)
        runs = own.runs[own.runs["method"] == method]
        unlearned = pair(measures.of_runs(own, "corrupted_error", "training error on corrupted labels"), method)
        learned = (runs["real_error"] - runs["corrupted_error"]).dropna()
        statuses += [pairs_status(unlearned, 1), side(interval(learned.tolist()), -1)]
        means = runs[["real_error", "restored_error"]].mean()
        parts.append(
            f"at {percent(share)}, {seeds_said(len(unlearned.seeds))}: {said(unlearned)}; {method} on real labels "
            f"{means['real_error']:.2f} %, on the corrupted rows' true labels {means['restored_error']:.2f} %"
        )
        rows += [f"{percent(share)}, {row}" for row in rows_of(unlearned)]
        used += own.runs.loc[own.runs["method"].isin(["ERM", method]), "record"].tolist()
        lines += commands.seeds(results, setting, method)
    return _whole(results, "", parts, statuses, rows, used, lines)


def best_alpha_rises(asked: Asked) -> Verdict:
    """The α of the lowest error after the last epoch rises with the share: the slope of its place among the αs, from
    one share to the next, of the seeds that have every α at every share."""
    results, settings = asked.results, groups.corrupted(asked.results)
    frame = results.runs[results.runs["setting"].isin(settings.values())]
    frame = frame[(frame["alpha"] > 0) & (frame["dropout"] == 0)]
    alphas = sorted(set.intersection(*(set(of["alpha"]) for _, of in frame.groupby("setting")), set(frame["alpha"])))
    shares = sorted(frame["corrupt_labels"].unique())
    if len(alphas) < 2 or len(shares) < 2:
        lines = [commands.study("corrupted", results)]
        if len(frame):
            record = results.records[frame["record"].iloc[0]]
            lines = [
                commands.train(asked.results, record, {"corrupt_labels": share, "alpha": alpha})
                for share in (0.2, 0.8)
                for alpha in (1.0, 32.0)
            ]
        return Verdict("not run", "no two αs were trained at two shares of corrupted labels", commands=lines)
    slopes, rows, used = [], [], []
    for seed, of_seed in frame[frame["alpha"].isin(alphas)].groupby("seed"):
        errors = of_seed.pivot_table(index="corrupt_labels", columns="alpha", values="error").reindex(columns=alphas)
        if len(errors) == len(shares) and not errors.isna().to_numpy().any():
            best = [alphas.index(alpha) for alpha in errors.idxmin(axis=1)]
            slopes.append(float(np.polyfit(range(len(best)), best, 1)[0]))
            shown = ", ".join(
                f"{percent(share)}: α = {alphas[place]:g}" for share, place in zip(shares, best, strict=True)
            )
            rows.append(f"seed {seed}, best at {shown}")
            used += of_seed["record"].tolist()
    means = frame.groupby(["corrupt_labels", "alpha"])["error"].mean().unstack().reindex(columns=alphas)
    whole = ", ".join(f"{percent(share)}: α = {means.loc[share].idxmin():g}" for share in shares)
    found = interval(slopes)
    status: Status = side(found, 1) if slopes else "too few runs"
    sentence = (
        f"on {next(iter(settings.values()))} and its like, {seeds_said(found.n)} with all of α = "
        f"{', '.join(f'{alpha:g}' for alpha in alphas)}: lowest mean error at {whole}; "
        f"{interval_said(found, ' places', 'from one share to the next the best α moves by {}')}"
    )
    lines = [
        line
        for setting in settings.values()
        for method in frame.loc[frame["setting"] == setting, "method"].unique()
        for line in commands.seeds(results, setting, str(method))
    ]
    used = used or frame["record"].tolist()
    return Verdict(
        status,
        sentence,
        rows or [f"lowest mean error at {whole}"],
        sorted(used),
        lines if status == "too few runs" else (),
    )


def _less_error(results: Results, family: Family, than: Family) -> Verdict:
    parts, statuses, rows, used, lines = [], [], [], [], []
    for share, setting in groups.corrupted(results).items():
        method, base = family(results, setting), than(results, setting)
        if method is None or base is None:
            continue
        own = results.of(setting)
        found = [pair(measures.of_runs(own, column, name), method, base) for column, name in TESTED.items()]
        statuses += [pairs_status(one, -1) for one in found]
        parts.append(f"at {percent(share)}, {seeds_said(len(found[0].seeds))}: {'; '.join(said(one) for one in found)}")
        rows += [f"{percent(share)}, {row}" for one in found for row in rows_of(one)]
        used += own.runs.loc[own.runs["method"].isin([base, method]), "record"].tolist()
        lines += commands.seeds(results, setting, method, than=base)
    return _whole(results, "", parts, statuses, rows, used, lines)


def _whole(
    results: Results,
    opening: str,
    parts: Sequence[str],
    statuses: Sequence[Status],
    rows: Sequence[str],
    used: Sequence[str],
    lines: Sequence[str],
) -> Verdict:
    if not parts:
        line = commands.study("corrupted", results)
        return Verdict("not run", "no run on corrupted labels has the methods that it takes", commands=[line])
    status = together(statuses)
    lacking = list(dict.fromkeys(lines)) if status in ("too few runs", "not run") else []
    sentence = f"on {next(iter(groups.corrupted(results).values()))} and its like: {opening}{'; '.join(parts)}"
    return Verdict(status, sentence, rows, sorted(set(used)), lacking)

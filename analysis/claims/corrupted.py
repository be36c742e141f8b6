"""Claims on corrupted labels (section 3.4, Table 2), each asked at every share there is: judged by train records.

Which α and p are held against each other is not chosen by test error: `groups` says how.
"""

from collections.abc import Callable, Sequence

import numpy as np

from analysis import commands, groups, measures
from analysis.claims.verdict import (
    Asked,
    Part,
    Verdict,
    above,
    interval_said,
    not_run,
    of_pairs,
    rows_of,
    seeds_said,
    side,
    whole,
)
from analysis.collect import Results
from analysis.intervals import interval
from analysis.measures import pair, percent

NEAR = 0.8  # points between the best epoch and the last, which the paper's with dropout do not exceed
LEARNT = 20.0  # % of errors on real labels, up to which they are learnt: the paper's are 2 to 19

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
    results, parts, rows, used, lines = asked.results, [], [], [], []
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
        found = {one: interval(values.tolist()) for one, values in gaps.items() if len(values)}
        shown = [f"{one} {interval_said(gap, ' points')} (n = {gap.n})" for one, gap in found.items()]
        parts.append(above(f"at {percent(share)}, {', '.join(shown)}", gaps[method].tolist(), NEAR, -1))
        rows += [f"{percent(share)}, {method}, seed {seed}: {gap:.2f} points" for seed, gap in gaps[method].items()]
        used += runs.loc[runs["method"].isin(found), "record"].tolist()
        lines += commands.seeds(results, setting, method)
    opening = f"the last epoch's error less the best's, near is within {NEAR:g} points"
    return _whole(results, parts, rows, used, lines, opening)


def leaves_corrupted_labels(asked: Asked) -> Verdict:
    """After the last epoch mixup errs more than ERM on the rows of corrupted labels, against these: it learnt fewer of
    them; and on the real labels it errs less than on the corrupted, on at most `LEARNT` % of them."""
    results, parts, rows, used, lines = asked.results, [], [], [], []
    for share, setting in groups.corrupted(results).items():
        method = groups.large_alpha(results, setting)
        if method is None:
            continue
        own = results.of(setting)
        runs = own.runs[own.runs["method"] == method]
        unlearned = pair(measures.of_runs(own, "corrupted_error", "training error on corrupted labels"), method)
        real = runs["real_error"].dropna()
        learned = interval((runs["real_error"] - runs["corrupted_error"]).dropna().tolist())
        at = f"at {percent(share)}, "
        restored = runs["restored_error"].mean()
        says = f"{at}{method} on real labels {real.mean():.2f} %, learnt is at most {LEARNT:g} %"
        parts += [
            of_pairs(unlearned, 1, f"{at}{seeds_said(len(unlearned.seeds))}: "),
            side(f"{at}{method} on real labels less on corrupted {interval_said(learned, ' points')}", learned, -1),
            above(f"{says}; on the corrupted rows' true labels {restored:.2f} %", real.tolist(), LEARNT, -1),
        ]
        rows += [f"{percent(share)}, {row}" for row in rows_of(unlearned)]
        used += own.runs.loc[own.runs["method"].isin(["ERM", method]), "record"].tolist()
        lines += commands.seeds(results, setting, method)
    return _whole(results, parts, rows, used, lines)


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
        return not_run("no two αs were trained at two shares of corrupted labels", lines)
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
    whole_means = ", ".join(f"{percent(share)}: α = {means.loc[share].idxmin():g}" for share in shares)
    found = interval(slopes)
    opening = (
        f"on {next(iter(settings.values()))} and its like, {seeds_said(found.n)} with all of α = "
        f"{', '.join(f'{alpha:g}' for alpha in alphas)}"
    )
    moves = interval_said(found, " places", "from one share to the next the best α moves by {}")
    part = side(f"lowest mean error at {whole_means}; {moves}", found, 1, True)
    lines = [
        line
        for setting in settings.values()
        for method in frame.loc[frame["setting"] == setting, "method"].unique()
        for line in commands.seeds(results, setting, str(method))
    ]
    used = used or frame["record"].tolist()
    return whole(opening, [part], rows or [f"lowest mean error at {whole_means}"], used, lines)


def _less_error(results: Results, family: Family, than: Family) -> Verdict:
    parts, rows, used, lines = [], [], [], []
    for share, setting in groups.corrupted(results).items():
        method, base = family(results, setting), than(results, setting)
        if method is None or base is None:
            continue
        own = results.of(setting)
        found = [pair(measures.of_runs(own, column, name), method, base) for column, name in TESTED.items()]
        opening = f"at {percent(share)}, {seeds_said(len(found[0].seeds))}: "
        parts += [of_pairs(one, -1, opening) for one in found]
        rows += [f"{percent(share)}, {row}" for one in found for row in rows_of(one)]
        used += own.runs.loc[own.runs["method"].isin([base, method]), "record"].tolist()
        lines += commands.seeds(results, setting, method, than=base)
    return _whole(results, parts, rows, used, lines)


def _whole(
    results: Results,
    parts: Sequence[Part],
    rows: Sequence[str],
    used: Sequence[str],
    lines: Sequence[str],
    closing: str = "",
) -> Verdict:
    if not parts:
        line = commands.study("corrupted", results)
        return not_run("no run on corrupted labels has the methods that it takes", [line])
    opening = f"on {next(iter(groups.corrupted(results).values()))} and its like"
    return whole(opening, parts, rows, used, lines, closing)

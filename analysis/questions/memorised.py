"""What is learnt of real and of corrupted labels, does it stay, and with which α (section 3.4)?"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from analysis import commands, measures
from analysis.intervals import ROUNDING, interval
from analysis.measures import pair, percent
from analysis.methods import ERM
from analysis.question import Question, claim
from analysis.questions.corrupted import SECTION, both, large_alpha, of_shares, shares
from analysis.setting import Setting
from analysis.verdict import Verdict, above, interval_said, not_run, of_pairs, rows_of, seeds_said, side, whole

NEAR = 0.8  # points between the best epoch and the last, which the paper's with dropout do not exceed
LEARNT = 20.0  # % of errors on real labels, up to which they are learnt: the paper's are 2 to 19
UNLEARNT = 0.5  # of the errors of guessing on corrupted labels, from which they are not: the paper's are about 0.95
NEAR_SAID = "corrupted labels: of mixup with dropout the last epoch is near the best"


@claim("P14", NEAR_SAID, "Table 2", "within 0.8 points", SECTION, anywhere=True)
def last_is_near_the_best(setting: Setting) -> Verdict:
    """With mixup and dropout together the last epoch has at most `NEAR` points more error than the best."""
    results, verdicts = setting.results, []
    for share, one in shares(results).items():
        method, runs = both(one), one.here.runs
        if method is None:
            continue
        gaps, overlap = {}, one.here.overlap
        for other in filter(None, (ERM, large_alpha(one), method)):
            of = runs[runs["method"] == other].set_index("seed")
            gaps[other] = of["error"] - of["best_error"]
        found = {other: interval(values.tolist(), overlap) for other, values in gaps.items() if len(values)}
        shown = [f"{other} {interval_said(gap, ' points')} (n = {gap.n})" for other, gap in found.items()]
        part = above(f"at {percent(share)}, {', '.join(shown)}", gaps[method].tolist(), NEAR, -1, overlap)
        if len(gaps[method]) and np.ptp(gaps[method]) <= ROUNDING and part.p < 1:  # no spread: a sign test
            part = replace(part, p=2 * 0.5**part.n)
        rows = [f"{percent(share)}, {method}, seed {seed}: {gap:.2f} points" for seed, gap in gaps[method].items()]
        used = runs.loc[runs["method"].isin(found), "record"].tolist()
        verdicts.append(whole("", [part], rows, used, commands.seeds(one, method)))
    return of_shares(results, verdicts, f"the last epoch's error minus the best's, near is within {NEAR:g} points")


LEARNS = "mixup learns the real labels and not the corrupted"


@claim("P15", LEARNS, "Table 2", "errors 2 to 19 and about 85 %", SECTION, anywhere=True, seen=False)
def leaves_corrupted_labels(setting: Setting) -> Verdict:
    """After the last epoch mixup errs more than ERM on the rows of corrupted labels, against these: it learnt fewer of
    them, and errs at least `UNLEARNT` as often as by guessing; and on the real labels it errs less than on the
    corrupted, on at most `LEARNT` % of them."""
    results, verdicts = setting.results, []
    for share, one in shares(results).items():
        method = large_alpha(one)
        if method is None:
            continue
        every = one.here.runs
        runs = every[every["method"] == method]
        unlearned = pair(measures.of_runs(one.here, "corrupted_error", "training error on corrupted labels"), method)
        real, corrupted = runs["real_error"].dropna(), runs["corrupted_error"].dropna()
        overlap, guessed = one.here.overlap, 100 * UNLEARNT * (1 - 1 / len(one.record["data"]["classes"]))
        learned = interval((runs["real_error"] - runs["corrupted_error"]).dropna().tolist(), overlap)
        at, restored = f"at {percent(share)}, ", runs["restored_error"].mean()
        says = f"{at}{method} on real labels {real.mean():.2f} %, learnt is at most {LEARNT:g} %"
        left = f"{at}{method} on corrupted labels {corrupted.mean():.2f} %, not learnt is at least {guessed:g} %"
        parts = [
            of_pairs(unlearned, 1, f"{at}{seeds_said(len(unlearned.seeds))}: "),
            above(left, corrupted.tolist(), guessed, overlap=overlap),
            side(f"{at}{method} on real labels less on corrupted {interval_said(learned, ' points')}", learned, -1),
            above(f"{says}; on the corrupted rows' true labels {restored:.2f} %", real.tolist(), LEARNT, -1, overlap),
        ]
        rows = [f"{percent(share)}, {row}" for row in rows_of(unlearned)]
        used = every.loc[every["method"].isin([ERM, method]), "record"].tolist()
        verdicts.append(whole("", parts, rows, used, commands.seeds(one, method)))
    return of_shares(results, verdicts)


@claim("P16", "the best α rises with the noise", "Table 2", "8, 32, 32", SECTION, anywhere=True)
def best_alpha_rises(setting: Setting) -> Verdict:
    """The α of the lowest error after the last epoch rises with the share: the slope of its place among the αs, from
    one share to the next, of the seeds that have every α at every share."""
    results = setting.results
    settings = [one.name for one in (shares(results, _have_alphas) or shares(results)).values()]
    frame = results.runs[results.runs["setting"].isin(settings)]
    frame = measures.of_methods(frame, lambda method: method.is_mixup and not method.dropout)
    alphas = sorted(set.intersection(*(set(of["alpha"]) for _, of in frame.groupby("setting")), set(frame["alpha"])))
    levels = sorted(frame["corrupt_labels"].unique())
    if len(alphas) < 2 or len(levels) < 2:
        lines = [commands.study("corrupted", results)]
        if len(frame):
            record = results.records[frame["record"].iloc[0]]
            made = [{"corrupt_labels": share, "alpha": alpha} for share in (0.2, 0.8) for alpha in (1.0, 32.0)]
            lines = [commands.train(results, record, change) for change in made]
        return not_run("no two αs were trained at two shares of corrupted labels", lines)
    slopes, rows, used = [], [], []
    for seed, of_seed in frame[frame["alpha"].isin(alphas)].groupby("seed"):
        errors = of_seed.pivot_table(index="corrupt_labels", columns="alpha", values="error").reindex(columns=alphas)
        if len(errors) == len(levels) and not errors.isna().to_numpy().any():
            best = [alphas.index(alpha) for alpha in errors.idxmin(axis=1)]
            slopes.append(float(np.polyfit(range(len(best)), best, 1)[0]))
            at = zip(levels, best, strict=True)
            shown = ", ".join(f"{percent(share)}: α = {alphas[place]:g}" for share, place in at)
            rows.append(f"seed {seed}, best at {shown}")
            used += of_seed["record"].tolist()
    means = frame.groupby(["corrupt_labels", "alpha"])["error"].mean().unstack().reindex(columns=alphas)
    whole_means = ", ".join(f"{percent(share)}: α = {means.loc[share].idxmin():g}" for share in levels)
    found = interval(slopes, max(results.of(name).overlap for name in settings))
    every = ", ".join(f"{alpha:g}" for alpha in alphas)
    opening = f"on {settings[0]} and its like, {seeds_said(found.n)} with all of α = {every}"
    moves = interval_said(found, " places", "from one share to the next the best α moves by {}")
    part = side(f"lowest mean error at {whole_means}; {moves}", found, 1, True)
    arms = [(name, method) for name in settings for method in frame.loc[frame["setting"] == name, "method"].unique()]
    lines = [line for name, method in arms for line in commands.seeds(Setting(results, name), method)]
    used = used or frame["record"].tolist()
    return whole(opening, [part], rows or [f"lowest mean error at {whole_means}"], used, lines)


def _have_alphas(settings: Mapping[float, Setting]) -> bool:
    """Whether two αs, without dropout, were trained at each of two shares."""
    each = [{of.alpha for of in one.methods if of.is_mixup and not of.dropout} for one in settings.values()]
    return len(each) > 1 and len(set.intersection(*each)) > 1


QUESTION = Question("", claims=[last_is_near_the_best, leaves_corrupted_labels, best_alpha_rises])

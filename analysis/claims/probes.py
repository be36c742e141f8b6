"""Claims on what lies in between, and under attack: judged by interpolate, boundary and attack records."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import logit

from analysis import commands, intervals, measures, paper
from analysis.claims.training import only_of_the_decks
from analysis.claims.verdict import (
    Asked,
    Part,
    Status,
    Verdict,
    above,
    differ,
    interval_said,
    lacking,
    not_run,
    of_pairs,
    rows_of,
    seeds_said,
    side,
    verdict,
    whole,
)
from analysis.intervals import interval
from analysis.measures import ENOUGH, Measure, pair
from analysis.rows import ALPHA_ONE
from analysis.tables.deck import over_epsilon

ENDS, SIDES = (0.0, 1.0), (0.25, 0.75)  # values of lambda that the middle is held against
NEAR = 2.0  # points: how near an epsilon must come to each of the deck's four numbers
AS_GOOD = 1.0  # points: what mixup may gain under PGD and still count as having lost its gain
FOUR = paper.PAPERS_EPSILON


def fewer_misses(asked: Asked) -> Verdict:
    """At λ = ½ there are fewer misses under mixup, also beyond what is missed at the examples themselves; and there are
    more of them at ½ than at ¼ and ¾, for each."""
    middle = measures.in_between(asked.own, "missed", 0.5, "misses", "%")
    pairs = [pair(one, asked.method) for one in (middle, _beyond(asked, middle, ENDS, "at the examples"))]
    parts = [of_pairs(one, -1) for one in pairs]
    rises = _beyond(asked, middle, SIDES, "at ¼ and ¾")
    for method in ("ERM", asked.method):
        found = interval(rises.by_seed(method).tolist(), asked.own.overlap)
        parts.append(side(f"{method}, misses at ½ less those at ¼ and ¾: {interval_said(found, ' points')}", found, 1))
    return verdict(asked, parts, pairs, "interpolate")


def _beyond(asked: Asked, middle: Measure, lams: tuple[float, float], where: str) -> Measure:
    """The misses in the middle less the mean of those at these values of lambda, of the same record."""
    others = pd.concat([measures.in_between(asked.own, "missed", lam, "", "%").rows for lam in lams])
    means = others.groupby("record")["value"].mean()
    rows = middle.rows.assign(value=middle.rows["value"] - middle.rows["record"].map(means).astype(float))
    return replace(middle, name=f"{middle.name} less those {where}", rows=rows)


def smaller_gradients(asked: Asked) -> Verdict:
    """For the loss and for the predicted logit, since the paper does not say which it shows: the mean over λ of the
    logarithm of the norm, whose difference is the mean log ratio."""
    rows = measures.between(asked.own)
    lams = sorted(rows["lam"].unique())
    keys = ["method", "seed", "split", "machine", "record"]
    pairs, parts, closing = [], [], []
    for column, name in (("loss_norm", "loss"), ("logit_norm", "logit")):
        logs = rows.assign(value=np.log(rows[column].clip(lower=np.finfo(float).tiny)))
        means = pd.DataFrame(logs.groupby(keys, as_index=False)["value"].mean()) if len(rows) else logs
        title = f"log gradient norm of the {name}, mean over λ"
        measure = Measure(title, "", measures.valued(means, "value"), asked.own.overlap)
        pairs.append(pair(measure, asked.method))
        ratio = math.exp(pairs[-1].interval.mean) if pairs[-1].seeds else math.nan
        parts.append(of_pairs(pairs[-1], -1))
        below = [pair(measures.in_between(asked.own, column, lam, name), asked.method).interval.high for lam in lams]
        if pairs[-1].seeds:
            closing.append(
                f"of the {name}, {ratio:.2f} times ERM's, the interval wholly below at {sum(h < 0 for h in below)} of "
                f"{len(lams)} λ"
            )
    return verdict(asked, parts, pairs, "interpolate", "; ".join(closing))


def wider_border(asked: Asked) -> Verdict:
    """The radius on which .1 < p < .9, on the paper's set; of a set that is not round the share of the grid. Of several
    records the one of most seeds."""
    borders = asked.results.borders
    sets = borders["set"].unique().tolist()
    if not sets:
        return not_run("no border has been drawn", [commands.boundary(asked.results)])
    name = "circles-paper" if "circles-paper" in sets else sets[0]
    rows = borders[borders["set"] == name]
    rows = rows[rows["record"] == rows.groupby("record", sort=False)["seed"].nunique().idxmax()]
    method = min(set(rows["method"]) - {"ERM"}, key=lambda m: (m not in ALPHA_ONE, m), default="mixup")
    width, grid = ("band_width", "radius in .1 < p < .9", ""), ("points_in_band", "grid in .1 < p < .9", "%")
    column, title, unit = grid if rows["band_width"].isna().any() else width
    pairs = pair(Measure(title, unit, measures.valued(rows, column), overlap=0.0), method)
    lines = [commands.boundary(asked.results)]
    opening = f"on {name}, {seeds_said(len(pairs.seeds))}"
    return whole(opening, [of_pairs(pairs, 1)], rows_of(pairs), pairs.records, lines)


def under(box: str, attack: str, asked: Asked) -> Verdict:
    """That mixup errs less than ERM under an attack. Both readings of the deck's unit are said."""
    measure = measures.under_attack(asked.own, asked.setting, box, attack, FOUR)
    found = differ(asked, [measure], -1, "attack")
    pairs = pair(measure, asked.method)
    if not pairs.seeds:
        return found
    erm, other = (100 - np.mean(values) for values in (pairs.base, pairs.other))
    ratio = f", {other / erm:.2f} times as many" if erm > 0 else ""
    return replace(found, closing=f"right answers: ERM {erm:.2f} %, {asked.method} {other:.2f} %{ratio}")


def the_decks_four(asked: Asked) -> Verdict:
    """Whether at some ε (between those measured, linearly) all four of the deck's numbers come out, read as errors or
    as accuracies. Asked of its own setting only."""
    rows = [row for row in paper.SLIDE_20 if row.box != "clean"]
    curves = [over_epsilon(asked.results, asked.setting, row) for row in rows]
    shared = sorted(set.intersection(*(set(curve) for curve in curves)))
    if not shared:
        return not_run(f"on {asked.setting}: not attacked in all four ways", lacking(asked, "attack"))
    fine = np.linspace(shared[0], shared[-1], 500)
    measured = np.array([np.interp(fine, shared, [curve[e] for e in shared]) for curve in curves])
    theirs = np.array([[row.deck.value] for row in rows])
    parts, nearest = [], []
    for reading, seen in (("errors", measured), ("accuracies", 100 - measured)):
        worst = np.abs(seen - theirs).max(axis=0)
        nearest.append(worst.min())
        parts.append(
            f"as {reading}, the nearest ε is {fine[worst.argmin()]:.2g}, off by up to {worst.min():.1f} points"
        )
    n = len(asked.results.paired_seeds(asked.setting, asked.method))
    given: Status | None = None if n < ENOUGH else "holds" if min(nearest) <= NEAR else "fails"
    used = sorted(set(measures.attacked(asked.own, asked.setting)["record"]))
    opening = f"on {asked.setting}, {seeds_said(n)}"
    part = Part("; ".join(parts), n, given=given)
    lines = lacking(asked, "attack")
    return only_of_the_decks(asked, whole(opening, [part], parts, used, lines, f"near is within {NEAR:g}"))


def transfer_is_weaker(asked: Asked) -> Verdict:
    """Each model errs less on FGSM examples of other ERM models than on its own."""
    white, black = (measures.under_attack(asked.own, asked.setting, b, "fgsm", FOUR) for b in ("white", "black"))
    parts, rows = [], []
    for method in ("ERM", asked.method):
        own, others = white.by_seed(method), black.by_seed(method)
        differences = (others - own).dropna()
        found = interval(differences.tolist(), asked.own.overlap)
        says = f"{method} (n = {found.n}): {interval_said(found, ' points', 'transferred less own {}')}"
        parts.append(side(says, found, -1, bool(len(own) + len(others))))
        rows += [f"{method}, seed {s}: own {own[s]:.2f} %, transferred {others[s]:.2f} %" for s in differences.index]
    used = [*white.rows["record"], *black.rows["record"]]
    opening = f"on {asked.setting}, FGSM at ε = {FOUR:g}"
    return whole(opening, parts, rows, used, lacking(asked, "attack"))


def neither_resists(asked: Asked) -> Verdict:
    """White-box under ten steps and under PGD each errs more often than by guessing: the paper's 99 % are of 1,000
    classes, of which guessing misses 99.9 %. Shares are judged by their log odds, since they end at 100 %."""
    classes = len(asked.results.records[asked.own.runs["record"].iloc[0]]["data"]["classes"])
    chance = 1 - 1 / classes
    parts, rows, used = [], [], []
    for attack in ("ifgsm", "pgd"):
        measure = measures.under_attack(asked.own, asked.setting, "white", attack, FOUR)
        used += measure.rows["record"].tolist()
        counts = measures.at_epsilon(measures.attack_rows(asked.own, asked.setting, "white", attack), FOUR)
        for method in ("ERM", asked.method):
            of = counts[counts["method"] == method]
            wrong, n = of["errors"].tolist(), of["n"].tolist()
            found = intervals.share(wrong, n)
            odds = [logit((w + 0.5) / (total + 1)) for w, total in zip(wrong, n, strict=True)]
            spread = f" [{found.low:.2f}, {found.high:.2f}]" if found.n > 1 else ""
            mean = f"{found.mean:.2f} %{spread} (n = {found.n})" if found.n else "not measured"
            parts.append(above(f"{measure.name}, {method}: {mean}", odds, float(logit(chance))))
            rows += [
                f"{measure.name}, {method}, seed {seed}: {v:.2f} %"
                for seed, v in zip(of["seed"], of["error"], strict=True)
            ]
    opening = f"on {asked.setting}, against guessing, which misses {100 * chance:g} %"
    return whole(opening, parts, rows, used, lacking(asked, "attack"))


def the_gain_is_gone(asked: Asked) -> Verdict:
    """mixup errs less than ERM under white-box FGSM; by less under PGD; and there by no more than `AS_GOOD` points."""
    pairs = [
        pair(measures.under_attack(asked.own, asked.setting, "white", attack, FOUR), asked.method)
        for attack in ("fgsm", "pgd")
    ]
    gains = [dict(zip(one.seeds, (-d for d in one.differences), strict=True)) for one in pairs]
    shared = sorted(gains[0].keys() & gains[1].keys())
    lost = interval([gains[0][seed] - gains[1][seed] for seed in shared], asked.own.overlap)
    says = interval_said(lost, " points", "the gain under FGSM exceeds that under PGD by {}")
    parts = [
        of_pairs(pairs[0], -1),
        side(says, lost, 1, bool(len(pairs[0].measure.rows))),
        of_pairs(pairs[1], 1, bound=-AS_GOOD, closing=f"; none is at most {AS_GOOD:g} point"),
    ]
    return verdict(asked, parts, pairs, "attack")

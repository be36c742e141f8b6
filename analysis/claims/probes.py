"""Claims on what lies in between, and under attack: judged by interpolate, boundary and attack records."""

import numpy as np

from analysis import commands, measures, paper
from analysis.claims.training import only_of_the_decks
from analysis.claims.verdict import (
    Asked,
    Status,
    Verdict,
    differ,
    interval_said,
    lacking,
    rows_of,
    said,
    seeds_said,
    side,
    together,
    verdict,
)
from analysis.measures import ENOUGH, Measure, error_interval, interval, pair
from analysis.rows import ALPHA_ONE
from analysis.tables.deck import over_epsilon

MIDDLE = (0.4, 0.6)  # where a peak counts as one at 1/2
BROKEN = 99.0  # percent of errors, above which a model does not resist
NEAR = 2.0  # points: how near an epsilon must come to each of the deck's four numbers
FOUR = paper.PAPERS_EPSILON


def fewer_misses(asked: Asked) -> Verdict:
    """At λ = 1/2, where both peak."""
    misses = measures.in_between(asked.own, "missed", 0.5, "misses", "%")
    found = differ(asked, [misses], -1, "interpolate")
    rows, peaks = measures.between(asked.own), {}
    for method in ("ERM", asked.method):
        over = rows[rows["method"] == method].groupby("lam")["missed"].mean()
        if len(over):
            peaks[method] = float(str(over.idxmax()))
    central = all(MIDDLE[0] <= lam <= MIDDLE[1] for lam in peaks.values())
    status = found.status if central or found.status != "holds" else "fails"
    where = ", ".join(f"{method} at λ = {lam:g}" for method, lam in peaks.items())
    sentence = f"{found.sentence}; most misses: {where}" if where else found.sentence
    return Verdict(status, sentence, found.rows, found.records, found.commands)


def smaller_gradients(asked: Asked) -> Verdict:
    """At every λ, for the loss and for the predicted logit: the paper does not say which it shows."""
    lams = sorted(measures.between(asked.own)["lam"].unique())
    parts, statuses, halves = [], [], []
    for column, name in (("loss_norm", "gradient norm of the loss"), ("logit_norm", "gradient norm of the logit")):
        pairs = [pair(measures.in_between(asked.own, column, lam, name), asked.method) for lam in lams]
        sides = [side(one.interval, -1) for one in pairs]
        statuses += sides
        half = pair(measures.in_between(asked.own, column, 0.5, name), asked.method)
        halves.append(half)
        above = f" and wholly above at {sides.count('fails')}" if "fails" in sides else ""
        parts.append(f"{said(half)}; wholly below 0 at {sides.count('holds')}{above} of {len(lams)} λ")
    if lams and together(statuses) == "not run":
        statuses = ["too few runs"]
    return verdict(asked, together(statuses) if statuses else "not run", parts, halves, "interpolate")


def wider_border(asked: Asked) -> Verdict:
    """The radius on which .1 < p < .9, on the paper's set; of a set that is not round the share of the grid."""
    borders = asked.results.borders
    sets = borders["set"].unique().tolist()
    if not sets:
        return Verdict("not run", "no border has been drawn", commands=[commands.boundary(asked.results)])
    name = "circles-paper" if "circles-paper" in sets else sets[0]
    rows = borders[borders["set"] == name]
    rows = rows[rows["record"] == rows["record"].iloc[0]]
    method = min(set(rows["method"]) - {"ERM"}, key=lambda m: (m not in ALPHA_ONE, m), default="mixup")
    width, grid = ("band_width", "radius in .1 < p < .9", ""), ("points_in_band", "grid in .1 < p < .9", "%")
    column, title, unit = grid if rows["band_width"].isna().any() else width
    pairs = pair(Measure(title, unit, measures.valued(rows, column)), method)
    status = side(pairs.interval, 1)
    lines = [commands.boundary(asked.results)] if status in ("too few runs", "not run") else []
    sentence = f"on {name}, {seeds_said(len(pairs.seeds))}: {said(pairs)}"
    return Verdict(status, sentence, rows_of(pairs), sorted(set(pairs.records)), lines)


def under(box: str, attack: str, asked: Asked) -> Verdict:
    """That mixup errs less than ERM under an attack. Both readings of the deck's unit are said."""
    measure = measures.under_attack(asked.own, asked.setting, box, attack, FOUR)
    found = differ(asked, [measure], -1, "attack")
    pairs = pair(measure, asked.method)
    if not pairs.seeds:
        return found
    erm, other = (100 - np.mean(values) for values in (pairs.base, pairs.other))
    ratio = f", {other / erm:.2f} times as many" if erm > 0 else ""
    sentence = f"{found.sentence}; right answers: ERM {erm:.2f} %, {asked.method} {other:.2f} %{ratio}"
    return Verdict(found.status, sentence, found.rows, found.records, found.commands)


def the_decks_four(asked: Asked) -> Verdict:
    """Whether at some ε (between those measured, linearly) all four of the deck's numbers come out, read as errors or
    as accuracies. Asked of its own setting only."""
    rows = [row for row in paper.SLIDE_20 if row.box != "clean"]
    curves = [over_epsilon(asked.results, asked.setting, row) for row in rows]
    shared = sorted(set.intersection(*(set(curve) for curve in curves)))
    if not shared:
        return Verdict(
            "not run", f"on {asked.setting}: not attacked in all four ways", commands=lacking(asked, "attack")
        )
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
    status: Status = "too few runs" if n < ENOUGH else "holds" if min(nearest) <= NEAR else "fails"
    used = sorted(set(measures.attacked(asked.own, asked.setting)["record"]))
    lines = lacking(asked, "attack") if status == "too few runs" else []
    sentence = f"on {asked.setting}, {seeds_said(n)}: {'; '.join(parts)} (near is within {NEAR:g})"
    return only_of_the_decks(asked, Verdict(status, sentence, parts, used, lines))


def transfer_is_weaker(asked: Asked) -> Verdict:
    """Each model errs less on FGSM examples of other ERM models than on its own."""
    white, black = (measures.under_attack(asked.own, asked.setting, b, "fgsm", FOUR) for b in ("white", "black"))
    statuses, parts, rows = [], [], []
    for method in ("ERM", asked.method):
        own, others = white.by_seed(method), black.by_seed(method)
        differences = (others - own).dropna()
        found = interval(differences.tolist())
        statuses.append(side(found, -1))
        parts.append(f"{method} (n = {found.n}): {interval_said(found, ' points', 'transferred less own {}')}")
        rows += [f"{method}, seed {s}: own {own[s]:.2f} %, transferred {others[s]:.2f} %" for s in differences.index]
    status = together(statuses)
    used = sorted({*white.rows["record"], *black.rows["record"]})
    lines = lacking(asked, "attack") if status in ("too few runs", "not run") else []
    return Verdict(status, f"on {asked.setting}, FGSM at ε = {FOUR:g}: {'; '.join(parts)}", rows, used, lines)


def neither_resists(asked: Asked) -> Verdict:
    """Above 99 % of errors white-box under ten steps and under PGD, for both."""
    statuses, parts, rows, used = [], [], [], []
    for attack in ("ifgsm", "pgd"):
        measure = measures.under_attack(asked.own, asked.setting, "white", attack, FOUR)
        used += measure.rows["record"].tolist()
        for method in ("ERM", asked.method):
            values = measure.by_seed(method)
            statuses.append(side(interval((values - BROKEN).tolist()), 1))
            found = error_interval(values.tolist())
            spread = f" [{found.low:.2f}, {found.high:.2f}]" if found.n >= ENOUGH else ""
            parts.append(
                f"{measure.name}, {method}: {found.mean:.2f} %{spread} (n = {found.n})"
                if found.n
                else f"{measure.name}, {method}: not measured"
            )
            rows += [f"{measure.name}, {method}, seed {seed}: {value:.2f} %" for seed, value in values.items()]
    status = together(statuses)
    lines = lacking(asked, "attack") if status in ("too few runs", "not run") else []
    return Verdict(status, f"on {asked.setting}: {'; '.join(parts)}", rows, sorted(set(used)), lines)


def the_gain_is_gone(asked: Asked) -> Verdict:
    """mixup errs less than ERM under white-box FGSM, and no less under PGD."""
    one_step, many = (measures.under_attack(asked.own, asked.setting, "white", a, FOUR) for a in ("fgsm", "pgd"))
    pairs = [pair(one_step, asked.method), pair(many, asked.method)]
    gain, rest = side(pairs[0].interval, -1), side(pairs[1].interval, -1)
    parts = [said(one) for one in pairs]
    if gain in ("too few runs", "not run") or rest in ("too few runs", "not run"):
        return verdict(asked, "too few runs" if len(one_step.rows) else "not run", parts, pairs, "attack")
    if gain != "holds":
        return verdict(asked, "undecided", [*parts, "there is no gain under FGSM to lose"], pairs, "attack")
    less = [b - a for a, b in zip(pairs[0].differences, pairs[1].differences, strict=True)]
    surely_less = side(interval(less), 1)  # where the gain under PGD may be 0, it is also to be less than under FGSM
    status: Status = (
        "fails" if rest == "holds" else "holds" if rest == "fails" or surely_less == "holds" else "undecided"
    )
    return verdict(asked, status, parts, pairs, "attack")

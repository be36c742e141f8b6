"""What the paper, and those after it, claim of Table 5's rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis import commands, paper
from analysis.intervals import interval
from analysis.measures import ENOUGH, Pairs, named, pair
from analysis.methods import ERM, MIXUP, Method
from analysis.question import claim
from analysis.questions.ablation.kin import (
    ALONE,
    CUTMIX,
    LAYERS,
    MANIFOLD,
    NEAR,
    ONLY,
    SAME,
    THREE,
    Decays,
    Screened,
    papers,
    said_of,
    screened,
    share,
    study_of,
)
from analysis.questions.budget import NO_BETTER
from analysis.setting import Setting
from analysis.verdict import (
    Part,
    Status,
    Verdict,
    decided,
    interval_said,
    joined,
    not_run,
    of_pairs,
    rows_of,
    seeds_said,
    side,
    whole,
)

SECTION, LATER, TABLE = "3.8 ablation", "later work", "Table 5"


def _there(setting: Screened, row: Method) -> Method:
    """What was trained in a setting of this row of the table; where nothing was, the row itself."""
    return next((method for method in setting.methods if papers(method) == row), row)


def _asked(setting: Setting, judge: Callable[[Decays], Sequence[Verdict]]) -> Verdict:
    """Of every data set that was screened, and of further rounds what went into them; each part for itself."""
    results = setting.results
    every = screened(results)
    if not every:
        return not_run("no variant of mixup was trained yet", [commands.study(study_of(results, {}), results)])
    judged = [(found, judge(found)) for found in every]
    short = [
        commands.study(study_of(results, found), results)
        for found, verdicts in judged
        if any(part.status in ("not run", "too few runs") for one in verdicts for part in one.parts)
    ]
    return replace(joined([one for _, verdicts in judged for one in verdicts]), commands=short)


def _each(found: Decays, arms: Sequence[tuple[Method, Method]], claimed: int, bound: float = 0.0) -> list[Verdict]:
    """One arm less another, by each weight decay: on which side of a bound."""
    verdicts = []
    closing = f"; no better is at most {NO_BETTER:g} points" if bound else ""
    for one in found.values():
        here = [(_there(one, method), _there(one, than)) for method, than in arms]
        pairs = [one.less(*arm) for arm in here if not one.left_out(*arm)]
        if not pairs:
            continue
        parts = [of_pairs(of, claimed, bound=bound, closing=closing) for of in pairs]
        parts = [
            part if {of.method, of.than} <= {*one.methods} else replace(part, is_known=False)
            for part, of in zip(parts, pairs, strict=True)
        ]
        n = min(len(of.seeds) for of in pairs)
        seen = [row for of in pairs for row in rows_of(of)]
        used = [path for of in pairs for path in of.records]
        verdicts.append(whole(f"on {one.name}, {seeds_said(n)}", parts, seen, used, []))
    return verdicts


def _of_all(
    where: str,
    pairs: Mapping[str, Pairs],
    shown: Sequence[str],
    contrary: Sequence[str],
    says: str,
    seen: Sequence[str],
) -> Verdict:
    """Several comparisons, all of which must be shown; the contrary of one is enough to fail."""
    n = min(len(of.seeds) for of in pairs.values())
    known: Status = "holds" if len(shown) == len(pairs) else "undecided"
    status: Status = "fails" if contrary else "too few runs" if n < ENOUGH else known
    used = [path for of in pairs.values() for path in of.records]
    return whole(f"on {where}, {seeds_said(n)}", [Part(says, n, given=status)], seen, used, [])


@claim("P23", "mixup is the best of all ablations", TABLE, "4.24 %", SECTION, anywhere=True)
def best_of_all(setting: Setting) -> Verdict:
    """At the smallest weight decay mixup errs less than every other row that Table 5 has: by p after Holm's correction
    over the rows. One row that errs less is enough for it to fail."""

    def judge(found: Decays) -> list[Verdict]:
        decay, one = next(iter(found.items()))
        if one.is_further:  # where the others are not
            return []
        asked = [row for row in paper.TABLE_5 if row != MIXUP and (row not in LAYERS or row in one.methods)]
        others = [_there(one, row) for row in asked]
        pairs = {str(method): one.less(MIXUP, method) for method in others}
        beaten, better = decided(pairs, 0, -1), decided(pairs, 0, 1)
        says = f"at weight decay {said_of(decay)} less error than {share(beaten, [*pairs])}, "
        says += f"more than {share(better, [*pairs])}"
        seen = [row for of in pairs.values() for row in rows_of(of)]
        return [_of_all(one.name, pairs, beaten, better, says, seen)]

    return _asked(setting, judge)


PAIRS = "pairs across all classes beat pairs within one, random ones beat neighbours"


@claim("P25", PAIRS, TABLE, "4.24, 5.23 and 4.98 %", SECTION, anywhere=True, seen=False)
def any_pairs(setting: Setting) -> Verdict:
    """mixup errs less than inputs mixed within a class, whose labels are one, and than mixup with neighbours."""
    return _asked(setting, lambda found: _each(found, [(MIXUP, SAME), (MIXUP, NEAR)], -1))


LABELS = "mixing the labels matters: of inputs alone it is no better than ERM of more weight decay"


@claim("P26", LABELS, TABLE, "5.17 and 5.18 %", SECTION, anywhere=True, seen=False)
def labels_matter(setting: Setting) -> Verdict:
    """mixup errs less than inputs mixed alone; and these at the smallest weight decay gain at most `NO_BETTER` points
    over ERM at the largest."""

    def judge(found: Decays) -> list[Verdict]:
        verdicts = _each(found, [(MIXUP, ONLY)], -1)
        ends = list(found.values())
        low, high = ends[0], ends[-1]
        only = _there(low, ONLY)
        if low is high or low.left_out(only):
            return verdicts
        arms = [end.error.rows.query("method == @method") for end, method in ((low, only), (high, ERM))]
        pairs = pair(replace(low.error, rows=pd.concat(arms)), only)
        closing = f"; no better is at most {NO_BETTER:g} points"
        part = of_pairs(pairs, 1, bound=-NO_BETTER, closing=closing)
        opening = f"{only} on {low.name}, ERM on {high.name}"
        return [*verdicts, whole(opening, [part], rows_of(pairs), pairs.records, [])]

    return _asked(setting, judge)


@claim("P27", "mixing hidden layers helps less with depth", TABLE, "4.44 to 5.95 %", SECTION, anywhere=True, seen=False)
def deeper(setting: Setting) -> Verdict:
    """The slope of the error over the layer's number, where all were screened."""

    def judge(found: Decays) -> list[Verdict]:
        verdicts = []
        for one in found.values():
            if one.is_further:
                continue
            layers = [method for method in LAYERS if method in one.methods]
            of_layers = {int(layer.mix[-1]): one.error.by_seed(layer) for layer in layers}
            errors = pd.DataFrame(of_layers).dropna()
            is_sloped = errors.shape[1] > 1
            slopes = [float(np.polyfit(errors.columns, row, 1)[0]) for row in errors.to_numpy() if is_sloped]
            rising = interval(slopes, one.error.overlap)
            said = f"from one of {len(layers)} layers to the next the error changes by {{}}"
            part = side(interval_said(rising, " points", said), rising, 1, bool(layers))
            seen = [
                f"seed {named(place, errors.index)}: "
                + ", ".join(f"layer {layer} {error:.2f} %" for layer, error in of.items())
                for place, of in errors.iterrows()
            ]
            used = one.setting.here.runs.loc[one.setting.here.runs["method"].isin(layers), "record"].tolist()
            verdicts.append(whole(f"on {one.name}, n = {rising.n}", [part], seen, used, []))
        return verdicts

    return _asked(setting, judge)


LITTLE = "label smoothing or noise alone lower the error little"


@claim("P28", LITTLE, f"{TABLE}, our reading", "direction", SECTION, anywhere=True, seen=False)
def little(setting: Setting) -> Verdict:
    """None of them, by no weight decay, gains more than `NO_BETTER` points over ERM: by p after Holm's correction over
    all of them. In the paper, which speaks of a small effect of regularisation, the most is 0.28, and mixup's gain
    1.29."""

    def judge(found: Decays) -> list[Verdict]:
        pairs = {
            f"{method}, weight decay {said_of(decay)}": one.less(method, ERM)
            for decay, one in found.items()
            for method in ALONE
            if not one.left_out(method)
        }
        if not pairs:
            return []
        no_more, more = decided(pairs, -NO_BETTER, 1), decided(pairs, -NO_BETTER, -1)
        says = (
            f"gains of at most {NO_BETTER:g} points over ERM by {share(no_more, [*pairs])}, of more by "
            f"{share(more, [*pairs])}"
        )
        seen = [f"{name}: {row}" for name, of in pairs.items() for row in rows_of(of)]
        names = " and ".join(one.name for one in found.values())
        return [_of_all(names, pairs, no_more, more, says, seen)]

    return _asked(setting, judge)


@claim("P30", "mixing three adds nothing", "section 2, of three or more", "direction", SECTION, anywhere=True)
def no_more_partners(setting: Setting) -> Verdict:
    """Mixing three gains at most `NO_BETTER` points over mixing two."""
    return _asked(setting, lambda found: _each(found, [(THREE, MIXUP)], 1, -NO_BETTER))


@claim("L5", "CutMix errs less than mixup", "Yun 2019", "21.40 and 22.58 %", LATER, anywhere=True)
def patches(setting: Setting) -> Verdict:
    return _asked(setting, lambda found: _each(found, [(CUTMIX, MIXUP)], -1))


@claim("L6", "mixing a hidden layer errs less than mixing inputs", "Verma 2019", "direction", LATER, anywhere=True)
def hidden(setting: Setting) -> Verdict:
    """Before a layer that is drawn each batch (manifold mixup), which the paper of it does with α = 2."""
    return _asked(setting, lambda found: _each(found, [(MANIFOLD, MIXUP)], -1))


CLAIMS = [best_of_all, any_pairs, labels_matter, deeper, little, no_more_partners, patches, hidden]

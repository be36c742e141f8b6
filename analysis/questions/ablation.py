"""## What of mixup matters? (section 3.8, Table 5)

**Asked:** does it take mixed inputs, mixed labels, partners of every class, or would smoothed labels or noise do as
well? **Measured:** each row of the paper's table, and what came after it (CutMix, manifold mixup, more partners,
RegMixup), against ERM and against mixup at the same seeds, by two weight decays. **Look at** the dots: left of ERM's
line is less error than ERM, left of mixup's less than mixup. **The paper** has one run a cell, and so no interval:
mixup 4.24 % and ERM 5.53 % at the smaller weight decay; differences under 0.2 points may be its seeds.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D

from analysis import commands, dots, measures, missing, paper
from analysis.collect import Results
from analysis.figure import WIDE, Figure
from analysis.intervals import interval
from analysis.lines import MEAN, SHORT, SOLID, look_of
from analysis.measures import ENOUGH, Measure, Pairs, pair, spread, test_error
from analysis.methods import ERM, MIXUP, Method, in_order
from analysis.outcome import cell
from analysis.question import Question, claim, figure_of_all, table_of_all
from analysis.questions.budget import NO_BETTER
from analysis.setting import Setting, families
from analysis.table import Row, Table, paths, stacked
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

SECTION, LATER, TABLE, STUDY = "3.8 ablation", "later work", "Table 5", "ablation"
NEAR, SAME, ONLY = (
    Method(1.0, more=more)
    for more in (
        (("neighbours", paper.PAPERS_NEIGHBOURS),),
        (("pairs", "same-class"), ("targets", "heavier")),
        (("targets", "heavier"),),
    )
)
THREE, CUTMIX, MANIFOLD = Method(1.0, more=(("partners", 2),)), Method(1.0, mix="patches"), Method(1.0, mix="hidden")
LAYERS = [method for method in paper.TABLE_5 if method.mix.startswith("layer")]
ALONE = [method for method in paper.TABLE_5 if method.alpha is None and method.is_kin]  # smoothing, noise
COLORS = ("#555555", "#cc78bc", "#029e73")  # of weight decays


@dataclass(frozen=True)
class Screened:
    """A setting in which mixup's kin are compared.

    error  on the test part, of all its runs
    """

    setting: Setting
    error: Measure

    @property
    def name(self) -> str:
        return self.setting.name

    @property
    def methods(self) -> list[Method]:
        return self.setting.methods

    def less(self, method: Method, than: Method) -> Pairs:
        """The error of one less that of another, at the seeds that both have."""
        return pair(self.error, method, than)


Decays = dict[float, Screened]  # by weight decay


def decays(results: Results) -> Decays:
    """The settings that differ in weight decay alone, and in which most of mixup's kin are: first of enough pairs with
    ERM to judge by, then of any. None where there are no kin."""

    def rank(group: dict[float, Setting]) -> tuple[int, int]:
        seeds = [of for one in group.values() for of in _seeds_of_kin(one)]
        return sum(n >= ENOUGH for n in seeds), len(seeds)

    best = max(families(results, "weight_decay"), key=rank, default={})
    return {decay: Screened(one, test_error(one.here)) for decay, one in best.items()} if any(rank(best)) else {}


def _seeds_of_kin(setting: Setting) -> list[int]:
    """How many each shares with ERM."""
    runs = setting.results.runs
    runs = runs[runs["setting"] == setting.name]
    made: dict[Method, set[tuple[int, int]]] = {}
    for method, seed, split in zip(runs["method"], runs["seed"], runs["split"], strict=True):
        made.setdefault(method, set()).add((seed, split))
    return [len(seeds & made.get(ERM, set())) for method, seeds in made.items() if method.is_kin]


def said_of(decay: float) -> str:
    """For example "1e-4"."""
    mantissa, exponent = f"{decay:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}" if decay else "0"


def papers(method: Method) -> Method:
    """The row of Table 5 that a method is: of fewer rows, neighbours are fewer, too."""
    more = ((option, paper.PAPERS_NEIGHBOURS if option == "neighbours" else value) for option, value in method.more)
    return replace(method, more=tuple(more))


def rows(found: Decays) -> list[Method]:
    """ERM, mixup of α = 1, and all their kin that were trained: in the order of Table 5, then those that it has not."""
    here = {method for one in found.values() for method in one.methods if method.is_kin or method in (ERM, MIXUP)}
    of_table = list(paper.TABLE_5)
    return sorted(
        in_order(here), key=lambda one: of_table.index(papers(one)) if papers(one) in of_table else len(of_table)
    )


def _kin(found: Decays) -> list[Method]:
    return [method for method in rows(found) if method.is_kin]


def _against(one: Screened, than: Method, others: Sequence[Method]) -> dict[str, Pairs]:
    """By name, of those that have enough pairs to judge by."""
    found = {str(method): one.less(method, than) for method in others if method != than}
    return {name: pairs for name, pairs in found.items() if len(pairs.seeds) >= ENOUGH}


@figure_of_all("ablation", "Table 5: what each departs by from ERM, and from mixup")
def effects(results: Results) -> Figure:
    """A row a method, a mark a weight decay; a panel against ERM, one against mixup."""
    found = decays(results)
    if not found:
        return Figure(missing=missing.study(results, "of mixup's kin", STUDY))
    names = {method: fill(str(method), 27) for method in _kin(found)}
    marks = {f"weight decay {said_of(decay)}": one for decay, one in found.items()}
    parts = [
        dots.numbers(panel, names[method], mark, one.less(method, than))
        for panel, than in (("ERM", ERM), ("mixup", MIXUP))
        for method in names
        for mark, one in marks.items()
    ]
    numbers = dots.joined(parts)
    if numbers.empty:
        return Figure(missing=missing.study(results, "of mixup's kin at the seeds of ERM or mixup", STUDY))
    looks = {mark: (color, symbol) for mark, color, symbol in zip(marks, COLORS, "osD", strict=False)}
    picture = Picture(figsize=(WIDE, 1.5 + 0.42 * len(names)), layout="constrained")
    lines = {ERM: look_of(ERM)[0], MIXUP: look_of(MIXUP)[0]}
    for ax, than, other in zip(picture.subplots(1, 2, sharey=True), (ERM, MIXUP), (MIXUP, ERM), strict=True):
        dots.draw(ax, numbers[numbers["panel"] == str(than)], list(names.values()), looks)
        ax.axvline(0, color=lines[than], linewidth=1.6, zorder=1, label=f"_{than}")
        for dashes, (mark, one) in zip((SOLID, SHORT, ":"), marks.items(), strict=False):
            mean = one.less(other, than).interval.mean
            ax.axvline(mean, color=lines[other], linewidth=1.6, zorder=1, linestyle=dashes, label=f"_{other}, {mark}")
        ax.set(title=f"less {than}", xlabel="points of test error")
        ax.tick_params(axis="y", labelsize="small")
    dots.legend(picture, numbers, looks, [Line2D([], [], color=color, label=str(one)) for one, color in lines.items()])
    dashed = ", dashed that of the larger weight decay" if len(found) > 1 else ""
    caption = (
        f"{', '.join(one.name for one in found.values())}. Test error after the last epoch, less that of ERM and that "
        f"of mixup, at the same seeds ({dots.pairs_said(numbers)}). Dots: the mean difference, line: its 95 % t "
        "interval over pairs, not corrected for their number, hollow where it holds 0; above it: each pair. Upright "
        f"lines: ERM and mixup themselves{dashed}."
    )
    means = numbers[(numbers["line"] == MEAN) & (numbers["panel"] == "ERM")]
    told = "; ".join(_told(one) for one in means.to_dict("records"))
    alt = f"A row for each method, with a dot and whiskers for each weight decay. Less ERM: {told or 'no pair yet'}."
    used = [path for one in found.values() for path in paths(one.setting.here.runs[_of_rows(found, one)])]
    return Figure(caption, alt, picture, numbers.assign(row=numbers["row"].str.replace("\n", " ")), tuple(used))


def _told(mean: dict[Any, Any]) -> str:
    return f"{mean['row']}, {mean['mark']}: {measures.signed(mean['difference'], 2)}".replace("\n", " ")


def _of_rows(found: Decays, one: Screened) -> "pd.Series[bool]":
    return one.setting.here.runs["method"].isin(rows(found))


@table_of_all("ablation", "Table 5, with intervals")
def in_numbers(results: Results) -> Table:
    """A row a method: for each weight decay its error, less ERM's and less mixup's; and the paper's beside."""
    found = decays(results)
    if not found:
        return missing.table("None of mixup's kin was trained yet.", [commands.study(STUDY, results)])
    every = rows(found)
    theirs = [method for method in paper.TABLE_5 if method not in map(papers, every)]
    shown, bold = stacked([[_row(found, method) for method in [*every, *theirs]]])
    model = next(iter(found.values())).setting.config["model"]
    notes = [
        f"By weight decay, {' and '.join(one.name for one in found.values())}. Test error after the last epoch; bold: "
        f"the lowest. {measures.SPREAD} In brackets: 95 % t interval of the mean difference at the same seed, not "
        "corrected.",
        f"Inputs only: the label is that of the row with the larger share. Noise in standard deviations. Layers "
        f"are {model}'s own, and the paper's those of PreAct ResNet-18; its neighbours are 200 of 50,000 rows.",
        "The paper's: median of the last ten epochs of one run on CIFAR-10. AC, SC: pairs of all classes, or of the "
        f"same; RP, KNN: random ones, or neighbours. {paper.FROM_MEMORY}",
    ]
    used = [path for one in found.values() for path in paths(one.setting.here.runs[_of_rows(found, one)])]
    return Table(shown, notes, used, bold, lead=list(_came_out(found)))


def _row(found: Decays, method: Method) -> Row:
    row = paper.TABLE_5.get(papers(method))
    shown = {"method": str(method), "Table 5": f"{row.method} {row.variant}".strip() if row else ""}
    means = {}
    for decay, one in found.items():
        runs = one.setting.here.runs
        runs = runs[runs["method"] == method]
        title, head = f"{said_of(decay)}: error (%)", f"{said_of(decay)}: "
        shown |= {f"{head}n": str(len(runs) or ""), title: spread(runs["error"], 2)}
        for than in (ERM, MIXUP):
            shown[f"{head}less {than}"] = "" if method == than else cell(one.less(method, than))
        shown[f"{head}the paper's (%)"] = str(row.errors.get(decay, "")) if row else ""
        means[title] = runs["error"].mean() if len(runs) else math.inf
    return shown, means


def _came_out(found: Decays) -> Iterator[str]:
    """Which rows are shown to err less, and more, than ERM and than mixup."""
    for decay, one in found.items():
        for than in (ERM, MIXUP):
            others = _against(one, than, rows(found))
            if not others:
                continue
            groups = {"less": decided(others, 0, -1), "more": decided(others, 0, 1)}
            said = "; ".join(f"{which} error than {than}: {_share(of, [*others])}" for which, of in groups.items())
            yield f"Weight decay {said_of(decay)}, by Holm's correction over {len(others)} methods: {said}."


def _share(names: Sequence[str], every: Sequence[str]) -> str:
    """How many of all, and the names of those that are fewer."""
    if len(names) in (0, len(every)):
        return f"{'all' if names else 'none of'} {len(every)}"
    if 2 * len(names) <= len(every):
        return f"{len(names)} of {len(every)} ({'; '.join(names)})"
    return f"{len(names)} of {len(every)} (not {'; '.join(name for name in every if name not in names)})"


def _there(setting: Screened, row: Method) -> Method:
    """What was trained in a setting of this row of the table; where nothing was, the row itself."""
    return next((method for method in setting.methods if papers(method) == row), row)


def _asked(setting: Setting, judge: Callable[[Decays], Verdict]) -> Verdict:
    found = decays(setting.results)
    line = commands.study(STUDY, setting.results)
    if not found:
        return not_run("none of mixup's kin was trained yet", [line])
    verdict = judge(found)
    is_short = any(part.status in ("not run", "too few runs") for part in verdict.parts)
    return replace(verdict, commands=[line] if is_short else ())


def _each(setting: Setting, arms: Sequence[tuple[Method, Method]], claimed: int, bound: float = 0.0) -> Verdict:
    """One arm less another, by each weight decay: on which side of a bound."""

    def judge(found: Decays) -> Verdict:
        verdicts = []
        closing = f"; no better is at most {NO_BETTER:g} points" if bound else ""
        for one in found.values():
            pairs = [one.less(_there(one, method), _there(one, than)) for method, than in arms]
            parts = [of_pairs(of, claimed, bound=bound, closing=closing) for of in pairs]
            parts = [
                part if {of.method, of.than} <= {*one.methods} else replace(part, is_known=False)
                for part, of in zip(parts, pairs, strict=True)
            ]
            n = min(len(of.seeds) for of in pairs)
            seen = [row for of in pairs for row in rows_of(of)]
            used = [path for of in pairs for path in of.records]
            verdicts.append(whole(f"on {one.name}, {seeds_said(n)}", parts, seen, used, []))
        return joined(verdicts)

    return _asked(setting, judge)


@claim("P23", "mixup is the best of all ablations", TABLE, "4.24 %", SECTION, anywhere=True)
def best_of_all(setting: Setting) -> Verdict:
    """At the smallest weight decay mixup errs less than every other row that Table 5 has: by p after Holm's correction
    over the rows. One row that errs less is enough for it to fail."""

    def judge(found: Decays) -> Verdict:
        decay, one = next(iter(found.items()))
        asked = [row for row in paper.TABLE_5 if row != MIXUP and (row not in LAYERS or row in one.methods)]
        others = [_there(one, row) for row in asked]
        pairs = {str(method): one.less(MIXUP, method) for method in others}
        beaten, better = decided(pairs, 0, -1), decided(pairs, 0, 1)
        n = min(len(of.seeds) for of in pairs.values())
        status: Status = "undecided"
        if better:
            status = "fails"
        elif n < ENOUGH:
            status = "too few runs"
        elif len(beaten) == len(pairs):
            status = "holds"
        says = f"at weight decay {said_of(decay)} less error than {_share(beaten, [*pairs])}, "
        says += f"more than {_share(better, [*pairs])}"
        seen = [row for of in pairs.values() for row in rows_of(of)]
        used = [path for of in pairs.values() for path in of.records]
        return whole(f"on {one.name}, {seeds_said(n)}", [Part(says, n, given=status)], seen, used, [])

    return _asked(setting, judge)


PAIRS = "pairs of all classes beat those of one, random ones beat neighbours"


@claim("P25", PAIRS, TABLE, "4.24, 5.23 and 4.98 %", SECTION, anywhere=True, seen=False)
def any_pairs(setting: Setting) -> Verdict:
    """mixup errs less than inputs mixed within a class, whose labels are one, and than mixup with neighbours."""
    return _each(setting, [(MIXUP, SAME), (MIXUP, NEAR)], -1)


LABELS = "mixing the labels matters: of inputs alone it is no better than ERM of more weight decay"


@claim("P26", LABELS, TABLE, "5.17 and 5.18 %", SECTION, anywhere=True, seen=False)
def labels_matter(setting: Setting) -> Verdict:
    """mixup errs less than inputs mixed alone; and these at the smallest weight decay gain at most `NO_BETTER` points
    over ERM at the largest."""
    verdict = _each(setting, [(MIXUP, ONLY)], -1)
    found = decays(setting.results)
    if len(found) < 2:
        return verdict
    ends = list(found.values())
    low, high = ends[0], ends[-1]
    only = _there(low, ONLY)
    arms = [end.error.rows.query("method == @method") for end, method in ((low, only), (high, ERM))]
    pairs = pair(replace(low.error, rows=pd.concat(arms)), only)
    closing = f"; no better is at most {NO_BETTER:g} points"
    part = of_pairs(pairs, 1, f"{only} on {low.name}, ERM on {high.name}: ", -NO_BETTER, closing)
    return replace(
        verdict,
        parts=[*verdict.parts, part],
        rows=[*verdict.rows, *rows_of(pairs)],
        records=sorted({*verdict.records, *pairs.records}),
    )


@claim("P27", "mixing hidden layers helps less with depth", TABLE, "4.44 to 5.95 %", SECTION, anywhere=True, seen=False)
def deeper(setting: Setting) -> Verdict:
    """The slope of the error over the layer's number."""

    def judge(found: Decays) -> Verdict:
        verdicts = []
        for one in found.values():
            layers = [method for method in LAYERS if method in one.methods]
            of_layers = {int(layer.mix[-1]): one.error.by_seed(layer) for layer in layers}
            errors = pd.DataFrame(of_layers).dropna()
            is_sloped = errors.shape[1] > 1
            slopes = [float(np.polyfit(errors.columns, row, 1)[0]) for row in errors.to_numpy() if is_sloped]
            rising = interval(slopes, one.error.overlap)
            said = f"from one of {len(layers)} layers to the next the error changes by {{}}"
            part = side(interval_said(rising, " points", said), rising, 1, bool(layers))
            seen = [
                f"seed {seed}: " + ", ".join(f"layer {layer} {error:.2f} %" for layer, error in of.items())
                for seed, of in errors.iterrows()
            ]
            used = one.setting.here.runs.loc[one.setting.here.runs["method"].isin(layers), "record"].tolist()
            verdicts.append(whole(f"on {one.name}, n = {rising.n}", [part], seen, used, []))
        return joined(verdicts)

    return _asked(setting, judge)


LITTLE = "label smoothing or noise alone do little"


@claim("P28", LITTLE, TABLE, "direction", SECTION, anywhere=True, seen=False)
def little(setting: Setting) -> Verdict:
    """None of them, by no weight decay, gains more than `NO_BETTER` points over ERM: by p after Holm's correction over
    all of them. In the paper the most is 0.28, and mixup's gain 1.29."""

    def judge(found: Decays) -> Verdict:
        pairs = {
            f"{method}, weight decay {said_of(decay)}": one.less(method, ERM)
            for decay, one in found.items()
            for method in ALONE
        }
        no_more, more = decided(pairs, -NO_BETTER, 1), decided(pairs, -NO_BETTER, -1)
        n = min(len(of.seeds) for of in pairs.values())
        known: Status = "holds" if len(no_more) == len(pairs) else "undecided"
        status: Status = "fails" if more else "too few runs" if n < ENOUGH else known
        says = (
            f"gains of at most {NO_BETTER:g} points over ERM by {_share(no_more, [*pairs])}, of more by "
            f"{_share(more, [*pairs])}"
        )
        seen = [f"{name}: {row}" for name, of in pairs.items() for row in rows_of(of)]
        used = [path for of in pairs.values() for path in of.records]
        names = " and ".join(one.name for one in found.values())
        return whole(f"on {names}, {seeds_said(n)}", [Part(says, n, given=status)], seen, used, [])

    return _asked(setting, judge)


@claim("P30", "mixing three or more adds nothing", "section 2", "direction", SECTION, anywhere=True)
def no_more_partners(setting: Setting) -> Verdict:
    """Mixing three gains at most `NO_BETTER` points over mixing two."""
    return _each(setting, [(THREE, MIXUP)], 1, -NO_BETTER)


@claim("L5", "CutMix errs less than mixup", "Yun 2019", "21.40 and 22.58 %", LATER, anywhere=True)
def patches(setting: Setting) -> Verdict:
    return _each(setting, [(CUTMIX, MIXUP)], -1)


@claim("L6", "mixing a hidden layer errs less than mixing inputs", "Verma 2019", "direction", LATER, anywhere=True)
def hidden(setting: Setting) -> Verdict:
    """Before a layer that is drawn each batch (manifold mixup), which the paper of it does with α = 2."""
    return _each(setting, [(MANIFOLD, MIXUP)], -1)


QUESTION = Question(
    __doc__,
    [effects, in_numbers],
    [best_of_all, any_pairs, labels_matter, deeper, little, no_more_partners, patches, hidden],
)

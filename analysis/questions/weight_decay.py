"""Which weight decay does each prefer (Table 5)?"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis import commands
from analysis.intervals import interval
from analysis.measures import ENOUGH, Measure, named, pair, test_error, valued
from analysis.methods import ERM
from analysis.question import Question, claim
from analysis.setting import Setting, families
from analysis.verdict import Part, Verdict, interval_said, joined, not_run, of_pairs, rows_of, seeds_said, side, whole

SMALLER, LARGER = 1e-4, 5e-4
SENTENCE = "ERM prefers a weight decay of 5e-4, mixup 1e-4"


@claim("P24", SENTENCE, "Table 5", "5.53 > 5.18, 4.24 < 4.68", "3.8 ablation")
def preferred(setting: Setting) -> Verdict:
    """ERM errs less with the larger of two weight decays, mixup with the smaller."""
    results = setting.results
    ends = _of_table_5(setting)
    if not ends:
        other = SMALLER if setting.config["weight_decay"] == LARGER else LARGER
        line = commands.train(results, setting.record, {"weight_decay": other})
        return not_run(f"no two settings differ in weight decay alone, {SMALLER:g} and {LARGER:g}", [line])
    verdicts, mixup = [], ends[0].mixup
    used = [path for end in ends for path in end.here.runs["record"]]
    lines = [line for end in ends for line in commands.seeds(end, mixup)]
    for method, claimed in ((ERM, -1), (mixup, 1)):
        low, high = (test_error(end.here).by_seed(method) for end in ends)
        differences = (high - low).dropna()
        found = interval(differences.tolist(), ends[0].here.overlap)
        opening = f"{method}, {ends[0].name} to {ends[1].name}, n = {found.n}"
        part = side(interval_said(found, " points"), found, claimed, True)
        rows = [
            f"{method}, seed {named(place, differences.index)}: {value:+.2f} points"
            for place, value in differences.items()
        ]
        verdicts.append(whole(opening, [part], rows, used, lines))
    return joined(verdicts)


def _of_table_5(setting: Setting) -> tuple[Setting, ...]:
    """Two settings that differ in weight decay alone, by the two of the paper's table: this one and another, where
    there are enough pairs; else those of most pairs, and of these the ones that are trained for most steps."""
    both = [group for group in families(setting.results, "weight_decay") if {SMALLER, LARGER} <= group.keys()]
    clean = [(group[SMALLER], group[LARGER]) for group in both if not group[SMALLER].config["corrupt_labels"]]

    def rank(ends: tuple[Setting, ...]) -> tuple[Any, ...]:
        pairs = min(end.pairs for end in ends)
        return pairs >= ENOUGH and setting.name in {end.name for end in ends}, pairs, ends[0].steps

    return max(clean, key=rank, default=())


@claim("P33", "mixup beats ERM at each one's best weight decay", "Table 5", "5.18 to 4.24", "3.8 ablation")
def each_at_its_best(setting: Setting) -> Verdict:
    """Of settings that differ in weight decay alone, each method at the one where its mean error is lowest. Both choose
    by the errors that they are compared by, so that neither gains by that more than the other. Asked of each length of
    training and of whatever else there are such settings of, a part each."""
    chains = [
        [one for one in group.values() if one.pairs >= ENOUGH and not one.config["corrupt_labels"]]
        for group in families(setting.results, "weight_decay")
    ]
    verdicts = [_at_its_best(chain) for chain in chains if len(chain) > 1]
    if not verdicts:
        line = commands.train(setting.results, setting.record, {"weight_decay": 5e-4})
        return not_run("no two settings differ in weight decay alone", [line])
    return joined(verdicts)


def _at_its_best(chain: Sequence[Setting]) -> Verdict:
    results, method = chain[0].results, chain[0].mixup
    runs, best = pd.concat([one.here.runs for one in chain]), []
    of = [
        set(zip(f["seed"], f["split"], strict=True))
        for _, f in runs[runs["method"].isin([ERM, method])].groupby(["setting", "method"])
    ]
    shared = set.intersection(*of)  # seeds that each method has at each decay, so that both choose among as many
    lines = [line for one in chain for line in commands.seeds(one, method)]
    if not shared:
        names = " and ".join(one.name for one in chain)
        return whole(f"on {names}", [Part("no seed has all weight decays", 0, is_known=True)], [], [], lines)
    runs = runs[[place in shared for place in zip(runs["seed"], runs["split"], strict=True)]]
    for one in (ERM, method):
        rows = runs[runs["method"] == one]
        best.append(rows[rows["setting"] == rows.groupby("setting")["error"].mean().idxmin()])
    decays = [results.config(str(rows["setting"].iloc[0]))["weight_decay"] for rows in best]
    title = f"test error, weight decays {ERM} {decays[0]:g}, {method} {decays[1]:g}"
    pairs = pair(Measure(title, "%", valued(pd.concat(best), "error"), chain[0].here.overlap), method)
    opening = f"on {' and '.join(one.name for one in chain)}, {seeds_said(len(pairs.seeds))}"
    return whole(opening, [of_pairs(pairs, -1)], rows_of(pairs), pairs.records, lines)


QUESTION = Question("", claims=[preferred, each_at_its_best])

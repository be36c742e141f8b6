"""Which weight decay does each prefer (Table 5)?"""

from collections.abc import Sequence

import pandas as pd

from analysis import commands
from analysis.intervals import interval
from analysis.measures import ENOUGH, Measure, pair, test_error, valued
from analysis.methods import ERM
from analysis.question import Question, claim
from analysis.setting import Setting
from analysis.verdict import Verdict, interval_said, joined, not_run, of_pairs, rows_of, seeds_said, side, whole

SENTENCE = "ERM prefers a weight decay of 5e-4, mixup 1e-4"


@claim("P24", SENTENCE, "Table 5", "5.53 > 5.18, 4.24 < 4.68", "3.8 ablation")
def preferred(setting: Setting) -> Verdict:
    """ERM errs less with the larger of two weight decays, mixup with the smaller."""
    verdicts, results = [], setting.results
    asked = setting.where(lambda one: one.contrasted("weight_decay"))
    for ends in asked.contrasts("weight_decay"):
        if [end.config["weight_decay"] for end in ends] != [1e-4, 5e-4]:
            continue
        used = [path for end in ends for path in end.here.runs["record"]]
        lines = [line for end in ends for line in commands.seeds(results, end.name, asked.mixup)]
        for method, claimed in ((ERM, -1), (asked.mixup, 1)):
            low, high = (test_error(end.here).by_seed(method) for end in ends)
            differences = (high - low).dropna()
            found = interval(differences.tolist(), asked.here.overlap)
            opening = f"{method}, {ends[0].name} to {ends[1].name}, n = {found.n}"
            part = side(interval_said(found, " points"), found, claimed, True)
            rows = [f"{method}, seed {seed}: {value:+.2f} points" for seed, value in differences.items()]
            verdicts.append(whole(opening, [part], rows, used, lines))
    if not verdicts:
        line = commands.train(results, setting.record, {"weight_decay": 5e-4})
        return not_run("no two settings differ in weight decay alone", [line])
    return joined(verdicts)


@claim("P33", "mixup beats ERM at each one's best weight decay", "Table 5", "5.18 to 4.24", "3.8 ablation")
def each_at_its_best(setting: Setting) -> Verdict:
    """Of settings that differ in weight decay alone, each method at the one where its mean error is lowest. Both choose
    by the errors that they are compared by, so that neither gains by that more than the other. Asked of each length of
    training and of whatever else there are such settings of, a part each."""
    chains: dict[str, list[Setting]] = {}
    for name in setting.results.settings():
        one = Setting(setting.results, name)
        if one.pairs >= ENOUGH and not one.config["corrupt_labels"]:
            alike = {field: value for field, value in one.config.items() if field != "weight_decay"}
            chains.setdefault(str(alike), []).append(one)
    verdicts = [_at_its_best(chain) for chain in chains.values() if len(chain) > 1]
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
    runs = runs[[place in shared for place in zip(runs["seed"], runs["split"], strict=True)]]
    for one in (ERM, method):
        rows = runs[runs["method"] == one]
        best.append(rows[rows["setting"] == rows.groupby("setting")["error"].mean().idxmin()])
    decays = [results.config(str(rows["setting"].iloc[0]))["weight_decay"] for rows in best]
    title = f"test error, weight decays {ERM} {decays[0]:g}, {method} {decays[1]:g}"
    pairs = pair(Measure(title, "%", valued(pd.concat(best), "error"), chain[0].here.overlap), method)
    opening = f"on {' and '.join(one.name for one in chain)}, {seeds_said(len(pairs.seeds))}"
    lines = [line for one in chain for line in commands.seeds(results, one.name, method)]
    return whole(opening, [of_pairs(pairs, -1)], rows_of(pairs), pairs.records, lines)


QUESTION = Question("", claims=[preferred, each_at_its_best])

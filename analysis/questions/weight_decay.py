"""Which weight decay does each prefer (Table 5)?"""

import pandas as pd

from analysis import commands
from analysis.intervals import interval
from analysis.measures import Measure, pair, test_error, valued
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
    by the errors that they are compared by, so that neither gains by that more than the other."""
    asked = setting.where(lambda one: one.contrasted("weight_decay"))
    chain = [*dict.fromkeys(end.name for ends in asked.contrasts("weight_decay") for end in ends)]
    if not chain:
        line = commands.train(setting.results, setting.record, {"weight_decay": 5e-4})
        return not_run("no two settings differ in weight decay alone", [line])
    found = {name: Setting(setting.results, name) for name in chain}
    shared = pd.concat([one.here.runs for one in found.values()])
    best = []
    for method in (ERM, asked.mixup):
        rows = shared[shared["method"] == method]
        name = str(rows.groupby("setting")["error"].mean().idxmin())
        best.append((method, name, rows[rows["setting"] == name]))
    decays = ", ".join(f"{method} {found[name].config['weight_decay']:g}" for method, name, _ in best)
    measure = Measure(
        f"test error, weight decays {decays}",
        "%",
        valued(pd.concat([rows for *_, rows in best]), "error"),
        asked.here.overlap,
    )
    pairs = pair(measure, asked.mixup)
    lines = [line for name in chain for line in commands.seeds(setting.results, name, asked.mixup)]
    opening = f"on {' and '.join(chain)}, {seeds_said(len(pairs.seeds))}"
    return whole(opening, [of_pairs(pairs, -1)], rows_of(pairs), pairs.records, lines)


QUESTION = Question("", claims=[preferred, each_at_its_best])

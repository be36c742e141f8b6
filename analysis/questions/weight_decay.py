"""Which weight decay does each prefer (Table 5)?"""

from analysis import commands
from analysis.intervals import interval
from analysis.measures import test_error
from analysis.methods import ERM
from analysis.question import Question, claim
from analysis.setting import Setting
from analysis.verdict import Verdict, interval_said, joined, not_run, side, whole

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


QUESTION = Question("", claims=[preferred])

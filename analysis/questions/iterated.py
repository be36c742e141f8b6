"""Does anything that mixup gains under one step of FGSM stay under many (I-FGSM, PGD)?"""

from scipy.special import logit

from analysis import intervals, measures, paper
from analysis.intervals import interval
from analysis.measures import at_epsilon, attack_rows, pair
from analysis.methods import ERM
from analysis.outcome import level
from analysis.question import Question, claim
from analysis.setting import Setting
from analysis.verdict import Verdict, above, interval_said, lacking, of_pairs, side, verdict, whole

AS_GOOD = 1.0  # points: what mixup may gain under PGD and still count as having lost its gain
FOUR = paper.PAPERS_EPSILON
RESISTS = "neither resists white-box I-FGSM, nor PGD, which is ours: more errors than by guessing"


@claim("P20", RESISTS, "section 3.5", "errors above 99 %, of 1,000 classes", "3.5 attacks", seen=False)
def neither_resists(setting: Setting) -> Verdict:
    """White-box under ten steps and under PGD each errs more often than by guessing: the paper's 99 % are of 1,000
    classes, of which guessing misses 99.9 %. Shares are judged by their log odds, since they end at 100 %."""
    chance = 1 - 1 / len(setting.record["data"]["classes"])
    parts, rows, used = [], [], []
    for attack in ("ifgsm", "pgd"):
        measure = measures.under_attack(setting, "white", attack, FOUR)
        used += measure.rows["record"].tolist()
        counts = at_epsilon(attack_rows(setting, "white", attack), FOUR)
        for method in (ERM, setting.mixup):
            of = counts[counts["method"] == method]
            wrong, n = of["errors"].tolist(), of["n"].tolist()
            found = intervals.share(wrong, n)
            odds = [logit((w + 0.5) / (total + 1)) for w, total in zip(wrong, n, strict=True)]
            mean = f"{level(found, ' %')} (n = {found.n})" if found.n else "not measured"
            says, bound = f"{measure.name}, {method}: {mean}", float(logit(chance))
            parts.append(above(says, odds, bound, overlap=measure.overlap))
            seeds = zip(of["seed"], of["error"], strict=True)
            rows += [f"{measure.name}, {method}, seed {seed}: {error:.2f} %" for seed, error in seeds]
    opening = f"on {setting.name}, against guessing, which misses {100 * chance:g} %"
    return whole(opening, parts, rows, used, lacking(setting, "attack"))


@claim("L4", "PGD removes what mixup gains under FGSM", "Pang 2020, Lamb 2019", "direction", "3.5 attacks")
def the_gain_is_gone(setting: Setting) -> Verdict:
    """mixup errs less than ERM under white-box FGSM; by less under PGD; and there by no more than `AS_GOOD` points."""
    one_step, many = (
        pair(measures.under_attack(setting, "white", attack, FOUR), setting.mixup) for attack in ("fgsm", "pgd")
    )
    fgsm, pgd = one_step.by_place, many.by_place
    shared = sorted(fgsm.keys() & pgd.keys())
    lost = interval([pgd[place] - fgsm[place] for place in shared], setting.here.overlap)
    says = interval_said(lost, " points", "the gain under FGSM exceeds that under PGD by {}")
    parts = [
        of_pairs(one_step, -1),
        side(says, lost, 1, bool(len(one_step.measure.rows))),
        of_pairs(many, 1, bound=-AS_GOOD, closing=f"; none is at most {AS_GOOD:g} point"),
    ]
    return verdict(setting, parts, [one_step, many], "attack")


QUESTION = Question("", claims=[neither_resists, the_gain_is_gone])

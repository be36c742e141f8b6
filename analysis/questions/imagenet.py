"""What the paper claims on ImageNet (section 3.1, Table 1)."""

import math

from analysis import commands
from analysis.measures import of_runs, pair, test_error
from analysis.methods import Method
from analysis.question import Question, claim
from analysis.questions.accuracy import of_each_network
from analysis.setting import Setting
from analysis.verdict import Verdict, not_run, of_pairs, verdict

SECTION = "3.1 ImageNet"
SMALL, LARGE = (
    (0.1, 0.4),
    1.0,
)  # α that the paper has better than ERM; from which one is large to us: the paper names none


@claim("P7", "ImageNet: top-1 error falls for each network", "Table 1", "0.2 to 1.5 points", SECTION, anywhere=True)
def falls(setting: Setting) -> Verdict:
    found = _settings(setting)
    return of_each_network(found) if found else _not_run(setting)


@claim(
    "P9", "on ImageNet α from 0.1 to 0.4 helps, a large α underfits", "section 3.1", "direction", SECTION, anywhere=True
)
def small_alpha(setting: Setting) -> Verdict:
    """Of the setting with most alphas: each small one errs less than ERM, the largest more on the training images."""
    asked = max(_settings(setting), key=lambda one: len(_mixups(one)), default=setting)
    helping, large = _mixups(asked, *SMALL), _mixups(asked, LARGE)[-1:]
    if not _settings(setting) or not helping or not large:
        return _not_run(setting)
    trained = of_runs(asked.here, "clean_train_error", "clean training error", "%")
    helps = [pair(test_error(asked.here), method) for method in helping]
    underfits = [pair(trained, method) for method in large]
    parts = [of_pairs(one, -1) for one in helps] + [of_pairs(one, 1) for one in underfits]
    return verdict(asked, parts, helps + underfits, "train")


def _settings(setting: Setting) -> list[Setting]:
    every = (Setting(setting.results, name) for name in setting.results.settings())
    return [one for one in every if one.config["dataset"] == "imagenet" and not one.config["corrupt_labels"]]


def _mixups(setting: Setting, low: float = 0.0, high: float = math.inf) -> list[Method]:
    """Plain ones with an alpha from low to high, the smallest first."""
    plain = {one.alpha: one for one in setting.methods if one.alpha and one == Method(one.alpha)}
    return [plain[alpha] for alpha in sorted(plain) if low <= alpha <= high]


def _not_run(setting: Setting) -> Verdict:
    line = commands.study("imagenet", setting.results)
    return not_run("neither the images nor GPUs for them are here", [line])


QUESTION = Question("", claims=[falls, small_alpha])

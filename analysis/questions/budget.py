"""What mixup gains over the length of a training, and over the width of a network."""

from analysis import commands, paper
from analysis.intervals import interval
from analysis.measures import ENOUGH, pair, test_error
from analysis.question import Claim, Question, claim
from analysis.setting import Setting
from analysis.verdict import Verdict, interval_said, joined, not_run, of_pairs, seeds_said, side, verdict, whole

NO_BETTER = 0.5  # points that mixup may gain in a short training, and still be said to be no better
SHORT = 0.5  # of the paper's epochs: below that a training is short


@claim("P8", "longer training and wider networks gain more from mixup", "section 3.1", "direction", "3.1 ImageNet")
def gain_grows(setting: Setting) -> Verdict:
    """What mixup gains rises with epochs and with width, all else equal, at the same seeds."""
    verdicts, results, method = [], setting.results, setting.mixup
    for field in ("epochs", "width"):
        for ends in setting.contrasts(field):
            pairs = [pair(test_error(end.here), method) for end in ends]
            less, more = (dict(zip(one.seeds, [-d for d in one.differences], strict=True)) for one in pairs)
            shared = sorted(less.keys() & more.keys())
            found = interval([more[seed] - less[seed] for seed in shared], setting.here.overlap)
            values, names = ([end.config[field] for end in ends], [end.name for end in ends])
            opening = f"{field} {values[0]} to {values[1]} ({', '.join(names)}), {seeds_said(len(shared))}"
            part = side(interval_said(found, " points", "the gain changes by {}"), found, 1, True)
            rows = [f"seed {s}: gain {less[s]:.2f}, then {more[s]:.2f} points" for s in shared]
            used = [path for one in pairs for path in one.records]
            lines = [line for name in names for line in commands.seeds(results, name, method)]
            verdicts.append(whole(opening, [part], rows, used, lines))
    if not verdicts:
        line = commands.train(results, setting.record, {"epochs": 2 * setting.config["epochs"]})
        return not_run(f"no two settings differ from {setting.name} in epochs or width alone", [line])
    return joined(verdicts)


@claim("L2", "in a short training mixup is no better than ERM", "reports of others", "direction", "later work")
def no_gain_when_short(setting: Setting) -> Verdict:
    """Of the settings of this data set that are trained for less than half of the paper's epochs, the shortest that can
    be judged: mixup gains at most `NO_BETTER` points there."""
    limit = SHORT * paper.PAPER["epochs"]
    short = [one for one in setting.alike("dataset", "corrupt_labels") if one.pairs and one.config["epochs"] < limit]
    if not short:
        config = setting.record["config"]  # the epochs of ERM before mixup leave at least one to it
        epochs = max(1 + config["warmup_epochs"], config["epochs"] // 10)
        line = commands.train(setting.results, setting.record, {"epochs": epochs})
        return not_run(f"no setting of {config['dataset']} is short: below {limit:g} epochs", [line])
    shortest = min(short, key=lambda one: (one.pairs < ENOUGH, one.config["epochs"], one.name != setting.name))
    pairs = pair(test_error(shortest.here), shortest.mixup)
    part = of_pairs(pairs, 1, bound=-NO_BETTER, closing=f"; no better is at most {NO_BETTER:g} points")
    return verdict(shortest, [part], [pairs], "train")


VERY_LONG = Claim(
    "L3",
    "under mixup the test error turns up again in very long training on few rows",
    "Liu 2023",
    "direction",
    "later work",
    needs="very long trainings, python scripts/train.py --subset 5000 --epochs 2000 --mixup, and a verdict on them",
)
QUESTION = Question("", claims=[gain_grows, no_gain_when_short, VERY_LONG])

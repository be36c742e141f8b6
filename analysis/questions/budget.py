"""What mixup gains over the length of a training, and over the width of a network."""

from analysis import commands, paper
from analysis.intervals import interval
from analysis.measures import ENOUGH, named, pair, test_error
from analysis.question import Question, claim
from analysis.setting import Setting
from analysis.verdict import Verdict, interval_said, joined, not_run, of_pairs, seeds_said, side, verdict, whole

NO_BETTER = 0.5  # points that mixup may gain in a short training, and still be said to be no better
VERY_LONG = 1000  # epochs, from which a training is called so
TURNS_UP = "under mixup the test error turns up again in very long training on few rows"
SHORT = 0.5  # of the paper's epochs: below that a training is short


@claim("P8", "longer training and wider networks gain more from mixup", "section 3.1", "direction", "3.1 ImageNet")
def gain_grows(setting: Setting) -> Verdict:
    """What mixup gains rises with epochs and with width, all else equal, at the same seeds."""
    verdicts, results = [], setting.results
    for field in ("epochs", "width"):
        asked = setting.where(lambda one, field=field: one.contrasted(field))  # type: ignore[misc]
        for ends in asked.contrasts(field):
            method = asked.mixup
            pairs = [pair(test_error(end.here), method) for end in ends]
            less, more = ({place: -d for place, d in one.by_place.items()} for one in pairs)
            shared = sorted(less.keys() & more.keys())
            found = interval([more[place] - less[place] for place in shared], asked.here.overlap)
            values, names = ([end.config[field] for end in ends], [end.name for end in ends])
            opening = f"{field} {values[0]} to {values[1]} ({', '.join(names)}), {seeds_said(len(shared))}"
            part = side(interval_said(found, " points", "the gain changes by {}"), found, 1, True)
            rows = [f"seed {named(s, shared)}: gain {less[s]:.2f}, then {more[s]:.2f} points" for s in shared]
            used = [path for one in pairs for path in one.records]
            lines = [line for end in ends for line in commands.seeds(end, method)]
            verdicts.append(whole(opening, [part], rows, used, lines))
    if not verdicts:
        line = commands.train(results, setting.record, {"epochs": 2 * setting.config["epochs"]})
        return not_run("no two settings differ in epochs or width alone", [line])
    return joined(verdicts)


@claim("L2", "in a short training mixup is no better than ERM", "reports of others", "direction", "later work")
def no_gain_when_short(setting: Setting) -> Verdict:
    """Of the settings of this data set that are trained for less than half of the paper's epochs, or, where none of
    these can be judged, of all settings of images: the shortest that can be. mixup gains at most `NO_BETTER` points."""
    limit = SHORT * paper.PAPER["epochs"]
    here = [one for one in setting.alike("dataset", "corrupt_labels") if one.pairs and one.config["epochs"] < limit]
    images = setting.alike("corrupt_labels")
    images = [one for one in images if one.pairs and one.config["epochs"] < limit and one.kind == "images"]
    short = here if any(one.pairs >= ENOUGH for one in here) else images or here
    if not short:
        config = setting.record["config"]  # the epochs of ERM before mixup leave at least one to it
        epochs = max(1 + config["warmup_epochs"], config["epochs"] // 10)
        line = commands.train(setting.results, setting.record, {"epochs": epochs})
        return not_run(f"no setting of {config['dataset']} is short: below {limit:g} epochs", [line])
    shortest = min(short, key=lambda one: (one.pairs < ENOUGH, one.config["epochs"], one.steps, one.name))
    pairs = pair(test_error(shortest.here), shortest.mixup)
    part = of_pairs(pairs, 1, bound=-NO_BETTER, closing=f"; no better is at most {NO_BETTER:g} points")
    return verdict(shortest, [part], [pairs], "train")


@claim("L3", TURNS_UP, "Liu 2023", "direction", "later work")
def turns_up(setting: Setting) -> Verdict:
    """Of two settings that differ in epochs alone, the longer one of at least `VERY_LONG` epochs: mixup of a seed errs
    more there. Each is a whole training, so nothing was chosen along a curve."""

    def asked_of(one: Setting) -> int:
        return min((end.pairs for end in _longest(one)), default=0)

    asked = setting.where(asked_of)
    ends = _longest(asked)
    if not ends:
        line = commands.train(setting.results, setting.record, {"epochs": VERY_LONG})
        return not_run(f"no two settings differ in epochs alone, one of {VERY_LONG:,} or more", [line])
    before, after = (test_error(end.here).by_seed(asked.mixup) for end in ends)
    rises = (after - before).dropna()
    found = interval(rises.tolist(), asked.here.overlap)
    says = f"{asked.mixup}: {before.mean():.2f} %, then {after.mean():.2f} %, "
    part = side(interval_said(found, " points", says + "a change of {}"), found, 1, True)
    rows = [f"{asked.mixup}, seed {named(place, rises.index)}: {value:+.2f} points" for place, value in rises.items()]
    used = [path for end in ends for path in end.here.runs["record"]]
    opening = (
        f"{' to '.join(str(end.config['epochs']) for end in ends)} epochs ({ends[0].name} and its like), n = {found.n}"
    )
    lines = [line for end in ends for line in commands.seeds(end, asked.mixup)]
    return whole(opening, [part], rows, used, lines)


def _longest(setting: Setting) -> tuple[Setting, ...]:
    """The last two of the settings that differ in epochs alone, where the last is a very long training."""
    ends = setting.contrasts("epochs")[-1:]
    return ends[0] if ends and ends[0][1].config["epochs"] >= VERY_LONG else ()


QUESTION = Question("", claims=[gain_grows, no_gain_when_short, turns_up])

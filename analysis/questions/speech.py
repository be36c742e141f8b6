"""## Speech (section 3.3)

**Asked:** and on sounds? **Measured:** spectrograms of spoken words, LeNet and VGG-11, ERM and mixup at the α that the
table shows; mixup begins after a few epochs of ERM, as the paper's does. **Look at** the side of 0 on which each
network lies; VGG-11 is the paper's large one, which at the width here has fewer parameters than LeNet (the table has
both). **The paper** (its Fig. 4) says that mixup wins; by its numbers VGG-11 gains (4.6 to 3.4 %) and LeNet
loses (10.3 to 11.3 %, from memory).
"""

from matplotlib.figure import Figure as Picture

from analysis import commands, dots, lines, measures, missing, paper
from analysis.collect import Results
from analysis.figure import WIDE, Figure
from analysis.intervals import interval
from analysis.measures import pair, spread, test_error
from analysis.methods import ERM, Method
from analysis.outcome import cell, outcome
from analysis.question import Question, claim, figure_of_all, table_of_all
from analysis.setting import Setting
from analysis.table import Row, Table, paths, stacked
from analysis.verdict import Verdict, interval_said, not_run, of_pairs, rows_of, seeds_said, whole

SECTION = "3.3 speech"
HARMS = "speech: mixup makes the paper's small LeNet worse"
LARGE, SMALL = ("vgg11",), ("lenet", "lenet_large")  # the paper's two, as they are called here
EACH = ", each utterance normalised"


def networks(results: Results) -> dict[str, Setting]:
    """The setting of each network, that of most pairs, on the sounds that have most runs, by its name; in the paper's
    order. With each utterance normalised by itself it is another one."""
    sets: dict[str, dict[str, Setting]] = {}
    for one in (Setting(results, name) for name in results.settings()):
        if one.record["data"]["kind"] == "sounds":
            name = one.config["model"] + EACH * one.config["per_utterance"]
            sets.setdefault(one.config["dataset"], {}).setdefault(name, one)
    best = max(sets.values(), key=lambda of: sum(len(one.here.runs) for one in of.values()), default={})
    places = {network: place for place, network in enumerate((*SMALL, *LARGE))}
    return dict(sorted(best.items(), key=lambda one: (places.get(one[1].config["model"], len(places)), one[0])))


def others(setting: Setting) -> list[Method]:
    """Mixup's, which the paper has."""
    return [method for method in setting.methods if method.is_mixup and not method.dropout]


@figure_of_all("speech", "Speech: differences to ERM at the same seed")
def differences(results: Results) -> Figure:
    """Mixup minus ERM under each network, by α."""
    settings = networks(results)
    if not settings:
        return Figure(missing=missing.study(results, "on sounds", "speech"))
    parts, used = [], []
    for network, one in settings.items():
        used += one.here.runs["record"].tolist()
        error = test_error(one.here)
        parts += [dots.numbers("test error", network, method, pair(error, method)) for method in others(one)]
    numbers = dots.joined(parts)
    if numbers.empty:
        return Figure(missing=missing.study(results, "under both on sounds", "speech"))
    looks = {method: lines.look_of(method)[::2] for method in numbers["mark"].unique()}
    shown = [network for network, one in settings.items() if others(one)]
    picture = Picture(figsize=(WIDE, 1.4 + 0.6 * len(shown)), layout="constrained")
    ax = picture.subplots()
    dots.draw(ax, numbers, shown, looks)
    ax.set_xlabel("test error minus ERM's (points)")
    dots.legend(picture, numbers, looks)
    first = results.runs[results.runs["record"].isin(used)].iloc[0]
    caption = (
        f"{first['dataset']}, {first['n_test']:,} test recordings. Pairs of one seed ({dots.pairs_said(numbers)}). "
        f"{dots.WHISKERS} Left of 0 is less error than ERM."
    )
    alt = f"A row for each network, with dots and whiskers: {dots.means_said(numbers, '{row}, {mark}')}."
    return Figure(caption, alt, picture, numbers, tuple(dict.fromkeys(used)))


@table_of_all("speech", "Speech")
def in_numbers(results: Results) -> Table:
    """A row a network and method: test error, its difference to ERM, and the paper's on its own, larger set."""
    settings = networks(results)
    if not settings:
        return missing.table("No run on sounds yet.", [commands.study("speech", results)])
    frame, bold = stacked([_row(setting, method) for method in setting.methods] for setting in settings.values())
    used = [path for setting in settings.values() for path in paths(setting.here.runs)]
    lead = [
        outcome(f"Test error of {network}", [("", pair(test_error(one.here), method)) for method in others(one)])
        for network, one in settings.items()
        if others(one)
    ]
    lead += [said for one in settings.values() for said in _of_normalising(one)]
    lead += [
        f"{network}: {said}" for network, one in settings.items() for said in measures.hardly_trained(one.here.runs)
    ]
    one = next(iter(settings.values()))
    first = one.here.runs.iloc[0]
    notes = [
        f"{first['dataset']}: {first['n_train']:,} training and {first['n_test']:,} test recordings of "
        f"{len(one.results.records[first['record']]['data']['classes'])} words. {measures.SPREAD} In brackets: 95 % t "
        "interval of the mean difference at the same seed. Bold: the lowest of a network.",
        f"The paper's (Fig. 4) are of {paper.SPEECH}: the same question, other data. {paper.FROM_MEMORY}",
    ]
    return Table(frame, notes, used, bold, lead=lead)


def _row(setting: Setting, method: Method) -> Row:
    runs = setting.here.runs
    of = runs[runs["method"] == method]
    size = of.iloc[0]
    model, each = setting.config["model"], EACH * setting.config["per_utterance"]
    shown = {"network": f"{model}, width {size['width']}{each}", "parameters": f"{size['parameters']:,.0f}"}
    shown |= {"method": str(method), "n": str(len(of)), "test error (%)": spread(of["error"], 2)}
    shown |= {"minus ERM (points)": "" if method == ERM else cell(pair(test_error(setting.here), method))}
    shown |= {"clean training error (%)": spread(of["clean_train_error"], 2)}
    theirs = paper.FIG_4.get(model, {}).get(method.alpha or 0, "") if method in (ERM, *others(setting)) else ""
    return shown | {"paper's test error": str(theirs)}, {"test error (%)": of["error"].mean()}


@claim("P10", "speech: mixup helps VGG-11, the paper's large network", "Fig. 4", "4.6 to 3.4 %", SECTION, anywhere=True)
def helps_the_large(setting: Setting) -> Verdict:
    return _differs(setting.results, LARGE, -1)


@claim("P11", HARMS, "Fig. 4", "10.3 to 10.8, 11.3 %", SECTION, anywhere=True, seen=False)
def harms_the_small(setting: Setting) -> Verdict:
    return _differs(setting.results, SMALL, 1)


def _pairs_of_each(setting: Setting) -> int:
    """How many every α has, at least."""
    return min(len(pair(test_error(setting.here), method).seeds) for method in others(setting))


def _of_normalising(setting: Setting) -> list[str]:
    """What each method's test error changes by where each utterance is normalised and all else is the same."""
    said = []
    for ends in setting.contrasts("per_utterance") if setting.config["per_utterance"] else ():
        for method in setting.methods:
            without, by_each = (test_error(end.here).by_seed(method) for end in ends)
            found = interval((by_each - without).dropna().tolist(), setting.here.overlap)
            if found.n:
                change = interval_said(found, " points")
                said.append(f"{method} of {setting.config['model']}{EACH}, minus without: {change}, n = {found.n}.")
    return said


def _differs(results: Results, names: tuple[str, ...], claimed: int) -> Verdict:
    """That mixup has less (-1) or more (1) test error than ERM under a network of one of these names, that of most
    pairs, of every α there is together."""
    found = [one for one in networks(results).values() if one.config["model"] in names and others(one)]
    setting = max(found, key=_pairs_of_each, default=None)
    if setting is None:
        line = commands.study("speech", results)
        return not_run(f"no run of {' or '.join(names)} under mixup on sounds yet", [line])
    runs = setting.here.runs
    pairs = [pair(test_error(setting.here), method) for method in others(setting)]
    n = min(len(one.seeds) for one in pairs)
    return whole(
        f"on {setting.name} ({runs['parameters'].max():,.0f} parameters), {seeds_said(n)}",
        [of_pairs(one, claimed) for one in pairs],
        [row for one in pairs for row in rows_of(one)],
        runs["record"].tolist(),
        [line for method in others(setting) for line in commands.seeds(setting, method)],
    )


QUESTION = Question(__doc__, [differences, in_numbers], [helps_the_large, harms_the_small])

"""## Clean test error (slides 16 and 17)

**Asked:** does mixup classify better? **Measured:** every run's error on the test part after its last epoch, never
the best one: to choose the epoch by test error would be to train on it. **The deck** has, on CIFAR-10, 5.37 % for
ERM and 4.21 % for mixup after 200 epochs, one run each; the paper 5.6 % and 4.2 %. Small networks on few images
end far above both.
"""

import math
from collections.abc import Callable, Sequence

import pandas as pd

from analysis import commands, measures, missing, paper
from analysis.measures import SHOWN, Measure, Pairs, named, pair, spread, test_error
from analysis.methods import ERM, Method
from analysis.outcome import difference
from analysis.question import Claim, Question, claim, table
from analysis.sentences import many
from analysis.setting import Setting
from analysis.table import Row, Table, paths, stacked
from analysis.verdict import Verdict, differ, joined, not_run
from common.options.study import ENOUGH

SECTION = "3.2 CIFAR"
REACHED = {
    "error, last epoch (%)": ("error", 2),
    "median of last ten (%)": ("median10_error", 2),
    "best epoch (%)": ("best_error", 2),
    "clean training error (%)": ("clean_train_error", 2),
    "cross-entropy (nats)": ("cross_entropy", 3),
    "calibration error": ("calibration_error", 3),
}
PROBES = {"interpolate": "in between two examples", "attack": "under attack"}


@table("paired", "mixup minus ERM, at the same seed", of_each=True)
def paired(setting: Setting) -> Table:
    """Mixup minus ERM, seed by seed."""
    here, method = setting.here, setting.mixup
    if method not in setting.methods:
        return missing.table(f"{setting.name} has no run under mixup.", commands.seeds(setting, method))
    columns: dict[str, tuple[Pairs, str]] = {}
    used = []
    for measure in _compared(setting):
        pairs = pair(measure, method)
        if not pairs.seeds:
            continue
        columns[measure.name] = pairs, difference(pairs)
        used += pairs.records
    if not columns:
        lines = commands.seeds(setting, method)
        return missing.table(f"{setting.name} has no seed under both ERM and {method}.", lines, ["seed"])
    order = sorted({place for pairs, _ in columns.values() for place in pairs.places})
    rows = [
        {"seed": named(place, order)} | {name: _at(pairs, place) for name, (pairs, _) in columns.items()}
        for place in order
    ]
    rows.append({"seed": "mean"} | {name: mean for name, (_, mean) in columns.items()})
    n = many(len(order), "pair")
    brackets = "In brackets: 95 % t interval of the mean difference over seeds."
    notes = [f"{setting.name}: {method} minus ERM; below 0, {method} has less."]
    notes += [brackets if len(order) >= SHOWN else f"{n}: no interval.", _binomial(setting), *missing.pairs(setting)]
    notes += [
        f"Not measured {what}. {missing.made_by([commands.probe(setting, script)])}"
        for (script, what), measured in zip(PROBES.items(), (here.between, here.attacks), strict=True)
        if measured.empty
    ]
    return Table(pd.DataFrame(rows), notes, sorted(set(used)))


def _at(pairs: Pairs, place: tuple[int, int]) -> str:
    found = pairs.by_place
    return pairs.measure.show_difference(found[place]) if place in found else ""


def _compared(setting: Setting) -> list[Measure]:
    here, four = setting.here, paper.PAPERS_EPSILON
    return [
        test_error(here),
        measures.of_runs(here, "cross_entropy", "cross-entropy", ""),
        measures.of_runs(here, "calibration_error", "calibration error", ""),
        measures.in_between(here, "missed", 0.5, "misses", "%"),
        measures.in_between(here, "loss_norm", 0.5, "gradient norm of the loss"),
        measures.in_between(here, "logit_norm", 0.5, "gradient norm of the logit"),
        *(measures.under_attack(setting, "white", attack, four) for attack in ("fgsm", "pgd")),
        *(measures.under_attack(setting, "black", attack, four) for attack in ("fgsm", "ifgsm")),
    ]


def _binomial(setting: Setting) -> str:
    """What the test part's own size adds, which seeds do not show: they share its rows."""
    erm = setting.here.runs
    erm = erm[erm["method"] == ERM]
    n, p = int(erm["n_test"].iloc[0]), erm["error"].mean() / 100
    points = 100 * math.sqrt(p * (1 - p) / n)
    return (
        f"Apart from that, {n:,} test rows alone leave a binomial standard error of {points:.2f} points on an error of "
        f"{100 * p:.2f} %, the same rows for every seed."
    )


@table("methods", "What each method reaches", of_each=True)
def reached(setting: Setting) -> Table:
    """Errors, cross-entropy and calibration."""
    every = setting.here.runs
    frame, bold = stacked([[_reached(method, every[every["method"] == method]) for method in setting.methods]])
    measured = f"measured on {int(every['n_test'].max()):,} {every['measured_on'].iloc[0]} rows"
    notes = [f"{setting.name}, {measured}. {measures.SPREAD} Bold: the lowest.", *missing.pairs(setting)]
    return Table(frame, notes, paths(every), bold)


def _reached(method: Method, runs: pd.DataFrame) -> Row:
    shown = {name: spread(runs[column], places) for name, (column, places) in REACHED.items()}
    means = {name: runs[column].mean() for name, (column, _) in REACHED.items()}
    return {"method": str(method), "n": str(len(runs)), **shown}, means


@claim("D1", "mixup beats ERM in clean test accuracy", "deck 16", "+1.16 points", SECTION)
def beats_erm(setting: Setting) -> Verdict:
    """On the data set of the setting; of each network in the setting of most pairs, and among equals in that of most
    computing."""
    return of_each_network([setting, *setting.alike("dataset", "corrupt_labels")])


@claim("P2", "mixup lowers the error on CIFAR-100", "section 3.2", "4.5, 1.9, 2.2 points", SECTION, anywhere=True)
def beats_erm_on_cifar100(setting: Setting) -> Verdict:
    results = setting.results
    found = [Setting(results, name) for name in results.settings()]
    found = [one for one in found if one.config["dataset"] == "cifar100" and not one.config["corrupt_labels"]]
    if not found:
        return not_run("no run on CIFAR-100 yet", [commands.study("paper-cifar", results)])
    return of_each_network(found)


def errors(setting: Setting) -> list[Measure]:
    return [test_error(setting.here)]


def of_each_network(settings: Sequence[Setting], found: Callable[[Setting], list[Measure]] = errors) -> Verdict:
    """That mixup has less of what is measured. A network counts where it has enough pairs to judge by; all do where
    none has."""
    seen: dict[str, Setting] = {}
    for one in [one for one in settings if one.pairs >= ENOUGH] or settings:
        seen.setdefault(one.config["model"], one)
    verdicts = [differ(one, found(one), -1) for one in seen.values()]
    return (
        verdicts[0]
        if len(verdicts) == 1
        else joined(verdicts, "of each network the setting of most pairs, among equals that of most computing")
    )


LOWERS = "mixup lowers the error (the paper: on CIFAR-10)"
SAME = Claim("P1", LOWERS, "section 3.2", "1.4, 1.1, 1.0 points", SECTION, same_as="D1")
QUESTION = Question(__doc__, [paired, reached], [beats_erm, SAME, beats_erm_on_cifar100])

"""## Corrupted labels (the paper's section 3.4)

**Asked:** does mixup keep a network from learning wrong labels by heart? **Measured:** a share of the training labels
is replaced by random ones; the test labels stay true. The test error of the best epoch and of the last, among those
that were measured, and the training error on unmixed rows: on labels left alone, on the corrupted ones, and on the true
labels of those same rows. **Look at** where the test error ends, and at the bottom row: whoever is low there has learnt
noise. **The paper** (its Table 2): ERM ends at 16.6, 44.6 and 73.9 % with 20, 50 and 80 % corrupted, mixup of large α
at 6.4, 12.7 and 30.9 %. Which α and p are held against each other is not chosen by test error, as it seems to be there;
α was tried on held-out rows (*How the settings were chosen*), dropout's p was not.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import pandas as pd
from matplotlib.figure import Figure as Picture

from analysis import commands, lines, measures, missing, paper
from analysis.collect import Results
from analysis.figure import WIDE, Figure
from analysis.lines import MEAN
from analysis.measures import pair, percent, spread, test_error
from analysis.methods import ERM, Method
from analysis.outcome import cell, outcome
from analysis.question import Question, claim, figure_of_all, table_of_all
from analysis.setting import Setting, families
from analysis.table import Row, Table, paths, stacked
from analysis.verdict import Verdict, joined, not_run, of_pairs, rows_of, seeds_said, whole
from common.options.study import ENOUGH

SECTION = "3.4 corrupted labels"
PANELS = {
    "error": "test error",
    "real_error": "training error,\nreal labels",
    "corrupted_error": "training error,\ncorrupted labels",
}
WORST = 100
TESTED = {"best epoch": "best_error", "last epoch": "error"}
TRAINED = {
    "training error, real labels (%)": "real_error",
    "corrupted labels (%)": "corrupted_error",
    "their true labels (%)": "restored_error",
}
Arm = Callable[[Setting], Method | None]


def shares(results: Results, suits: Callable[[Mapping[float, Setting]], bool] = bool) -> dict[float, Setting]:
    """The setting of each share of corrupted labels, all else equal: of those with enough pairs to judge by, CIFAR-10
    before other sets, then of most runs. Of several settings of a share, that of most pairs.

    suits  whether what is asked can be asked of such settings
    """
    groups = [{share: one for share, one in group.items() if share} for group in families(results, "corrupt_labels")]

    def rank(group: dict[float, Setting]) -> tuple[bool, bool, int]:
        settings = list(group.values())
        runs = results.runs["setting"].isin([one.name for one in settings])
        is_enough = all(one.pairs >= ENOUGH for one in settings)
        return is_enough, settings[0].config["dataset"] == "cifar10", int(runs.sum())

    return max((group for group in groups if group and suits(group)), key=rank, default={})


def erm(setting: Setting) -> Method | None:
    return ERM if ERM in setting.methods else None


def large_alpha(setting: Setting) -> Method | None:
    """The mixup of α above 1 that is held against others."""
    return _arm(setting, lambda method: method.is_mixup and (method.alpha or 0) > 1 and not method.dropout)


def dropout(setting: Setting) -> Method | None:
    """Dropout without mixup, likewise."""
    return _arm(setting, lambda method: method.alpha is None and method.dropout > 0)


def both(setting: Setting) -> Method | None:
    """Mixup with dropout, likewise."""
    return _arm(setting, lambda method: method.is_mixup and method.dropout > 0)


def _arm(setting: Setting, is_one: Callable[[Method], bool]) -> Method | None:
    """The method of most pairs with ERM, then the paper's at this share, then of the largest α and p. Never by test
    error: the best of several would be better by chance alone."""
    theirs = paper.TABLE_2.get(setting.config["corrupt_labels"], {})

    def rank(method: Method) -> tuple[int, bool, float, float]:
        pairs = setting.results.paired_seeds(setting.name, method)
        return len(pairs), method in theirs, method.alpha or 0.0, method.dropout

    return max(filter(is_one, setting.here.runs["method"].unique()), key=rank, default=None)


@figure_of_all("corrupted", "Training on corrupted labels, over epochs")
def over_epochs(results: Results) -> Figure:
    """A column a share of corrupted labels: test error, and training error by kind of label."""
    of_share = {percent(share): one.here.curves for share, one in shares(results).items()}
    if not of_share:
        return Figure(missing=missing.study(results, "on corrupted labels", "corrupted"))
    frame = pd.concat(of_share.values())
    numbers = {
        (column, share): lines.numbers(of, "epoch", column, f"{share}, {column}")
        for share, of in of_share.items()
        for column in PANELS
    }
    every = max(1, frame["epoch"].nunique() // 6)
    picture = Picture(figsize=(WIDE, 6.2), layout="constrained")
    grid = picture.subplots(len(PANELS), len(of_share), sharex=True, sharey="row", squeeze=False)
    for axes, (column, name) in zip(grid, PANELS.items(), strict=True):
        for ax, share in zip(axes, of_share, strict=True):
            lines.draw(ax, numbers[column, share], band=False, mark_every=every)
            if column == "error":
                ax.set_title(f"{share} corrupted")
            if column == "corrupted_error":
                ax.set_xlabel("epoch")
        axes[0].set_ylabel(f"{name} (%)")
        axes[0].set_ylim(0, min(WORST, 1.05 * max(numbers[column, share]["y"].max() for share in of_share)))
    lines.legend(picture, frame["method"])
    runs = results.runs[results.runs["record"].isin(frame["record"])]
    first = runs.iloc[0]
    counts = runs.groupby(["corrupt_labels", "method"])["seed"].nunique()
    n = f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
    where = f"{first['dataset']}, {first['n_train']:,} training rows, {first['model']} of width {first['width']}"
    measured = f"measured after {frame['epoch'].nunique()} of {first['epochs']} epochs"
    caption = (
        f"{where}, {measured}. A column a share of training labels replaced by random ones. Training errors are of "
        f"unmixed rows in eval mode: low on corrupted labels means learnt by heart. Thick: the mean; thin: each seed "
        f"({n} a line; no interval). Test error on {first['n_test']:,} rows with their true labels."
    )
    ends = []
    for share in of_share:
        last = numbers["error", share]
        last = last[(last["line"] == MEAN) & (last["x"] == frame["epoch"].max())]
        ends += [f"{share} corrupted, {row.method} {row.y:.1f} %" for row in last.itertuples()]
    alt = f"A grid of panels with a line for each method. Test error after the last epoch: {'; '.join(ends)}."
    in_order = pd.concat(numbers[column, share] for share in of_share for column in PANELS)
    return Figure(caption, alt, picture, in_order, tuple(sorted(frame["record"].unique())))


@table_of_all("corrupted", "Training on corrupted labels")
def in_numbers(results: Results) -> Table:
    """A row a share of corrupted labels and method: test error of the best and the last epoch, training error by kind
    of label, and the paper's beside."""
    settings = shares(results)
    if not settings:
        return missing.table("No run on corrupted labels yet.", [commands.study("corrupted", results)])
    frame, bold = stacked(
        [_row(share, setting, method) for method in setting.methods] for share, setting in settings.items()
    )
    used = [path for setting in settings.values() for path in paths(setting.here.runs)]
    first = next(iter(settings.values()))
    classes, n = len(first.record["data"]["classes"]), first.here.runs["n_test"].iloc[0]
    measured = {one.here.curves["epoch"].nunique() for one in settings.values()}
    notes = [
        f"{', '.join(one.name for one in settings.values())}. Test errors of {n:,} rows with their true labels; bold: "
        f"the lowest of a share. The best epoch, of {', '.join(map(str, sorted(measured)))} that were measured, is "
        "chosen by test error, as the paper's of all 200 is, so it flatters.",
        "Training errors after the last epoch, on unmixed rows: with labels left alone, and with labels drawn at "
        f"random from all {classes} classes, against those and against the true ones. A high error on "
        f"corrupted labels is the good outcome: about {100 * (1 - 1 / classes):.0f} % where none of them was learnt.",
        f"{measures.SPREAD} In brackets: 95 % t interval of the mean difference at the same seed.",
        f"The paper's (Table 2): best / last, and real / corrupted in round brackets; 50,000 images, PreAct ResNet-18 "
        f"of width 64, 200 epochs. {paper.FROM_MEMORY}",
    ]
    return Table(frame, notes, used, bold, lead=list(_came_out(settings)))


def _row(share: float, setting: Setting, method: Method) -> Row:
    runs = setting.here.runs
    of = runs[runs["method"] == method]
    shown = {"corrupted": percent(share), "method": str(method), "n": str(len(of))}
    shown |= {f"{name} (%)": spread(of[column], 2) for name, column in TESTED.items()}
    less = "" if method == ERM else cell(pair(test_error(setting.here), method))
    shown |= {"last minus ERM (points)": less}
    shown |= {name: spread(of[column], 1) for name, column in TRAINED.items()}
    means = {f"{name} (%)": of[column].mean() for name, column in TESTED.items()}
    return shown | {"paper's": _theirs(share, method)}, means


def _came_out(settings: dict[float, Setting]) -> Iterator[str]:
    """Mixup against ERM and against dropout, and whether adding dropout to it helps: of the last epoch."""
    for arm, base in ((large_alpha, erm), (dropout, erm), (large_alpha, dropout), (both, large_alpha)):
        found = []
        for share, setting in settings.items():
            method, than = arm(setting), base(setting)
            if method and than:
                found.append((percent(share), pair(test_error(setting.here), method, than)))
        if found:
            yield outcome("Error after the last epoch", found)


def _theirs(share: float, method: Method) -> str:
    """The paper's row of this method; where it is of another α or p, that is said."""
    mixes_otherwise = method.alpha is not None and not method.is_mixup
    for theirs, row in ({} if mixes_otherwise else paper.TABLE_2.get(share, {})).items():
        if (theirs.is_mixup, theirs.dropout > 0) == (method.is_mixup, method.dropout > 0):
            said = "" if theirs == method else f", {theirs}"
            return f"{row.best} / {row.last} ({row.real} / {row.corrupted}){said}"
    return ""


WHAT = "corrupted labels: mixup of large α beats ERM, best epoch and last"


@claim("P12", WHAT, "Table 2", "last epoch 16.6 to 6.4 at 20 %", SECTION, anywhere=True)
def beats_erm(setting: Setting) -> Verdict:
    return _less_error(setting.results, large_alpha, lambda _: ERM)


@claim(
    "P13", "corrupted labels: mixup beats dropout, best epoch and last", "Table 2", "direction", SECTION, anywhere=True
)
def beats_dropout(setting: Setting) -> Verdict:
    return _less_error(setting.results, large_alpha, dropout)


@claim(
    "P35", "corrupted labels: mixup with dropout beats either alone, last epoch", "Table 2",
    "24.8, and 30.9 and 35.1 % at 80 %", SECTION, anywhere=True,
)  # fmt: skip
def combine(setting: Setting) -> Verdict:
    """Each with the α and p that it has in the records."""
    return _less_error(setting.results, both, large_alpha, dropout, of=["last epoch"])


def _less_error(results: Results, arm: Arm, *bases: Arm, of: Iterable[str] = TESTED) -> Verdict:
    """Less error than each of the others.

    of  the best epoch, the last, or both
    """
    verdicts, settings = [], shares(results)
    for (share, setting), base in itertools.product(settings.items(), bases):
        method, than = arm(setting), base(setting)
        if method and than:
            runs = setting.here.runs
            found = [pair(measures.of_runs(setting.here, TESTED[one], one), method, than) for one in of]
            parts = [of_pairs(one, -1, f"at {percent(share)}, {seeds_said(len(found[0].seeds))}: ") for one in found]
            rows = [f"{percent(share)}, {row}" for one in found for row in rows_of(one)]
            used = runs.loc[runs["method"].isin([than, method]), "record"].tolist()
            verdicts.append(whole("", parts, rows, used, commands.seeds(setting, method, than=than)))
    left = [percent(share) for share in paper.TABLE_2 if share not in settings]
    return of_shares(results, verdicts, f"the paper's {' and '.join(left)} are not asked" if left else "")


def of_shares(results: Results, verdicts: list[Verdict], closing: str = "") -> Verdict:
    """One verdict of those at several shares."""
    if not verdicts:
        line = commands.study("corrupted", results)
        return not_run("no run on corrupted labels has the methods that it takes", [line])
    return replace(joined(verdicts, closing), opening=f"on {next(iter(shares(results).values())).name} and its like")


QUESTION = Question(__doc__, [over_epochs, in_numbers], [beats_erm, beats_dropout, combine])

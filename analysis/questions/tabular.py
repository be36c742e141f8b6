"""## Tables (section 3.6)

**Asked:** does mixup help where the inputs are no pictures? **Measured:** the paper's six tables, a network of two
hidden layers, after the paper's 10 epochs or longer, as the table says; each pair of runs shares seed and split, and
scikit-learn's logistic regression, gradient boosting and MLP see the same rows. Where training rows were held out for
it, α is the one of least error on them. Many rows of phishing copy another, and land on both sides of a split: what is
learnt without them stands as a table of its own. Balanced error counts every class alike: where nine rows in ten are of
one class, the plain error says little. **Look at** the zero line, and at whether anything of ours beats a model that
comes out of a box. **The paper** (its Table 4) says that mixup has less error on four of the six and more on none; by
its numbers, of which most are from memory here, it has less on five, and one is a tie. They are averages; over what, it
does not say.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import pandas as pd
from matplotlib.figure import Figure as Picture

from analysis import commands, dots, lines, measures, missing, paper
from analysis.collect import Results
from analysis.figure import WIDE, Figure
from analysis.intervals import Interval
from analysis.measures import ENOUGH, Measure, Pairs, error_interval, pair
from analysis.methods import BASELINES, ERM, MIXUP, Method
from analysis.outcome import cell, level, outcome
from analysis.question import Question, claim, figure_of_all, table_of_all
from analysis.setting import Setting
from analysis.table import Row, Table, stacked
from analysis.verdict import Part, Status, Verdict, decided, joined, not_run, rows_of, said, seeds_said, whole
from common.options import OF_READING, OF_ROWS

OTHERS = "scikit-learn − ERM"
SEEN = {"error": "error", "balanced_error": "balanced error"}
# What decides which rows are seen, but for the split.
SAME = tuple(option for option in (*OF_READING, *OF_ROWS) if option != "data_seed")
PAPERS, LONGER, EPOCHS = "10 epochs", "to convergence", 10  # of training
ONCE = ", no row twice"
NOT_HELD = {"holdout": None, "holdout_share": None}
BETTER = 4  # of the six, at least
NO_WORSE = 1.0  # points that mixup may err more on a table, and still be said to be no worse
STUDY = "tables"


class Learnt(Setting):
    """A setting of a table."""

    @cached_property
    def held_out(self) -> dict[Method, float]:
        """The mean error of each mixup, in percent, on rows that were held out for the choice: of draws that all
        have."""
        results = self.results
        runs = results.runs[results.runs["measured_on"] == "holdout"]
        names = [name for name in runs["setting"].unique() if results.config(name) | NOT_HELD == self.config | NOT_HELD]
        runs = runs[runs["setting"].isin(names) & runs["method"].isin(one for one in self.methods if one.is_mixup)]
        errors = runs.pivot_table(index=["setting", "seed", "split"], columns="method", values="error").dropna()
        means = measures.means_of(errors.melt(value_name="error"), "error") if len(errors) else {}
        return {method: round(mean, 9) for method, mean in means.items()}  # equal ones are equal

    @cached_property
    def chosen(self) -> Method:
        """The mixup of least error on held-out training rows, under all else the same; where none were held out, the
        one of most pairs. Of equal ones that of the smaller α."""
        held = self.held_out
        return min(held, key=lambda method: (held[method], method.alpha)) if held else self.mixup

    @cached_property
    def compared(self) -> pd.DataFrame:
        """Its runs, and scikit-learn's models on the same splits: columns of `runs` that both have."""
        results, runs, wanted = self.results, self.here.runs, self.config
        theirs = results.baselines[results.baselines["dataset"] == wanted["dataset"]]
        configs = [results.records[path]["config"] for path in theirs["record"]]
        alike = [all((config.get(name) or None) == (wanted.get(name) or None) for name in SAME) for config in configs]
        theirs = theirs[pd.Series(alike, index=theirs.index, dtype=bool) & theirs["split"].isin(runs["split"])]
        return pd.concat([runs[list(theirs.columns)], theirs], ignore_index=True)


def sets(results: Results) -> dict[str, dict[str, Learnt]]:
    """By how long they are learnt (the paper's 10 epochs, or longer), the setting of each table whose test part is
    drawn, by the table's name: that of most pairs."""
    found: dict[str, dict[str, Learnt]] = {PAPERS: {}, LONGER: {}}
    for one in (Learnt(results, name) for name in results.settings()):
        if one.kind == "table" and one.config["test_share"] is not None:
            length = PAPERS if one.config["epochs"] <= EPOCHS else LONGER
            found[length].setdefault(one.config["dataset"] + ONCE * one.config["distinct"], one)
    return {length: dict(sorted(of.items())) for length, of in found.items() if of}


def less_erm(setting: Learnt, column: str, method: Method) -> Pairs:
    """A method's values minus ERM's: at the same split, and of ours at the same seed, too."""
    frame = setting.compared
    if method.model:
        frame = frame.assign(seed=frame["split"])
    return pair(Measure(SEEN[column], "%", measures.valued(frame, column), setting.here.overlap), method)


def each(settings: Mapping[str, Mapping[str, Learnt]]) -> list[tuple[str, Learnt]]:
    """Table by table, the shorter training first."""
    found = [(name, one) for of in settings.values() for name, one in of.items()]
    return sorted(found, key=lambda of: (of[0], of[1].config["epochs"]))


@figure_of_all("tabular", "Tables: differences to ERM on the same split")
def differences(results: Results) -> Figure:
    """Mixup minus ERM on each table, by both errors and after each length of training; and scikit-learn's models less
    ERM of the longest."""
    settings = sets(results)
    if not settings:
        return Figure(missing=missing.study(results, "on the paper's tables", STUDY))
    parts, used = [], []
    titles = {length: f"mixup − ERM\n{length}" if len(settings) > 1 else "mixup − ERM" for length in settings}
    for length, of_length in settings.items():
        for name, one in of_length.items():
            used += one.compared["record"].tolist()
            if results.mixup_of(one.name):
                parts += [
                    dots.numbers(titles[length], name, what, less_erm(one, of, one.chosen)) for of, what in SEEN.items()
                ]
    names = sorted({name for of in settings.values() for name in of})
    for name in names:
        longest = [of[name] for of in settings.values() if name in of][-1]
        parts += [dots.numbers(OTHERS, name, m, less_erm(longest, "error", m)) for m in BASELINES.values()]
    numbers = dots.joined(parts)
    if numbers.empty:
        return Figure(missing=missing.study(results, "under both on the paper's tables", STUDY))
    color = lines.look_of(MIXUP)[0]
    looks: dict[Any, tuple[str, str]] = {what: (color, mark) for what, mark in zip(SEEN.values(), "sD", strict=True)}
    looks |= {method: lines.look_of(method)[::2] for method in BASELINES.values()}
    panels = [panel for panel in (*titles.values(), OTHERS) if (numbers["panel"] == panel).any()]
    picture = Picture(figsize=(WIDE, 1.4 + 0.5 * len(names)), layout="constrained")
    for ax, panel in zip(picture.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels, strict=True):
        dots.draw(ax, numbers[numbers["panel"] == panel], names, looks)
        ax.set(title=panel if panel != OTHERS else f"{OTHERS}\nerror", xlabel="points")
    dots.legend(picture, numbers, looks)
    of_mixup = numbers[numbers["mark"] == "error"]
    told = ". ".join(
        f"{title.replace(chr(10), ', ')}: {dots.means_said(of_mixup[of_mixup['panel'] == title], '{row}')}"
        for title in titles.values()
        if (of_mixup["panel"] == title).any()
    )
    caption = (
        f"Pairs of one split and one seed ({dots.pairs_said(numbers)}). {dots.WHISKERS} The test parts overlap, for "
        "which intervals are corrected (Nadeau and Bengio). Mixup's α is the table's; scikit-learn's models are held "
        "against the ERM of most epochs. Left of 0 is less error than ERM. The panels have scales of their own."
    )
    alt = f"A row for each table, with dots and whiskers. Error: {told or 'no pair yet'}."
    numbers = numbers.assign(panel=numbers["panel"].str.replace("\n", ", "))
    return Figure(caption, alt, picture, numbers, tuple(dict.fromkeys(used)))


@table_of_all("tabular", "Tables")
def in_numbers(results: Results) -> Table:
    """A row a table and method: error and balanced error, and the differences to ERM on the same split."""
    settings = sets(results)
    if not settings:
        return missing.table("No run on the paper's tables yet.", [commands.study(STUDY, results)])
    groups, used = [], []
    for name, setting in each(settings):
        frame = setting.compared
        used += frame["record"].tolist()
        methods = [*setting.methods, *(one for one in BASELINES.values() if (frame["method"] == one).any())]
        groups.append([_row(name, setting, method, frame[frame["method"] == method]) for method in methods])
    shown, bold = stacked(groups)
    notes = [
        "n runs, each of a split of its own and a seed of its own; in brackets the 95 % t interval over them, of "
        "differences those on the same split. The test parts overlap, for which intervals of differences are corrected "
        "(Nadeau and Bengio). Bold: the lowest of a set. Balanced error: the mean of the classes' error rates.",
        "scikit-learn's models on the same rows, by its defaults but for the MLP's two layers of 128 units and an L2 "
        "penalty of 1 on the trees.",
        _choice(settings),
        f"The paper's (Table 4) says neither α nor the splits; its networks are trained for 10 epochs. "
        f"{paper.FROM_MEMORY}",
    ]
    return Table(shown, notes, used, bold, lead=list(_came_out(settings)))


def _choice(settings: Mapping[str, Mapping[str, Learnt]]) -> str:
    """Which mixup is held against ERM, and why."""
    said = []
    for name, one in each(settings):
        if len(one.held_out) > 1:
            errors = ", ".join(f"α={method.alpha:g} {error:.2f} %" for method, error in one.held_out.items())
            tie = ", equal" * (len(set(one.held_out.values())) == 1)
            said.append(f"{name}, {one.config['epochs']} epochs: {errors}{tie}")
    if not said:
        return "No rows were held out to choose α by: the α shown is that of most pairs, and of several the one of 1."
    return (
        "α is that of the least error on held-out training rows, of equal ones the smaller; test rows were not looked "
        f"at. The figure, the sentences above and the claim take it alone. Held-out errors: {'; '.join(said)}."
    )


def _row(name: str, setting: Learnt, method: Method, of: pd.DataFrame) -> Row:
    epochs = str(setting.config["epochs"]) if not method.model else ""
    is_chosen = method == setting.chosen and len(setting.held_out) > 1
    shown = {"set": name, "epochs": epochs, "method": f"{method}{', chosen' * is_chosen}", "n": str(len(of))}
    shown |= {f"{what} (%)": _mean(error_interval(of[column].dropna().tolist())) for column, what in SEEN.items()}
    for column, what in SEEN.items():
        less = "" if method == ERM else cell(less_erm(setting, column, method))
        shown[f"{what} minus ERM (points)"] = less
    means = {f"{what} (%)": of[column].mean() for column, what in SEEN.items()}
    return shown | {"paper's error": _theirs(name, method, setting)}, means


def _came_out(settings: Mapping[str, Mapping[str, Learnt]]) -> Iterator[str]:
    """Mixup against ERM by both errors and each length of training, and whose mean error is the lowest of all."""
    for length, of_length in settings.items():
        trained = {name: one for name, one in of_length.items() if one.results.mixup_of(one.name)}
        after = f", {length}" if len(settings) > 1 else ""
        for column, what in SEEN.items():
            if trained:
                found = [(name, less_erm(one, column, one.chosen)) for name, one in trained.items()]
                yield outcome(what.capitalize() + after, found)
    lowest: dict[str, dict[str, float]] = {}
    for name, one in each(settings):
        means = measures.means_of(one.compared, "error")
        after = f", {one.config['epochs']} epochs" if len(settings) > 1 else ""
        lowest.setdefault(name, {}).update({f"{m}{'' if m.model else after}": error for m, error in means.items()})
    best: dict[str, list[str]] = {}
    for name, errors in lowest.items():
        best.setdefault(min(errors, key=lambda method: errors[method]), []).append(name)
    whose = "; ".join(f"{method} on {', '.join(names)}" for method, names in best.items())
    yield f"The lowest mean error of all: {whose}."


def _mean(found: Interval) -> str:
    return level(found).replace("-", "−")


def _theirs(name: str, method: Method, setting: Learnt) -> str:
    erm, mixed = paper.TABLE_4.get(name, ("", ""))
    return str({ERM: erm, setting.chosen: mixed}.get(method, ""))


@claim("P21", "tables: better on four of six, worse on none", "Table 4", "direction", "3.6 tables", anywhere=True)
def better_on_four(setting: Setting) -> Verdict:
    """Less error on four of the paper's six tables; and more on none: after its 10 epochs, and to convergence. A table
    is better, worse or no worse by p after Holm's correction over all of them: one of six would be worse by chance
    alone one time in seven."""
    results = setting.results
    settings = sets(results)
    found = {length: _on_the_papers(of) for length, of in settings.items()}
    verdicts = [
        _of_length(length if len(settings) > 1 else "", settings[length], pairs)
        for length, pairs in found.items()
        if pairs
    ]
    if not verdicts:
        line = commands.study(STUDY, results)
        return not_run("none of the paper's six tables was learnt under mixup yet", [line])
    return joined(verdicts, "; ".join(one.closing for one in verdicts))


def _on_the_papers(of_length: Mapping[str, Learnt]) -> dict[str, Pairs]:
    trained = {name: one for name, one in of_length.items() if name in paper.TABLE_4 and one.results.mixup_of(one.name)}
    return {name: pair(measures.test_error(one.here), one.chosen) for name, one in trained.items()}


def _of_length(length: str, settings: Mapping[str, Learnt], found: Mapping[str, Pairs]) -> Verdict:
    results = next(iter(settings.values())).results
    rows, used, lines = [], [], []
    for name, pairs in found.items():
        rows += [f"{name}, {row}" for row in rows_of(pairs)]
        used += settings[name].here.runs["record"].tolist()
        lines += commands.seeds(settings[name], pairs.method)
    less, more, no_worse = (decided(found, bound, claimed) for bound, claimed in ((0, -1), (0, 1), (NO_WORSE, -1)))
    short = [name for name in paper.TABLE_4 if name not in found or len(found[name].seeds) < ENOUGH]
    lines += [commands.study(STUDY, results)] if any(name not in found for name in paper.TABLE_4) else []
    n = min(len(pairs.seeds) for pairs in found.values())
    of_better: Status = "too few runs" if short else "holds" if len(less) >= BETTER else "undecided"
    of_worse: Status = "too few runs" if short else "holds" if len(no_worse) == len(found) else "undecided"
    worse = f"worse on {_named(more)}, no worse by {NO_WORSE:g} point on {_named(no_worse)}"
    parts = [
        Part(f"better on {_named(less)} of {len(paper.TABLE_4)}", n, given=of_better),
        Part(worse, n, given="fails" if more else of_worse),
    ]
    of_each = "; ".join(f"{name}, {seeds_said(len(pairs.seeds))}: {said(pairs)}" for name, pairs in found.items())
    return whole(length, parts, rows, used, lines, ": ".join(filter(None, [length, of_each])))


def _named(tables: list[str]) -> str:
    return f"{len(tables)} ({', '.join(tables)})" if tables else "none"


QUESTION = Question(__doc__, [differences, in_numbers], [better_on_four])

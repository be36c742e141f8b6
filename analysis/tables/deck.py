"""The deck's comparison (slide 20), with ours beside it, and what is ambiguous in it laid open."""

import math
from collections.abc import Sequence

import pandas as pd

from analysis import commands, measures, paper
from analysis.collect import Results
from analysis.measures import Interval, error_interval
from analysis.paper import Compared
from analysis.tables import missing
from analysis.tables.table import Table

BOXES = {"white": "own examples (white-box)", "black": "transferred (black-box)"}


def deck(results: Results, setting: str | None = None) -> Table:
    """The rows of slide 20: ours with n and interval, the deck's, the paper's, and why they differ."""
    title = "The deck's comparison"
    setting = setting or results.headline()
    if setting is None:
        return missing.runs(title, results)
    if not paper.is_the_decks_set(results.config(setting)):
        return missing.of_another_set(title, results, setting)
    rows, used, lacking = [], [], False
    for row in paper.SLIDE_20:
        values, records = _ours(results, setting, row)
        used += records
        lacking |= not values
        rows.append(
            {
                "experiment": row.experiment,
                "ours": _shown(error_interval(values)),
                "deck": f"{row.deck.value:g}",
                "paper": f"{row.paper.value:g} ({row.paper.place})",
                "why they differ": _why(results, setting, row, len(values)),
            }
        )
    notes = [
        f"In percent. Ours: {setting}, errors with the 95 % t interval of the mean over n seeds; under attack at "
        f"ε = {paper.PAPERS_EPSILON:g}, black-box from ERM models of other seeds.",
        "The deck names no unit: its first two numbers are errors (slide 16 has their complements), of the others "
        "nothing says whether they are errors or accuracies. The paper's are errors, those under attack of ImageNet.",
    ]
    notes.append("The deck is silent on " + ", ".join(paper.DECK_IS_SILENT_ON) + ".")
    if lacking:
        notes.append(f"Not measured yet, in part. {missing.made_by(_lines(results, setting))}")
    return Table(title, pd.DataFrame(rows), notes, sorted(set(used)))


def deck_under_attack(results: Results, setting: str | None = None) -> Table:
    """The deck's four attack rows over epsilon, read as errors and as accuracies, and in which order they come out."""
    title = "The deck's attack rows, read both ways"
    setting = setting or results.headline()
    if setting is None:
        return missing.runs(title, results)
    if not paper.is_the_decks_set(results.config(setting)):
        return missing.of_another_set(title, results, setting)
    under = [row for row in paper.SLIDE_20 if row.box != "clean"]
    means = {(row.box, row.method): over_epsilon(results, setting, row) for row in under}
    epsilons = sorted(set().union(*means.values()))
    if not epsilons:
        return missing.table(title, f"{setting} has not been attacked.", [commands.probe(results, setting, "attack")])
    names = {epsilon: f"ε = {epsilon:g}" for epsilon in epsilons}
    theirs = {(row.box, row.method): row.deck.value for row in under}
    rows = []
    for reading in ("errors", "accuracies"):
        for row in under:
            found = means[row.box, row.method]
            shown = {names[e]: f"{_read(found[e], reading):.1f}" if e in found else "" for e in epsilons}
            rows.append({"read as": f"{reading} (%)", "row": row.experiment, **shown, "deck": f"{row.deck.value:g}"})
    for method in ("mixup", "ERM"):
        pair = means["white", method], means["black", method]
        wanted = theirs["white", method], theirs["black", method]
        rows.append(_order(f"{method}: which hurts more", pair, wanted, list(BOXES.values()), names))
    for box in ("white", "black"):
        pair = means[box, "mixup"], means[box, "ERM"]
        wanted = theirs[box, "mixup"], theirs[box, "ERM"]
        rows.append(_order(f"{box}-box: who errs more", pair, wanted, ["mixup", "ERM"], names))
    used = [path for row in under for path in _ours(results, setting, row)[1]]
    notes = [
        f"{setting}: FGSM, means over seeds. The deck says neither ε nor the unit: its order is given for both "
        "readings.",
        *missing.seeds(results, setting),
    ]
    return Table(title, pd.DataFrame(rows).fillna(""), notes, sorted(set(used)))


def over_epsilon(results: Results, setting: str, row: Compared) -> dict[float, float]:
    """Mean error (%) over seeds of one of the deck's attack rows, by epsilon."""
    method = _method(results, setting, row)
    rows = measures.attack_rows(results.of(setting), setting, row.box, "fgsm")
    rows = rows[rows["method"] == method]
    of_seeds = rows.groupby(["epsilon", "seed"])["error"].mean()
    return {float(str(e)): float(v) for e, v in of_seeds.groupby("epsilon").mean().items()}


def _ours(results: Results, setting: str, row: Compared) -> tuple[list[float], list[str]]:
    """Our number for each seed, and the records that it is from."""
    own = results.of(setting)
    if row.box == "clean":
        measure = measures.of_runs(own, "error", row.experiment)
    else:
        measure = measures.under_attack(own, setting, row.box, "fgsm", paper.PAPERS_EPSILON)
    method = _method(results, setting, row)
    rows = measure.rows[measure.rows["method"] == method]
    return measure.by_seed(method).tolist(), rows["record"].tolist()


def _method(results: Results, setting: str, row: Compared) -> str:
    return "ERM" if row.method == "ERM" else results.mixup_of(setting) or "mixup"


def _shown(found: Interval) -> str:
    if found.n == 0:
        return "not run"
    if math.isnan(found.low):
        return f"{found.mean:.2f} (n = {found.n}, no interval)"
    return f"{found.mean:.2f} [{found.low:.2f}, {found.high:.2f}] (n = {found.n})"


def _why(results: Results, setting: str, row: Compared, n: int) -> str:
    """From the configurations: ours against the deck's, and against what the paper's number is of."""
    runs = results.of(setting).runs
    runs = runs[runs["method"] == _method(results, setting, row)]
    if runs.empty:
        return f"no run of {row.method} yet"
    record = results.records[runs["record"].iloc[0]]
    counted = [f"{n} seeds for one"] if n > 1 else []
    from_deck = [*paper.departures(record, paper.DECK), *counted]
    from_paper = [*paper.departures(record, paper.PAPER if row.box == "clean" else paper.PAPER_UNDER_ATTACK), *counted]
    rest = "seed, software and what it is silent on"
    of_paper = "the same" if from_paper == from_deck else ", ".join(from_paper)
    return f"from the deck: {', '.join(from_deck) or rest}; from the paper: {of_paper or rest}"


def _lines(results: Results, setting: str) -> list[str]:
    method = results.mixup_of(setting) or "mixup"
    if not results.paired_seeds(setting, method):
        return commands.seeds(results, setting, method, 1)
    return [commands.probe(results, setting, "attack")]


def _read(error: float, reading: str) -> float:
    return error if reading == "errors" else 100 - error


def _order(
    what: str,
    pair: tuple[dict[float, float], dict[float, float]],
    theirs: tuple[float, float],
    words: Sequence[str],
    names: dict[float, str],
) -> dict[str, str]:
    """Which of two errors is the larger, by epsilon and in the deck."""

    def larger(one: float, other: float) -> str:
        return (
            "" if math.isnan(one) or math.isnan(other) else "equal" if math.isclose(one, other) else words[one < other]
        )

    shown = {name: larger(pair[0].get(e, math.nan), pair[1].get(e, math.nan)) for e, name in names.items()}
    deck = f"{larger(*theirs)} if errors, {larger(*reversed(theirs))} if accuracies"
    return {"read as": "order of the errors", "row": what, **shown, "deck": deck}

"""The deck's comparison (slide 20), with ours beside it, and why they differ."""

from collections.abc import Mapping

import pandas as pd

from analysis import commands, measures, missing, paper
from analysis.measures import ENOUGH, SHOWN, Interval, Measure, error_interval, test_error
from analysis.methods import ERM, Method
from analysis.outcome import level
from analysis.paper import Compared
from analysis.question import Question, claim, table
from analysis.setting import Setting
from analysis.table import Table
from analysis.verdict import Part, Status, Verdict, lacking, not_run, whole

OTHER = {"model": "network", "recipe": "recipe", "subset": "images", "epochs": "epochs"}  # that a best setting may have
REST = "seed, software and what the deck is silent on"


@table("deck", "The deck's comparison")
def comparison(setting: Setting) -> Table:
    """The rows of slide 20: ours with n and interval, the deck's, the paper's, and why they differ."""
    if not paper.is_the_decks_set(setting.config):
        return of_another_set(setting)
    rows, used, lacks = [], [], False
    departing: dict[str, tuple[list[str], list[str]]] = {}
    for row in paper.SLIDE_20:
        values, records = ours(setting, row)
        used += records
        lacks |= not values
        shown = {"experiment": row.experiment, "ours": _shown(error_interval(values)), "deck": f"{row.deck.value:g}"}
        shown["paper"] = f"{row.paper.value:g} ({row.paper.place})"
        found = _departures(setting, row)
        if found and row.method != "ERM":  # whose α is none
            departing["clean images" if row.box == "clean" else "under attack"] = found
        rows.append(shown | {"why they differ": _why(row, found)})
    rows.append(_at_the_best(setting))
    attack = measures.under_attack(setting, "white", "fgsm", paper.PAPERS_EPSILON).name.partition(" at ")[2]
    notes = [
        f"In percent. Ours: {setting.name}, errors with the 95 % t interval of the mean over n seeds; under attack at "
        f"{attack}, black-box from ERM models of other seeds, the same for both methods.",
        "The deck names no unit: its first two numbers are errors (slide 16 has their complements), of the others "
        "nothing says whether they are errors or accuracies. The paper's are errors, those under attack of ImageNet.",
        "The deck is silent on " + ", ".join(paper.DECK_IS_SILENT_ON) + ".",
    ]
    if departing:
        notes.insert(1, _in_full(departing))
    if lacks:
        notes.append(f"Not measured yet, in part. {missing.made_by(_lines(setting))}")
    return Table(pd.DataFrame(rows), notes, sorted(set(used)))


def _at_the_best(setting: Setting) -> dict[str, str]:
    """What the same test of clean images says where most was computed: of all settings of the deck's set. The one of
    least error would flatter itself."""
    of_set = [one for one in setting.alike("dataset", "corrupt_labels", "test_subset") if one.pairs]
    best = max(of_set, key=lambda one: float(one.here.runs["training_flops"].mean()), default=setting)
    told = f"clean, {best.n_train:,} training images, {best.config['model']}, {best.config['epochs']} epochs"
    told += best.smoothed
    shown = {"experiment": told, "deck": "", "paper": ""}
    if best.name == setting.name:
        return shown | {"ours": "as above: it is that", "why they differ": ""}
    found = [(method, error_interval(test_error(best.here).by_seed(method).tolist())) for method in (ERM, best.mixup)]
    other = [words for field, words in OTHER.items() if best.config.get(field) != setting.config.get(field)]
    why = f"other {', '.join(other)}: {best.name}" if other else best.name
    return shown | {"ours": "; ".join(f"{method} {_shown(of)}" for method, of in found), "why they differ": why}


def of_another_set(setting: Setting) -> Table:
    """Of a comparison with numbers that are of CIFAR-10."""
    sentence = f"The deck's and the paper's numbers are of CIFAR-10, and {setting.name} is held against none of them."
    return missing.table(sentence, [commands.study("deck", setting.results)])


def ours(setting: Setting, row: Compared) -> tuple[list[float], list[str]]:
    """Our number for each seed, and the records that it is from."""
    measure: Measure = measures.of_runs(setting.here, "error", row.experiment)
    if row.box != "clean":
        measure = measures.under_attack(setting, row.box, "fgsm", paper.PAPERS_EPSILON)
    method = method_of(setting, row)
    rows = measure.rows[measure.rows["method"] == method]
    return measure.by_seed(method).tolist(), rows["record"].tolist()


def method_of(setting: Setting, row: Compared) -> Method:
    return ERM if row.method == "ERM" else setting.mixup


def _shown(found: Interval) -> str:
    if found.n == 0:
        return "not run"
    return f"{level(found)} (n = {found.n}{'' if found.is_shown else ', no interval'})"


def _departures(setting: Setting, row: Compared) -> tuple[list[str], list[str]] | None:
    """From the configurations: in what ours is not the deck's, and not what the paper's number is of."""
    runs = setting.here.runs
    runs = runs[runs["method"] == method_of(setting, row)]
    if runs.empty:
        return None
    record = setting.results.records[runs["record"].iloc[0]]
    theirs = (paper.DECK, paper.PAPER if row.box == "clean" else paper.PAPER_UNDER_ATTACK)
    from_deck, from_paper = (paper.departures(record, one) for one in theirs)
    return from_deck, from_paper


def _why(row: Compared, found: tuple[list[str], list[str]] | None) -> str:
    """The first departure, which weighs most, from each of the two."""
    if found is None:
        return f"no run of {row.method} yet"
    first = dict.fromkeys(one for departures in found for one in departures[:1])
    return "; ".join(first) or REST


def _in_full(found: Mapping[str, tuple[list[str], list[str]]]) -> str:
    """All departures, each list once. found  of a row of clean images and of one under attack, where there are runs"""
    lists = {f"from the deck's {what}": one[0] for what, one in found.items()}
    lists |= {f"from the paper's {what}": one[1] for what, one in found.items()}
    told: dict[str, list[str]] = {}
    for whose, one in lists.items():
        told.setdefault(", ".join(one) or REST, []).append(whose)
    return "Ours differs most: " + "; ".join(f"{' and '.join(whose)}: {what}" for what, whose in told.items()) + "."


def _lines(setting: Setting) -> list[str]:
    if not setting.pairs:
        return commands.seeds(setting, setting.mixup, 1)
    return [commands.probe(setting, "attack")]


@claim("D2", "ERM's error is about 5.37 %, mixup's 4.21 %", "deck 20", "those", "3.2 CIFAR")
def the_decks_errors(setting: Setting) -> Verdict:
    """Whether the deck's single runs are among what one more of our seeds would give. Asked of its own setting only."""
    parts, rows, used = [], [], []
    for row in paper.SLIDE_20[:2]:
        method = method_of(setting, row)
        runs = setting.here.runs[setting.here.runs["method"] == method]
        used += runs["record"].tolist()
        for column, name in (("error", "last epoch"), ("best_error", "best epoch")):
            found = measures.next_seed(runs[column].tolist())
            inside: Status = "holds" if found.low <= row.deck.value <= found.high else "fails"
            range_ = f", one more seed is expected in [{found.low:.2f}, {found.high:.2f}]" if found.n >= SHOWN else ""
            mean = f"{found.mean:.2f} %{range_}" if found.n else "not run"
            rows.append(f"{method}, {name}: {mean} (n = {found.n}), the deck {row.deck.value:g}")
            if column == "error":
                known = found.n > 0
                parts.append(Part(rows[-1], found.n, is_known=known, given=inside if found.n >= ENOUGH else None))
    found_here = whole(f"on {setting.name}", parts, rows, used, lacking(setting, "train"), "; ".join(rows[1::2]))
    return only_of_the_decks(setting, found_here)


def only_of_the_decks(setting: Setting, found: Verdict) -> Verdict:
    """A claim on the deck's very numbers is not run where the configuration is another."""
    others = setting.departures()
    if not others:
        return found
    lines = [commands.study("deck", setting.results)]
    sentence = f"asks for the deck's configuration; here {', '.join(others)}"
    if not paper.is_the_decks_set(setting.config):
        return not_run(sentence, lines)
    numbers = "; ".join(part.says for part in found.parts)  # not what they come to: the claim is not asked here
    return Verdict(f"{sentence}. {found.opening}: {numbers}", (), found.rows, found.records, lines)


QUESTION = Question("", [comparison], [the_decks_errors])

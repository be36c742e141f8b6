"""**Class by class.** A mean over classes may hide that one of them pays. Here is the error on the test images of each,
and mixup minus ERM at the same seeds.
"""

import pandas as pd

from analysis import commands, measures, missing
from analysis.measures import ENOUGH, Measure, Pairs, pair, spread
from analysis.methods import ERM
from analysis.outcome import cell
from analysis.question import Question, table
from analysis.sentences import many
from analysis.setting import Setting
from analysis.table import Table, paths
from analysis.verdict import decided


def of_classes(setting: Setting) -> dict[str, pd.DataFrame]:
    """The runs of a setting with the error on each class that was measured, in percent; of records that have it."""
    runs = setting.here.runs
    found: dict[str, list[dict[str, object]]] = {}
    for row in runs.to_dict("records"):
        record = setting.results.records[row["record"]]
        by_class = record["final"]["last_epoch"].get("by_class", {"errors": [], "n": []})
        names = record["data"]["classes"][: len(by_class["n"])]
        for name, errors, n in zip(names, by_class["errors"], by_class["n"], strict=True):
            if n:
                found.setdefault(str(name), []).append(row | {"error": 100 * errors / n})
    return {name: pd.DataFrame(rows, columns=runs.columns) for name, rows in found.items()}


@table("classes", "Error by class")
def by_class(setting: Setting) -> Table:
    found = of_classes(setting)
    if not found:
        line = commands.train(setting.results, setting.record, {})
        return missing.table(f"No record of {setting.name} says which classes were missed.", [line])
    rows, used = [], []
    pairs: dict[str, Pairs] = {}
    for name, runs in found.items():
        pairs[name] = pair(
            Measure("test error", "%", measures.valued(runs, "error"), setting.here.overlap), setting.mixup
        )
        row = {"class": name}
        for method in (ERM, setting.mixup):
            row[f"{method} (%)"] = spread(runs.loc[runs["method"] == method, "error"], 1)
        rows.append(row | {f"{setting.mixup} minus ERM (points)": cell(pairs[name])})
        used += paths(runs)
    n = {len(of.seeds) for of in pairs.values()}
    notes = [
        f"{setting.name}, {many(max(n), 'pair')}. {measures.SPREAD} In brackets: 95 % t interval of the mean "
        "difference at the same seed, not corrected for the number of classes."
    ]
    lead = []
    if min(n) >= ENOUGH:
        groups = {"less": decided(pairs, 0, -1), "more": decided(pairs, 0, 1)}
        said = ", ".join(f"{which} error on {len(of)} ({', '.join(of)})" for which, of in groups.items() if of)
        lead.append(f"Of {len(pairs)} classes, by Holm's correction over them: {said or 'no difference shown on any'}.")
    return Table(pd.DataFrame(rows), notes, list(dict.fromkeys(used)), lead=lead)


QUESTION = Question(__doc__, [by_class])

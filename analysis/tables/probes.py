"""What one setting's probes found, in a line each: for who wants to know what a script is good for."""

import pandas as pd

from analysis import commands, measures
from analysis.collect import Results
from analysis.measures import spread
from analysis.rows import ALPHA_ONE
from analysis.tables import missing
from analysis.tables.table import Table, paths

SETTING = "digits-smallcnn"  # needs no data, so that every reader can make it again
EPSILON = 8.0
SET = "circles-paper"


def came_out(results: Results) -> Table:
    """ERM beside mixup on digits and on the points of Fig. 1b: a row for each script and measure."""
    title = "What came out on digits and on toy points"
    own = results.of(SETTING)
    method = results.mixup_of(SETTING)
    if method is None or own.between.empty or own.attacks.empty or results.borders.empty:
        return missing.table(title, "The study of digits is not there.", [commands.study("demo", results)])
    norms = measures.in_between(own, "loss_norm", 0.5, "mean gradient norm of the loss")
    rows = [
        _row("interpolate.py", measures.in_between(own, "missed", 0.5, "misses", "%"), method),
        _row("interpolate.py", norms, method),
        _row("attack.py", measures.under_attack(own, SETTING, "white", "fgsm", EPSILON), method),
        _row("attack.py", measures.under_attack(own, SETTING, "black", "fgsm", EPSILON), method),
    ]
    borders = results.borders[results.borders["set"] == SET]
    by_alpha = borders.assign(value=borders["points_in_band"])
    band = measures.Measure("grid in .1 < p < .9", "%", by_alpha, overlap=0.0)
    rows += [_row("boundary.py", band, one) for one in ALPHA_ONE if (borders["method"] == one).any()]
    notes = [f"{measures.SPREAD}"]
    return Table(title, pd.DataFrame(rows), notes, [*paths(own.between), *paths(own.attacks), *paths(borders)])


def _row(script: str, measure: measures.Measure, method: str) -> dict[str, str]:
    rows = measure.rows
    values = {one: rows[rows["method"] == one].groupby("seed")["value"].mean() for one in ("ERM", method)}
    places, unit = (1, " %") if measure.unit == "%" else (2, "")
    shown = {one: spread(found, places) + unit for one, found in values.items()}
    n = min(map(len, values.values()))
    return {"script": script, "measure": measure.name, "ERM": shown["ERM"], "mixup": shown[method], "n": str(n)}

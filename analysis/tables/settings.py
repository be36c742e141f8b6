"""The table of settings: what was trained, and what came out of each, in a row."""

import pandas as pd

from analysis import measures
from analysis.collect import Results
from analysis.measures import pair, spread
from analysis.tables import missing
from analysis.tables.outcome import cell
from analysis.tables.table import Table, paths

TITLE = "Every setting"


def settings(results: Results) -> Table:
    """A row for each setting that ERM and mixup can be compared in, the one that is shown first on top."""
    names = results.settings()
    if not names:
        return missing.runs(TITLE, results)
    shown = results.headline() or names[0]
    rows = []
    for setting in [shown, *(name for name in names if name != shown)]:
        runs = results.of(setting).runs
        method = results.mixup_of(setting)
        pairs = pair(measures.of_runs(results.of(setting), "error", "test error"), method) if method else None
        errors = {one: spread(runs.loc[runs["method"] == one, "error"], 2) for one in ("ERM", method)}
        rows.append(
            {
                "setting": setting,
                "data": runs["dataset"].iloc[0],
                "runs": str(len(runs)),
                "mixup": method or "",
                "pairs": str(len(pairs.seeds) if pairs else 0),
                "ERM: test error (%)": errors["ERM"],
                "mixup: test error (%)": errors[method] if method else "",
                "mixup less ERM (points)": cell(pairs) if pairs else "",
            }
        )
    notes = [f"{measures.SPREAD} In brackets: 95 % t interval of the mean difference over pairs, each of one seed."]
    return Table(TITLE, pd.DataFrame(rows), notes, paths(results.runs[results.runs["measured_on"] == "test"]))

"""## How the settings were chosen

On training rows held out from training (`--holdout`), before any test error was looked at; what is not among these runs
was not tuned, such as dropout. Some of them were made to be tempered (*After temperature scaling*) and chose nothing.
"""

import pandas as pd

from analysis import commands, measures, missing
from analysis.collect import Results
from analysis.measures import spread
from analysis.question import Question, table_of_all
from analysis.table import Table, paths


@table_of_all("holdout", "Chosen on held-out training rows")
def held_out(results: Results) -> Table:
    """The runs that were measured on held-out training rows."""
    found = results.runs[results.runs["measured_on"] == "holdout"]
    if found.empty:
        sentence = "No run was measured on held-out rows, so nothing says how the settings were chosen."
        return missing.table(sentence, [commands.holdout(results)])
    rows = []
    for (setting, method), runs in found.sort_values(["setting", "alpha"]).groupby(["setting", "method"], sort=False):
        one = runs.iloc[0]
        shown = {"setting": str(setting), "method": str(method), "n": str(len(runs))}
        shown |= {"training rows": f"{one['n_train']:,}", "held out": f"{one['n_test']:,}"}
        shown |= {"width": f"{one['width']}", "epochs": f"{one['epochs']}", "error (%)": spread(runs["error"], 2)}
        rows.append(shown | {"minutes a run": f"{runs['seconds'].mean() / 60:.1f}"})
    notes = [f"Errors on rows taken from the training part; the test part was not looked at. {measures.SPREAD}"]
    return Table(pd.DataFrame(rows), notes, paths(found))


QUESTION = Question(__doc__, [held_out])

"""## Every setting

What was trained, a row for each setting in which ERM and mixup can be compared; what stands above is of one of them. On
the page each opens below its table. To see one as this whole page: `python -m analysis.report --setting NAME`.
"""

import pandas as pd

from analysis import measures, missing
from analysis.collect import Results
from analysis.measures import pair, spread, test_error
from analysis.methods import ERM
from analysis.outcome import cell
from analysis.question import Question, table_of_all
from analysis.setting import Setting
from analysis.table import Table, paths


@table_of_all("settings", "Every setting")
def every(results: Results) -> Table:
    """A row for each, the one that is shown first on top."""
    names = results.settings()
    if not names:
        return missing.runs(results)
    shown = results.headline() or names[0]
    rows = []
    for one in (Setting(results, name) for name in [shown, *(name for name in names if name != shown)]):
        runs, method = one.here.runs, results.mixup_of(one.name)
        of_erm, mixed = (spread(runs.loc[runs["method"] == arm, "error"], 2) for arm in (ERM, method))
        rows.append(
            {
                "setting": one.name,
                "data": runs["dataset"].iloc[0],
                "runs": str(len(runs)),
                "mixup": str(method or ""),
                "pairs": str(one.pairs),
                "ERM: test error (%)": of_erm,
                "mixup: test error (%)": mixed,
                "mixup minus ERM (points)": cell(pair(test_error(one.here), method)) if method else "",
            }
        )
    notes = [f"{measures.SPREAD} In brackets: 95 % t interval of the mean difference over pairs, each of one seed."]
    if untrained := sorted(results.runs.loc[results.runs["epochs"] == 0, "run"]):
        notes.append(f"Not here, since nothing was trained in them (--epochs 0): {', '.join(untrained)}.")
    return Table(pd.DataFrame(rows), notes, paths(results.runs[results.runs["measured_on"] == "test"]))


QUESTION = Question(__doc__, [every])

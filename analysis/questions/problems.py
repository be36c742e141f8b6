"""## Where the records are

`results/<dataset>/` holds a JSON file for each measurement: configuration, versions, commit, the hash of the weights,
and all counts. Each figure above lists its own; `figures/` beside them has every number that was drawn as CSV. Records
that could not be used are named here.
"""

import pandas as pd

from analysis.collect import Results
from analysis.question import Question, table_of_all
from analysis.table import Table


@table_of_all("problems", "Records that could not be used")
def problems(results: Results) -> Table:
    """Records that could not be used, and why."""
    notes = () if results.problems else ("Every record could be used.",)
    return Table(pd.DataFrame({"what": results.problems}, dtype="str"), notes)


QUESTION = Question(__doc__, [problems])

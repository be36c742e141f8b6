"""## The claims, one by one

What deck, paper and later work claim, and whether it holds here. *Undecided*: the interval holds both signs. *Not run*:
no record can answer. `python -m analysis.claims --why D1` walks back from a verdict to numbers, records, weights and
commands.
"""

from analysis import judging, questions
from analysis.collect import Results
from analysis.question import Question, table_of_all
from analysis.table import Table


@table_of_all("claims", "What they claim, and whether it holds here")
def verdicts(results: Results) -> Table:
    return judging.table(questions.CLAIMS, results)


QUESTION = Question(__doc__, [verdicts])

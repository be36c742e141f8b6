"""## The claims, one by one

What deck, paper and later work claim, and whether it holds here. *Holds*: each part of the claim is shown. *Fails*: one
part is shown to be otherwise, whatever becomes of the others. *Holds in part*: one part is shown, and another is open.
*Undecided*: after the correction named below the table p is .05 or more, though an uncorrected interval may lie on one
side of 0. *Too few runs*: fewer than five pairs. *Not run*: nothing was trained or measured that it could be asked of.
`python -m analysis.claims --why D1` walks back
from a verdict to numbers, records, weights and commands.
"""

from analysis import judging, questions
from analysis.collect import Results
from analysis.question import Question, table_of_all
from analysis.table import Table


@table_of_all("claims", "What they claim, and whether it holds here")
def verdicts(results: Results) -> Table:
    return judging.table(questions.CLAIMS, results)


QUESTION = Question(__doc__, [verdicts])

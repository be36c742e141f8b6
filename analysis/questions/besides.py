"""**Beside the first guess.** Under attack the right class may still be among the first five; and a model that errs may
have erred without the attack. So here is the top-5 error, and the error among the images that were right before: those
that both models had right, the one that the examples were made on and the one that they are tested on. **The paper**
(its Table 3; from memory) has mixup ahead in top-5 error but for one: white-box I-FGSM leaves mixup's the larger. Of
images that were right before it has no number.
"""

import pandas as pd

from analysis import measures, missing, paper
from analysis.measures import TITLES, attack_rows, attacked, spread
from analysis.question import Question, claim, table
from analysis.questions.attacks import BOXES, MARKS
from analysis.setting import Setting
from analysis.table import Table, paths
from analysis.verdict import Verdict, differ

COUNTS = {"error_top5": "top-5 error (%)", "error_both_right": "of those that both had right (%)"}


@table("attacks-besides", "Under attack, beside the first guess")
def in_numbers(setting: Setting) -> Table:
    """Over ε, as the table of errors: a row a count, attack and method."""
    found = attacked(setting)
    made = found[found["attack"] != "clean"]
    if made.empty:
        return missing.probed(setting, "attack")
    names = {epsilon: f"ε = {epsilon:g}" for epsilon in sorted(made["epsilon"].unique())}
    rows = []
    for column, count in COUNTS.items():
        for box, attack in [(box, attack) for attack in ("fgsm", *MARKS) for box in BOXES]:
            seen = attack_rows(setting, box, attack).dropna(subset=[column])
            for method in setting.methods:
                of = seen[seen["method"] == method]
                if len(of):
                    row = {"what": count, "attack": f"{TITLES[attack]}, {box}-box", "method": str(method)}
                    row["n"] = str(of["seed"].nunique())
                    of_seeds = of.groupby(["epsilon", "seed"])[column].mean()
                    rows.append(row | {names[e]: spread(of_seeds[e], 1) for e in of_seeds.index.unique("epsilon")})
    notes = [f"{setting.name}. {measures.SPREAD} Rows, boxes and ε as above.", *missing.pairs(setting)]
    return Table(pd.DataFrame(rows).fillna(""), notes, paths(found))


WORSE = "white-box I-FGSM: the right class is less often among mixup's first five"


@claim("P31", WORSE, "Table 3", "top-5 error 93.4 and 95.8 %", "3.5 attacks", seen=False)
def errs_more_in_five(setting: Setting) -> Verdict:
    four = paper.PAPERS_EPSILON
    return differ(setting, [measures.under_attack(setting, "white", "ifgsm", four, "error_top5")], 1, "attack")


QUESTION = Question(__doc__, [in_numbers], [errs_more_in_five])

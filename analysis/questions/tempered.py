"""**After temperature scaling.** A network that is overconfident, or underconfident, everywhere is soon mended: its
logits are divided by one temperature, fitted to rows that it was not trained on (Guo et al. 2017). So here are
cross-entropy and calibration error before and after that, on training rows held out from training, each half of them
with the temperature fitted to the other. **Asked:** is mixup's calibration the better one then (Thulasidasan et al.
2019 measure it before), or does what mixup gains go away, or turn (Wang et al. 2023)?
"""

import pandas as pd

from analysis import commands, measures, missing
from analysis.collect import Results
from analysis.measures import ENOUGH, Pairs, pair, spread
from analysis.methods import ERM
from analysis.outcome import difference
from analysis.question import Question, claim, table_of_all
from analysis.setting import Setting
from analysis.table import Table, paths
from analysis.verdict import Verdict, not_run, of_pairs, verdict

STUDY = "few-digits"
COLUMNS = {  # of `runs`, by title
    "cross-entropy": "cross_entropy",
    "tempered cross-entropy": "tempered_cross_entropy",
    "calibration error": "calibration_error",
    "tempered calibration error": "tempered_calibration_error",
}


def held_out(results: Results) -> Setting | None:
    """Of the settings whose logits were tempered that of most pairs; of these CIFAR-10, then of most held-out rows."""
    known = results.runs[results.runs["temperature"].notna() & (results.runs["corrupt_labels"] == 0)]

    def rank(one: Setting) -> tuple[int, bool, int]:
        runs = one.here.runs
        return one.pairs, bool(runs["dataset"].iloc[0] == "cifar10"), int(runs["n_test"].iloc[0])

    return max((Setting(results, str(name)) for name in sorted(known["setting"].unique())), key=rank, default=None)


def overlapping(setting: Setting) -> str:
    """Where each pair holds out rows of its own."""
    several = setting.here.runs["split"].nunique() > 1
    return "the held-out rows of the pairs overlap, for which nothing is corrected" if several else ""


def less_erm(setting: Setting, title: str) -> Pairs:
    return pair(measures.of_runs(setting.here, COLUMNS[title], title, ""), setting.mixup)


@table_of_all("tempered", "Before and after temperature scaling")
def in_numbers(results: Results) -> Table:
    """ERM, mixup, and mixup minus ERM: cross-entropy and calibration error, before and after."""
    one = held_out(results)
    if one is None:
        return missing.table("No network was tempered on held-out rows yet.", [commands.study(STUDY, results)])
    runs = one.here.runs
    rows = []
    for method in (ERM, one.mixup):
        of = runs[runs["method"] == method]
        if len(of):
            row = {"method": str(method), "n": str(len(of)), "temperature": spread(of["temperature"], 2)}
            rows.append(row | {title: spread(of[column], 3) for title, column in COLUMNS.items()})
    pairs = {title: less_erm(one, title) for title in COLUMNS}
    n = len(pairs["cross-entropy"].seeds)
    if n:
        row = {"method": f"{one.mixup} minus ERM", "n": f"{n} pair{'s' if n > 1 else ''}", "temperature": ""}
        rows.append(row | {title: difference(of) for title, of in pairs.items()})
    notes = [
        f"{one.name}: {int(runs['n_test'].iloc[0]):,} training rows held out, {int(runs['n_train'].iloc[0]):,} trained "
        f"on. Cross-entropy in nats. A temperature above 1 makes a network less sure. {measures.SPREAD} In brackets: "
        "95 % t interval of the mean difference at the same seed and rows"
        + "".join(f"; {said}" for said in [overlapping(one)] if said)
        + "."
    ]
    if n < ENOUGH:
        notes.append(missing.made_by(commands.seeds(one, one.mixup)))
    return Table(pd.DataFrame(rows), notes, paths(runs))


BETTER = "after temperature scaling, too, mixup has the lower cross-entropy and calibration error"


@claim("L7", BETTER, "Thulasidasan 2019; not so: Wang 2023", "open", "later work", anywhere=True)
def still_better(setting: Setting) -> Verdict:
    """Each half of the held-out rows at the temperature that the other half asks for."""
    one = held_out(setting.results)
    if one is None:
        line = commands.study(STUDY, setting.results)
        return not_run("no network was tempered on held-out rows yet", [line])
    asked = [title for title in COLUMNS if title.startswith("tempered")]
    pairs = [less_erm(one, title) for title in asked]
    return verdict(one, [of_pairs(of, -1) for of in pairs], pairs, "train", overlapping(one))


QUESTION = Question(__doc__, [in_numbers], [still_better])

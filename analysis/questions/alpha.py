"""What a larger α does to the error on the training rows, and to the gap to the test error (section 5)."""

import numpy as np
import pandas as pd

from analysis import commands
from analysis.intervals import interval
from analysis.measures import ENOUGH, of_methods
from analysis.methods import ERM, Method
from analysis.question import Question, claim
from analysis.setting import Setting
from analysis.verdict import Verdict, interval_said, not_run, seeds_said, side, whole

SENTENCE = "clean training error rises with α, the gap falls"
ALPHAS = 3  # at least, ERM's 0 among them


@claim("P29", SENTENCE, "section 5", "direction", "5 discussion", seen=False)
def rises_with_alpha(setting: Setting) -> Verdict:
    """Slopes over the ranks of α, ERM's first, by seed."""
    results, asked = setting.results, setting.where(_pairs)
    if not _pairs(asked):
        of_alpha = {"mixup": True, "lam_per": "batch"}
        lines = [commands.train(results, setting.record, of_alpha | {"alpha": alpha}) for alpha in (0.2, 8.0)]
        return not_run("no setting has ERM and two alphas", lines)
    found = _runs(asked).assign(gap=lambda f: f["error"] - f["clean_train_error"])
    slopes: dict[str, list[float]] = {"clean_train_error": [], "gap": []}
    rows, used, n = [], [], found["alpha"].nunique()
    for (seed, _), of_seed in found.sort_values("alpha").groupby(["seed", "split"]):
        if of_seed["alpha"].nunique() == n:
            for column, seen in slopes.items():
                seen.append(float(np.polyfit(range(len(of_seed)), of_seed[column], 1)[0]))
            shown = ", ".join(f"α = {r.alpha:g}: {r.clean_train_error:.2f} / {r.gap:.2f}" for r in of_seed.itertuples())
            rows.append(f"seed {seed}, clean training error / gap (%): {shown}")
            used += of_seed["record"].tolist()
    rises, falls = (interval(seen, asked.here.overlap) for seen in slopes.values())
    said = "from one alpha to the next the clean training error changes by {}"
    parts = [
        side(interval_said(rises, " points", said), rises, 1, True),
        side(interval_said(falls, " points", "the gap to the test error by {}"), falls, -1, True),
    ]
    others = [method for method in asked.methods if method != ERM]
    lines = [line for method in others for line in commands.seeds(asked, method)]
    return whole(f"on {asked.name}, {n} alphas, {seeds_said(rises.n)}", parts, rows, used, lines)


def _runs(setting: Setting) -> pd.DataFrame:
    """Of ERM and mixup, and no other way of mixing: of the alphas that have enough of ERM's seeds, where two have; else
    of all."""
    runs = of_methods(setting.here.runs, lambda method: method == Method(method.alpha))
    of_alpha = _seeds(runs)
    known = [alpha for alpha, seeds in of_alpha.items() if len(seeds & of_alpha.get(0.0, set())) >= ENOUGH]
    return runs[runs["alpha"].isin(known)] if len(known) >= ALPHAS else runs


def _seeds(runs: pd.DataFrame) -> dict[float, set[tuple[int, int]]]:
    """Seeds and splits, by alpha; 0 is ERM."""
    places = zip(runs["alpha"].tolist(), runs["seed"].tolist(), runs["split"].tolist(), strict=True)
    found: dict[float, set[tuple[int, int]]] = {}
    for alpha, seed, split in places:
        found.setdefault(alpha, set()).add((seed, split))
    return found


def _pairs(setting: Setting) -> int:
    """Seeds that ERM and two alphas share, where one leaves a training row unlearnt: else nothing could rise."""
    runs = _runs(setting)
    seeds = _seeds(runs) if runs["clean_train_error"].gt(0).any() else {}
    return len(set.intersection(*seeds.values())) if len(seeds) >= ALPHAS and 0.0 in seeds else 0


QUESTION = Question("", claims=[rises_with_alpha])

"""What a larger α does to the error on the training rows, and to the gap to the test error (section 5)."""

import numpy as np

from analysis import commands
from analysis.intervals import interval
from analysis.measures import of_methods
from analysis.methods import ERM, Method
from analysis.question import Question, claim
from analysis.setting import Setting
from analysis.verdict import Verdict, interval_said, not_run, seeds_said, side, whole
from common.options.study import ENOUGH

SENTENCE = "clean training error rises with α, the gap falls"


@claim("P29", SENTENCE, "section 5", "direction", "5 discussion")
def rises_with_alpha(setting: Setting) -> Verdict:
    """Slopes over the ranks of α, ERM's first. Asked of the setting with most αs in enough pairs: of this one's data
    set, held-out rows among them, or where that has none, of images."""
    results, wanted = setting.results, setting.config
    runs = results.runs[results.runs["corrupt_labels"] == wanted["corrupt_labels"]]
    plain = of_methods(runs, lambda method: method == Method(method.alpha))
    for frame in (plain[plain["dataset"] == wanted["dataset"]], plain[plain["kind"] == "images"]):
        seeds = frame.groupby(["setting", "alpha"])["seed"].nunique().groupby("setting")
        alphas, is_enough = seeds.size(), seeds.min() >= ENOUGH
        ranks = [(is_enough[name], alphas[name], name == setting.name, name) for name in alphas.index]
        best = max(ranks)[-1] if ranks else setting.name
        if is_enough.get(best) and alphas[best] >= 3:
            break
    if alphas.get(best, 0) < 3:
        of_alpha = {"mixup": True, "lam_per": "batch"}
        lines = [commands.train(results, setting.record, of_alpha | {"alpha": alpha}) for alpha in (0.2, 8.0)]
        return not_run(f"no setting of {wanted['dataset']} has ERM and two alphas", lines)
    found = plain[plain["setting"] == best].assign(gap=lambda f: f["error"] - f["clean_train_error"])
    slopes: dict[str, list[float]] = {"clean_train_error": [], "gap": []}
    rows, used, n = [], [], found["alpha"].nunique()
    for seed, of_seed in found.sort_values("alpha").groupby("seed"):
        if of_seed["alpha"].nunique() == n:
            for column, seen in slopes.items():
                seen.append(float(np.polyfit(range(len(of_seed)), of_seed[column], 1)[0]))
            shown = ", ".join(f"α = {r.alpha:g}: {r.clean_train_error:.2f} / {r.gap:.2f}" for r in of_seed.itertuples())
            rows.append(f"seed {seed}, clean training error / gap (%): {shown}")
            used += of_seed["record"].tolist()
    rises, falls = (interval(seen, results.of(best).overlap) for seen in slopes.values())
    said = "from one alpha to the next the clean training error changes by {}"
    parts = [
        side(interval_said(rises, " points", said), rises, 1, True),
        side(interval_said(falls, " points", "the gap to the test error by {}"), falls, -1, True),
    ]
    others = [method for method in results.methods(best) if method != ERM]
    lines = [line for method in others for line in commands.seeds(results, best, method)]
    return whole(f"on {best}, {n} alphas, {seeds_said(rises.n)}", parts, rows, used, lines)


QUESTION = Question("", claims=[rises_with_alpha])

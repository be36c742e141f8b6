"""Tables of attacks: error over epsilon, and every source against every target."""

import math

import pandas as pd

from analysis import commands, measures
from analysis.collect import Results
from analysis.measures import spread
from analysis.tables import missing
from analysis.tables.table import Table, paths

SCALES = {"1/255": "1/255 of the pixels' range", "std/100": "hundredths of a feature's standard deviation"}


def attacks(results: Results, setting: str | None = None) -> Table:
    """Error under attack over epsilon: white-box, black-box, and the noise control."""
    title = "Error under attack (%)"
    setting = setting or results.headline()
    if setting is None:
        return missing.runs(title, results)
    own = results.of(setting)
    found = measures.attacked(own, setting)
    if found.empty:
        return missing.table(title, f"{setting} has not been attacked.", [commands.probe(results, setting, "attack")])
    made = found[found["attack"] != "clean"]
    epsilons = sorted(made["epsilon"].unique())
    names = {epsilon: f"ε = {epsilon:g}" for epsilon in epsilons}
    clean = measures.attack_rows(own, setting, "white", "clean")
    rows = []
    for box, attack in [(b, a) for a in ("fgsm", "ifgsm", "pgd") for b in ("white", "black")] + [("white", "noise")]:
        for method in results.methods(setting):
            seen = measures.attack_rows(own, setting, box, attack)
            seen = seen[seen["method"] == method]
            if len(seen):
                label = "noise of the same size" if attack == "noise" else f"{measures.TITLES[attack]}, {box}-box"
                row = {"attack": label, "method": method, "n": str(seen["seed"].nunique())}
                row["ε = 0"] = spread(clean.loc[clean["method"] == method, "error"], 1)
                of_seeds = seen.groupby(["epsilon", "seed"])["error"].mean()
                rows.append(row | {names[e]: spread(of_seeds[e], 1) for e in of_seeds.index.unique("epsilon")})
    sizes = {name: int(made.loc[made["attack"] == name, "n"].max()) for name in made["attack"].unique()}
    counted = ", ".join(f"{measures.TITLES[name]} {n:,}" for name, n in sizes.items())
    notes = [
        f"{setting}. ε in {SCALES[str(found['unit'].iloc[0])]}; rows attacked: {counted}.",
        f"{measures.SPREAD} Black-box: examples made on ERM models of other seeds.",
        *_zero_gradients(made),
        *missing.seeds(results, setting),
    ]
    return Table(title, pd.DataFrame(rows).fillna(""), notes, paths(found))


def transfer(results: Results, setting: str | None = None, attack: str = "fgsm", epsilon: float = 4.0) -> Table:
    """Every source against every target: own examples on the diagonal."""
    title = f"Error (%) of each target on examples of each source, {measures.TITLES[attack]} at ε = {epsilon:g}"
    setting = setting or results.headline()
    if setting is None:
        return missing.runs(title, results)
    found = measures.attacked(results.of(setting), setting)
    found = found[(found["attack"] == attack) & (found["epsilon"] == epsilon)]
    if found.empty:
        sentence = f"{setting} has no {measures.TITLES[attack]} at ε = {epsilon:g}."
        return missing.table(title, sentence, [commands.probe(results, setting, "attack")])
    seen = found.sort_values(["alpha", "method", "seed"]).to_dict("records")
    names = {str(row["run"]): f"{row['method']}, seed {row['seed']}" for row in seen}
    cells = {(str(row["source"]), str(row["run"])): row for row in seen}
    there = {source for source, _ in cells}
    sources = [*(run for run in names if run in there), *sorted(there - set(names))]
    rows, links, own = [], {}, set()
    for place, source in enumerate(sources):
        shown = {"source": names.get(source, source)}
        for run, name in names.items():
            cell = cells.get((source, run))
            shown[name] = f"{cell['error']:.1f}" if cell else ""
            if cell:
                links[place, name] = str(cell["record"])
            if cell and source == run:
                own.add((place, name))
        rows.append(shown)
    notes = [f"{setting}. A row a source, a column a target; bold: white-box, each model on its own examples."]
    return Table(title, pd.DataFrame(rows), notes, paths(found), frozenset(own), links)


def _zero_gradients(made: pd.DataFrame) -> list[str]:
    """Masked gradients: an attack that has none to follow proves nothing."""
    share = (made["zero_gradients"] / made["n"]).max()
    if math.isnan(share) or share <= 0.01:
        return []
    return [f"Up to {share:.1%} of the gradients were exactly zero: errors under attack are lower bounds there."]

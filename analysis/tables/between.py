"""Tables of what lies in between: two training examples, two classes of points."""

import pandas as pd

from analysis import commands, measures, paper
from analysis.collect import Results
from analysis.measures import spread
from analysis.tables import missing
from analysis.tables.table import Table, paths

SHOWN_LAMS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def misses(results: Results, setting: str | None = None) -> Table:
    """Misses and gradient norms in between two training examples, beside what Fig. 2a shows."""
    title = "In between two training examples"
    setting = setting or results.headline()
    if setting is None:
        return missing.runs(title, results)
    own = results.of(setting)
    found = measures.between(own)
    if found.empty:
        sentence = f"{setting} has not been looked at in between."
        return missing.table(title, sentence, [commands.probe(results, setting, "interpolate")])
    lams = [lam for lam in SHOWN_LAMS if (found["lam"] == lam).any()] or sorted(found["lam"].unique())
    rows = []
    parts = (("missed", "misses (%)", 1), ("loss_norm", "gradient of the loss", 2), ("logit_norm", "of the logit", 2))
    theirs = paper.FIG_2A if paper.is_the_decks_set(results.config(setting)) else {}
    for column, name, places in parts:
        for method in results.methods(setting):
            seen = found[found["method"] == method]
            if len(seen):
                n = seen["seed"].nunique()
                values = {f"λ = {lam:g}": spread(seen.loc[seen["lam"] == lam, column], places) for lam in lams}
                rows.append({"measure": name, "method": method, "n": str(n), **values})
        if column == "missed":
            for method, read in theirs.items():
                values = {f"λ = {lam:g}": f"{read[lam]}" if lam in read else "" for lam in lams}
                rows.append({"measure": name, "method": f"{method}, paper's Fig. 2a", "n": "", **values})
    size, split = int(found["n"].max()), found["split"].iloc[0]
    notes = [
        f"{setting}; {size:,} pairs of {split} rows; a miss is a prediction that is neither row's class.",
        measures.SPREAD,
        *(
            ["The paper's are read off the deck's copy of its picture (± 0.3), of a network and pairs not stated."]
            if theirs
            else []
        ),
        *missing.seeds(results, setting),
    ]
    return Table(title, pd.DataFrame(rows), notes, paths(found))


def borders(results: Results) -> Table:
    """How wide the border between two classes of points is."""
    title = "How wide the border is"
    rows, found = [], results.borders
    if found.empty:
        return missing.table(title, "No border has been drawn.", [commands.boundary(results)])
    for (name, record), of_set in found.groupby(["set", "record"], sort=False):
        for method in of_set.sort_values("alpha")["method"].unique():
            seen = of_set[of_set["method"] == method]
            shown = {
                "set": str(name),
                "method": method,
                "n": str(len(seen)),
                "grid in .1 < p < .9 (%)": spread(seen["points_in_band"], 1),
                "radius in .1 < p < .9": spread(seen["band_width"], 2),
                "training error (%)": spread(seen["train_error"], 1),
            }
            rows.append(shown | {"record": str(record).removeprefix("toy/boundary-").removesuffix(".json")})
    frame = pd.DataFrame(rows)
    plain = frame.groupby("set")["record"].nunique().max() == 1
    links = {} if plain else {(row, "record"): f"toy/boundary-{frame['record'][row]}.json" for row in frame.index}
    notes = [f"{measures.SPREAD} The radius is in units of the outer circle's, from the centre, over all directions."]
    return Table(title, frame.drop(columns="record") if plain else frame, notes, paths(found), links=links)

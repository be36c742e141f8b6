"""## A toy problem: where is the border? (slide 12)

**Asked:** how does the border between two classes of points look? **Measured:** a small network is trained on points in
the plane, under ERM and under mixup with several α, and asked for p(class 1) everywhere. **Look at** the distance
between the thin lines: between them the network is undecided. Where it is nowhere sure of a class, as under mixup
inside the circle, there is but one line, and all that lies on its other side counts as undecided. **The paper** (its
Fig. 1b, α = 1) shows a hard edge under ERM and a gradual one under mixup. What it does not show: mixup moves the
border, too, the farther the larger α (the training errors in the table).
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure as Picture

from analysis import commands, measures, missing
from analysis.collect import Results
from analysis.figure import WIDE, Figure
from analysis.measures import Measure, pair, spread
from analysis.methods import ERM, MIXUP, Method
from analysis.question import Question, claim, figure_of_all, table_of_all
from analysis.setting import Setting
from analysis.table import Table, paths
from analysis.verdict import Verdict, not_run, of_pairs, rows_of, seeds_said, whole

SET = "circles-paper"  # the paper's own
NUMBERS = ["set", "method", "alpha", "seed", "n_points", "train_error", "points_in_band", "band_width"]


@figure_of_all("boundaries", "The border between two classes of points")
def boundaries(results: Results) -> Figure:
    """p(y = 1 | x) over the plane: a row a set, a column a method."""
    borders = results.borders
    paths = list(borders["record"].unique())
    if not paths:
        return Figure(missing=missing.borders(results))
    methods = borders.sort_values("alpha")["method"].unique()
    heights = [_height(results.records[path]["final"]["grid"]) for path in paths]
    picture = Picture(figsize=(WIDE, 0.5 + sum(heights) * 0.8 * WIDE / len(methods)), layout="constrained")
    grid = picture.subplots(len(paths), len(methods), squeeze=False, height_ratios=heights)
    shades: Any = None
    for row, path in zip(grid, paths, strict=True):
        final = results.records[path]["final"]
        maps = {Method.of(one): np.array(one["p"]) for one in final["maps"]}
        for ax, method in zip(row, methods, strict=True):
            ax.set(xticks=[], yticks=[], aspect="equal")
            if method in maps:
                shades = _draw_map(ax, final, maps[method])
            else:
                ax.axis("off")
            if ax in grid[0]:
                ax.set_title(str(replace(method, says_one=True)))
        row[0].set_ylabel(results.records[path]["config"]["set"])
    bar = picture.colorbar(shades, ax=grid, label="p(class 1)", shrink=0.8, pad=0.02, ticks=[0, 0.1, 0.5, 0.9, 1])
    bar.outline.set_visible(False)
    said = []
    for (name, _), of_row in borders.groupby(["set", "record"], sort=False):
        means: Any = of_row.groupby("method", sort=False)["points_in_band"].mean()
        shares = ", ".join(f"{one} {means[one]:.1f} %" for one in methods if one in means.index)
        seeds = of_row["seed"].nunique()
        said.append(f"{name} ({seeds} seed{'s' if seeds > 1 else ''}): {shares}")
    caption = (
        "Shading: p(class 1) of the first seed's model; thick: p = ½, thin: p = .1 and .9; circles: class 0, "
        f"triangles: class 1. Share of what is drawn with .1 < p < .9, which is also where neither class gets more "
        f"than .9, mean over seeds: {'; '.join(said)}."
    )
    alt = "Maps of the plane, a row for each set and a column for each method, with the points and the border."
    return Figure(caption, alt, picture, borders[NUMBERS], tuple(paths))


def _height(grid: dict[str, Any]) -> float:
    """In widths."""
    return float((grid["y"][1] - grid["y"][0]) / (grid["x"][1] - grid["x"][0]))


def _draw_map(ax: Axes, final: dict[str, Any], p: np.ndarray) -> ContourSet:
    """One model's probabilities, its border, and the training points."""
    grid = final["grid"]
    x, y = (np.linspace(grid[axis][0], grid[axis][1], grid["side"]) for axis in ("x", "y"))
    shades = ax.contourf(x, y, p, levels=np.linspace(0, 1, 21), cmap="Blues")
    points = pd.DataFrame(final["points"])
    for label, (mark, color) in {0: ("o", "#e8e8e8"), 1: ("^", "#de8f05")}.items():
        of = points[points["label"] == label]
        ax.scatter(of["x"], of["y"], s=5, marker=mark, color=color, edgecolor="#555555", linewidth=0.2, alpha=0.7)
    ax.contour(x, y, p, levels=[0.1, 0.5, 0.9], colors="black", linewidths=[0.6, 1.6, 0.6], zorder=3)
    return shades


@table_of_all("borders", "How wide the border is")
def widths(results: Results) -> Table:
    rows: list[dict[str, str]] = []
    found = results.borders
    if found.empty:
        return missing.table("No border has been drawn.", [commands.boundary(results)])
    several = found.groupby("set")["record"].nunique().max() > 1  # of one set: each is named
    for (name, path), of_set in found.groupby(["set", "record"], sort=False):
        for method in of_set.sort_values("alpha")["method"].unique():
            seen = of_set[of_set["method"] == method]
            shown = {
                "set": str(name),
                "method": str(method),
                "n": str(len(seen)),
                "grid in .1 < p < .9 (%)": spread(seen["points_in_band"], 1),
                "radius in .1 < p < .9": spread(seen["band_width"], 2),
                "training error (%)": spread(seen["train_error"], 1),
            }
            if several:
                shown["record"] = results.records[str(path)]["run"]
            rows.append(shown)
    notes = [f"{measures.SPREAD} The radius is in units of the outer circle's, from the centre, over all directions."]
    return Table(pd.DataFrame(rows), notes, paths(found))


@claim("P6", "mixup's border fades, ERM's is a step", "Fig. 1b", "wider .1 < p < .9", "2 in between")
def wider(setting: Setting) -> Verdict:
    """The radius on which .1 < p < .9, on the paper's set; of a set that is not round the share of the grid. Of several
    records the one of most seeds."""
    results = setting.results
    sets = results.borders["set"].unique().tolist()
    lines = [commands.boundary(results)]
    if not sets:
        return not_run("no border has been drawn", lines)
    name = SET if SET in sets else sets[0]
    rows = results.borders[results.borders["set"] == name]
    rows = rows[rows["record"] == rows.groupby("record", sort=False)["seed"].nunique().idxmax()]
    method = min(set(rows["method"]) - {ERM}, key=lambda method: (not method.is_the_papers, method), default=MIXUP)
    width, grid = ("band_width", "radius in .1 < p < .9", ""), ("points_in_band", "grid in .1 < p < .9", "%")
    column, title, unit = grid if rows["band_width"].isna().any() else width
    pairs = pair(Measure(title, unit, measures.valued(rows, column), overlap=0.0), method)
    opening = f"on {name}, {seeds_said(len(pairs.seeds))}"
    return whole(opening, [of_pairs(pairs, 1)], rows_of(pairs), pairs.records, lines)


QUESTION = Question(__doc__, [boundaries, widths], [wider])

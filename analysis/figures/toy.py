"""Where the border between two classes of points lies, and how wide it is (the paper's Fig. 1b)."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure as Picture

from analysis.collect import Results
from analysis.figures import gaps
from analysis.figures.figure import WIDE, Figure, styled
from analysis.rows import beside_others, method_name


@styled
def boundaries(results: Results, setting: str | None = None) -> Figure:
    """p(y = 1 | x) over the plane: a row a set, a column a method. `setting` is of no meaning here: toys have none."""
    title = "The border between two classes of points"
    paths = list(results.borders["record"].unique())
    if not paths:
        return Figure("boundaries", title, missing=gaps.of_borders(results))
    methods = results.borders.sort_values("alpha")["method"].unique()
    heights = [height_of(results.records[path]["final"]["grid"]) for path in paths]
    picture = Picture(figsize=(WIDE, 0.5 + sum(heights) * 0.8 * WIDE / len(methods)), layout="constrained")
    grid = picture.subplots(len(paths), len(methods), squeeze=False, height_ratios=heights)
    shades: Any = None
    for row, path in zip(grid, paths, strict=True):
        final = results.records[path]["final"]
        maps = {beside_others(method_name(one)): np.array(one["p"]) for one in final["maps"]}
        name = results.records[path]["config"]["set"]
        for ax, method in zip(row, methods, strict=True):
            ax.set(xticks=[], yticks=[], aspect="equal")
            if beside_others(method) in maps:
                shades = draw_map(ax, final, maps[beside_others(method)])
            else:
                ax.axis("off")
            if ax in grid[0]:
                ax.set_title(beside_others(method))
        row[0].set_ylabel(name)
    bar = picture.colorbar(shades, ax=grid, label="p(class 1)", shrink=0.8, pad=0.02, ticks=[0, 0.1, 0.5, 0.9, 1])
    bar.outline.set_visible(False)
    numbers = results.borders[
        ["set", "method", "alpha", "seed", "n_points", "train_error", "points_in_band", "band_width"]
    ]
    seeds = results.borders.groupby(["set", "method"])["seed"].nunique().max()
    mean = numbers.groupby(["set", "method"], sort=False)["points_in_band"].mean()
    caption = (
        f"Shading: p(class 1) of the first seed's model; thick: p = ½, thin: p = .1 and .9; circles: class 0, "
        f"triangles: class 1. Share of the plane with .1 < p < .9, mean of {seeds} seed{'s' if seeds > 1 else ''}: "
        + "; ".join(
            f"{name}: "
            + ", ".join(f"{method} {mean[name, method]:.1f} %" for method in methods if (name, method) in mean)
            for name in numbers["set"].unique()
        )
        + "."
    )
    alt = "Maps of the plane, a row for each set and a column for each method, with the points and the border."
    return Figure("boundaries", title, caption, alt, picture, numbers, tuple(paths))


def height_of(grid: dict[str, Any]) -> float:
    """In widths."""
    return float((grid["y"][1] - grid["y"][0]) / (grid["x"][1] - grid["x"][0]))


def draw_map(ax: Axes, final: dict[str, Any], p: "np.ndarray") -> ContourSet:
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

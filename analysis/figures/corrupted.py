"""What becomes of a network whose training labels are partly random (section 3.4)."""

import pandas as pd
from matplotlib.figure import Figure as Picture

from analysis import groups
from analysis.collect import Results
from analysis.figures import gaps, lines
from analysis.figures.figure import WIDE, Figure, styled
from analysis.figures.lines import MEAN
from analysis.measures import percent

PANELS = {
    "error": "test error",
    "real_error": "training error,\nreal labels",
    "corrupted_error": "training error,\ncorrupted labels",
}
WORST = 100


@styled
def corrupted(results: Results, setting: str | None = None) -> Figure:
    """Over epochs, a column a share of corrupted labels: test error, and training error by kind of label. It finds its
    own settings."""
    title = "Training on corrupted labels, over epochs"
    settings = groups.corrupted(results)
    frame = results.curves[results.curves["setting"].isin(settings.values())]
    if frame.empty:
        return Figure("corrupted", title, missing=gaps.of_study(results, "on corrupted labels", "corrupted"))
    of_share = {percent(share): frame[frame["setting"] == one] for share, one in settings.items()}
    numbers = pd.concat(
        lines.lines(of, "epoch", column, f"{share}, {column}") for share, of in of_share.items() for column in PANELS
    )
    every = max(1, int(frame["epoch"].max()) // 6)
    picture = Picture(figsize=(WIDE, 6.2), layout="constrained")
    grid = picture.subplots(len(PANELS), len(of_share), sharex=True, sharey="row", squeeze=False)
    for axes, (column, name) in zip(grid, PANELS.items(), strict=True):
        for ax, share in zip(axes, of_share, strict=True):
            lines.draw(ax, numbers[numbers["panel"] == f"{share}, {column}"], band=False, mark_every=every)
            if column == "error":
                ax.set_title(f"{share} corrupted")
            if column == "corrupted_error":
                ax.set_xlabel("epoch")
        axes[0].set_ylabel(f"{name} (%)")
        axes[0].set_ylim(0, min(WORST, 1.05 * numbers.loc[numbers["panel"].str.endswith(f", {column}"), "y"].max()))
    lines.legend(picture, frame["method"])
    runs = results.runs[results.runs["setting"].isin(settings.values())]
    first = runs.iloc[0]
    counts = runs.groupby(["corrupt_labels", "method"])["seed"].nunique()
    n = f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
    where = f"{first['dataset']}, {first['n_train']:,} training rows, {first['model']} of width {first['width']}"
    caption = (
        f"{where}. A column a share of training labels replaced by random ones. Training errors are of unmixed rows in "
        f"eval mode: low on corrupted labels means learnt by heart. Thick: the mean; thin: each seed ({n} a line; no "
        f"interval). Test error on {first['n_test']:,} rows with their true labels."
    )
    last = numbers[(numbers["line"] == MEAN) & numbers["panel"].str.endswith(", error")]
    last = last[last["x"] == last["x"].max()]
    ends = "; ".join(
        f"{row.panel.removesuffix(', error')} corrupted, {row.method} {row.y:.1f} %" for row in last.itertuples()
    )
    alt = f"A grid of panels with a line for each method. Test error after the last epoch: {ends}."
    return Figure("corrupted", title, caption, alt, picture, numbers, tuple(frame["record"].unique()))

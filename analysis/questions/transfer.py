"""Does an example that was made on one model fool another?"""

from typing import Any

import seaborn as sns
from matplotlib.figure import Figure as Picture
from seaborn.utils import relative_luminance

from analysis import measures, missing, paper
from analysis.figure import WIDE, Figure
from analysis.intervals import interval
from analysis.measures import attacked, named, nearest
from analysis.methods import ERM
from analysis.question import Question, claim, figure
from analysis.setting import Setting
from analysis.verdict import Verdict, interval_said, lacking, side, whole

AS_FAR_FROM_BOTH = 0.18  # the luminance with as much contrast to black as to white
MOST_WITH_TENTHS = 6  # models whose errors fit into the matrix with a decimal


@figure("transfer", "FGSM made on one model, tested on another")
def matrix(setting: Setting) -> Figure:
    """Every source against every target: the diagonal is white-box."""
    frame = attacked(setting)
    gap = missing.measurement(setting, frame, "attack")
    frame = frame[frame["attack"] == "fgsm"]
    if frame.empty:
        return Figure(missing=gap)
    at = nearest(frame.loc[frame["epsilon"] > 0, "epsilon"], paper.PAPERS_EPSILON)
    here = frame[frame["epsilon"] == at]
    ends = [here[["source_method", "source_seed"]], here[["method", "seed"]]]
    source, target = ([f"{method} {seed}" for method, seed in end.itertuples(index=False)] for end in ends)
    numbers = here.assign(source=source, target=target)[["source", "target", "epsilon", "n", "errors", "error"]]
    models = {pair for end in ends for pair in end.itertuples(index=False, name=None)}
    order = [f"{method} {seed}" for method, seed in sorted(models, key=lambda one: (one[0] != ERM, *one))]
    table = numbers.pivot_table(index="source", columns="target", values="error").reindex(index=order, columns=order)
    across = max(3.6, 1.4 + 0.75 * len(order))
    picture = Picture(figsize=(min(WIDE, across + 1), min(WIDE, across)), layout="constrained")
    ax = picture.subplots()
    fits: dict[str, Any] = {"fmt": ".1f"}
    if len(order) > MOST_WITH_TENTHS:
        fits = {"fmt": ".0f", "annot_kws": {"size": 7}}
    bar = {"label": "error (%)", "shrink": 0.8}
    sns.heatmap(table, ax=ax, annot=True, cmap="cividis_r", square=True, linewidths=1, cbar_kws=bar, **fits)
    shades: Any = ax.collections[0]
    for text in ax.texts:  # seaborn's are white on middle tones, too
        shade = relative_luminance(shades.cmap(shades.norm(float(text.get_text()))))
        text.set_color("black" if shade > AS_FAR_FROM_BOTH else "white")
    ax.grid(visible=False)
    ax.set(xlabel="tested on", ylabel="made on")
    ax.tick_params(axis="x", rotation=90 if len(order) > 4 else 0)
    ax.tick_params(axis="y", rotation=0)
    unit = frame["unit"].iloc[0]
    caption = (
        f"Error (%) of the model of the column under FGSM examples of ε = {at:g} ({unit}) made on the model of "
        f"the row, {numbers['n'].max():,} test rows; the number of a model is its seed. Diagonal: white-box. "
        f"No interval: one measurement a cell{'; empty: not measured' * bool(table.isna().to_numpy().any())}."
    )
    each = "; ".join(f"{row.source} on {row.target} {row.error:.1f} %" for row in numbers.itertuples())
    return Figure(caption, f"A matrix. {each}.", picture, numbers, tuple(frame["record"].unique()), gap)


@claim(
    "D8", "transferred examples hurt less than a model's own", "implied by deck 19, if it has accuracies", "direction",
    "3.5 attacks",
)  # fmt: skip
def transfer_is_weaker(setting: Setting) -> Verdict:
    """Each model errs less on FGSM examples of other ERM models than on its own."""
    return _transferred_less_own(setting, paper.PAPERS_EPSILON, -1)


STRONGER = "transferred examples hurt more than a model's own at the largest ε, where FGSM is said to be weak"


@claim("D9", STRONGER, "deck 19, if it has errors", "49.76 over 49.25, 55.07 over 53.7", "3.5 attacks")
def transfer_is_stronger(setting: Setting) -> Verdict:
    """The deck's own order, if its numbers are errors. Others explain it by FGSM being a weak attack (MadryLab's
    cifar10_challenge, issue 6), which it is the more the larger its step: so the largest ε is asked."""
    return _transferred_less_own(setting, max(attacked(setting)["epsilon"], default=paper.PAPERS_EPSILON), 1)


def _transferred_less_own(setting: Setting, epsilon: float, claimed: int) -> Verdict:
    white, black = (measures.under_attack(setting, box, "fgsm", epsilon) for box in ("white", "black"))
    parts, rows = [], []
    for method in (ERM, setting.mixup):
        own, others = white.by_seed(method), black.by_seed(method)
        differences = (others - own).dropna()
        found = interval(differences.tolist(), setting.here.overlap)
        says = f"{method} (n = {found.n}): {interval_said(found, ' points', 'transferred minus own {}')}"
        parts.append(side(says, found, claimed, bool(len(own) + len(others))))
        rows += [
            f"{method}, seed {named(s, differences.index)}: own {own[s]:.2f} %, transferred {others[s]:.2f} %"
            for s in differences.index
        ]
    used = [*white.rows["record"], *black.rows["record"]]
    opening = f"on {setting.name}, own: {white.name}"
    return whole(opening, parts, rows, used, lacking(setting, "attack"))


QUESTION = Question("", [matrix], [transfer_is_weaker, transfer_is_stronger])

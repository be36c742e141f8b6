"""## In between two training examples (slide 13)

**Asked:** what does a model make of a mix of two training images? **Measured:** for thousands of random pairs, at 21
values of λ, the predicted class; a *miss* is a prediction that is neither one's class. **Look at** the middle, λ = ½,
and at the ends as well: there stand the training images themselves, where a model that has learned little misses, too.
**The paper** (Fig. 2a) has 16 % misses under ERM and 6 % under mixup in the middle, read off its picture.
"""

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Picture
from matplotlib.image import imread

from analysis import measures, missing
from analysis.figure import WIDE, Figure
from analysis.methods import Method, in_order
from analysis.question import Question, figure
from analysis.setting import Setting

LAMS = (0.0, 0.25, 0.5, 0.75, 1.0)
PARTS = {"test": "test", "holdout": "held-out"}


@dataclass(frozen=True)
class Pair:
    """Two training images, and what a model of each method makes of the way from the second (λ = 0) to the first.

    x_i, x_j  PNG files in base64
    p         by method: for each λ, evenly from 0 to 1, the probability of each class
    """

    rows: tuple[int, int]
    labels: tuple[int, int]
    x_i: str
    x_j: str
    p: dict[Method, list[list[float]]]


def shared(setting: Setting) -> tuple[list[str], list[Pair], list[str]]:
    """The pairs of images that every method's first seed was shown, with the classes' names and the records."""
    frame = measures.between(setting.here)
    first: Any = frame.sort_values("seed").groupby("method")["record"].first()
    found = {method: setting.results.records[first[method]] for method in in_order(first.index)}
    examples = {
        method: {tuple(one["rows"]): one for one in record["final"]["examples"]} for method, record in found.items()
    }
    pairs = []
    for rows, one in next(iter(examples.values()), {}).items():
        if isinstance(one["x_i"], str) and all(_is_shown(one, of.get(rows)) for of in examples.values()):
            p = {method: of[rows]["p"] for method, of in examples.items()}
            pairs.append(Pair(rows, tuple(one["labels"]), one["x_i"], one["x_j"], p))
    classes: list[str] = next((record["data"]["classes"] for record in found.values()), [])
    return classes, pairs, list(first)


def _is_shown(one: dict[str, Any], other: dict[str, Any] | None) -> bool:
    """Whether it is the same pair of images; models of other rows count theirs by the same numbers."""
    return other is not None and (other["x_i"], other["x_j"]) == (one["x_i"], one["x_j"])


def mixed(pair: Pair, lam: float) -> np.ndarray:
    """The image at λ; the values of both files are used as they are."""
    x_i, x_j = (imread(io.BytesIO(base64.b64decode(x)), format="png") for x in (pair.x_i, pair.x_j))
    return np.asarray(lam * x_i + (1 - lam) * x_j)


@figure("example", "From one training image to another")
def example(setting: Setting) -> Figure:
    """The first pair: a strip of mixed images, and each method's probabilities over λ."""
    classes, pairs, records = shared(setting)
    if not pairs:
        gap = missing.measurement(setting, measures.between(setting.here), "interpolate")
        return Figure(missing=gap or "The inputs are no images, so there is nothing to look at.")
    pair = pairs[0]
    i, j = pair.labels
    first = setting.results.records[records[0]]
    part = "training" if first["config"]["split"] == "train" else PARTS[setting.record["data"]["measured_on"]]
    names = {"the first's class": classes[i], "the second's": classes[j], "all others": "all others"}
    numbers = pd.concat([_over_lambda(method, np.array(p), pair.labels, names) for method, p in pair.p.items()])
    picture = Picture(figsize=(WIDE, 4.4), layout="constrained")
    above, below = np.asarray(picture.subfigures(2, 1, height_ratios=[1, 1.9]))
    for ax, lam in zip(above.subplots(1, len(LAMS)), LAMS, strict=True):
        ax.imshow(mixed(pair, lam), cmap="gray")
        ax.set(title=f"λ = {lam:g}", xticks=[], yticks=[])
    axes = below.subplots(1, len(pair.p), sharey=True, squeeze=False)[0]
    styles = dict(zip(names.values(), (("#333333", "-"), ("#333333", "--"), ("#cc3311", ":")), strict=True))
    for ax, method in zip(axes, pair.p, strict=True):
        for name, (color, dashes) in styles.items():
            line = numbers[(numbers["method"] == method) & (numbers["class"] == name)]
            ax.plot(line["lam"], line["p"], color=color, linestyle=dashes, linewidth=2, label=name)
        ax.set(title=str(method), xlabel="λ", xlim=(0, 1), ylim=(0, 1))
    axes[0].set_ylabel("probability")
    below.legend(handles=axes[0].get_lines(), loc="outside upper center", ncols=3, frameon=False)
    caption = (
        f"{part.capitalize()} rows {pair.rows[0]} ({classes[i]}, λ = 1) and {pair.rows[1]} ({classes[j]}, λ = 0) of "
        f"{setting.name}: the mixed image, and the probabilities of one model per method "
        f"({', '.join(map(str, pair.p))}, each its lowest seed). The first pair that was drawn: an illustration, not "
        "a statistic."
    )
    alt = (
        f"A strip of five images that goes from {classes[j]} to {classes[i]}, and probabilities over λ for each method."
    )
    return Figure(caption, alt, picture, numbers, tuple(records), missing.arms(setting))


def _over_lambda(method: Method, p: np.ndarray, labels: tuple[int, int], names: dict[str, str]) -> pd.DataFrame:
    """Rows of method, class, lam, p for the two classes and all others together."""
    first, second = p[:, labels[0]], p[:, labels[1]]
    lam = np.linspace(0, 1, len(p))
    kinds = zip(names.values(), (first, second, p.sum(axis=1) - first - second), strict=True)
    return pd.concat([pd.DataFrame({"method": method, "class": name, "lam": lam, "p": of}) for name, of in kinds])


QUESTION = Question(__doc__, [example])

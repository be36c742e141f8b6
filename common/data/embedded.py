"""The small sets that scikit-learn ships: here at once, on any machine."""

import numpy as np
import torch
from sklearn import datasets

from common.chance import rng
from common.data.dataset import Dataset, Part
from common.data.selection import draw_test
from common.data.sets import SETS
from common.data.sources import Source


def read(source: Source, test_share: float | None, data_seed: int) -> Dataset:
    """A set of scikit-learn's, with every fifth row of each class, drawn once and for all, as the test part; with a
    ``test_share``, that share: of a table drawn by ``data_seed``, of digits around the fixed fifth, so that the data
    seed draws training rows alone, and every run is measured on the same ones.

    digits: uint8 (b, 1, 8, 8), its values 0 to 16 spread over 0 to 255; the tables: float32 (b, features).
    """
    known = SETS[source.name]
    bunch = getattr(datasets, known.package)()
    labels = bunch.target.astype(np.int64)
    if source.kind == "images":
        inputs = np.round(bunch.images * 255 / 16).astype(np.uint8)[:, None]
    else:
        inputs = bunch.data.astype(np.float32)
    classes = tuple(str(name) for name in bunch.target_names)
    is_fixed = test_share is None or known.is_small_test
    draw = rng("split", source.name) if is_fixed else rng("test part", data_seed)
    for_test = draw_test(labels, len(classes), test_share or 0.2, draw, source.name)
    train, test = (
        Part(torch.from_numpy(inputs[rows]), torch.from_numpy(labels[rows])) for rows in (~for_test, for_test)
    )
    categories = () if source.kind == "table" else None
    return Dataset(source.name, source.kind, source.origin, train, test, classes, categories=categories)

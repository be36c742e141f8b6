"""The small sets that scikit-learn ships: here at once, on any machine."""

import numpy as np
import torch
from sklearn import datasets

from common.chance import rng
from common.data.dataset import Dataset, Part, draw_test
from common.data.sets import SETS
from common.data.sources import Source


def read(source: Source, test_share: float | None, data_seed: int) -> Dataset:
    """A set of scikit-learn's, with every fifth row of each class, drawn once and for all, as the test part; of a table
    with a ``test_share``, that share, drawn by ``data_seed``.

    digits: uint8 (b, 1, 8, 8), its values 0 to 16 spread over 0 to 255; the tables: float32 (b, features).
    """
    bunch = getattr(datasets, SETS[source.name].package)()
    labels = bunch.target.astype(np.int64)
    if source.kind == "images":
        inputs = np.round(bunch.images * 255 / 16).astype(np.uint8)[:, None]
    else:
        inputs = bunch.data.astype(np.float32)
    classes = tuple(str(name) for name in bunch.target_names)
    if test_share is None:
        draw = rng("split", source.name)
        of_class = [draw.permutation(np.flatnonzero(labels == label)) for label in range(len(classes))]
        for_test = np.zeros(len(labels), dtype=bool)
        for_test[np.concatenate([rows[: round(len(rows) / 5)] for rows in of_class])] = True
    else:
        for_test = draw_test(labels, len(classes), test_share, data_seed, source.name)
    train, test = (
        Part(torch.from_numpy(inputs[rows]), torch.from_numpy(labels[rows])) for rows in (~for_test, for_test)
    )
    categories = () if source.kind == "table" else None
    return Dataset(source.name, source.kind, source.origin, train, test, classes, categories=categories)

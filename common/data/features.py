"""What a network learns of a table's columns: numbers without gaps, and categories one-hot. All that is estimated on
the way is estimated on the training part alone."""

from dataclasses import replace

import numpy as np
import torch
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

from common.data.dataset import Dataset, Part


def encode(dataset: Dataset) -> Dataset:
    """A table as it stands in its file, made ready: first the numbers, a missing one as the median of the training
    rows; then for each column in which one is missing there, 0 or 1 for whether it is; then the categories, 0 or 1 for
    each that a training row has, in their order (a missing one counts as a category). A category that no training row
    has is none of these. The notes say what was met with.

    returns float32 (b, features)
    """
    assert dataset.categories is not None
    train, test = dataset.train.whole.numpy(), dataset.test.whole.numpy()
    numbers = [place for place in range(train.shape[1]) if place not in set(dataset.categories)]
    front = ColumnTransformer(
        [
            ("numbers", SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), numbers),
            (
                "categories",
                OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32),
                list(dataset.categories),
            ),
        ]
    )
    inputs = [front.fit_transform(train), front.transform(test)]
    parts = [
        Part(torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)), part.labels)
        for values, part in zip(inputs, (dataset.train, dataset.test), strict=True)
    ]
    notes = (*dataset.notes, *_notes(dataset, numbers, parts[0]))
    return replace(dataset, train=parts[0], test=parts[1], notes=notes, categories=None)


def _notes(dataset: Dataset, numbers: list[int], encoded: Part) -> list[str]:
    train, test = dataset.train.whole.numpy(), dataset.test.whole.numpy()
    measured = "test" if dataset.measured_on == "test" else "held-out"
    notes = []
    known = set(_marks(train))
    shared = sum(mark in known for mark in _marks(test))
    if shared:
        notes.append(f"{shared:,} of {len(test):,} {measured} rows have the very values of a training row")
    missing = sum(int(np.isnan(part[:, numbers]).sum()) for part in (train, test))
    if missing:
        marked = int(np.isnan(train[:, numbers]).any(axis=0).sum())
        notes.append(
            f"{missing:,} missing numbers stand as the median of the training rows, "
            f"with {marked} indicator column{'s' if marked != 1 else ''}"
        )
    if dataset.categories:
        width = encoded.whole.shape[1] - len(numbers) - int(np.isnan(train[:, numbers]).any(axis=0).sum())
        notes.append(f"{len(dataset.categories)} of {train.shape[1]} columns are categories: {width} one-hot features")
        unseen = sum(_unseen(train[:, place], test[:, place]) for place in dataset.categories)
        if unseen:
            notes.append(f"{unseen:,} values of {measured} rows are categories that no training row has: all zeros")
    inputs = encoded.whole.numpy()
    constant = int((inputs == inputs[0]).all(axis=0).sum())
    if constant:
        notes.append(f"{constant:,} of {inputs.shape[1]:,} features are the same in all training rows")
    if inputs.shape[1] > len(inputs):
        notes.append(f"more features than rows: {inputs.shape[1]:,} and {len(inputs):,} to train on")
    there = set(dataset.test.labels.tolist())
    absent = [name for number, name in enumerate(dataset.classes) if number not in there]
    if absent:
        notes.append(f"of {len(dataset.classes)} classes {len(absent)} have no {measured} row: {', '.join(absent)}")
    return notes


def _marks(rows: np.ndarray) -> list[bytes]:
    """A text for each row that is another's where all values are; of 0 and -0, and of all that are no number, one."""
    same = np.where(np.isnan(rows), np.float32(np.nan), rows + np.float32(0))
    return [row.tobytes() for row in same]


def _unseen(train: np.ndarray, test: np.ndarray) -> int:
    known = set(train[~np.isnan(train)].tolist())
    gaps = 0 if np.isnan(train).any() else int(np.isnan(test).sum())
    return sum(value not in known for value in test[~np.isnan(test)].tolist()) + gaps

"""A data set in memory: its two parts, its fingerprint and statistics, and the rows that a study takes of it."""

import hashlib
import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from common.chance import rng
from common.errors import UserError
from common.shapes import Labels, Resident


@dataclass(frozen=True)
class Part:
    """inputs  uint8 (b, c, h, w) for images, float32 (b, features) for tables
    labels  int64 (b,), numbers of `Dataset.classes`"""

    inputs: Resident
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> "Part":
        return Part(self.inputs.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Dataset:
    """name, kind, origin  as in `sources.Source`
    notes        what was done to the files on the way, for the record ('12 of 400 images resized to 32 x 32')
    measured_on  what `test` is: 'test', or 'holdout' where it was taken out of the training part"""

    name: str
    kind: str
    origin: str
    train: Part
    test: Part
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()
    measured_on: str = "test"


def fingerprint(dataset: Dataset) -> str:
    """SHA-256 (hex) of what is learned from: kind, classes, and the tensors' types, shapes and bytes. The set's name,
    its origin and its notes are left out: the same rows from another source are the same data."""
    digest = hashlib.sha256(repr((dataset.kind, dataset.classes)).encode())
    for part in (dataset.train, dataset.test):
        for tensor in (part.inputs, part.labels):
            digest.update(repr((str(tensor.dtype), tuple(tensor.shape))).encode())
            digest.update(tensor.contiguous().numpy().data)
    return digest.hexdigest()


def statistics(inputs: Resident) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and population standard deviation of each channel (uint8 images, in [0, 1] units) or feature (float tables),
    exact up to the last rounding. What is constant gets std 1, so that it can be divided by.

    inputs  (b, c, h, w) or (b, features): the training part
    """
    moments = [_moments(inputs[:, axis]) for axis in range(inputs.shape[1])]
    return tuple(mean for mean, _ in moments), tuple(std for _, std in moments)


def _moments(values: torch.Tensor) -> tuple[float, float]:
    if values.dtype == torch.uint8:
        counts = torch.bincount(values.reshape(-1), minlength=256).tolist()
        n = sum(counts)
        total = sum(value * count for value, count in enumerate(counts))
        squares = sum(value * value * count for value, count in enumerate(counts))
        spread = n * squares - total * total  # n^2 times the variance, in whole numbers
        return total / n / 255, (math.sqrt(spread) / n / 255 if spread else 1.0)
    wide = values.double()
    return wide.mean().item(), wide.std(correction=0).item() or 1.0


def select(dataset: Dataset, subset: int | None, holdout: int | None, data_seed: int) -> Dataset:
    """The rows that a run sees: ``holdout`` rows of the training part become the test part (the true one is dropped),
    then ``subset`` rows of what is left are trained on.

    Both are class-balanced (N // classes each, the rest to classes drawn at random), keep the rows' order, and depend
    on ``data_seed`` alone: a subset of 1000 lies inside that of 5000. Raises UserError, naming --subset or --holdout.
    """
    if holdout is not None:
        taken = _balanced(dataset, holdout, "holdout", data_seed, spare=1)
        left = np.setdiff1d(np.arange(len(dataset.train)), taken)
        dataset = replace(
            dataset, train=_rows(dataset.train, left), test=_rows(dataset.train, taken), measured_on="holdout"
        )
    if subset is not None:
        dataset = replace(dataset, train=_rows(dataset.train, _balanced(dataset, subset, "subset", data_seed, spare=0)))
    return dataset


def _balanced(dataset: Dataset, size: int, name: str, data_seed: int, spare: int) -> np.ndarray:
    """The numbers of ``size`` training rows, ascending; ``spare`` rows of each class are left. What is drawn does not
    depend on ``size``: each class gives a prefix of one permutation, hence a larger set holds a smaller one."""
    labels, classes = dataset.train.labels.numpy(), len(dataset.classes)
    counts = np.bincount(labels, minlength=classes)
    draw = rng(name, data_seed)
    turn = draw.permutation(classes)  # who is next when the rest is handed out
    wanted = np.full(classes, size // classes)
    wanted[turn[: size % classes]] += 1
    _check_size(dataset, size, f"--{name}", counts - spare, turn, wanted)
    rows = [draw.permutation(np.flatnonzero(labels == label))[: wanted[label]] for label in range(classes)]
    return np.sort(np.concatenate(rows))


def _check_size(
    dataset: Dataset, size: int, option: str, limits: np.ndarray, turn: np.ndarray, wanted: np.ndarray
) -> None:
    """limits  (classes,) the most rows that each class can give; ``turn`` and ``wanted`` as in `_balanced`"""
    classes = len(dataset.classes)
    if size < classes:
        raise UserError(f"{option} {size} is fewer than one row for each of the {classes} classes.")
    if size > len(dataset.train):
        raise UserError(f"{option} {size} is more than the {len(dataset.train)} training rows there are.")
    short = np.flatnonzero(wanted > limits)
    if not len(short):
        return
    smallest = short[limits[short].argmin()]
    least = limits.min()
    largest = classes * least + int((limits[turn] == least).argmax())
    most = f"the largest that works is {largest}" if largest >= classes else "no number works"
    raise UserError(
        f"{option} {size} takes {wanted[smallest]} rows of a class, but class '{dataset.classes[smallest]}' can give "
        f"only {max(limits[smallest], 0)}; {most}."
    )


def _rows(part: Part, rows: np.ndarray) -> Part:
    index = torch.from_numpy(rows)
    return Part(part.inputs.index_select(0, index), part.labels.index_select(0, index))

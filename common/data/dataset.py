"""A data set: its two parts, its fingerprint and statistics, and the rows that a study takes of it."""

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import numpy as np
import torch
from torch import Tensor

from common.chance import rng
from common.data.stream import Held, Stream
from common.errors import UserError
from common.shapes import BoxesOfAll, Flags, Labels, Resident, Rows, Share

PATCHED = 5000  # images whose patches are measured
SAMPLED = 10_000  # images whose mean and standard deviation are measured, of those that stay encoded
SOME = 200  # images that are measured at once


@dataclass(frozen=True)
class Part:
    """inputs  uint8 (b, c, h, w) for images, float32 (b, features) for tables, float32 (b, 1, bins, frames) for sounds;
            of images that do not fit in memory, what decodes them
    labels  int64 (b,), numbers of `Dataset.classes`"""

    inputs: Resident | Stream | Held
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one input."""
        return tuple(self.inputs.shape[1:])

    @property
    def whole(self) -> Resident:
        """All inputs, of a part in memory."""
        assert isinstance(self.inputs, Tensor)
        return self.inputs

    def fetch(self, rows: Rows | slice) -> Resident:
        """The inputs of these rows, as they are stored. Training and measuring come to them in no other way, so that a
        set which does not fit in memory can stand behind it."""
        return self.inputs[rows] if isinstance(rows, slice) else self.inputs.index_select(0, rows)

    def ahead(self, shares: Iterable[Share], boxes: BoxesOfAll | None = None) -> Iterator["Part"]:
        """The part, once for each share of its rows in turn, whose rows can be fetched then. What decodes them does so
        in advance; a part in memory does not ask for the shares.

        shares, boxes  as in `Stream.ahead`
        """
        if not isinstance(self.inputs, Stream):
            yield from repeat(self)
            return
        for held in self.inputs.ahead(shares, boxes):
            yield Part(held, self.labels)

    def held(self, rows: Rows) -> "Part":
        """The part, of which these rows can be fetched again and again, and are decoded once."""
        if not isinstance(self.inputs, Stream):
            return self
        held = next(self.inputs.to(torch.device("cpu")).ahead([rows.cpu().unique()]))
        return Part(replace(held, device=self.labels.device), self.labels)

    @property
    def sizes(self) -> np.ndarray | None:
        """(b, 2) height and width of each image that stays encoded, in its file."""
        return self.inputs.sizes if isinstance(self.inputs, Stream) else None

    def memory(self, at_once: int) -> int:
        """Bytes that are held of it, where so many rows are fetched at once."""
        return self.inputs.memory(at_once) if isinstance(self.inputs, Stream) else self.whole.nbytes

    def same(self, other: "Part") -> bool:
        """Whether it has the same rows."""
        mine, theirs = hashlib.sha256(), hashlib.sha256()
        _add(mine, self)
        _add(theirs, other)
        return mine.digest() == theirs.digest()

    def to(self, device: torch.device) -> "Part":
        assert not isinstance(self.inputs, Held)
        return Part(self.inputs.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Corruption:
    """What was done to the labels of a training part (section 3.4).

    drawn  rows whose label was drawn anew;  true  the labels of all rows before that
    """

    drawn: Flags
    true: Labels


@dataclass(frozen=True)
class Dataset:
    """name, kind, origin  as in `sources.Source`
    notes        what was done to the files on the way, for the record ('12 of 400 images resized to 32 x 32')
    measured_on  what `test` is: 'test', or 'holdout' where it was taken out of the training part
    corruption   of the training part's labels, where they were corrupted
    categories   of a table as it stands in its file, the columns that hold categories; None once (or where) the inputs
                 are what is learnt from"""

    name: str
    kind: str
    origin: str
    train: Part
    test: Part
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()
    measured_on: str = "test"
    corruption: Corruption | None = None
    categories: tuple[int, ...] | None = None


def fingerprint(dataset: Dataset) -> str:
    """SHA-256 (hex) of what is learned from: kind, classes, and the tensors' types, shapes and bytes. The set's name,
    its origin and its notes are left out: the same rows from another source are the same data."""
    digest = hashlib.sha256(repr((dataset.kind, dataset.classes)).encode())
    for part in (dataset.train, dataset.test):
        _add(digest, part)
    return digest.hexdigest()


def _add(digest: Any, part: Part) -> None:
    if isinstance(part.inputs, Stream):
        part.inputs.digest(digest)
    tensors = (part.labels,) if isinstance(part.inputs, Stream) else (part.whole, part.labels)
    for tensor in tensors:
        digest.update(repr((str(tensor.dtype), tuple(tensor.shape))).encode())
        digest.update(tensor.cpu().contiguous().numpy().data)


def statistics(part: Part) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and population standard deviation of each channel (uint8 images, in [0, 1] units; float sounds) or feature
    (float tables), exact up to the last rounding. What is constant gets std 1, so that it can be divided by. Of images
    that stay encoded, of 10,000 at most, drawn by chance.

    part  the training part: inputs (b, c, h, w) or (b, features)
    """
    inputs = part.inputs
    if isinstance(inputs, Tensor) and inputs.dtype != torch.uint8:
        moments = [_moments(inputs[:, axis]) for axis in range(inputs.shape[1])]
    else:
        moments = [_moments_of(counts) for counts in _counted(part)]
    return tuple(mean for mean, _ in moments), tuple(std for _, std in moments)


def _moments(values: Tensor) -> tuple[float, float]:
    wide = values.double()
    return wide.mean().item(), wide.std(correction=0).item() or 1.0


def _moments_of(counts: list[int]) -> tuple[float, float]:
    """counts  of each value of a pixel"""
    n = sum(counts)
    total = sum(value * count for value, count in enumerate(counts))
    squares = sum(value * value * count for value, count in enumerate(counts))
    spread = n * squares - total * total  # n^2 times the variance, in whole numbers
    return total / n / 255, (math.sqrt(spread) / n / 255 if spread else 1.0)


def _counted(part: Part) -> list[list[int]]:
    """How often each value occurs in each channel."""
    rows = np.arange(len(part))
    if isinstance(part.inputs, Stream):
        rows = np.sort(rng("statistics").permutation(len(part))[:SAMPLED])
    counts = torch.zeros(part.shape[0], 256, dtype=torch.int64)
    for images in _some(part, rows):
        for channel, values in zip(counts, images.unbind(1), strict=True):
            channel += torch.bincount(values.reshape(-1), minlength=256)
    return counts.tolist()


def _some(part: Part, rows: np.ndarray) -> Iterator[Resident]:
    """The inputs of these rows, a few at a time."""
    shares = torch.from_numpy(rows).split(SOME)
    for share, here in zip(shares, part.ahead(shares), strict=False):
        yield here.fetch(share)


def patches(part: Part, std: Sequence[float]) -> tuple[float, ...]:
    """Covariance of the normalised pixels of 2 x 2 patches, (4 c, 4 c) row by row, over the first 5,000 images, exact
    up to the last rounding: the sums are of whole numbers.

    part  the training part, of images;  std  of each channel, in [0, 1] units
    """
    n, total, products = 0, torch.zeros(1), torch.zeros(1)
    for some in _some(part, np.arange(min(PATCHED, len(part)))):
        columns = torch.nn.functional.unfold(some.double(), 2).transpose(0, 1).flatten(1)  # (4 c, patches)
        n, total, products = n + columns.shape[1], total + columns.sum(1), products + columns @ columns.T
    scale = 255 * torch.tensor(std, dtype=torch.float64).repeat_interleave(4)
    covariance = (products / n - torch.outer(total / n, total / n)) / torch.outer(scale, scale)
    return tuple(covariance.flatten().tolist())


def select(
    dataset: Dataset,
    subset: int | None,
    holdout: int | None,
    data_seed: int,
    *,
    test_subset: int | None = None,
    corrupt_labels: float = 0.0,
) -> Dataset:
    """The rows that a run sees: ``holdout`` rows of the training part become the test part (the true one is dropped),
    or ``test_subset`` rows of the test part are left of it; then ``subset`` rows of the training part are trained on,
    a share ``corrupt_labels`` of them under labels drawn at random.

    The rows are class-balanced (N // classes each, the rest to classes drawn at random), keep their order, and depend
    on ``data_seed`` alone: a subset of 1000 lies inside that of 5000. Raises UserError, naming the option.

    A table is made ready here (`features.encode`): what that takes from the training part knows no held-out row.
    """
    classes = dataset.classes
    if holdout is not None:
        taken = _balanced(dataset.train, classes, holdout, "holdout", data_seed, spare=1)
        left = np.setdiff1d(np.arange(len(dataset.train)), taken)
        dataset = replace(
            dataset, train=take(dataset.train, left), test=take(dataset.train, taken), measured_on="holdout"
        )
    if test_subset is not None:
        dataset = replace(
            dataset, test=take(dataset.test, _balanced(dataset.test, classes, test_subset, "test-subset", data_seed))
        )
    if subset is not None:
        dataset = replace(
            dataset, train=take(dataset.train, _balanced(dataset.train, classes, subset, "subset", data_seed))
        )
    if dataset.categories is not None:
        from common.data import features  # scikit-learn takes a second to start

        dataset = features.encode(dataset)
    return corrupt(dataset, corrupt_labels, data_seed) if corrupt_labels else dataset


def cut(dataset: Dataset, share: float, data_seed: int) -> Dataset:
    """A set of one part with a share of each class as its test part. raises UserError as `draw_test`"""
    labels, draw = dataset.train.labels.numpy(), rng("test part", data_seed)
    for_test = draw_test(labels, len(dataset.classes), share, draw, dataset.name)
    left, taken = np.flatnonzero(~for_test), np.flatnonzero(for_test)
    return replace(dataset, train=take(dataset.train, left), test=take(dataset.train, taken))


def draw_test(labels: np.ndarray, classes: int, share: float, draw: np.random.Generator, name: str) -> np.ndarray:
    """Which rows are the test part: of each class a share, rounded, and never its last row. A larger share holds the
    rows of a smaller one.

    labels  (n,);  returns bool (n,)
    raises UserError, naming --test-share, where no row at all is
    """
    taken = np.zeros(len(labels), dtype=bool)
    for label in range(classes):
        rows = draw.permutation(np.flatnonzero(labels == label))
        taken[rows[: min(round(share * len(rows)), len(rows) - 1)]] = True
    if not taken.any():
        raise UserError(
            f"--test-share {share:g} leaves {name} without a test part: none of its {classes} classes has enough rows "
            "to give one; name a larger share."
        )
    return taken


def corrupt(dataset: Dataset, share: float, data_seed: int) -> Dataset:
    """The set with a share of its training labels replaced by classes drawn at random (section 3.4); the test part and
    all inputs stay.

    A row is drawn with its class: one of all classes, so that one in ``len(classes)`` keeps its own, as in the paper as
    far as is known. Rows and classes depend on ``data_seed`` and the number of rows alone, so that ERM and mixup see
    the same labels, and the 20 % are among the 50 %, with the same classes.

    share  of the rows, in [0, 1]; the number of rows is rounded
    """
    true = dataset.train.labels
    n, classes = len(true), len(dataset.classes)
    draw = rng("corrupt", data_seed)
    order, anew = draw.permutation(n), draw.integers(classes, size=n)
    drawn = np.zeros(n, dtype=bool)
    drawn[order[: round(share * n)]] = True
    labels = torch.from_numpy(np.where(drawn, anew, true.numpy()))
    wrong = int((labels != true).sum())
    note = f"{drawn.sum():,} of {n:,} training labels drawn at random, of which {wrong:,} are now wrong"
    return replace(
        dataset,
        train=replace(dataset.train, labels=labels),
        notes=(*dataset.notes, note),
        corruption=Corruption(torch.from_numpy(drawn), true),
    )


def _balanced(part: Part, classes: Sequence[str], size: int, name: str, data_seed: int, spare: int = 0) -> np.ndarray:
    """The numbers of ``size`` rows of a part, ascending; ``spare`` rows of each class are left. What is drawn does not
    depend on ``size``: each class gives a prefix of one permutation, hence a larger set holds a smaller one."""
    labels = part.labels.numpy()
    counts = np.bincount(labels, minlength=len(classes))
    draw = rng(name, data_seed)
    turn = draw.permutation(len(classes))  # who is next when the rest is handed out
    wanted = np.full(len(classes), size // len(classes))
    wanted[turn[: size % len(classes)]] += 1
    _check_size(classes, size, f"--{name}", counts, counts - spare, turn, wanted)
    rows = [draw.permutation(np.flatnonzero(labels == label))[: wanted[label]] for label in range(len(classes))]
    return np.sort(np.concatenate(rows))


def _check_size(
    names: Sequence[str],
    size: int,
    option: str,
    counts: np.ndarray,
    limits: np.ndarray,
    turn: np.ndarray,
    wanted: np.ndarray,
) -> None:
    """counts, limits  (classes,) rows of each class, and how many of them it can give; the rest as in `_balanced`"""
    classes = len(names)
    if size < classes:
        raise UserError(f"{option} {size} is fewer than one row for each of the {classes} classes.")
    if size > counts.sum():
        part = "test" if option == "--test-subset" else "training"
        raise UserError(f"{option} {size} is more than the {counts.sum()} {part} rows there are.")
    short = np.flatnonzero(wanted > limits)
    if not len(short):
        return
    smallest = short[limits[short].argmin()]
    least = limits.min()
    largest = classes * least + int((limits[turn] == least).argmax())
    most = f"the largest that works is {largest}" if largest >= classes else "no number works"
    raise UserError(
        f"{option} {size} takes {wanted[smallest]} rows of a class, but class '{names[smallest]}' can give "
        f"only {max(limits[smallest], 0)}; {most}."
    )


def take(part: Part, rows: np.ndarray) -> Part:
    """These rows of a part, in this order."""
    index = torch.from_numpy(rows)
    inputs = part.inputs.only(rows) if isinstance(part.inputs, Stream) else part.inputs.index_select(0, index)
    return Part(inputs, part.labels.index_select(0, index))

"""A data set: its two parts, and its fingerprint."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import numpy as np
import torch
from torch import Tensor

from common.data.stream import Held, Stream
from common.shapes import BoxesOfAll, Flags, FlagsOfAll, Labels, Resident, Rows, Share


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

    def ahead(
        self, shares: Iterable[Share], boxes: BoxesOfAll | None = None, mirrored: FlagsOfAll | None = None
    ) -> Iterator["Part"]:
        """The part, once for each share of its rows in turn, whose rows can be fetched then. What decodes them does so
        in advance; a part in memory does not ask for the shares.

        shares, boxes, mirrored  as in `Stream.ahead`
        """
        if not isinstance(self.inputs, Stream):
            yield from repeat(self)
            return
        for held in self.inputs.ahead(shares, boxes, mirrored):
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
        if self is other:
            return True
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


def take(part: Part, rows: np.ndarray) -> Part:
    """These rows of a part, in this order."""
    index = torch.from_numpy(rows)
    inputs = part.inputs.only(rows) if isinstance(part.inputs, Stream) else part.inputs.index_select(0, index)
    return Part(inputs, part.labels.index_select(0, index))

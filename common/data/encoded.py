"""A part of a set as its files hold it: what the readers give and the decoders take."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from common.shapes import Labels


@dataclass(frozen=True)
class Looks:
    """What the headers of a part's images say, without their pixels.

    sizes        (n, 2) height and width in pixels, upright
    grey         (n,) whether there is one channel
    transparent  (n,)
    lengths      (n,) of the files, in bytes
    kept         the file that it is kept in, if any
    """

    sizes: np.ndarray
    grey: np.ndarray
    transparent: np.ndarray
    lengths: np.ndarray
    kept: Path | None = None

    def none(self) -> "Looks":
        """Of no image."""
        return Looks(self.sizes[:0], self.grey[:0], self.transparent[:0], self.lengths[:0])


@dataclass(frozen=True)
class Encoded:
    """One part before it is decoded.

    files    a path, or the bytes of a file, for each row
    labels   (b,) int64, numbers of ``classes``
    classes  in the order of their numbers
    where    the folder or file, for messages; without a path of its own a row is '``where``, row 17'
    """

    files: Sequence[Path | bytes] = field(repr=False)
    labels: Labels
    classes: tuple[str, ...]
    where: str

    def none(self) -> "Encoded":
        """A part of the same classes without rows."""
        return replace(self, files=[], labels=self.labels[:0])

    def place(self, row: int) -> str:
        file = self.files[row]
        return str(file) if isinstance(file, Path) else f"{self.where}, row {row}"

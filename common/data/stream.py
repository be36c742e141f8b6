"""Images that do not fit in memory: they stay encoded, in files or in those that Arrow maps, and are decoded when they
are asked for, by threads, some batches ahead. From `Part` on nothing asks where its rows are."""

import hashlib
import math
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa
import torch

from common.chance import rng
from common.cores import local_processes, share_of_cores
from common.data.decoding import pixels
from common.data.encoded import Encoded, Looks
from common.errors import UserError
from common.shapes import BoxesOfAll, FlagsOfAll, Resident, Rows, Share

AHEAD = 2  # shares that are decoded while one is worked on
AT_ONCE = 8  # images that a thread takes: fewer, and handing them out costs time; more, and some threads have none
MIDDLE = 7 / 8  # of an image's shorter side is looked at, where crops are trained on: 224 of 256 pixels
HASHED = 1000  # files whose contents are in the fingerprint
CPU = torch.device("cpu")


class Names(Sequence[Path]):
    """Files below a folder, a million of which take no more memory than their names: 40 bytes each."""

    def __init__(self, root: Path, names: Iterable[str]) -> None:
        encoded = [os.fsencode(name) for name in names]
        self._root, self.joined = root, b"".join(encoded)
        self._ends = np.cumsum([0, *map(len, encoded)])

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, row: int) -> Path: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[Path]: ...
    def __getitem__(self, row: int | slice) -> Path | Sequence[Path]:
        if isinstance(row, slice):
            return [self[one] for one in range(*row.indices(len(self)))]
        return self._root / os.fsdecode(self.name(row))

    def name(self, row: int) -> bytes:
        return self.joined[self._ends[row] : self._ends[row + 1]]


class Column(Sequence[bytes]):
    """Files in a column of an Arrow table, which is mapped into memory and read where it is asked for."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    @overload
    def __getitem__(self, row: int) -> bytes: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[bytes]: ...
    def __getitem__(self, row: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(row, slice):
            return Column(self._column[row])
        value: bytes = self._column[row].as_py()
        return value


@dataclass(frozen=True)
class View:
    """What is given of each image: a box of it, scaled to this size.

    size    height and width, in pixels
    middle  the box, where none is asked for: the square in the middle, of this share of the shorter side; None: all
    grey    whether it is of one channel, rather than three
    """

    size: tuple[int, int]
    middle: float | None
    grey: bool

    def boxes(self, sizes: np.ndarray) -> np.ndarray:
        """(n, 4) top, left, height and width of the box of each image. sizes  (n, 2) heights and widths"""
        if self.middle is None:
            return np.concatenate([np.zeros_like(sizes), sizes], axis=1)
        sides = np.maximum(1, np.rint(self.middle * sizes.min(axis=1, keepdims=True)).astype(np.int64)).repeat(
            2, axis=1
        )
        return np.concatenate([(sizes - sides) // 2, sides], axis=1)


@dataclass(frozen=True)
class Stream:
    """Images that are decoded when they are asked for. It stands where a tensor of all of them would.

    encoded  the whole part, as its files hold it
    looks    what the header of each of its files says
    rows     (n,) which of them these are
    view     what is given of each
    device   where that is put
    """

    encoded: Encoded
    looks: Looks
    rows: np.ndarray
    view: View
    device: torch.device = CPU

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self), 1 if self.view.grey else 3, *self.view.size)

    @property
    def sizes(self) -> np.ndarray:
        """(n, 2) height and width of each image, in its file."""
        return self.looks.sizes[self.rows].astype(np.int64)

    def memory(self, at_once: int) -> int:
        """Bytes that are held: of all rows names, labels and what the headers say; of so many at once the pixels."""
        return 64 * len(self.encoded.files) + (1 + AHEAD) * at_once * math.prod(self.shape[1:])

    def only(self, rows: np.ndarray) -> "Stream":
        return replace(self, rows=self.rows[rows])

    def to(self, device: torch.device) -> "Stream":
        return replace(self, device=device)

    def __getitem__(self, rows: slice) -> Resident:
        return self.index_select(0, torch.arange(*rows.indices(len(self))))

    def index_select(self, _: int, rows: Rows) -> Resident:
        """These rows, decoded now."""
        return next(self.ahead([rows.cpu().unique()])).index_select(0, rows)

    def ahead(
        self, shares: Iterable[Share], boxes: BoxesOfAll | None = None, mirrored: FlagsOfAll | None = None
    ) -> Iterator["Held"]:
        """The rows of each share in turn, decoded by all cores of this process while the caller is at work on those
        before: two shares more than the one in use are held, whatever the number of rows.

        shares    different rows each, ascending, on the CPU, as
        boxes     (n, 4) of each row of the part, in its own pixels: top, left, height and width; None: as `view` has it
        mirrored  (n,) each row of the part; None: none is

        raises UserError with the place of an image that cannot be read
        """
        todo = iter(shares)
        waiting: deque[tuple[Rows, torch.Tensor, list[Future[None]]]] = deque()
        pool = _workers()
        try:
            while True:
                for share in islice(todo, 1 + AHEAD - len(waiting)):
                    waiting.append(self._begin(pool, share, boxes, mirrored))
                if not waiting:
                    return
                rows, made, futures = waiting.popleft()
                for future in futures:
                    future.result()
                # Elsewhere than on CUDA, where it is pinned, the memory might be used again before it is read.
                moved = made.to(self.device, non_blocking=self.device.type == "cuda")
                yield Held(rows.to(self.device), moved, self.device)
        finally:
            pool.shutdown(cancel_futures=True)

    def _begin(
        self, pool: ThreadPoolExecutor, rows: Rows, boxes: BoxesOfAll | None, mirrored: FlagsOfAll | None
    ) -> tuple[Rows, torch.Tensor, list[Future[None]]]:
        # Channels last, as the decoder has them and convolutions want them: nothing is turned on the way.
        made = torch.empty(
            (len(rows), *self.shape[1:]),
            dtype=torch.uint8,
            pin_memory=self.device.type == "cuda",
            memory_format=torch.channels_last,
        )
        places = self.rows[rows.numpy()]
        cut = self.view.boxes(self.looks.sizes[places].astype(np.int64)) if boxes is None else boxes[rows].numpy()
        turned = np.zeros(len(rows), dtype=bool) if mirrored is None else mirrored[rows].numpy()
        some = [slice(first, first + AT_ONCE) for first in range(0, len(rows), AT_ONCE)]
        into = made.permute(0, 2, 3, 1).numpy()
        return rows, made, [pool.submit(self._decode, into[few], places[few], cut[few], turned[few]) for few in some]

    def _decode(self, made: np.ndarray, rows: np.ndarray, boxes: np.ndarray, mirrored: np.ndarray) -> None:
        for to, row, (top, left, height, width), is_mirrored in zip(
            made, rows.tolist(), boxes.tolist(), mirrored.tolist(), strict=True
        ):
            image = pixels(self._read(row), self.view.grey, self.encoded, row)
            if tuple(image.shape[1:]) != tuple(self.looks.sizes[row]):
                raise self._changed(row)
            box = image[:, top : top + height, left : left + width]
            one = box if box.shape[1:] == self.view.size else resized(box, self.view.size)
            to[:] = (one.flip(-1) if is_mirrored else one).permute(1, 2, 0).numpy()

    def _read(self, row: int) -> bytes:
        data = self.encoded.files[row]
        if isinstance(data, Path):
            try:
                with data.open("rb", buffering=0) as file:
                    data = file.read()
            except OSError as error:
                raise UserError(f"{self.encoded.place(row)} cannot be read: {error.strerror}.") from error
        if len(data) != self.looks.lengths[row]:
            raise self._changed(row)
        return data

    def _changed(self, row: int) -> UserError:
        """What was kept of the headers is put away, so that the next run looks at them again."""
        if self.looks.kept is not None:
            self.looks.kept.unlink(missing_ok=True)
        return UserError(
            f"{self.encoded.place(row)} is another file than when the set was looked through; the same command looks "
            "through it again, and what was trained on the set as it was is of other data."
        )

    def key(self) -> str:
        """What tells these rows from others of a set that is known, without reading any."""
        return hashlib.sha256(
            repr((self.shape, self.view)).encode() + self.looks.lengths[self.rows].tobytes()
        ).hexdigest()

    def digest(self, into: Any) -> None:
        """Adds the names and lengths of all files to a hash, and the contents of 1,000 of them, drawn by chance."""
        into.update(self.key().encode())
        files = self.encoded.files
        if isinstance(files, Names):
            into.update(b"\0".join(map(files.name, self.rows.tolist())))
        for place in np.sort(rng("hashed").permutation(len(self))[:HASHED]):
            into.update(self._read(int(self.rows[place])))


@dataclass(frozen=True)
class Held:
    """Some rows of a part, decoded. They are asked for by their numbers in the part.

    rows    (b,) ascending
    pixels  uint8 (b, c, h, w) of these rows
    device  where they are given
    """

    rows: Rows
    pixels: torch.Tensor
    device: torch.device

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.pixels.shape)

    def __getitem__(self, rows: slice) -> Resident:
        return self.index_select(0, torch.arange(rows.start, rows.stop, device=self.rows.device))

    def index_select(self, _: int, rows: Rows) -> Resident:
        place = torch.searchsorted(self.rows, rows.to(self.rows.device).contiguous())
        # Whole images, as they lie: channels last.
        return self.pixels.permute(0, 2, 3, 1).index_select(0, place).permute(0, 3, 1, 2).to(self.device)


def resized(box: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """uint8 (c, h, w) scaled to a size, smoothed where it shrinks: what torchvision's `resize` does, but channels last
    in memory throughout, which takes a third of the time."""
    whole = box[None].contiguous(memory_format=torch.channels_last)
    scaled: torch.Tensor = torch.nn.functional.interpolate(whole, size, mode="bilinear", antialias=True)[0]
    return scaled


def _workers() -> ThreadPoolExecutor:
    """A thread for each core of this process, each of which computes alone: torch would share out every image among
    all, who wait for each other. (Decoding and scaling let go of Python's lock.)

    raises UserError where one cannot be started
    """
    count, mine = share_of_cores(local_processes()), torch.get_num_threads()
    begun = threading.Barrier(count + 1)

    def begin() -> None:
        torch.set_num_threads(1)
        with suppress(threading.BrokenBarrierError):
            begun.wait()

    pool = ThreadPoolExecutor(count, "decode", begin)
    try:
        for _ in range(count):
            pool.submit(int)
        begun.wait()
    except RuntimeError as error:
        begun.abort()  # or those that have begun wait for the others for ever
        pool.shutdown()
        raise UserError(
            f"The {count} threads that decode images cannot all be started ({error}); set OMP_NUM_THREADS to fewer."
        ) from error
    finally:
        torch.set_num_threads(mine)  # of this thread, and of those that are yet to begin
    return pool

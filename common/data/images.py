"""From encoded images (files, or bytes out of a table) to a uint8 tensor, or to what decodes them on demand."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import psutil
import torch
from PIL import Image, ImageOps

from common.data.dataset import Part
from common.data.decoding import looks, opened
from common.data.encoded import Encoded, Looks
from common.data.statistics import SAMPLED
from common.data.stream import HASHED, MIDDLE, Stream, View
from common.errors import UserError
from common.shapes import Resident

LARGE = 224  # pixels a side, from where images are said to be large


def decode(train: Encoded, test: Encoded, side: int | None = None) -> tuple[Part, Part, tuple[str, ...]]:
    """Both parts with inputs as uint8 (b, c, h, w), and notes of what was done to the images on the way.

    With a ``side``, each is scaled until it covers a square of so many pixels, and the middle is cut out. Without, each
    gets the most common size of the training part, whatever its proportions. One channel where all images are grey,
    else three; transparency is dropped. Raises UserError with the place of a file that is no image, damaged, or not of
    8 bits, and where memory does not hold them all.

    One thread: Pillow's work on a small image is too short for threads to pay (measured on CIFAR-10: two are slower).
    """
    seen = [looks(train), looks(test)]
    view = _view(seen, side, without_margin=False)
    _refuse_too_many(len(train.files) + len(test.files), view)
    parts = [Part(_pixels(part, view), part.labels) for part in (train, test)]
    return parts[0], parts[1], _notes(seen, view)


def stream(
    train: Encoded, test: Encoded, seen: Sequence[Looks], side: int | None, without_margin: bool
) -> tuple[Part, Part, tuple[str, ...]]:
    """The same, but that the images stay encoded.

    seen            what the headers of both parts say
    without_margin  whether the middle, 7/8 of the shorter side, is looked at
    """
    view = _view(seen, side, without_margin)
    both = zip((train, test), seen, strict=True)
    parts = [Part(Stream(part, look, np.arange(len(part.files)), view), part.labels) for part, look in both]
    notes = [
        f"images stay encoded; the fingerprint is of all names and lengths, and of the contents of {HASHED:,} files"
    ]
    if len(train.files) > SAMPLED:
        notes.append(f"mean and standard deviation are of {SAMPLED:,} training images, drawn by chance")
    return parts[0], parts[1], (*_notes(seen, view), *notes)


def _view(seen: Sequence[Looks], side: int | None, without_margin: bool) -> View:
    sizes, counts = np.unique(seen[0].sizes, axis=0, return_counts=True)
    first = min(np.flatnonzero(counts == counts.max()), key=lambda which: _first(seen[0].sizes, sizes[which]))
    height, width = sizes[first].tolist()
    middle = None if side is None else MIDDLE if without_margin else 1.0
    return View((side, side) if side else (height, width), middle, all(look.grey.all() for look in seen))


def _first(sizes: np.ndarray, one: np.ndarray) -> int:
    return int((sizes == one).all(axis=1).argmax())


def _notes(seen: Sequence[Looks], view: View) -> tuple[str, ...]:
    sizes = np.concatenate([look.sizes for look in seen])
    (height, width), n, notes = view.size, len(sizes), []
    if view.middle == MIDDLE:
        notes.append(f"looked at is the middle of each image, {MIDDLE} of its shorter side, as {width} x {height}")
    elif other := int((sizes != view.size).any(axis=1).sum()):
        notes.append(
            f"{other} of {n} images {'resized' if view.middle is None else 'scaled and cut'} to {width} x {height}"
        )
    if view.middle is None and max(view.size) > LARGE:
        notes.append(f"images of {width} x {height} pixels are slow to learn: --size 64 makes them squares of 64")
    grey = sum(int(look.grey.sum()) for look in seen)
    if grey and not view.grey:
        notes.append(f"{grey} of {n} images were grey and repeated to three channels")
    if transparent := sum(int(look.transparent.sum()) for look in seen):
        notes.append(f"{transparent} of {n} images had transparency, which was dropped")
    return tuple(notes)


def _refuse_too_many(images: int, view: View) -> None:
    height, width = view.size
    needed, there = images * height * width * (1 if view.grey else 3), psutil.virtual_memory().available
    if needed > there:
        raise UserError(
            f"{images:,} images of {width} x {height} pixels take {needed / 2**30:.1f} GiB, and of memory "
            f"{there / 2**30:.1f} GiB are free; --size 64 makes them squares of 64 pixels, and --stream decodes each "
            "when it is needed."
        )


def _pixels(part: Encoded, view: View) -> Resident:
    (height, width), channels = view.size, 1 if view.grey else 3
    made = torch.empty(len(part.files), channels, height, width, dtype=torch.uint8)
    array = made.numpy()
    for row in range(len(part.files)):
        with opened(part, row) as encoded:
            image = encoded.convert("L" if view.grey else "RGB")
            if image.size != (width, height):
                scale = image.resize if view.middle is None else partial(ImageOps.fit, image)
                image = scale((width, height), Image.Resampling.BILINEAR)  # Pillow's smooths when it shrinks
            array[row] = np.asarray(image).reshape(height, width, channels).transpose(2, 0, 1)
    return made

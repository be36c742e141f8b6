"""From encoded images (files, or bytes out of a table) to one uint8 tensor a part."""

import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from common.data.dataset import Part
from common.data.encoded import Encoded
from common.errors import UserError
from common.shapes import Resident

GREY = ("1", "L", "LA")
LARGE = 224  # pixels a side, from where images are said to be large
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")  # trying all of Pillow's takes longer than decoding


class Look(NamedTuple):
    """What an image's header says: width and height in pixels, grey or colour, transparent or not."""

    size: tuple[int, int]
    grey: bool
    transparent: bool


def decode(train: Encoded, test: Encoded, side: int | None = None) -> tuple[Part, Part, tuple[str, ...]]:
    """Both parts with inputs as uint8 (b, c, h, w), and notes of what was done to the images on the way.

    With a ``side``, each is scaled until it covers a square of so many pixels, and the middle is cut out. Without, each
    gets the most common size of the training part, whatever its proportions. One channel where all images are grey,
    else three; transparency is dropped. Raises UserError with the place of a file that is no image, damaged, or not of
    8 bits, and where memory does not hold them all.

    One thread: Pillow's work on a small image is too short for threads to pay (measured on CIFAR-10: two are slower).
    """
    looks = [_looks(train), _looks(test)]
    everything = looks[0] + looks[1]
    size = (side, side) if side else Counter(look.size for look in looks[0]).most_common(1)[0][0]
    grey = sum(look.grey for look in everything)
    mode = "L" if grey == len(everything) else "RGB"
    notes = []
    if resized := sum(look.size != size for look in everything):
        how = "scaled and cut" if side else "resized"
        notes.append(f"{resized} of {len(everything)} images {how} to {size[0]} x {size[1]}")
    if not side and max(size) > LARGE:
        notes.append(f"images of {size[0]} x {size[1]} pixels are slow to learn: --size 64 makes them squares of 64")
    _refuse_too_many(len(everything), size, 1 if mode == "L" else 3)
    if grey and mode == "RGB":
        notes.append(f"{grey} of {len(everything)} images were grey and repeated to three channels")
    if transparent := sum(look.transparent for look in everything):
        notes.append(f"{transparent} of {len(everything)} images had transparency, which was dropped")
    decoded = [Part(_pixels(part, mode, size, is_cut=side is not None), part.labels) for part in (train, test)]
    return decoded[0], decoded[1], tuple(notes)


def _looks(part: Encoded) -> list[Look]:
    """Of each image, without decoding its pixels: so no image is held at its own size longer than it takes to read."""
    looks = []
    for row in range(len(part.files)):
        with _opened(part, row) as image:
            looks.append(Look(image.size, image.mode in GREY, image.has_transparency_data))
    return looks


def _refuse_too_many(images: int, size: tuple[int, int], channels: int) -> None:
    needed, there = images * size[0] * size[1] * channels, psutil.virtual_memory().available
    if needed > there:
        raise UserError(
            f"{images:,} images of {size[0]} x {size[1]} pixels take {needed / 2**30:.1f} GiB, and of memory "
            f"{there / 2**30:.1f} GiB are free; --size 64 makes them squares of 64 pixels."
        )


def _pixels(part: Encoded, mode: str, size: tuple[int, int], is_cut: bool) -> Resident:
    width, height = size
    channels = 1 if mode == "L" else 3
    pixels = torch.empty(len(part.files), channels, height, width, dtype=torch.uint8)
    array = pixels.numpy()
    for row in range(len(part.files)):
        with _opened(part, row) as opened:
            image = opened.convert(mode)
            if image.size != size:
                scale = partial(ImageOps.fit, image) if is_cut else image.resize
                image = scale(size, Image.Resampling.BILINEAR)  # Pillow's smooths when it shrinks
            array[row] = np.asarray(image).reshape(height, width, channels).transpose(2, 0, 1)
    return pixels


@contextmanager
def _opened(part: Encoded, row: int) -> Iterator[Image.Image]:
    """The image, upright. Whatever its reading raises, inside the ``with`` too, becomes a UserError with its place."""
    data = part.files[row]
    try:
        with Image.open(data if isinstance(data, Path) else io.BytesIO(data), formats=FORMATS) as image:
            if image.mode[0] in "IF":  # more than 8 bits a pixel: Pillow would cut off what is brighter than 255
                raise UserError(f"{part.place(row)} has more than 8 bits a pixel ({image.mode}); save it with 8.")
            if "exif" in image.info:  # a camera held sideways; to ask every image would cost as much as to open it
                ImageOps.exif_transpose(image, in_place=True)
            yield image
    except UserError:
        raise
    except UnidentifiedImageError as error:
        raise UserError(f"{part.place(row)} is not an image ({', '.join(FORMATS)}).") from error
    except Exception as error:  # Pillow's readers raise what they like on damaged files: SyntaxError, struct.error, ...
        raise UserError(
            f"{part.place(row)} cannot be read as an image: {error}. Replace it, or take it out."
        ) from error

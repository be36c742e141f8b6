"""One encoded image: what its header says, and its pixels."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import simplejpeg
import torch
from jaxtyping import UInt8
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from common.cores import usable_cores
from common.data.encoded import Encoded, Looks
from common.errors import UserError

GREY = ("1", "L", "LA")
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")  # trying all of Pillow's takes longer than decoding
ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}  # what a file that is whole has among its last bytes
LAST = 64
JPEG = b"\xff\xd8\xff"  # what one begins with, whatever it is called
EXIF = b"Exif\0\0"  # what its segment holds first in which a camera tells of itself
SCAN = b"\xff\xda"  # where the pixels begin, after all segments
SHOWN = 5  # images that cannot be read, named at once
AT_ONCE = 500  # images that a thread looks at


def looks(part: Encoded, is_thorough: bool = False) -> Looks:
    """Of all images, without keeping the pixels of any: so none is held longer than it takes to read.

    is_thorough  also whether each file has its end, or else can be decoded: what is cut off is found now, and not when
                 it is trained on

    raises UserError with the places of files that are no image, damaged, or not of 8 bits
    """
    broken: list[UserError] = []
    found = np.zeros((len(part.files), 5), dtype=np.int64)

    def look(rows: range) -> None:
        for row in rows:
            try:
                found[row] = _look(part, row, is_thorough)
            except UserError as error:
                if not is_thorough:
                    raise
                broken.append(error)

    some = [range(first, min(first + AT_ONCE, len(found))) for first in range(0, len(found), AT_ONCE)]
    with ThreadPoolExecutor(2 * usable_cores() if is_thorough else 1) as pool:  # more than cores: a disk is waited for
        list(pool.map(look, some))
    if broken:
        lines = "\n    ".join(sorted(str(error) for error in broken)[:SHOWN])
        raise UserError(
            str(broken[0])
            if len(broken) == 1
            else f"{len(broken)} of the {len(found):,} images of {part.where} cannot be read, as these:\n    {lines}"
        )
    heights, widths, grey, transparent, lengths = found.T
    return Looks(np.stack([heights, widths], axis=1).astype(np.int32), grey > 0, transparent > 0, lengths.copy())


def _look(part: Encoded, row: int, is_thorough: bool) -> tuple[int, int, bool, bool, int]:
    data = part.files[row]
    with opened(part, row) as image:
        width, height = image.size
        end = ENDS.get(image.format or "")
        if is_thorough and (end is None or end not in _last_bytes(data)):
            image.load()
        length = data.stat().st_size if isinstance(data, Path) else len(data)
        return height, width, image.mode in GREY, image.has_transparency_data, length


def _last_bytes(data: Path | bytes) -> bytes:
    if isinstance(data, bytes):
        return data[-LAST:]
    with data.open("rb") as file:
        file.seek(max(0, data.stat().st_size - LAST))
        return file.read()


@contextmanager
def opened(part: Encoded, row: int) -> Iterator[Image.Image]:
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


def pixels(data: bytes, grey: bool, part: Encoded, row: int) -> UInt8[Tensor, "c h w"]:
    """Of an image at its own size, upright, channels last in memory: of a JPEG by libjpeg-turbo as simplejpeg has it,
    which is half as fast again as Pillow and gives the same; of others, of four colours and of damaged ones by Pillow.

    raises UserError with the place of an image that cannot be read
    """
    if data.startswith(JPEG):
        with suppress(ValueError):  # damaged: Pillow reads it, or says why not
            if simplejpeg.decode_jpeg_header(data)[2] in ("Gray", "YCbCr", "RGB") and _is_upright(data):
                return _tensor(simplejpeg.decode_jpeg(data, "GRAY" if grey else "RGB"))
    with opened(part, row) as image:
        return _tensor(np.array(image.convert("L" if grey else "RGB")))


def _is_upright(data: bytes) -> bool:
    """Whether a JPEG is shown as its pixels lie; of one that is damaged, no."""
    place = 2
    while (marker := data[place : place + 2]) != SCAN:
        if marker[:1] != SCAN[:1] or data[place + 4 : place + 4 + len(EXIF)] == EXIF:
            break
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    else:
        return True
    with suppress(Exception), Image.open(io.BytesIO(data), formats=["JPEG"]) as image:  # what Pillow likes to raise
        return bool(image.getexif().get(ExifTags.Base.Orientation, 1) == 1)
    return False


def _tensor(array: np.ndarray) -> UInt8[Tensor, "c h w"]:
    return torch.from_numpy(array.reshape(*array.shape[:2], -1)).permute(2, 0, 1)

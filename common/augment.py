"""Crop, translation and flip of a whole batch at once, on the device that holds it."""

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from common.shapes import Flags, Resident


def crop_flip(images: Resident, shift: Int[Tensor, "b 2"], flip: Flags, pad: int) -> Resident:
    """Each image padded with `pad` zeros on every side, cut to its size again at its shift, and mirrored where asked.

    images   (b, c, h, w)
    shift    (b, 2)  row and column of the top left corner in the padded image, 0 .. 2 pad; `pad` leaves it in place
    returns  (b, c, h, w), channels last in memory

    Source: section 3.2 takes the usual augmentation of CIFAR-10 (He et al. 2016).
    """
    h, w = images.shape[2:]
    padded = F.pad(images.permute(0, 2, 3, 1), (0, 0, pad, pad, pad, pad))
    down, across = (torch.arange(size, device=images.device) for size in (h, w))
    rows = shift[:, :1] + down
    columns = shift[:, 1:] + torch.where(flip[:, None], w - 1 - across, across)
    return _pixels(padded, rows, columns)


def translate_flip(images: Resident, shift: Int[Tensor, "b 2"], flip: Flags, pad: int) -> Resident:
    """The same, but padded by reflection at the edges: no pixel of an image is replaced by what is none.

    Source: the translation of airbench (Jordan 2024, section 3.1).
    """
    h, w = images.shape[2:]
    down, across = (torch.arange(size, device=images.device) for size in (h, w))
    rows = _reflected(shift[:, :1] - pad + down, h)
    columns = _reflected(shift[:, 1:] - pad + torch.where(flip[:, None], w - 1 - across, across), w)
    return _pixels(images.permute(0, 2, 3, 1), rows, columns)


def _reflected(place: Int[Tensor, "b n"], side: int) -> Int[Tensor, "b n"]:
    """Places beyond an edge turned back into the image, the edge itself not said twice."""
    return (side - 1) - ((side - 1) - place.abs()).abs()


def _pixels(images: Tensor, rows: Int[Tensor, "b h"], columns: Int[Tensor, "b w"]) -> Resident:
    """These rows and columns of each image (b, tall, wide, c): (b, c, h, w), channels last in memory."""
    b, tall, wide, c = images.shape
    place = torch.arange(b, device=images.device)
    # One gather of whole pixels: nothing here waits for the device.
    pixels = ((place[:, None] * tall + rows)[:, :, None] * wide + columns[:, None, :]).flatten()
    cut = images.reshape(b * tall * wide, c).index_select(0, pixels)
    return cut.view(b, rows.shape[1], columns.shape[1], c).permute(0, 3, 1, 2)

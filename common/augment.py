"""Crop and flip of a whole batch at once, on the device that holds it."""

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
    b, c, h, w = images.shape
    padded = F.pad(images.permute(0, 2, 3, 1), (0, 0, pad, pad, pad, pad))
    tall, wide = h + 2 * pad, w + 2 * pad
    place, down, across = (torch.arange(size, device=images.device) for size in (b, h, w))
    rows = place[:, None] * tall + shift[:, :1] + down
    columns = shift[:, 1:] + torch.where(flip[:, None], w - 1 - across, across)
    # One gather of whole pixels: nothing here waits for the device.
    pixels = rows[:, :, None] * wide + columns[:, None, :]
    cut = padded.reshape(b * tall * wide, c).index_select(0, pixels.flatten())
    return cut.view(b, h, w, c).permute(0, 3, 1, 2)

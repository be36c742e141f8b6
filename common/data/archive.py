"""CIFAR-10 as its authors distribute it: the folder ``cifar-10-batches-py`` of pickled arrays."""

from pathlib import Path

import torch
from torchvision.datasets import CIFAR10

from common.data.dataset import Part
from common.data.sources import ARCHIVE_FOLDER
from common.errors import UserError


def read_part(root: Path, part: str) -> tuple[Part, tuple[str, ...]]:
    """``part`` ('train' or 'test') and the classes; ``root`` holds the folder.

    Unpickling runs whatever a file says, so torchvision compares every MD5 with the published one first; here it must.
    Raises UserError where one differs or a file is missing.
    """
    try:
        read = CIFAR10(str(root), train=part == "train", download=False)
    except RuntimeError as error:
        raise UserError(
            f"{root / ARCHIVE_FOLDER}: a file is missing, or its MD5 is not the published one; unpack "
            "cifar-10-python.tar.gz again."
        ) from error
    pixels = torch.from_numpy(read.data).permute(0, 3, 1, 2).contiguous()
    return Part(pixels, torch.tensor(read.targets, dtype=torch.int64)), tuple(read.classes)

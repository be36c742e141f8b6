"""The CIFAR sets as their authors distribute them: a folder of pickled arrays."""

from pathlib import Path

import torch
from torchvision.datasets import CIFAR10, CIFAR100

from common.data.dataset import Part
from common.data.sources import ARCHIVE_FOLDERS
from common.errors import UserError

READERS = {"cifar10": CIFAR10, "cifar100": CIFAR100}  # of CIFAR-100 the fine labels


def read_part(name: str, root: Path, part: str) -> tuple[Part, tuple[str, ...]]:
    """``part`` ('train' or 'test') of a set and its classes; ``root`` holds the folder.

    Unpickling runs whatever a file says, so torchvision compares every MD5 with the published one first; here it must.
    Raises UserError where one differs or a file is missing.
    """
    try:
        read = READERS[name](str(root), train=part == "train", download=False)
    except RuntimeError as error:
        raise UserError(
            f"{root / ARCHIVE_FOLDERS[name]}: a file is missing, or its MD5 is not the published one; unpack "
            f"{READERS[name].filename} again."
        ) from error
    pixels = torch.from_numpy(read.data).permute(0, 3, 1, 2).contiguous()
    return Part(pixels, torch.tensor(read.targets, dtype=torch.int64)), tuple(read.classes)

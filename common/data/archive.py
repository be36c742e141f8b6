"""The CIFAR sets as their authors distribute them: a folder of pickled arrays."""

from pathlib import Path

import torch
from torchvision import datasets

from common.data.dataset import Part
from common.data.sets import SETS
from common.errors import UserError


def folder(name: str, root: Path) -> Path:
    return root / _published(name)[1]


def read_part(name: str, root: Path, part: str) -> tuple[Part, tuple[str, ...]]:
    """``part`` ('train' or 'test') of a set and its classes; ``root`` holds the folder.

    Unpickling runs whatever a file says, so torchvision compares every MD5 with the published one first; here it must.
    Raises UserError where one differs or a file is missing.
    """
    reader, _ = _published(name)
    try:
        read = getattr(datasets, reader)(str(root), train=part == "train", download=False)
    except RuntimeError as error:
        raise UserError(
            f"{folder(name, root)}: a file is missing, or its MD5 is not the published one; unpack "
            f"{getattr(datasets, reader).filename} again."
        ) from error
    pixels = torch.from_numpy(read.data).permute(0, 3, 1, 2).contiguous()
    return Part(pixels, torch.tensor(read.targets, dtype=torch.int64)), tuple(read.classes)


def _published(name: str) -> tuple[str, str]:
    published = SETS[name].archive
    assert published is not None, name
    return published

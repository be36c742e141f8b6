"""Images in folders: ``train/`` and ``test/``, and in each a folder for each class."""

from pathlib import Path

import torch

from common.data.encoded import Encoded
from common.errors import UserError

LITTER = ("Thumbs.db", "desktop.ini")  # with all that begins with '.': what file managers leave behind


def read_part(folder: Path, part: str) -> Encoded:
    """``part`` (the name of its folder, '' for the folder itself) of a set; classes in the order of their names, files
    in the order of theirs.

    Raises UserError with the name of an empty folder, of a file outside of the class folders, or of a folder in one.
    """
    images: list[Path] = []
    labels: list[int] = []
    classes = entries(folder / part)
    for label, class_folder in enumerate(classes):
        if not class_folder.is_dir():
            raise UserError(f"{class_folder} lies outside of the class folders; {folder / part} may hold only those.")
        files = entries(class_folder)
        for file in files:
            if file.is_dir():
                raise UserError(f"{file} is a folder; the class folder {class_folder} may hold only images.")
        images += files
        labels += [label] * len(files)
    return Encoded(
        images, torch.tensor(labels, dtype=torch.int64), tuple(path.name for path in classes), str(folder / part)
    )


def entries(folder: Path) -> list[Path]:
    """What a folder holds, by name, but for litter. Raises UserError where that is nothing."""
    try:
        found = sorted(path for path in folder.iterdir() if path.name[0] != "." and path.name not in LITTER)
    except OSError as error:
        raise UserError(f"{folder} cannot be read: {error.strerror}.") from error
    if not found:
        raise UserError(f"The folder {folder} is empty.")
    return found

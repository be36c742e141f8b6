"""Images or sounds in folders: ``train/`` and ``test/``, and in each a folder for each class."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from common.data.encoded import Encoded
from common.data.layouts import LISTED, NOISE, is_picture
from common.data.stream import Names
from common.errors import UserError

LITTER = ("Thumbs.db", "desktop.ini")  # with all that begins with '.': what file managers leave behind


def read_part(folder: Path, part: str) -> Encoded:
    """``part`` (the name of its folder, '' for the folder itself) of a set; classes in the order of their names, files
    in the order of theirs.

    Raises UserError with the name of an empty folder, of a file outside of the class folders, or of a folder in one.
    """
    found: list[Path] = []
    labels: list[int] = []
    classes = [path for path in entries(folder / part) if path.name != NOISE]
    for label, class_folder in enumerate(classes):
        if not class_folder.is_dir():
            raise UserError(f"{class_folder} lies outside of the class folders; {folder / part} may hold only those.")
        files = entries(class_folder)
        for file in files:
            if file.is_dir():
                raise UserError(f"{file} is a folder; the class folder {class_folder} may hold only files.")
        found += files
        labels += [label] * len(files)
    return Encoded(
        found, torch.tensor(labels, dtype=torch.int64), tuple(path.name for path in classes), str(folder / part)
    )


def left_out(places: Sequence[Path]) -> tuple[str, ...]:
    """What a record says of class folders that are none."""
    return (f"the folder {NOISE} is left out",) if any((place / NOISE).is_dir() for place in places) else ()


def list_part(folder: Path, part: str, classes: tuple[str, ...] | None = None) -> Encoded:
    """The same of a million files: of each its name alone is held.

    classes  of the training part: then ``part`` may be a folder of images without class folders, whose classes stand in
             a list
    """
    inside = _names(folder / part)
    if classes is not None and any(is_picture(name) and not is_folder for name, is_folder in inside):
        return _listed(folder, part, [name for name, _ in inside], classes)
    names: list[str] = []
    counts = []
    for class_name, is_folder in inside:
        if not is_folder:
            raise UserError(
                f"{folder / part / class_name} lies outside of the class folders; {folder / part} may hold only those."
            )
        files = _names(folder / part / class_name)
        for name, is_folder_too in files:
            if is_folder_too:
                raise UserError(
                    f"{folder / part / class_name / name} is a folder; the class folder {folder / part / class_name} "
                    "may hold only images."
                )
        names += [f"{class_name}/{name}" for name, _ in files]
        counts.append(len(files))
    labels = torch.from_numpy(np.repeat(np.arange(len(counts)), counts))
    return Encoded(Names(folder / part, names), labels, tuple(name for name, _ in inside), str(folder / part))


def _names(folder: Path) -> list[tuple[str, bool]]:
    """What a folder holds, by name and but for litter, and whether it is a folder. Raises UserError where that is
    nothing."""
    try:
        with os.scandir(folder) as inside:
            found = sorted((one.name, one.is_dir()) for one in inside if one.name[0] != "." and one.name not in LITTER)
    except OSError as error:
        raise UserError(f"{folder} cannot be read: {error.strerror}.") from error
    if not found:
        raise UserError(f"The folder {folder} is empty.")
    return found


def _listed(folder: Path, part: str, files: list[str], classes: tuple[str, ...]) -> Encoded:
    """Images without class folders. Their list has a line for each: its name and its class, as val.txt or Kaggle's
    LOC_val_solution.csv has them, or its class alone, in the order of the images' names.

    Raises UserError where there is no list, or one that does not fit
    """
    found = (place / name for place in (folder / part, folder, folder.parent) for name in LISTED)
    file = next((path for path in found if path.is_file()), None)
    files = [name for name in files if is_picture(name)]
    if file is None:
        raise UserError(
            f"{folder / part} holds images without class folders, and of their classes no list is there: put "
            f"{', or '.join(LISTED)} beside it (scripts/README.md says what they hold), or move each image into the "
            "folder of its class."
        )
    with file.open(newline="", errors="replace") as lines:
        rows = [re.split(r"[\s,]+", line.strip()) for line in lines if line.strip()]
    if rows and rows[0][0] == "ImageId":
        rows = rows[1:]
    stems = {Path(name).stem: place for place, name in enumerate(files)}
    labels = np.full(len(files), -1)
    said = [cells[1] if len(cells) > 1 else cells[0] for cells in rows]
    for line, (cells, label) in enumerate(zip(rows, _numbers(said, classes, file), strict=True)):
        place = stems.get(Path(cells[0]).stem, -1) if len(cells) > 1 else line
        if not 0 <= place < len(files) or label < 0:
            raise UserError(
                f"{file}: '{' '.join(cells[:2])}' names no image of {folder / part}, or no class of train/."
            )
        labels[place] = label
    if (labels < 0).any():
        raise UserError(f"{file} says nothing of {files[int((labels < 0).argmax())]}.")
    return Encoded(Names(folder / part, files), torch.from_numpy(labels), classes, str(folder / part))


def _numbers(said: list[str], classes: tuple[str, ...], file: Path) -> list[int]:
    """Of each class that a list says, by its name or by its number in the order of the names, from 0 on; -1 for none.
    Where all are names, they are: folders may be called by numbers.

    Raises UserError where one is a name and the number of another class, and not all are names, nor all numbers
    """
    name_of = {name: label for label, name in enumerate(classes)}
    number_of = {str(label): label for label in range(len(classes))}
    for one in (name_of, number_of):
        if all(word in one for word in said):
            return [one[word] for word in said]
    either = number_of | name_of
    for word in said if all(word in either for word in said) else []:
        if number_of.get(word, either[word]) != either[word]:
            raise UserError(
                f"{file}: '{word}' is the name of a class and the number of another, '{classes[number_of[word]]}', and "
                "the list holds both names and numbers; write names alone."
            )
    return [either.get(word, -1) for word in said]


def entries(folder: Path) -> list[Path]:
    """What a folder holds, by name, but for litter. Raises UserError where that is nothing."""
    return [folder / name for name, _ in _names(folder)]

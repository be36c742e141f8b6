"""The Google commands as they are published: a folder of WAV files for each word, and two lists of what is not trained
on (Warden 2018, arXiv 1804.03209, section 6)."""

from pathlib import Path

import numpy as np
import torch

from common.data.encoded import Encoded
from common.data.folders import entries, left_out
from common.data.layouts import LISTS, NOISE
from common.errors import UserError


def read(folder: Path, has_lists: bool) -> tuple[list[Encoded], tuple[str, ...]]:
    """Training and test part, without lists all as one, and notes of what was left out. Classes are the words in the
    order of their names.

    Raises UserError with the name of a list that cannot be read, or names a recording that is not there; of an empty
    word, or of a folder in one.
    """
    words = [path for path in entries(folder) if path.is_dir() and path.name != NOISE]
    recordings: dict[str, int] = {}  # 'word/file.wav': the number of its class
    for label, word in enumerate(words):
        for file in entries(word):
            if file.is_dir():
                raise UserError(f"{file} is a folder; the word's folder {word} may hold only recordings.")
            recordings[f"{word.name}/{file.name}"] = label
    validation, testing = (_listed(folder / name, recordings) if has_lists else set[str]() for name in LISTS)
    if has_lists and not testing:
        raise UserError(
            f"{folder / LISTS[1]} names no recording, and they are what is measured on; name some, or unpack "
            "the archive again."
        )
    if both := sorted(validation & testing):
        raise UserError(f"{folder}: both {' and '.join(LISTS)} name {both[0]}; take it out of one of them.")
    notes = [f"{len(validation)} validation recordings are left out of training"] if validation else []
    notes += left_out([folder])
    classes = tuple(word.name for word in words)

    def part(names: list[str], where: str) -> Encoded:
        labels = np.array([recordings[name] for name in names], dtype=np.int64)
        return Encoded([folder / name for name in names], torch.from_numpy(labels), classes, where)

    train = [name for name in recordings if name not in validation | testing]
    parts = [part(train, str(folder))]
    if has_lists:
        parts.append(part([name for name in recordings if name in testing], str(folder / LISTS[1])))
    return parts, tuple(notes)


def _listed(file: Path, recordings: dict[str, int]) -> set[str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise UserError(f"{file} is not text with the name of a recording in each line; unpack it again.") from None
    names = [line.strip() for line in lines if line.strip()]
    for name in names:
        if name not in recordings:
            raise UserError(f"{file} names {name}, which is not in {file.parent}; unpack the archive again.")
    return set(names)

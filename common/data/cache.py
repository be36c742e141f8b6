"""Decoded sets, kept as safetensors files, so that images and sounds are decoded once and not once a run."""

import hashlib
import json
import os
import stat
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from common.data.dataset import Dataset, Part, fingerprint
from common.data.layouts import FOLDERS, UNLISTED, WORDS
from common.data.sources import Source
from common.data.statistics import statistics
from common.data.stream import Stream
from common.errors import UserError
from common.files import whole, write_whole

DECODER = 1  # raise it when the same files would be decoded to other tensors or notes


class CacheError(Exception):
    """The cache cannot be read or written: a reason to say so and go on without it, never one to stop."""


def folder() -> Path:
    """Where all that is kept lies."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "mixup-study"
    return Path(os.environ.get("MIXUP_CACHE_DIR") or home).expanduser()


def place(source: Source, asked: str = "") -> Path:
    """The one file of a source: made again when its files change, so old ones do not pile up.

    asked  by what options it is read otherwise than usual
    """
    which = f"{source.origin} {source.path.resolve() if source.path else ''}{asked}"
    name = f"{source.name}-{hashlib.sha256(which.encode()).hexdigest()[:8]}.safetensors"
    return folder() / name


def key_of_files(source: Source, files: list[Path], root: Path) -> str:
    """What the tensors were made of: the files' contents; where each row is a file, of which there may be many, their
    size and time of change. Raises UserError with the name of a file that cannot be read."""
    digest = hashlib.sha256(f"{DECODER} {source.origin}".encode())
    for file in files:
        try:
            content = _size_and_time(file) if source.origin in (FOLDERS, WORDS, UNLISTED) else _content(file)
        except OSError as error:
            raise UserError(f"{file} cannot be read: {error.strerror}.") from error
        digest.update(repr((str(file.relative_to(root)), content)).encode())
    return digest.hexdigest()


def _size_and_time(file: Path) -> str:
    state = file.stat()
    return f"{state.st_size} {state.st_mtime_ns}"


def _content(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read(file: Path, key: str, source: Source) -> Dataset:
    """Raises FileNotFoundError where nothing was kept yet; CacheError for a damaged file, one of another ``key``, or
    one that somebody else may have written: its seal says only that it is whole."""
    try:
        refuse_a_strangers(file)
        with safe_open(file, framework="pt") as stored:
            header = stored.metadata() or {}
            if header.get("key") != key:
                raise CacheError(f"{file} was made from other files")
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 (not a dict)
        said = json.loads(header["said"])
        dataset = Dataset(
            source.name,
            source.kind,
            source.origin,
            Part(tensors["train.inputs"], tensors["train.labels"]),
            Part(tensors["test.inputs"], tensors["test.labels"]),
            tuple(said["classes"]),
            tuple(said["notes"]),
        )
        for part in (dataset.train, dataset.test):
            if len(part) and (part.labels.min() < 0 or part.labels.max() >= len(dataset.classes)):
                raise CacheError(f"{file} holds labels that are no class")
        if header["seal"] != _seal(dataset, key):
            raise CacheError(f"{file} is damaged")
    except (FileNotFoundError, CacheError):
        raise
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise CacheError(f"{file} is damaged or cannot be read ({error})") from error
    return dataset


def refuse_a_strangers(file: Path) -> None:
    """Raises CacheError for a file that somebody else may have written."""
    state = file.stat()
    if hasattr(os, "geteuid") and state.st_uid != os.geteuid():
        raise CacheError(f"{file} belongs to another user")
    if os.name == "posix" and state.st_mode & stat.S_IWOTH:
        raise CacheError(f"{file} may be written by everybody")


def write(file: Path, key: str, dataset: Dataset) -> None:
    """Whole or not at all. Raises CacheError."""
    tensors = {
        "train.inputs": dataset.train.whole,
        "train.labels": dataset.train.labels,
        "test.inputs": dataset.test.whole,
        "test.labels": dataset.test.labels,
    }
    header = {
        "key": key,
        "seal": _seal(dataset, key),
        "said": json.dumps({"classes": dataset.classes, "notes": dataset.notes, "origin": dataset.origin}),
    }
    try:
        with whole(file) as temporary:
            save_file(tensors, temporary, header)
    except (OSError, SafetensorError) as error:
        raise CacheError(f"{file} cannot be written ({error})") from error


def statistics_of(part: Part) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of a training part, as `statistics` has them; those of images that stay encoded are kept, by what the
    fingerprint knows of their contents, and by which rows they are."""
    if not isinstance(part.inputs, Stream):
        return statistics(part)
    digest = hashlib.sha256(part.inputs.rows.tobytes())
    part.inputs.digest(digest)
    file = folder() / f"statistics-{digest.hexdigest()}.json"
    with suppress(OSError, ValueError, TypeError):
        mean, std = (tuple(map(float, kept)) for kept in json.loads(file.read_bytes()))
        if len(mean) == len(std) == part.shape[0]:
            return mean, std
    found = statistics(part)
    with suppress(OSError, UserError):  # without a cache they are measured again
        write_whole(file, json.dumps(found).encode())
    return found


def _seal(dataset: Dataset, key: str) -> str:
    said = repr((key, fingerprint(dataset), dataset.notes))
    return hashlib.sha256(said.encode()).hexdigest()

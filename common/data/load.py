"""A source, read: decoded the first time, taken from the cache from then on."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from common.data import cache
from common.data.dataset import Dataset
from common.data.encoded import Encoded
from common.data.images import decode
from common.data.sources import (
    ARCHIVE,
    ARCHIVE_FOLDERS,
    CSV,
    FOLDERS,
    LISTS,
    PACKAGE,
    PARTS,
    SOUNDS,
    WORDS,
    Reading,
    Source,
    parquet_files,
)
from common.errors import UserError

# A reader is imported when its set is asked for: scikit-learn, scipy, torchvision and `datasets` take a
# second each to start.


def load(source: Source, reading: Reading | None = None) -> Dataset:
    """The whole set; a table as it stands in its file, until `dataset.select` makes it ready.

    reading  as `options.reading` has it

    raises UserError for files that cannot be read or do not fit each other
    """
    reading = reading or Reading()
    if source.origin == PACKAGE:
        from common.data import embedded

        return embedded.read(source, reading.test_share, reading.data_seed)
    if source.origin == CSV:
        from common.data import tables

        return tables.read(source, reading)
    if source.path is None:
        return _from_hub(source)
    if source.origin == ARCHIVE:
        return _from_archive(source, source.path)
    if source.origin == FOLDERS:
        return _from_folders(source, source.path)
    if source.origin == WORDS:
        return _from_words(source, source.path)
    return _from_parquet(source, source.path)


def _from_hub(source: Source) -> Dataset:
    from common.data import hub

    _say(f"{source.name}: from the {source.origin}")
    splits = hub.fetch(source.name)
    key = f"{cache.DECODER} {hub.revision(splits)}"
    return _kept(source, key, lambda: _decoded(source, (hub.encoded(splits, part) for part in PARTS)))


def _from_archive(source: Source, root: Path) -> Dataset:
    from common.data import archive

    def read() -> Dataset:
        train, classes = archive.read_part(source.name, root, "train")
        test, _ = archive.read_part(source.name, root, "test")
        return Dataset(source.name, source.kind, source.origin, train, test, classes)

    files = sorted((root / ARCHIVE_FOLDERS[source.name]).iterdir())
    return _kept(source, cache.key_of_files(source, files, root), read)


def _from_folders(source: Source, folder: Path) -> Dataset:
    from common.data import folders

    train, test = (folders.read_part(folder, part) for part in PARTS)  # lists the files, and opens none
    files = [image for part in (train, test) for image in part.files if isinstance(image, Path)]
    return _kept(source, cache.key_of_files(source, files, folder), lambda: _decoded(source, (train, test)))


def _from_words(source: Source, folder: Path) -> Dataset:
    from common.data import commands

    train, test, notes = commands.read(folder)  # lists the files, and opens none but the lists
    files = [folder / name for name in LISTS]
    files += [recording for part in (train, test) for recording in part.files if isinstance(recording, Path)]
    return _kept(source, cache.key_of_files(source, files, folder), lambda: _decoded(source, (train, test), notes))


def _from_parquet(source: Source, folder: Path) -> Dataset:
    from common.data import parquet

    files = [file for part in PARTS for file in parquet_files(folder, part)]
    key = cache.key_of_files(source, files, folder)
    return _kept(
        source, key, lambda: _decoded(source, (parquet.read_part(folder, part, source.kind) for part in PARTS))
    )


def _kept(source: Source, key: str, read: Callable[[], Dataset]) -> Dataset:
    """From the cache; where it has nothing for ``key``, read and put there."""
    file = cache.place(source)
    try:
        return cache.read(file, key, source)
    except FileNotFoundError:
        _say(f"{source.name}: decoding {source.origin}, once: kept in {file}")
    except cache.CacheError as reason:
        _say(f"{source.name}: decoding {source.origin} again: {reason}")
    dataset = read()
    try:
        cache.write(file, key, dataset)
    except cache.CacheError as reason:
        _say(f"{source.name}: not kept, the next run decodes again: {reason}")
    return dataset


def _decoded(source: Source, parts: Iterable[Encoded], notes: tuple[str, ...] = ()) -> Dataset:
    """parts  training and test;  notes  of what the reader left out"""
    train, test = parts
    for part in (train, test):
        if not part.files:
            raise UserError(f"{part.where} holds no rows.")
    if train.classes != test.classes:
        raise UserError(f"The classes of {train.where} and {test.where} differ: {_difference(train, test)}.")
    if len(train.labels.unique()) < 2:
        raise UserError(
            f"{train.where} holds one class only, '{train.classes[train.labels[0]]}'; at least two are needed."
        )
    if source.kind == "sounds":
        from common.data import sounds

        decoded_train, decoded_test, done = sounds.decode(train, test)
    else:
        decoded_train, decoded_test, done = decode(train, test)
    notes = SOUNDS.get(source.name, ()) + notes + done
    return Dataset(source.name, source.kind, source.origin, decoded_train, decoded_test, train.classes, notes)


def _difference(train: Encoded, test: Encoded) -> str:
    apart = sorted(set(train.classes) ^ set(test.classes))
    if not apart:
        return "they are the same, but in another order"
    names = ", ".join(f"'{name}' ({'train' if name in train.classes else 'test'} only)" for name in apart[:5])
    return names + (f", and {len(apart) - 5} more" if len(apart) > 5 else "")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

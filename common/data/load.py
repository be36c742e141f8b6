"""A source, read: decoded the first time, taken from the cache from then on."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from common.data import cache, commands, folders, images, index, parquet, sounds
from common.data.dataset import Dataset
from common.data.encoded import Encoded
from common.data.images import decode
from common.data.layouts import FOLDERS, LISTS, PARQUET, PARTS, UNLISTED, WORDS, parquet_files
from common.data.selection import cut
from common.data.sets import SETS
from common.data.sources import ARCHIVE, CSV, PACKAGE, Reading, Source
from common.errors import UserError
from common.terminal import say, visible

# Four readers are imported when their set is asked for: scikit-learn, pandas, `datasets` and torchvision take about a
# second each to start, and a run needs one of them at most.


def load(source: Source, reading: Reading | None = None) -> Dataset:
    """The whole set; a table as it stands in its file, until `selection.select` makes it ready.

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
        source, read = _on_the_hub(source)
    else:
        read = partial(READERS[source.origin], source, source.path)
    _refuse_what_means_nothing(source, reading)
    whole = read(reading)
    whole = replace(whole, notes=source.notes + whole.notes)
    if reading.per_utterance:
        whole = sounds.each_normalised(whole)
    if reading.test_share is None:
        return whole
    return cut(whole, reading.test_share, reading.data_seed)


def _refuse_what_means_nothing(source: Source, reading: Reading) -> None:
    """Raises UserError, naming the option."""
    if reading.target is not None and source.path is not None and source.origin != PARQUET:
        raise UserError(f"--target {reading.target}: {source.name} is {source.origin}, without columns; leave it out.")
    if reading.size is not None and source.origin == ARCHIVE:
        raise UserError(f"--size {reading.size}: {source.name} is the {source.origin}, of one size; leave it out.")
    if reading.stream and source.origin == ARCHIVE:
        raise UserError(
            f"--stream: {source.name} is the {source.origin}, which is decoded whole; images stay encoded in class "
            "folders or parquet files: leave it out, or put those in its place."
        )
    is_small_test = source.name in SETS and SETS[source.name].is_small_test
    if len(source.parts) == len(PARTS) and reading.test_share is not None and not is_small_test:
        raise UserError(f"--test-share {reading.test_share:g}: {source.name} has a test part; leave it out.")
    if len(source.parts) < len(PARTS) and reading.test_share is None:
        held = f"holds {source.parts[0]}" if source.parts[0] else "holds class folders"
        beside = ", or put one beside it (test/ or val/, test.parquet)" if source.path else ""
        raise UserError(
            f"{source.path or f'The {source.origin}'} {held} and no test part; --test-share 0.2 draws a fifth of each "
            f"class as one{beside}."
        )


def _on_the_hub(source: Source) -> tuple[Source, Callable[[Reading], Dataset]]:
    """The source with the parts that the hub has of it, and what reads them."""
    from common.data import hub

    say(f"{source.name}: from the {source.origin}", error=True)
    found, splits = hub.fetch(source)

    def read(reading: Reading) -> Dataset:
        key = f"{cache.DECODER} {hub.revision(found, splits)}"
        if reading.stream:
            mapped = [hub.encoded(splits, part, reading.target, is_mapped=True) for part in found.parts]
            return _streamed(found, reading, mapped, key)
        parts = (hub.encoded(splits, part, reading.target) for part in found.parts)
        return _kept(found, reading, key, lambda: _decoded(found, reading, parts))

    return found, read


def _from_archive(source: Source, root: Path, reading: Reading) -> Dataset:
    from common.data import archive

    def read() -> Dataset:
        train, classes = archive.read_part(source.name, root, "train")
        test, _ = archive.read_part(source.name, root, "test")
        return Dataset(source.name, source.kind, source.origin, train, test, classes)

    files = sorted(archive.folder(source.name, root).iterdir())
    return _kept(source, reading, cache.key_of_files(source, files, root), read)


def _from_folders(source: Source, folder: Path, reading: Reading) -> Dataset:
    if reading.stream:
        train = folders.list_part(folder, source.parts[0])
        rest = [folders.list_part(folder, part, train.classes) for part in source.parts[1:]]
        return _streamed(source, reading, [train, *rest])
    parts = [folders.read_part(folder, part) for part in source.parts]  # lists the files, and opens none
    files = [file for part in parts for file in part.files if isinstance(file, Path)]
    key = cache.key_of_files(source, files, folder)
    notes = folders.left_out([folder / part for part in source.parts])
    return _kept(source, reading, key, lambda: _decoded(source, reading, parts, notes))


def _from_words(source: Source, folder: Path, reading: Reading) -> Dataset:
    has_lists = source.origin == WORDS
    parts, notes = commands.read(folder, has_lists)  # lists the files, and opens none but the lists
    files = [folder / name for name in LISTS] if has_lists else []
    files += [recording for part in parts for recording in part.files if isinstance(recording, Path)]
    key = cache.key_of_files(source, files, folder)
    return _kept(source, reading, key, lambda: _decoded(source, reading, parts, notes))


def _from_parquet(source: Source, folder: Path, reading: Reading) -> Dataset:
    if reading.stream:
        from common.data import hub

        splits = hub.from_files({part: parquet_files(folder, part) for part in source.parts})
        mapped = [hub.encoded(splits, part, reading.target, str(folder / part), True) for part in source.parts]
        return _streamed(source, reading, mapped, hub.revision(source, splits))
    files = [file for part in source.parts for file in parquet_files(folder, part)]
    key = cache.key_of_files(source, files, folder)
    parts = (parquet.read_part(folder, part, source.kind, reading.target) for part in source.parts)
    return _kept(source, reading, key, lambda: _decoded(source, reading, parts))


READERS = {
    ARCHIVE: _from_archive,
    FOLDERS: _from_folders,
    WORDS: _from_words,
    UNLISTED: _from_words,
    PARQUET: _from_parquet,
}


def _kept(source: Source, reading: Reading, key: str, read: Callable[[], Dataset]) -> Dataset:
    """From the cache; where it has nothing for ``key``, read and put there. What is drawn as the test part is not kept:
    it is cut from the whole set each time."""
    asked = "".join(f" {name}={value}" for name in ("target", "size") if (value := getattr(reading, name)) is not None)
    key += asked
    file = cache.place(source, asked)
    try:
        return cache.read(file, key, source)
    except FileNotFoundError:
        say(f"{source.name}: decoding {source.origin}, once: kept in {file}", error=True)
    except cache.CacheError as reason:
        say(f"{source.name}: decoding {source.origin} again: {reason}", error=True)
    dataset = read()
    try:
        cache.write(file, key, dataset)
    except cache.CacheError as reason:
        say(f"{source.name}: not kept, the next run decodes again: {reason}", error=True)
    return dataset


def _streamed(source: Source, reading: Reading, parts: Sequence[Encoded], key: str = "") -> Dataset:
    """A set whose images stay encoded. parts, key  as `_fitting` and `index.of` take them"""
    train, test = _fitting(parts)
    seen = index.of(source, parts, key)
    if len(parts) == 1:
        seen.append(seen[0].none())
    streams = images.stream(train, test, seen, reading.size, reading.without_margin)
    return Dataset(source.name, source.kind, source.origin, *streams[:2], train.classes, streams[2])


def _fitting(parts: Iterable[Encoded]) -> tuple[Encoded, Encoded]:
    """Both parts, the test part empty where it is to be drawn. Raises UserError where they make no set.

    parts  training and test, or one that the test part is drawn from
    """
    there = list(parts)
    for part in there:
        if not part.files:
            raise UserError(f"{part.where} holds no rows.")
    train, test = there if len(there) > 1 else (there[0], there[0].none())
    for name in train.classes + test.classes:
        if not name.isascii() and re.search("[\ud800-\udfff]", name):
            raise UserError(f"The name of class '{visible(name)}' in {train.where} is not UTF-8; give it another name.")
    if train.classes != test.classes:
        raise UserError(f"The classes of {train.where} and {test.where} differ: {_difference(train, test)}.")
    if len(train.labels.unique()) < 2:
        raise UserError(
            f"{train.where} holds one class only, '{train.classes[train.labels[0]]}'; at least two are needed."
        )
    return train, test


def _decoded(source: Source, reading: Reading, parts: Iterable[Encoded], notes: tuple[str, ...] = ()) -> Dataset:
    """parts  as `_fitting` takes them;  notes  of what the reader left out"""
    train, test = _fitting(parts)
    if source.kind == "sounds":
        decoded_train, decoded_test, done = sounds.decode(train, test)
    else:
        decoded_train, decoded_test, done = decode(train, test, reading.size)
    notes = (SETS[source.name].notes if source.name in SETS else ()) + notes + done
    return Dataset(source.name, source.kind, source.origin, decoded_train, decoded_test, train.classes, notes)


def _difference(train: Encoded, test: Encoded) -> str:
    apart = sorted(set(train.classes) ^ set(test.classes))
    if not apart:
        return "they are the same, but in another order"
    names = ", ".join(f"'{name}' ({'train' if name in train.classes else 'test'} only)" for name in apart[:5])
    return names + (f", and {len(apart) - 5} more" if len(apart) > 5 else "")

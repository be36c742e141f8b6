"""A table in a CSV file (or with other marks between its cells), cut into its two parts: a header line, a row a line,
and a column that holds the class."""

import csv
import gzip
import io
import math
import re
import shlex
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from common.chance import rng
from common.data import giveaways
from common.data.dataset import Dataset, Part
from common.data.selection import draw_test
from common.data.sources import Reading, Source
from common.errors import UserError

MISSING = ("", "?", "NA", "N/A", "NaN", "nan", "NULL", "null")  # cells that stand for no value
SHOWN = 12  # columns that an error lists, at most
STRAY = 0.1  # a column with at most this share of texts is one of numbers, in which a text is a mistake
LARGE, TIMES_PACKED = 10_000_000, 100  # bytes from which a gzipped file is looked at, and times its size it may have
MARKS = {  # what stands about a number that is none to Python
    "a percent sign": re.compile(r"[-+]?[\d.,]*\d\s*%"),
    "a currency": re.compile(
        r"([€$£¥₹]|EUR|USD|GBP|CHF)\s*[-+]?[\d.,' ]*\d|[-+]?[\d.,' ]*\d\s*([€$£¥₹]|EUR|USD|GBP|CHF)"
    ),
    "marks between thousands": re.compile(r"[-+]?\d{1,3}([,.' ]\d{3}){2,}([.,]\d+)?|[-+]?\d{1,3}(,\d{3})+\.\d+"),
    "a comma": re.compile(r"[-+]?[\d.]*,\d+"),
}
FEW = 20  # texts that are always categories; more of them must be at most half as many as rows


def read(source: Source, reading: Reading) -> Dataset:
    """The rows of a CSV file, plain or gzipped, with a share of each class drawn as the test part. The inputs are
    float32 (b, columns) as they stand in the file: NaN is a missing value, and of a column of texts the number of each
    text in their order. `features.encode` turns them into what can be learnt from.

    raises UserError for a file that is no such table, naming line or column, a target that holds no classes, or columns
    that give the order of the rows or the class away
    """
    assert source.path is not None
    assert reading.target is not None
    assert reading.test_share is not None
    table = _Table(source.path, reading.target)
    labels, classes = table.classes(reading.target)
    others = table.others(reading.target, reading.drop or ())
    notes = _notes(table, others, labels, reading)
    inputs = np.empty((len(labels), len(others)), np.float32)
    categories = []
    for place, name in enumerate(others):
        inputs[:, place], is_category = table.column(name)
        if is_category:
            categories.append(place)
    if reading.distinct:
        first = np.flatnonzero(~pd.DataFrame(inputs).assign(label=labels).duplicated())
        notes = (*notes, f"{len(labels) - len(first):,} of {len(labels):,} rows copy another and are left out")
        inputs, labels = inputs[first], labels[first]
    for_test = draw_test(labels, len(classes), reading.test_share, rng("test part", reading.data_seed), source.name)
    train, test = (
        Part(torch.from_numpy(inputs[rows]), torch.from_numpy(labels[rows])) for rows in (~for_test, for_test)
    )
    return Dataset(source.name, source.kind, source.origin, train, test, classes, notes, categories=tuple(categories))


def _notes(table: "_Table", others: list[str], labels: np.ndarray, reading: Reading) -> tuple[str, ...]:
    """What was left out, and the columns that look as if they give the order of the rows or the class away.

    raises UserError that names every one that certainly does, unless --drop says which are not wanted
    """
    numbers, texts = table.raw(others)
    found = giveaways.find(numbers, texts, labels)
    certain = {others[place]: one.reason for place, one in found.items() if one.is_certain}
    if certain and reading.drop is None:
        names = shlex.join(certain) if len(certain) <= SHOWN else "and their names"
        raise UserError(
            f"{table.file}: {_listed(certain)}: that would be learnt in place of what makes a class. --drop {names} "
            "leaves them out; to learn from one on purpose, name only the others, or none, after --drop."
        )
    notes = [f"left out of the columns: {', '.join(reading.drop)}"] if reading.drop else []
    if certain:
        notes.append(f"learnt on purpose: {_listed(certain)}")
    if doubtful := {others[place]: one.reason for place, one in found.items() if not one.is_certain}:
        notes.append(f"is it known beforehand? {_listed(doubtful)} (--drop leaves a column out)")
    return tuple(notes)


def _listed(reasons: dict[str, str]) -> str:
    more = f", and {len(reasons) - SHOWN} columns more" if len(reasons) > SHOWN else ""
    return ", ".join(f"'{name}' {reason}" for name, reason in list(reasons.items())[:SHOWN]) + more


class _Table:
    """The cells of a CSV file, as text.

    header  the names of the columns
    lines   where in the file each row stands, from 1
    """

    def __init__(self, file: Path, target: str) -> None:
        self.file = file
        mark = "\t" if ".tsv" in file.suffixes[-2:] else ","
        rows, self.lines = _rows(file, mark)
        if rows and len(rows[0]) == 1 and (other := next((one for one in "\t;|" if one in rows[0][0]), None)):
            rows, self.lines = _rows(file, other)
        self.header = [name.strip() for name in rows.pop(0)] if rows else []
        self._check(rows, target)
        self._texts = np.array([[text.strip() for text in row] for row in rows], dtype=object)
        self._numbers = _numbers(self._texts)
        self._places = {name: place for place, name in enumerate(self.header)}

    def _check(self, rows: list[list[str]], target: str) -> None:
        file, header = self.file, self.header
        if not header:
            raise UserError(f"{file} is empty; a table has a header line, and a row a line below it.")
        if any(name.startswith("#") for name in header[:1]) and target not in header:
            raise UserError(
                f"{file}: its first line is a comment ('{header[0][:40]}'); a table begins with a header line, the "
                "columns' names: take out what stands above it."
            )
        if len(header) == 1 and len(header[0].split()) > 1 and target not in header:
            raise UserError(
                f"{file}: its cells are separated by spaces ('{header[0][:40]}'); scripts/README.md has the line that "
                "makes commas of them."
            )
        numbers = [name for name in header if _is_number(name)]
        if numbers and (target not in header or len(numbers) == len(header)):
            raise UserError(
                f"{file}: its first line holds numbers ({', '.join(numbers[:3])}) and no column '{target}' (--target), "
                "so it looks like a row; put a header line with the columns' names above."
            )
        if "" in header:
            place = header.index("") + 1
            raise UserError(f"{file}: column {place} has no name in the header line; name it or take it out.")
        name, times = Counter(header).most_common(1)[0]
        if times > 1:
            raise UserError(f"{file}: {times} columns are called '{name}'; rename all but one.")
        if not rows:
            raise UserError(f"{file} holds a header line and no rows.")
        for line, row in zip(self.lines, rows, strict=True):
            if len(row) != len(header):
                why = " (a comma inside of a number or a text needs quotes)" if len(row) > len(header) else ""
                raise UserError(f"{file}: line {line} has {len(row)} cells and the header {len(header)}; mend it{why}.")

    def classes(self, target: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """The class of each row, int64, and the classes' names: in the order of their numbers or, where one of them is
        a text, of their texts. Of the whole file, so that a class has its number wherever its rows fall."""
        file = self.file
        if target not in self.header:
            raise UserError(
                f"--target {target}: {file} has no such column; name the one that holds the class, of {self._names()}."
            )
        texts, numbers, is_missing = self._parsed(target)
        if is_missing.any():
            raise UserError(
                f"{file}: line {self.lines[is_missing.argmax()]} has no {target}, the class; fill it in, or take the "
                "line out."
            )
        if np.isnan(numbers).any():
            names = sorted(set(texts))
            place = {name: number for number, name in enumerate(names)}
            labels = np.array([place[text] for text in texts], dtype=np.int64)
        else:
            if not np.isfinite(numbers).all() or (numbers != np.round(numbers)).any():
                raise UserError(
                    f"--target {target}: holds numbers that are not whole, and to predict those is regression, not "
                    "this study's question; name a column of classes."
                )
            values, labels = np.unique(numbers, return_inverse=True)
            labels, names = labels.astype(np.int64), [f"{value:.0f}" for value in values]
        if len(names) == 1:
            raise UserError(f"--target {target}: holds one class only, '{names[0]}'; at least two are needed.")
        if len(names) > len(labels) / 2:
            raise UserError(
                f"--target {target}: holds {len(names)} values in {len(labels)} rows, and to predict so many is "
                "regression, not this study's question; name a column of classes."
            )
        return labels, tuple(names)

    def others(self, target: str, dropped: Sequence[str]) -> list[str]:
        """The columns that are learnt."""
        for name in dropped:
            if name == target:
                raise UserError(f"--drop {name}: it holds the class (--target); leave it out of one of the two.")
            if name not in self.header:
                raise UserError(f"--drop {name}: {self.file} has no such column; its columns are {self._names()}.")
        others = [name for name in self.header if name != target and name not in dropped]
        if not others:
            but = f"but those that --drop names and '{target}'" if dropped else f"but '{target}'"
            raise UserError(f"{self.file} holds no column {but}, so there is nothing to learn from.")
        return others

    def raw(self, names: Sequence[str]) -> tuple[np.ndarray, dict[int, Sequence[str]]]:
        """The numbers of these columns, float64 (rows, columns), NaN where there is none; and the cells of those that
        hold texts, by their place, '' where one is missing."""
        numbers = self._numbers[:, [self._places[name] for name in names]]
        texts: dict[int, Sequence[str]] = {}
        for place in np.flatnonzero(np.isnan(numbers).any(axis=0)).tolist():
            cells, _, is_missing = self._parsed(names[place])
            is_text = np.isnan(numbers[:, place]) & ~is_missing
            if is_text.sum() > STRAY * (~is_missing).sum():
                self._refuse_marked(names[place], cells, is_text)
                texts[place] = np.where(is_missing, "", cells).tolist()
                numbers[:, place] = math.nan
        return numbers, texts

    def _refuse_marked(self, name: str, cells: np.ndarray, is_text: np.ndarray) -> None:
        """Raises UserError where most texts of a column are numbers with something about them."""
        for what, pattern in MARKS.items():
            is_marked = np.array([pattern.fullmatch(cell) is not None for cell in cells[is_text]])
            if is_marked.mean() > 0.5:
                row = np.flatnonzero(is_text)[is_marked.argmax()]
                raise UserError(
                    f"{self.file}: line {self.lines[row]}: {name} is '{cells[row]}', a number with {what}; write such "
                    f"numbers as 1234.5, or leave the column out with --drop {shlex.quote(name)}."
                )

    def _names(self) -> str:
        more = f" and {len(self.header) - SHOWN} more" if len(self.header) > SHOWN else ""
        return ", ".join(self.header[:SHOWN]) + more

    def column(self, name: str) -> tuple[np.ndarray, bool]:
        """A column's numbers, float32, and whether they stand for texts; NaN where a value is missing."""
        file = self.file
        texts, numbers, is_missing = self._parsed(name)
        if (overflow := np.abs(numbers) > np.finfo(np.float32).max).any():
            line = self.lines[overflow.argmax()]
            raise UserError(
                f"{file}: line {line}: {name} is {texts[overflow.argmax()]}, too large for 32 bits; mend it."
            )
        is_text = np.isnan(numbers) & ~is_missing
        if not is_text.any():
            return numbers.astype(np.float32), False
        if is_text.sum() <= STRAY * (~is_missing).sum():
            raise UserError(
                f"{file}: line {self.lines[is_text.argmax()]}: {name} is '{texts[is_text.argmax()]}', and a number in "
                "most other lines; mend it, or leave it empty."
            )
        names = sorted(set(texts[~is_missing]))
        if len(names) > max(FEW, len(texts) / 2):
            raise UserError(
                f"{file}: column '{name}' holds {len(names)} texts in {len(texts)} rows, too many to be categories; "
                f"leave it out with --drop {shlex.quote(name)}."
            )
        place = {text: number for number, text in enumerate(names)}
        return np.array([place.get(text, math.nan) for text in texts], dtype=np.float32), True

    def _parsed(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of a column the texts, the numbers (NaN where there is none), and which cells are missing."""
        place = self._places[name]
        texts, numbers = self._texts[:, place], self._numbers[:, place]
        is_missing = np.isnan(numbers)
        is_missing[is_missing] = [text in MISSING for text in texts[is_missing]]
        return texts, numbers, is_missing


def _rows(file: Path, mark: str) -> tuple[list[list[str]], list[int]]:
    """The header and the rows, and the line in which each row ends. Empty lines are left out."""
    rows, lines = [], []
    try:
        with _opened(file) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=mark, strict=True)
            for row in reader:
                if row:
                    rows.append(row)
                    lines.append(reader.line_num)
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: not text in UTF-8 ({error.reason}); save it as such.") from None
    except csv.Error as error:
        raise UserError(f"{file}: line {reader.line_num}: not CSV ({error}); mend it.") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(f"{file}: cannot be decompressed ({error}); fetch or make it again.") from None
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}.") from None
    return rows, lines[1:]


def _opened(file: Path) -> Any:  # a stream of bytes: typeshed has no name that both are of
    return _Unpacked(file) if file.suffix.lower() == ".gz" else file.open("rb")


class _Unpacked(gzip.GzipFile):
    """A gzipped file that stops being read once it proves to be a bomb: far larger than any table packs to."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, "rb")
        self.packed, self.unpacked = file, 0
        self.raw: Any = self.fileobj

    def read1(self, size: int = -1) -> bytes:
        content = super().read1(size)
        self.unpacked += len(content)
        if self.unpacked > max(LARGE, TIMES_PACKED * self.raw.tell()):  # read so far
            raise UserError(
                f"{self.packed}: unpacks to more than {TIMES_PACKED} times its size, which no table does; if it is "
                "meant, unpack it with gunzip and name the CSV file."
            )
        return content


def _numbers(texts: np.ndarray) -> np.ndarray:
    """The same cells as float64, NaN where there is no number. At once: ten thousand columns one by one take long."""
    numbers = pd.to_numeric(pd.Series(texts.ravel(), dtype=object), errors="coerce")
    return numbers.to_numpy(dtype=np.float64, na_value=math.nan).reshape(texts.shape)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

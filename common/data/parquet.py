"""Images or sounds, and labels, from parquet files: as `datasets` writes them, or plain ones."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch

from common.data import columns
from common.data.encoded import Encoded
from common.data.layouts import parquet_files
from common.data.stream import Column
from common.errors import UserError

EMBED = "paths are not followed, scripts/README.md has the line that puts the files into the column"


def read_part(folder: Path, part: str, kind: str, target: str | None = None) -> Encoded:
    """``part`` (as its files are called) of a folder of parquet files, whose columns are chosen by type.

    kind    of the set: "images" or "sounds"
    target  the column of the labels, where it is named

    Raises UserError with the file's name: damaged, no or several input or label columns, nulls, labels out of range.
    """
    files = parquet_files(folder, part)
    tables: list[pa.Table] = []
    for file in files:
        try:
            tables.append(pq.read_table(file, columns=_columns(pq.read_schema(file), kind, str(file), target)))
        except (pa.ArrowException, OSError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise UserError(
                f"{file} cannot be read as parquet, it may be cut off or damaged: {reason}. Fetch it again."
            ) from error
        if tables[-1].schema != tables[0].schema:
            raise UserError(f"{file} has other columns than {files[0].name}.")
    return from_table(pa.concat_tables(tables), kind, str(files[0] if len(files) == 1 else folder / part), target)


def from_table(table: pa.Table, kind: str, where: str, target: str | None = None, is_mapped: bool = False) -> Encoded:
    """One part of an Arrow table; ``where`` names it in messages. Raises UserError as `read_part`.

    is_mapped  whether the files stay in the table, which is mapped into memory
    """
    sample, label = _columns(table.schema, kind, where, target)
    data = table[sample]
    if pa.types.is_struct(data.type):
        if (path := _path_alone(data)) is not None:
            raise UserError(
                f"{where}: the column '{sample}' holds paths ({path}) and not the files themselves; {EMBED}."
            )
        data = pc.struct_field(data, "bytes")
    for name, column in ((sample, data), (label, table[label])):
        if column.null_count:
            row = pc.index(pc.is_null(column), True).as_py()
            raise UserError(f"{where}: the column '{name}' is empty in {column.null_count} rows, row {row} the first.")
    names = columns.features(table.schema).get(label, {}).get("names")
    numbers, classes = _numbered(table[label], names, f"{where}: the column '{label}'")
    return Encoded(Column(data) if is_mapped else data.to_pylist(), torch.from_numpy(numbers), classes, where)


def _numbered(column: pa.ChunkedArray, names: list[str] | None, where: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels as int64 numbers of the classes: those of ``names``, else the values that occur, sorted."""
    values = np.array(column.to_pylist())
    if names is None:
        if values.dtype.kind == "f":
            if not np.isfinite(values).all() or (values != np.round(values)).any():
                raise UserError(
                    f"{where} holds numbers that are not whole, and to predict those is regression, not this study's "
                    "question; name a column of classes with --target."
                )
            values = values.astype(np.int64)
        found, numbers = np.unique(values, return_inverse=True)
        return numbers.astype(np.int64), tuple(str(value) for value in found)
    wrong = np.flatnonzero((values < 0) | (values >= len(names)))
    if len(wrong):
        raise UserError(f"{where} holds {values[wrong[0]]} in row {wrong[0]}, outside of its {len(names)} classes.")
    return values.astype(np.int64), tuple(names)


def _path_alone(column: pa.ChunkedArray) -> str | None:
    """The first path of a row that has one and no bytes."""
    if column.type.get_field_index("path") < 0:
        return None
    bare = pc.and_(pc.is_null(pc.struct_field(column, "bytes")), pc.is_valid(pc.struct_field(column, "path")))
    row = pc.index(bare, True).as_py()
    return None if row < 0 else str(column[row]["path"])


def _columns(schema: pa.Schema, kind: str, where: str, target: str | None) -> list[str]:
    """The names of the one input and the one label column. Raises UserError where there is none, or a choice."""
    inputs, labels = columns.inputs(schema, kind), columns.labels(schema)
    if target is not None:
        if target not in schema.names or target in inputs:
            raise UserError(f"--target {target}: {where} has no such column of classes, of {', '.join(schema.names)}.")
        labels = [target]
    what = "audio column (of WAV files' bytes)" if kind == "sounds" else "image column (of bytes)"
    for found, needed in ((inputs, what), (labels, "label column (of integers or text)")):
        if len(found) != 1:
            there = ", ".join(f"{field.name} ({field.type})" for field in schema)
            several = f"{len(found)} columns could be it: {', '.join(found)}" if found else f"the columns are {there}"
            if found is labels and found:
                several += "; name it with --target"
            elif not inputs and any(pa.types.is_string(field.type) for field in schema):
                several += f"; if one of them holds paths: {EMBED}"
            raise UserError(f"{where} needs exactly one {needed}; {several}.")
    return [*inputs, *labels]

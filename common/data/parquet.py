"""Images and labels from parquet files: as `datasets` writes them, or plain ones."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch

from common.data.images import Encoded
from common.data.sources import parquet_files
from common.errors import UserError

COARSE = "coarse_label"  # CIFAR-100's 20 groups of its classes (which fine_label holds): never what is learnt


def read_part(folder: Path, part: str) -> Encoded:
    """``part`` ('train' or 'test') of a folder of parquet files, whose columns are chosen by type.

    Raises UserError with the file's name: damaged, no or several image or label columns, nulls, labels out of range.
    """
    files = parquet_files(folder, part)
    tables: list[pa.Table] = []
    for file in files:
        try:
            tables.append(pq.read_table(file, columns=_columns(pq.read_schema(file), str(file))))
        except (pa.ArrowException, OSError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise UserError(
                f"{file} cannot be read as parquet, it may be cut off or damaged: {reason}. Fetch it again."
            ) from error
        if tables[-1].schema != tables[0].schema:
            raise UserError(f"{file} has other columns than {files[0].name}.")
    return from_table(pa.concat_tables(tables), str(files[0] if len(files) == 1 else folder / part))


def from_table(table: pa.Table, where: str) -> Encoded:
    """One part of an Arrow table; ``where`` names it in messages. Raises UserError as `read_part`."""
    image, label = _columns(table.schema, where)
    data = table[image]
    if pa.types.is_struct(data.type):
        data = pc.struct_field(data, "bytes")
    for name, column in ((image, data), (label, table[label])):
        if column.null_count:
            row = pc.index(pc.is_null(column), True).as_py()
            raise UserError(f"{where}: the column '{name}' is empty in {column.null_count} rows, row {row} the first.")
    names = _features(table.schema).get(label, {}).get("names")
    numbers, classes = _numbered(table[label], names, f"{where}: the column '{label}'")
    return Encoded(data.to_pylist(), torch.from_numpy(numbers), classes, where)


def _numbered(column: pa.ChunkedArray, names: list[str] | None, where: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels as int64 numbers of the classes: those of ``names``, else the values that occur, sorted."""
    values = np.array(column.to_pylist())
    if names is None:
        found, numbers = np.unique(values, return_inverse=True)
        return numbers.astype(np.int64), tuple(str(value) for value in found)
    wrong = np.flatnonzero((values < 0) | (values >= len(names)))
    if len(wrong):
        raise UserError(f"{where} holds {values[wrong[0]]} in row {wrong[0]}, outside of its {len(names)} classes.")
    return values.astype(np.int64), tuple(names)


def _features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """What `datasets` wrote into the file of its columns' types; {} for a plain file."""
    written = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    features = written.get("info", {}).get("features", {})
    return {name: feature for name, feature in features.items() if isinstance(feature, dict)}


def _columns(schema: pa.Schema, where: str) -> list[str]:
    """The names of the one image and the one label column. Raises UserError where there is none, or a choice."""
    features = _features(schema)
    declared = {name: features.get(name, {}).get("_type", "Value") for name in schema.names}
    plain = [field for field in schema if declared[field.name] == "Value"]
    images = [name for name, kind in declared.items() if kind == "Image"]
    images = images or [field.name for field in plain if _is_bytes(field.type)]
    labels = [name for name, kind in declared.items() if kind == "ClassLabel" and name != COARSE]
    labels = labels or [field.name for field in plain if _is_label(field.type) and field.name != COARSE]
    for found, wanted in ((images, "image column (of bytes)"), (labels, "label column (of integers or text)")):
        if len(found) != 1:
            columns = ", ".join(f"{field.name} ({field.type})" for field in schema)
            several = f"{len(found)} columns could be it: {', '.join(found)}" if found else f"the columns are {columns}"
            raise UserError(f"{where} needs exactly one {wanted}; {several}.")
    return [*images, *labels]


def _is_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0 and _is_bytes(kind.field("bytes").type)
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _is_label(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):  # pandas writes categories so
        return _is_label(kind.value_type)
    return pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)

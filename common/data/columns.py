"""Which columns of a parquet file are learnt: by what `datasets` declares them to be, else by their type and name.
Needs no torch, so that `sources` can ask."""

import json
from typing import Any

import pyarrow as pa

AUDIO = "audio"  # what a column of sounds is called where nothing declares it
ASIDE = ("coarse_label", "speaker")  # never learnt: CIFAR-100's groups of its classes, and who is heard


def features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """What `datasets` wrote into the file of its columns' types; {} for a plain file."""
    written = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    found = written.get("info", {}).get("features", {})
    return {name: feature for name, feature in found.items() if isinstance(feature, dict)}


def holds_sounds(schema: pa.Schema) -> bool:
    """Whether it is sounds that the file holds, rather than images."""
    return bool(_sounds(schema)) and "Image" not in _declared(schema).values()


def inputs(schema: pa.Schema, kind: str) -> list[str]:
    """The columns that could be those of the inputs, "images" or "sounds"."""
    if kind == "sounds":
        return _sounds(schema)
    images = [name for name, declared in _declared(schema).items() if declared == "Image"]
    return images or [field.name for field in _plain(schema) if _is_bytes(field.type)]


def labels(schema: pa.Schema) -> list[str]:
    """The columns that could be those of the labels."""
    names = [name for name, declared in _declared(schema).items() if declared == "ClassLabel" and name not in ASIDE]
    for could_be in (_is_label, pa.types.is_boolean, pa.types.is_floating):  # the likeliest first
        names = names or [field.name for field in _plain(schema) if could_be(field.type) and field.name not in ASIDE]
    return names


def _sounds(schema: pa.Schema) -> list[str]:
    sounds = [name for name, declared in _declared(schema).items() if declared == "Audio"]
    return sounds or [field.name for field in _plain(schema) if field.name == AUDIO and _is_bytes(field.type)]


def _declared(schema: pa.Schema) -> dict[str, str]:
    written = features(schema)
    return {name: written.get(name, {}).get("_type", "Value") for name in schema.names}


def _plain(schema: pa.Schema) -> list[pa.Field]:
    declared = _declared(schema)
    return [field for field in schema if declared[field.name] == "Value"]


def _is_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        place = kind.get_field_index("bytes")  # of type null where there are paths alone
        return place >= 0 and (_is_bytes(kind.field(place).type) or pa.types.is_null(kind.field(place).type))
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _is_label(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):  # pandas writes categories so
        return _is_label(kind.value_type)
    return pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)

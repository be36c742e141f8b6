"""What the headers of a large set's images say, looked through once and kept: later runs open a million of them in
seconds."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from common.data import cache
from common.data.decoding import looks
from common.data.encoded import Encoded, Looks
from common.data.sources import Source
from common.data.stream import Names
from common.errors import UserError
from common.files import write_whole
from common.terminal import say

FIELDS = ("sizes", "grey", "transparent", "lengths")


def of(source: Source, parts: Sequence[Encoded], key: str) -> list[Looks]:
    """Of each part. It is kept under the names of all files; that one of them has become another under the same name is
    noticed when it is read.

    key  of what is no file of its own

    raises UserError with the places of images that cannot be read
    """
    digest = hashlib.sha256(f"{cache.DECODER} {key}".encode())
    for part in parts:
        digest.update(repr(len(part.files)).encode() + (part.files.joined if isinstance(part.files, Names) else b""))
    file, key = cache.place(source, " headers"), digest.hexdigest()
    try:
        return [_read(file, key, number) for number in range(len(parts))]
    except (OSError, cache.CacheError, SafetensorError, KeyError, ValueError):
        rows = sum(len(part.files) for part in parts)
        say(f"{source.name}: looking through {rows:,} images, once: kept in {file}", error=True)
    found = [looks(part, is_thorough=True) for part in parts]
    tensors = {f"{number}.{name}": getattr(one, name) for number, one in enumerate(found) for name in FIELDS}
    try:
        write_whole(file, save(tensors, {"key": key}))
    except (OSError, UserError) as reason:
        say(f"{source.name}: not kept, the next run looks again: {reason}", error=True)
        return found
    return [replace(one, kept=file) for one in found]


def _read(file: Path, key: str, part: int) -> Looks:
    cache.refuse_a_strangers(file)
    with safe_open(file, framework="np") as stored:
        if (stored.metadata() or {}).get("key") != key:
            raise cache.CacheError(f"{file} was made from other files")
        fields = {name: stored.get_tensor(f"{part}.{name}") for name in FIELDS}
    if any(len(field) != len(fields["lengths"]) for field in fields.values()) or np.any(fields["sizes"] < 1):
        raise cache.CacheError(f"{file} is damaged")
    return Looks(**fields, kept=file)

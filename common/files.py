"""A file is written whole or not at all."""

import errno
import os
from pathlib import Path

from common.errors import UserError


def write_whole(path: Path, content: bytes) -> None:
    """Replaces `path` by `content`: into a temporary file beside it, flushed to the disk, then renamed. Whoever is
    killed in between leaves the old file as it was.

    raises UserError where the folder cannot be written to or the disk is full; the old file is untouched then
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        temporary = None
        _sync_folder(path.parent)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        way_out = "make room there" if full else "make the folder writable"
        raise UserError(
            f"{path}: cannot be written ({error.strerror}); {way_out}, and the same command goes on. "
            "What was there before is untouched."
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _sweep(path: Path) -> None:
    """Removes what a killed writer of this file left. Only one process writes a file of ours."""
    for left in path.parent.glob(f".{path.name}.*.part"):
        left.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """The rename itself must reach the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""A file is written whole or not at all, and by one process at a time."""

import errno
import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from common.errors import UserError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary file beside `path`, to be written: at the end flushed to the disk, then renamed. Whoever fails or is
    killed in between leaves the old file as it was. raises OSError"""
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Replaces `path` by `content`, or leaves it as it was.

    raises UserError where the folder cannot be written to or the disk is full
    """
    try:
        with whole(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        way_out = "make room there" if full else "make the folder writable"
        raise UserError(
            f"{path}: cannot be written ({error.strerror}); {way_out}, and the same command goes on. "
            "What was there before is untouched."
        ) from error


def check_writable(path: Path) -> None:
    """Refuses, before hours of work, a place where nothing can be written. It leaves nothing there itself.

    raises UserError
    """
    folder = next(parent for parent in path.absolute().parents if os.path.lexists(parent))
    if not folder.is_dir():
        raise UserError(f"{path}: cannot be written, since {folder} is not a folder; name another place.")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({error.strerror}); make {folder} writable, or name another place."
        ) from None


def check_temporary() -> None:
    """raises UserError where the system has no place for temporary files, which metrics need"""
    try:
        tempfile.gettempdir()
    except OSError as error:
        raise UserError(f"{error.strerror}; name one that can be written to by the variable TMPDIR.") from None


@contextmanager
def alone(
    lock: Path, paths: Sequence[Path], what: str = "this run", option: str = "--checkpoint-dir"
) -> Iterator[None]:
    """Keeps other processes off these files, and sweeps what a killed one left beside them. The lock is the system's
    and goes with the process, however it ends; its file is removed at the end.

    what, option  what the lock is of, and the option that names its folder, for the message

    raises UserError where another process is at it, or where a file could not be written
    """
    for path in paths:
        check_writable(path)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _locked(lock, what, option)
    except OSError as error:
        if lock.is_symlink():
            raise UserError(
                f"{lock}: is a link, and no lock of ours; remove it, and the same command goes on."
            ) from None
        raise UserError(
            f"{lock}: cannot be written ({error.strerror}); make the folder writable, and the same command goes on."
        ) from error
    try:
        for path in paths:
            _sweep(path)
        yield
    finally:
        with suppress(OSError):
            lock.unlink()  # before the lock goes, so that nobody takes one on a file that is about to vanish
        os.close(descriptor)


def _locked(lock: Path, what: str, option: str) -> int:
    while True:
        # A link in its place would have the file emptied that it leads to.
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        if fcntl is None:
            return descriptor  # a system without these locks: then without
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                return descriptor  # a file system without locks: then without
            holder = os.read(descriptor, 100).decode(errors="replace")
            os.close(descriptor)
            raise UserError(
                f"Another process{f' ({holder})' if holder else ''} is at {what}: {lock} is locked. Wait for it or "
                f"end it, and the same command goes on; or name another {option}."
            ) from None
        with suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), os.stat(lock)):
                with suppress(OSError):  # for the message above only
                    os.truncate(descriptor, 0)
                    os.write(descriptor, f"{platform.node()}, process {os.getpid()}".encode())
                return descriptor
        os.close(descriptor)  # its holder removed it in between: it locks nothing any more


def _sweep(path: Path) -> None:
    """Removes what a killed writer of this file left; two may write one at a time, so what belongs to a process that is
    there stays."""
    for left in path.parent.glob(f".{path.name}.*.part"):
        if not _is_running(left.suffixes[-2].removeprefix(".")):
            left.unlink(missing_ok=True)


def _is_running(process: str) -> bool:
    """Whether it is another process of this machine. process  its number, as it stands in a file's name"""
    import psutil

    try:
        return int(process) != os.getpid() and psutil.pid_exists(int(process))
    except (ValueError, OverflowError):
        return False


def _sync_folder(folder: Path) -> None:
    """The rename itself must reach the disk too. Windows opens no folder, and has nothing to ask for."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Scripts that run side by side, each as a process of its own that writes to a log, and end with the one that started
them.

Where a network is small, Python is busy for longer with importing torch than with training. So on Linux one process
imports all that they need, and each begins as a copy of it. That is `multiprocessing`'s fork server; elsewhere, where
copies are not safe, each is started from nothing.
"""

import multiprocessing
import os
import runpy
import shlex
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from multiprocessing import forkserver, util
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from common.progress import Reached, reached

LOGS = "logs"  # the folder of their logs, in that of the weights
PATIENCE = 5.0  # seconds that a script has to end in, once it is told to: it needs one
TAIL = 4000  # bytes of a log that are looked at
SAFE = "PYTHONSAFEPATH"  # the variable that keeps Python from importing what lies where it is started


@dataclass(frozen=True)
class Call:
    """A script as a user starts it.

    words        its path, and what comes behind
    environment  what it finds there beside our own
    """

    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def typed(self, python: str = "python") -> str:
        said = [f"{name}={value}" for name, value in self.environment.items()]
        return shlex.join([*(["env", *said] if said else []), python, *self.words])

    def beside(self, *words: str) -> "Call":
        """With more behind it."""
        return replace(self, words=(*self.words, *words))


@dataclass(frozen=True)
class Hand:
    """A script that was started.

    log    what it says, after the `start` bytes of earlier starts
    """

    process: BaseProcess
    log: Path
    start: int

    def progress(self) -> Reached:
        """How far it is, by what it said last."""
        for line in reversed(self._lines()):
            if found := reached(line):
                return found
        return Reached()

    def last_words(self) -> str:
        lines = [line for line in self._lines() if not reached(line)]
        return lines[-1] if lines else ""

    def said(self, most: int = sys.maxsize) -> str:
        """Of it the last bytes, as many at most."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(self.start, os.fstat(file.fileno()).st_size - most))
                return file.read().decode(errors="replace")
        except OSError:  # the log is for the reader's eyes: without it the work goes on
            return ""

    def _lines(self) -> list[str]:
        return [line.rstrip() for line in self.said(TAIL).splitlines() if line.strip()]


@cache
def processes() -> Any:
    """How they are started here. Asked first it takes seconds, since then is imported what copies need; where there is
    no socket for that, or no memory, they are none."""
    if sys.platform == "linux":
        copies = multiprocessing.get_context("forkserver")
        copies.set_forkserver_preload(["common.beforehand"])
        try:
            first = copies.Process()
            _start(copies, first)
            first.join()
            return copies
        except (OSError, EOFError):
            pass
    return multiprocessing.get_context("spawn")


def start(call: Call, log: Path) -> Hand:
    """Starts a script, and adds to its log what it says."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        file.write(f"$ {call.typed(sys.executable)}\n".encode())
        begun = file.tell()
    is_heard = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN  # as it is behind nohup, or a shell's &
    how = processes()
    process = how.Process(target=_be, args=(call, log, {**os.environ, **call.environment}, is_heard))
    _start(how, process)
    return Hand(process, log, begun)


def _start(how: Any, process: BaseProcess) -> None:
    if how.get_start_method() == "forkserver":
        with _undisturbed():
            forkserver.ensure_running()
    process.start()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """What is started within it hears no Ctrl-C, nor that all of its group are to end: it ends with this process. And
    it imports nothing that lies in the working directory."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    safe = os.environ.get(SAFE)
    os.environ[SAFE] = "1"
    try:
        yield
    finally:
        del os.environ[SAFE]
        os.environ.update({} if safe is None else {SAFE: safe})
        for number, handler in before.items():
            signal.signal(number, handler)


def stop(hands: Iterable[Hand]) -> None:
    """Ends them as Ctrl-C does, so that each goes on from what it has finished; by force what does not listen."""
    hands = [hand for hand in hands if hand.process.exitcode is None]
    for hand in hands:
        hand.process.terminate()
    until = time.monotonic() + PATIENCE
    for hand in hands:
        hand.process.join(max(0.0, until - time.monotonic()))
        if hand.process.exitcode is None:
            hand.process.kill()
            hand.process.join()


def end() -> None:
    """Removes what it took to start them, which else `atexit` does: not of a process that is ended at once."""
    shutil.rmtree(util.get_temp_dir(), ignore_errors=True)


def status_in_words(status: int) -> str:
    return f"status {status}" if status >= 0 else f"killed by {signal.Signals(-status).name}"


def _be(call: Call, log: Path, environment: Mapping[str, str], is_heard: bool) -> None:
    """Is the script from here on, but that a copy is ended without what is registered with `atexit`."""
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()
    signal.signal(signal.SIGINT, signal.default_int_handler if is_heard else signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with open(os.devnull, "rb") as nothing, log.open("ab") as file:
        for number, there in enumerate((nothing, file, file)):
            os.dup2(there.fileno(), number)
    sys.stdout, sys.stderr = (os.fdopen(n, "w", 1, errors="backslashreplace", closefd=False) for n in (1, 2))
    multiprocessing.set_start_method(None, force=True)  # what it starts itself, as ever
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = list(call.words)
    runpy.run_path(call.words[0], run_name="__main__")


def _end_with(study: BaseProcess) -> None:
    """Ends this process as Ctrl-C does, once that one is gone, be it by SIGKILL: else it would go on unseen, and the
    next study would find its run taken."""
    study.join()
    os.kill(os.getpid(), signal.SIGTERM)

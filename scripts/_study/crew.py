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
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from common.progress import reached

LOGS = "logs"  # the folder of their logs, in that of the weights
PATIENCE = 5.0  # seconds that a script has to end in, once it is told to: it needs one
TAIL = 4000  # bytes of a log that are looked at

# Bytes of the name of the folder for temporary files, in which the fork server has its socket: of a socket's whole name
# Linux takes 107.
SHORT = 107 - len("/pymp-12345678/listener-12345678")


@cache
def processes() -> Any:
    """How processes are started here."""
    if sys.platform != "linux" or len(os.fsencode(tempfile.gettempdir())) > SHORT:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["common.beforehand"])
    return context


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

    def progress(self) -> tuple[float, str]:
        """How much it has done, from 0 to 1, and what it says of it."""
        for line in reversed(self._lines()):
            if found := reached(line):
                return found
        return 0.0, ""

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


def begin() -> None:
    """Has imported what it takes, for which the first to start would wait."""
    if processes().get_start_method() == "forkserver":
        first = processes().Process()
        first.start()
        first.join()


def start(call: Call, log: Path) -> Hand:
    """Starts a script, and adds to its log what it says."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        file.write(f"$ {call.typed(sys.executable)}\n".encode())
        begun = file.tell()
    process = processes().Process(target=_be, args=(call, log))
    process.start()
    return Hand(process, log, begun)


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


def status_in_words(status: int) -> str:
    return f"status {status}" if status >= 0 else f"killed by {signal.Signals(-status).name}"


def _be(call: Call, log: Path) -> None:
    """Is the script from here on."""
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()
    with log.open("ab") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    sys.stdout, sys.stderr = (os.fdopen(n, "w", 1, errors="backslashreplace", closefd=False) for n in (1, 2))
    multiprocessing.set_start_method(None, force=True)  # what it starts itself, as ever
    os.environ.update(call.environment)
    sys.argv = list(call.words)
    runpy.run_path(call.words[0], run_name="__main__")


def _end_with(study: BaseProcess) -> None:
    """Ends this process as Ctrl-C does, once that one is gone, be it by SIGKILL: else it would go on unseen, and the
    next study would find its run taken."""
    study.join()
    os.kill(os.getpid(), signal.SIGTERM)

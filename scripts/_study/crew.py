"""Scripts that run side by side, each as a process of its own that writes to a log, and end with the one that started
them."""

import ctypes
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from common.progress import reached

LOGS = "logs"  # the folder of their logs, in that of the weights
PATIENCE = 5.0  # seconds that a script has to end in, once it is told to: it needs one
TAIL = 4000  # bytes of a log that are looked at
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Hand:
    """A script that was started.

    log    what it says, after the `start` bytes of earlier starts
    """

    process: "subprocess.Popen[bytes]"
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

    def _lines(self) -> list[str]:
        try:
            with self.log.open("rb") as file:
                file.seek(max(self.start, os.fstat(file.fileno()).st_size - TAIL))
                text = file.read().decode(errors="replace")
        except OSError:  # the log is for the reader's eyes: without it the work goes on
            return []
        return [line.rstrip() for line in text.splitlines() if line.strip()]


def start(command: Sequence[str], log: Path) -> Hand:
    """Starts a command, and adds to its log what it says."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        file.write(f"$ {shlex.join(command)}\n".encode())
        file.flush()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, preexec_fn=ending_with_us()
        )
        return Hand(process, log, file.tell())


def stop(hands: Iterable[Hand]) -> None:
    """Ends them as Ctrl-C does, so that each goes on from what it has finished; by force what does not listen."""
    hands = [hand for hand in hands if hand.process.poll() is None]
    for hand in hands:
        hand.process.terminate()
    until = time.monotonic() + PATIENCE
    for hand in hands:
        with suppress(subprocess.TimeoutExpired):
            hand.process.wait(max(0.0, until - time.monotonic()))
        if hand.process.poll() is None:
            hand.process.kill()
            hand.process.wait()


def status_in_words(status: int) -> str:
    return f"status {status}" if status >= 0 else f"killed by {signal.Signals(-status).name}"


def ending_with_us() -> Callable[[], None] | None:
    """What makes a child of this process end when this process does, even by SIGKILL: else it would go on unseen, and
    the next study would find its run taken. Linux alone can do that; elsewhere it goes on, and its lock says so."""
    if LIBC is None:
        return None
    parent, prctl = os.getpid(), LIBC.prctl

    def in_the_child() -> None:
        prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # which is gone already
            os._exit(1)

    return in_the_child

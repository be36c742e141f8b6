"""SIGINT and SIGTERM end a script at once: as an exception where Python runs, by force where it does not."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from common.terminal import say

GRACE = 0.7  # seconds to clean up in

_ending = threading.Lock()  # held by the one thread that ends the process


class Stopped(KeyboardInterrupt):
    """Asked to end, by the signal of this number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.status = 128 + number  # as a shell counts it


@contextmanager
def stoppable(sentence: str | None, grace: float = GRACE) -> Iterator[None]:
    """Within it, SIGINT and SIGTERM raise `Stopped` in the main thread, once: further ones do not disturb its cleaning
    up. Where that thread is stuck (in a collective whose partner is gone, in an import that swallows exceptions), the
    process ends all the same, so many seconds later, with the sentence. Nothing is lost by it, since files are written
    whole or not at all.

    A signal that was ignored when the script began (nohup's, or a shell's ``&``) stays ignored.
    """
    before = {number: signal.signal(number, _raise) for number in _heard()}
    reader, writer = os.pipe()
    if hasattr(os, "set_blocking"):  # not on Windows before Python 3.12
        os.set_blocking(writer, False)
    descriptor = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)  # written to even while Python is stuck
    threading.Thread(target=_end_late, args=(reader, sentence, grace), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(descriptor)
        for number, handler in before.items():
            if signal.getsignal(number) is _raise:
                signal.signal(number, handler)
        os.close(writer)  # ends the thread


def end_at_once(sentence: str | None) -> None:
    """From here on SIGINT and SIGTERM end the process, with the sentence: as long as it imports there is nothing to
    clean up, and an import may swallow an exception."""
    for number in _heard():
        signal.signal(number, lambda number, frame: end(128 + number, sentence))


def end(status: int, sentence: str | None) -> NoReturn:
    """Ends the process without waiting for anything: what would tidy up at exit may wait for a process that is gone."""
    if not _ending.acquire(blocking=False):
        time.sleep(60)  # the other thread is about to
    with suppress(OSError, ValueError):  # a closed pipe
        if sentence:
            say(sentence, error=True)
        sys.stdout.flush()
    os._exit(status)


def _heard() -> list[signal.Signals]:
    """The signals that are not ignored."""
    return [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not signal.SIG_IGN]


def _raise(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Stopped(number)


def _end_late(reader: int, sentence: str | None, grace: float) -> None:
    number = os.read(reader, 1)
    os.close(reader)
    if number:
        time.sleep(grace)
        end(128 + number[0], sentence)

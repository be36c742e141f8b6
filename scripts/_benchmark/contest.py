"""Contestants that take turns, and how two of them are compared."""

import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import torch
from tqdm import tqdm

from common.errors import UserError

Turn = Callable[[], Any]


class Contest:
    """Contestants that are timed in turns: the only figure that a shared machine leaves standing is a paired one.

    Each lives in a process of its own and waits while another has its turn, so that none gains from another's settings,
    and what the machine does meanwhile meets all of them.
    """

    def __init__(self, threads: int) -> None:
        self._spawn = multiprocessing.get_context("spawn")
        self._threads = threads
        self._contestants: dict[str, tuple[Any, Connection]] = {}

    def __enter__(self) -> "Contest":
        return self

    def __exit__(self, *_: object) -> None:
        for process, connection in self._contestants.values():
            connection.close()  # ends its loop, and with it the workers of its DataLoader
            process.join(timeout=10)
            process.kill()

    def enter(self, name: str, make: Callable[..., Turn], *arguments: Any) -> Any:
        """Starts a contestant and lets it warm up, alone. returns what its first turn found"""
        here, there = self._spawn.Pipe()
        process = self._spawn.Process(target=_serve, args=(there, self._threads, make, arguments))
        process.start()
        there.close()  # so that its end is noticed
        self._contestants[name] = (process, here)
        return self._turn(name)[1]

    def alternate(self, names: list[str], repeats: int) -> dict[str, list[float]]:
        """Seconds of each turn; every other round in the opposite order."""
        seconds: dict[str, list[float]] = {name: [] for name in names}
        for round_number in tqdm(range(repeats), unit="round", leave=False, disable=not sys.stderr.isatty()):
            for name in names if round_number % 2 == 0 else names[::-1]:
                seconds[name].append(self._turn(name)[0])
        return seconds

    def ask(self, name: str) -> Any:
        """What another turn finds."""
        return self._turn(name)[1]

    def _turn(self, name: str) -> tuple[float, Any]:
        connection = self._contestants[name][1]
        connection.send("turn")
        try:
            return connection.recv()
        except (EOFError, ConnectionResetError):
            raise UserError(
                f"The contestant {name} ended early, likely for lack of memory; lower --batch-size."
            ) from None


def paired(above: list[float], below: list[float]) -> float:
    """The median of the ratios, turn by turn."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def _serve(connection: Connection, threads: int, make: Callable[..., Turn], arguments: tuple[Any, ...]) -> None:
    os.environ["OMP_NUM_THREADS"] = str(threads)
    torch.set_num_threads(threads)
    turn = make(*arguments)
    while _is_called(connection):
        begun = time.perf_counter()
        found = turn()
        if torch.accelerator.is_available():
            torch.accelerator.synchronize()
        connection.send((time.perf_counter() - begun, found))


def _is_called(connection: Connection) -> bool:
    try:
        return bool(connection.recv())
    except EOFError:
        return False

"""When the state of a training is kept, and whether what was kept is one."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from accelerate import Accelerator

from common import processes, records

SELDOM = 20  # times what keeping the state took, before it is kept again: of tiny epochs it would take most of the time
LONG = 10 * 60  # seconds in which an epoch is not over, after which the state is kept within it


class Keeper:
    """When the state is kept: after an epoch, but of tiny ones seldom; and within a long one, by the main process's
    clock, after the same batch in every process.

    kept_after  where it was kept last, in words; "": not yet
    """

    def __init__(self, accelerator: Accelerator) -> None:
        self._accelerator, self.kept_after = accelerator, ""
        self._kept_at, self._took = time.perf_counter(), 0.0

    @contextmanager
    def keeping(self, where: str) -> Iterator[None]:
        self.kept_after, self._kept_at = where, time.perf_counter()
        yield
        self._took = time.perf_counter() - self._kept_at

    def is_due_after_an_epoch(self) -> bool:
        return time.perf_counter() - self._kept_at >= SELDOM * self._took

    def begin(self, batches: int) -> None:
        """An epoch, or the rest of it after so many batches."""
        self._begun, self._first, self._look_after = time.perf_counter(), batches, batches + 1

    def is_due_within(self, batches: int) -> bool:
        """Every process asks after every batch; the clock is looked at as seldom as what is known of their speed lets
        it, after the first, the second, the fourth …, since processes have to wait for each other to agree."""
        if batches < self._look_after:
            return False
        self._look_after, is_due = processes.from_main(self._accelerator, partial(self._look, batches))
        return is_due

    def _look(self, batches: int) -> tuple[int, bool]:
        """When to look again, and whether it is to be kept now."""
        now, done = time.perf_counter(), batches - self._first
        wait = max(LONG, SELDOM * self._took)
        left = wait - (now - self._kept_at)
        fitting = int((left if left > 0 else wait) * done / (now - self._begun))
        return batches + max(1, min(done, fitting)), left <= 0


def place(done: int, steps: int, within: dict[str, Any] | None) -> str:
    """In words, where a training is."""
    return f"{within['batches']} of {steps} steps of epoch {done + 1}" if within else f"epoch {done}"


def is_whole(state: dict[str, Any], config: dict[str, Any]) -> bool:
    """Whether this is a state of a training."""
    curve, done, within = state["curve"], state.get("epoch", len(state["curve"])), state.get("within")
    if within is not None and (type(within["batches"]), type(within["lr"])) != (int, float):
        return False
    spent = state["seconds"], state["training_seconds"]
    is_ours = records.is_curve(curve) and type(done) is int and len(curve) <= done <= config["epochs"]
    return is_ours and all(type(seconds) is float and 0 <= seconds < math.inf for seconds in spent)

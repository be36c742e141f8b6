"""How a run shows that it goes on: one bar in a terminal, a line now and then elsewhere, JSON for a program."""

import json
import sys
import time
from dataclasses import dataclass
from types import TracebackType

from tqdm import tqdm

from common.terminal import say

LINE_EVERY = (10.0, 600.0)  # seconds between two lines where there is no terminal: first, and after hours


def duration(seconds: float) -> str:
    """In the unit a person would use: '40 s', '12 min', '3.5 h', '4.2 days'."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"


@dataclass(frozen=True)
class Reached:
    """How far something is.

    first  how much of it was done when it began, from 0 to 1: more than 0 where it went on from a state
    done   how much is done now
    said   what it says of that
    """

    first: float = 0.0
    done: float = 0.0
    said: str = ""


def reached(line: str) -> Reached | None:
    """What a line of progress tells a program. None for a line that is of something else."""
    try:
        told = json.loads(line)
        steps = max(1, told["steps"])
        return Reached(float(told["first"]) / steps, float(told["done"]) / steps, str(told["said"]))
    except (KeyError, RecursionError, TypeError, ValueError):
        return None


class Progress:
    """Steps done of all, with the time left. Silent in processes that do not speak.

    as_json  lines for a program, which `reached` reads, and no bar
    """

    def __init__(self, total: int, done: int, is_speaker: bool, as_json: bool = False) -> None:
        self._is_line, self._as_json = is_speaker and (as_json or not sys.stderr.isatty()), as_json
        self._start = self._last_line = time.monotonic()
        self._total, self._first, self._done, self._text = total, done, done, "begun"
        shown = is_speaker and not self._is_line
        self._bar = tqdm(total=total, initial=done, unit="step", dynamic_ncols=True, disable=not shown, leave=False)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def step(self, steps: int = 1) -> None:
        self._done += steps
        self._bar.update(steps)
        now = time.monotonic()
        shortest, longest = LINE_EVERY
        if self._is_line and now - self._last_line >= min(longest, max(shortest, (now - self._start) / 20)):
            self._line(now)

    def say(self, text: str) -> None:
        """What the bar shows beside itself from now on."""
        self._text = text
        self._bar.set_postfix_str(text, refresh=False)

    def _line(self, now: float) -> None:
        self._last_line = now
        share = (self._done - self._first) / max(1, self._total - self._first)
        left = (now - self._start) * (1 / share - 1) if share else 0.0
        if self._as_json:
            steps = {"first": self._first, "done": self._done, "steps": self._total}
            say(json.dumps({**steps, "said": self._text, "seconds_left": round(left, 1)}), error=True)
        else:
            say(f"{self._done / self._total:4.0%}  {self._text}  {duration(left)} left", error=True)

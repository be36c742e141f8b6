"""How a study shows that it goes on: one line that changes in a terminal, a line now and then elsewhere."""

import shutil
import sys
import time
from collections.abc import Mapping

from _study.crew import Hand
from _study.forecast import Cost
from common.progress import LINE_EVERY, Reached, duration
from common.terminal import say, visible


class Display:
    """costs  of what is to be done;  done, total  members of the study;  jobs  side by side"""

    def __init__(self, costs: Mapping[str, Cost], done: int, total: int, jobs: int) -> None:
        known = [cost.seconds for cost in costs.values() if cost.seconds is not None]
        usual = sum(known) / len(known) if known else 1.0  # for those whose cost is not known
        self._weights = {name: usual if cost.seconds is None else cost.seconds for name, cost in costs.items()}
        self._is_known, self._jobs = bool(known), jobs
        self._done, self._total = done, total
        self._gained = 0.0  # of the weights, here, by members that have ended
        self._is_terminal = sys.stderr.isatty()
        self._begun = self._last_line = time.monotonic()

    def ended(self, name: str, text: str, reached: Reached) -> None:
        """A member has ended, in one way or another, as the text says."""
        self._gained += self._weights.pop(name) * (reached.done - reached.first)
        self.say(text)

    def say(self, text: str) -> None:
        """A line that stays."""
        self.clear()
        say(text)

    def show(self, running: Mapping[str, Hand], done: int) -> None:
        """What goes on now."""
        now = time.monotonic()
        if not self._is_terminal:
            shortest, longest = LINE_EVERY
            if now - self._last_line < min(longest, max(shortest, (now - self._begun) / 20)):
                return
            self._last_line = now
        at = {name: hand.progress() for name, hand in running.items()}
        texts = [f"{name} {reached.said}".strip() for name, reached in at.items()]
        line = f"{done} of {self._total} done{self._left(now - self._begun, at)}; now {', '.join(texts)}"
        if self._is_terminal:
            width = shutil.get_terminal_size().columns - 1
            self.clear()
            say(visible(line)[:width], error=True, end="")
        else:
            say(line, error=True)

    def clear(self) -> None:
        if self._is_terminal:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()

    def _left(self, seconds: float, at: Mapping[str, Reached]) -> str:
        """The time left, at the speed of these seconds; at first at the one that was foretold."""
        gained = self._gained + sum(self._weights[name] * (one.done - one.first) for name, one in at.items())
        left = sum(self._weights.values()) - sum(self._weights[name] * one.done for name, one in at.items())
        if gained:
            left *= seconds / gained
        elif self._is_known:
            left /= self._jobs
        else:
            return ""
        return f", {duration(left)} left"

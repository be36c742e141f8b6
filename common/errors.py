"""What a user can cause ends with one sentence, no traceback, and a status: 2, or 3 for a loss that diverged."""

import difflib
import re
from collections.abc import Iterable

# What torch says of memory: it has a class for a GPU's tensors alone, and none for a CPU's, nor for what CUDA and its
# libraries allocate themselves.
OUT_OF_MEMORY = re.compile("out of memory|ALLOC_FAILED|can't allocate memory")


class UserError(Exception):
    """Something the user can mend. The message is one clear sentence or short paragraph that names the option or
    file that is wrong, and the way out."""

    status = 2


class DivergedError(UserError):
    """A loss that is no longer finite: not a mistake in the command, but no run to go on with either."""

    status = 3


class UnfinishedError(UserError):
    """Some of what was asked for has failed, and the rest is done."""

    status = 1


def meant(word: str, known: Iterable[str], before: str = "") -> str:
    """What a mistyped word was probably to be, as a piece of a sentence; nothing, if none is like it.

    before  what stands before each of them where it is written
    """
    letters: dict[str, str] = {}
    for one in known:
        letters.setdefault(_letters(one), one)
    near = difflib.get_close_matches(_letters(word), letters, n=1)
    return f"; perhaps you meant {before}{letters[near[0]]}" if near else ""


def _letters(word: str) -> str:
    return re.sub(r"[\W_]", "", word.lower())


def is_out_of_memory(error: Exception) -> bool:
    """Of a GPU, or of the machine. torch need not be there to ask."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and OUT_OF_MEMORY.search(str(error)) is not None
    )

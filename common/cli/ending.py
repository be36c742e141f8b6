"""From an error to one sentence and an exit status."""

import errno
import os
import re
import sys
import time
from collections.abc import Callable
from typing import Any

from common import signals
from common.errors import UserError, is_out_of_memory
from common.terminal import say, speak_plainly

# A process that is not to speak waits this long for the one that is: a launcher ends all with the first that ends,
# and the sentence must be out by then. If nobody has ended us after it, the trouble is ours alone, and we say it.
WAIT_FOR_SPEAKER = 10.0
WAIT_AFTER_LOSS = 3.0  # the launcher of this machine ends us sooner, if the lost process was its own

# What goes wrong with no file to name: a pipe whose reader has gone, a disk that is full.
UNNAMED = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT}


def is_speaker() -> bool:
    """True in the one process that prints and writes."""
    return os.environ.get("RANK", "0") == "0"


def run(main: Callable[[], Any], grace: float = signals.GRACE) -> int:
    """Runs a script's main and gives its exit status; what a user can cause becomes one sentence, said once.

    SIGINT and SIGTERM end the process here, with 130 and 143. Of several processes only the one that speaks says so;
    the launcher ends all with the first that ends.

    grace  seconds that main has to clean up in when it is told to end
    """
    status = status_of(main, grace)
    if status == 0 and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        # Seen once on a busy machine: torch aborts a process that tidies up its threads while its peers go.
        signals.end(0, None)
    return status


def status_of(main: Callable[[], Any], grace: float) -> int:
    """As `run`, of any function."""
    speak_plainly()
    try:
        with signals.stoppable(parting(), grace):
            main()
        return 0
    except signals.Stopped as error:
        signals.end(error.status, parting())
    except KeyboardInterrupt:
        sentence, status, patience = _stopped(), 130, WAIT_FOR_SPEAKER
    except SystemExit as error:  # tyro has said what is wrong, or printed the help
        if error.code and not is_speaker():
            time.sleep(WAIT_FOR_SPEAKER)
        raise
    except BrokenPipeError:  # whoever read our output has gone, as `| head` does: nothing is wrong
        signals.end(141, None)
    except Exception as error:
        patience = WAIT_AFTER_LOSS if _is_lost_contact(error) else WAIT_FOR_SPEAKER
        status = getattr(error, "status", 2)
        explained = _sentence(error)
        if explained is None:
            raise  # our mistake, with its traceback
        sentence = explained
    if not is_speaker():
        time.sleep(patience)
        sentence = f"[process {os.environ['RANK']}] {sentence}"
    say(sentence, error=True)
    return status


def parting() -> str | None:
    """What is said when a signal ends the process, by the one that speaks."""
    return _stopped() if is_speaker() else None


def _sentence(error: Exception) -> str | None:
    """What a user can do about an error, or None where it is no user's."""
    if isinstance(error, UserError):
        return str(error)
    if _is_lost_contact(error) and not is_out_of_memory(error):
        why = next(iter(str(error).splitlines()[-1:]), type(error).__name__).strip()[:200]
        return (
            f"Another process of this run has ended or is out of reach ({why}). The same command{_without_overwrite()} "
            "goes on."
        )
    if isinstance(error, OSError) and (error.filename or error.errno in UNNAMED):
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        return f"{what}. Mend that; the same command{_without_overwrite()} then goes on."
    if is_out_of_memory(error):
        what = next(iter(str(error).splitlines()), "")[:200] or type(error).__name__
        return (
            f"Out of memory ({what}). A smaller --batch-size or --width needs less; so does --accumulate, in training."
        )
    return None


def _is_lost_contact(error: Exception) -> bool:
    """Whether a collective operation failed since a process at its other end is gone."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return False
    is_network = type(error).__name__ in ("DistBackendError", "DistNetworkError", "DistStoreError")
    return is_network or (isinstance(error, RuntimeError) and re.search("gloo|nccl", str(error), re.I) is not None)


def _stopped() -> str:
    return f"Stopped. The same command{_without_overwrite()} goes on from what is finished."


def _without_overwrite() -> str:
    return " without --overwrite" if "--overwrite" in sys.argv else ""

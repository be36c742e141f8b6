"""How many cores there are to share out."""

import os
from contextlib import suppress

import joblib
import psutil

LAUNCHERS = {"TORCHELASTIC_RUN_ID", "ACCELERATE_MIXED_PRECISION"}  # what torchrun and accelerate launch leave behind


def usable_cores() -> int:
    """The cores this process may use, which its affinity or a container's quota can make fewer than there are."""
    return joblib.cpu_count()


def physical_cores() -> int:
    """Of the usable ones, those that compute on their own: two threads of one core share what multiplies."""
    return min(usable_cores(), joblib.cpu_count(only_physical_cores=True))


def local_processes() -> int:
    """Of this training, on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def share_of_cores(processes: int) -> int:
    """The threads of each of so many processes side by side: no more than OMP_NUM_THREADS says, one at least."""
    return max(1, min(usable_cores() // max(1, processes), _openmp_threads() or usable_cores()))


def _openmp_threads() -> int | None:
    """What the user said by OMP_NUM_THREADS. A launcher says 1 to its children where nobody said anything."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    if said == "1" and LAUNCHERS & os.environ.keys():
        said = ""
        with suppress(psutil.Error, AttributeError):  # a launcher that is gone, or is not ours to look at
            said = psutil.Process().parent().environ().get("OMP_NUM_THREADS", "")
    first = said.split(",")[0].strip()  # more of them are for parallel regions inside one another
    return int(first) if first.isdecimal() and int(first) else None

"""How many cores there are to share out."""

import os

import psutil


def usable_cores() -> int:
    """The cores this process may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def physical_cores() -> int:
    """Of the usable ones, those that compute on their own: two threads of one core share what multiplies."""
    return min(usable_cores(), psutil.cpu_count(logical=False) or 1)

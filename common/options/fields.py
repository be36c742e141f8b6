"""What the options of all scripts are made of: a default said in words, a flag's name, a range."""

import hashlib
import math
import re
from collections.abc import Mapping

import tyro

from common.errors import UserError


def own(metavar: str, default: str) -> object:
    """A field that is None until more is known: what the help shows as its value and default."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint=f"(default: {default})")


def flag(field: str) -> str:
    return "--" + field.replace("_", "-")


def plain(text: str | None) -> str:
    """A text as part of a name: where it holds other than letters, digits, '_' and '.', these alone and a mark that
    tells it from others."""
    kept = re.sub(r"[^A-Za-z0-9_.]", "", text or "")
    return kept if kept == text else f"{kept}+{hashlib.sha256((text or '').encode()).hexdigest()[:6]}"


def check_limits(limits: Mapping[str, str], *groups: object) -> None:
    """limits  by field, as intervals: "[1, inf)"; of a field with several values, each must lie in it

    raises UserError that names the option
    """
    for group in groups:
        for name, interval in limits.items():
            value = getattr(group, name, None)
            for number in value if isinstance(value, tuple) else (value,):
                if number is not None and not _inside(number, interval):
                    raise UserError(f"{flag(name)} {number:g}: must lie in {interval}.")


def _inside(number: int | float, interval: str) -> bool:
    low, high = (float(end) for end in re.findall(r"[\d.]+|inf", interval))
    above = number >= low if interval[0] == "[" else number > low
    below = number <= high if interval[-1] == "]" else number < high
    return math.isfinite(number) and above and below

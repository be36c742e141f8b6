"""A record against itself: what it says twice, it says alike, and each count is one that can be.

A rule is a function of a record that yields what it compares: the field, what stands there, what must stand there
(a value, or `Within` a range), and whence that is known. A file a kind of record holds its `RULES`, and how its `name`
follows from its configuration. Needs no torch.
"""

from collections.abc import Iterator
from typing import Any

from common.consistency import attack, baseline, benchmark, boundary, endurance, every, gan, interpolate, train
from common.consistency.compared import Compared, Record, Within
from common.errors import UserError

KINDS = {
    "train": train,
    "baseline": baseline,
    "attack": attack,
    "interpolate": interpolate,
    "boundary": boundary,
    "gan": gan,
    "benchmark": benchmark,
    "endurance": endurance,
}


def trouble(record: Record) -> str | None:
    """The first contradiction in a record that fits the schema, the field first, or None."""
    for rule in (*every.RULES, its_name, *KINDS[record["kind"]].RULES):
        for field, found, wanted, source in rule(record):
            is_right = found in wanted if isinstance(wanted, Within) else found == wanted
            if not is_right:
                return f"$.{field}: is {_short(found)}, and by {source} {_short(wanted)}"
    return None


def its_name(record: Record) -> Iterator[Compared]:
    """A name is a configuration."""
    yield "run", record["run"], name(record), "its configuration"


def name(record: Record) -> str:
    """The name of a record's run, from its configuration; what is wrong with that where it has none."""
    try:
        return str(KINDS[record["kind"]].name(record))
    except UserError as error:
        return f"none ({error})"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 100 else text[:97] + "..."

"""What an option is. Its line says all there is to say of it: type, default, help, and a `Fact`: its range, its piece
of a record's name, and what was in force before there was the option. Names, checks, the schema of a record's
``config``, what old records mean and the words of a command line all follow from that line.
"""

import dataclasses
import hashlib
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import tyro

from common.errors import UserError

T = TypeVar("T")

OPEN: Any = None  # the value of an option that is left open: the data set, the model or the method decides
LEFT_OPEN = "left open until it is resolved"
ALWAYS = object()  # an option that there has always been
LONGEST = 220  # bytes of a name
SEEDS = "[0, 4294967295]"  # what NumPy and scikit-learn take

if TYPE_CHECKING:
    Open = Annotated[T, LEFT_OPEN]
else:

    class Open:
        """``Open[int]``: an int in a configuration, None as long as it is left open."""

        def __class_getitem__(cls, kind: Any) -> Any:
            return Annotated[kind | None, LEFT_OPEN]


@dataclass(frozen=True)
class Fact:
    """What the line of an option says beside its type, default and help.

    within   the interval in which its number, or each of its numbers, must lie: "[1, 1e6]"
    piece    its piece of a record's name where it departs from the default: "w{}", or what makes the piece of a value;
             "": the name says it otherwise
    since    what was in force in records from before there was the option
    """

    within: str = ""
    piece: str | Callable[[Any], str] = ""
    since: Any = ALWAYS


@dataclass(frozen=True)
class Option:
    """One option as its line describes it.

    kind          its type, without None
    may_be_none   in a configuration, where nothing is left open
    """

    name: str
    kind: Any
    may_be_none: bool
    fact: Fact


def own(metavar: str, default: str) -> object:
    """A field that is None until more is known: what the help shows as its value and default."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint=f"(default: {default})")


def flag(field: str) -> str:
    return "--" + field.replace("_", "-")


def plain(text: str | None) -> str:
    """A text as part of a name: where it holds other than letters, digits, '_' and '.', these alone and a mark that
    tells it from others."""
    kept = re.sub(r"[^A-Za-z0-9_.]", "", text or "")
    return kept if kept == text else f"{kept}+{_mark(text or '')}"


def joined(parts: Iterable[str]) -> str:
    """The name of these pieces. File systems take names of 255 bytes, and a record's has its kind before it and more
    behind it: a longer one ends in a mark that tells it from others."""
    name = "-".join(parts)
    if len(name.encode()) <= LONGEST:
        return name
    end = f"+{_mark(name)}"
    return name.encode()[: LONGEST - len(end)].decode(errors="ignore") + end


def _mark(text: str) -> str:
    """What tells a text from others."""
    return hashlib.sha256(text.encode()).hexdigest()[:6]


def several(texts: tuple[str, ...]) -> str:
    """These texts as part of a name: of many their number, with a mark that tells them from others."""
    name = plain("\0".join(texts))
    return name if len(name) <= 40 else f"{len(texts)}+{name[-6:]}"


def of_file(csv: Path) -> str:
    """What a set of points of the user's own is called."""
    return f"csv-{csv.stem}"


def _options_of(group: Any) -> dict[str, Option]:
    hints = get_type_hints(group, include_extras=True)
    return {field.name: _option(field.name, hints[field.name]) for field in dataclasses.fields(group)}


def _option(name: str, hint: Any) -> Option:
    kind, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    may_be_none = get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind)
    if may_be_none:
        kind = Union[tuple(one for one in get_args(kind) if one is not type(None))]  # noqa: UP007
    fact = next((note for note in notes if isinstance(note, Fact)), Fact())
    return Option(name, kind, may_be_none and LEFT_OPEN not in notes, fact)


# The options of a group, or of a whole configuration (its class), by name and in order.
described: Callable[[Any], dict[str, Option]] = cache(_options_of)


def groups(options: Any) -> Iterator[Any]:
    """The groups that the options of a script consist of; of options without groups, themselves."""
    inner = [getattr(options, field.name) for field in dataclasses.fields(options)]
    nested = [group for group in inner if dataclasses.is_dataclass(group)]
    yield from nested or [options]


def check(options: Any) -> None:
    """Refuses what can be refused without data or a model: numbers out of range, then options that clash, by the rules
    of their script.

    raises UserError that names the option
    """
    for group in groups(options):
        for option in described(type(group)).values():
            value = getattr(group, option.name)
            for number in value if isinstance(value, tuple) else (value,):
                if option.fact.within and number is not None and not _inside(number, option.fact.within):
                    shown = f"{number:g}" if isinstance(number, float) else str(number)[:30]
                    raise UserError(f"{flag(option.name)} {shown}: must lie in {option.fact.within}.")
    refuse_clashes = getattr(options, "refuse_clashes", None)
    if refuse_clashes:
        refuse_clashes()


def pieces(config: Any, usual: Any) -> dict[str, str]:
    """The pieces of a record's name, by option: of all that departs from what is usual."""
    found = {}
    for name, option in described(type(config)).items():
        value, piece = getattr(config, name), option.fact.piece
        if piece and value != getattr(usual, name):
            found[name] = piece.format(_text(value)) if isinstance(piece, str) else piece(value)
    return found


def words(config: Any, usual: Any) -> list[str]:
    """The words of a command line that ask for this configuration, where the usual one is had unasked."""
    found = []
    for name in described(type(config)):
        value = getattr(config, name)
        if value == getattr(usual, name):
            continue
        if value is True:
            found.append(flag(name))
        else:
            found += [flag(name), *map(str, value if isinstance(value, tuple) else (value,))]
    return found


def as_json(config: Any) -> dict[str, Any]:
    """A configuration as a record holds it."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(config).items()}


def in_force(config: Any) -> str:
    """A configuration as a user reads it, without what means nothing in it."""
    return " ".join(f"{name}={value}" for name, value in as_json(config).items() if value is not None)


def of_json(kind: type[T], config: Mapping[str, Any]) -> T:
    """A configuration of what a record holds, or, with None for it, leaves open."""
    options, found = described(kind), dict[str, Any]()
    for name, value in config.items():
        is_whole = type(value) is int and name in options and options[name].kind is float  # JSON's 1 for 1.0
        found[name] = tuple(value) if isinstance(value, list) else float(value) if is_whole else value
    return kind(**found)


def earlier(config: type[Any]) -> dict[str, Any]:
    """What was in force in records from before there was a choice, by option."""
    return {name: one.fact.since for name, one in described(config).items() if one.fact.since is not ALWAYS}


def schema(config: type[Any]) -> dict[str, Any]:
    """The JSON schema of a record's ``config``."""
    options = described(config)
    return {
        "type": "object",
        "required": [name for name, option in options.items() if option.fact.since is ALWAYS],
        "additionalProperties": False,
        "properties": {name: _schema_of(option) for name, option in options.items()},
    }


def _schema_of(option: Option) -> dict[str, Any]:
    of_one = get_args(option.kind)[0] if get_origin(option.kind) is tuple else option.kind
    if get_origin(of_one) is Annotated:
        of_one = get_args(of_one)[0]
    if get_origin(of_one) is Literal:
        found: dict[str, Any] = {"enum": list(get_args(of_one))}
    else:
        found = {"type": {bool: "boolean", int: "integer", float: "number", str: "string"}[of_one]}
        found |= _bounds(option.fact.within)
    if get_origin(option.kind) is tuple:
        found = {"type": "array", "items": found}
    return {"anyOf": [{"type": "null"}, found]} if option.may_be_none else found


def _bounds(interval: str) -> Mapping[str, float]:
    if not interval:
        return {}
    (low, high), lower, upper = _ends(interval), "minimum", "maximum"
    return {
        lower if interval[0] == "[" else "exclusiveMinimum": low,
        upper if interval[-1] == "]" else "exclusiveMaximum": high,
    }


def _ends(interval: str) -> tuple[float, float]:
    low, high = (float(end) for end in interval[1:-1].split(", "))
    return low, high


def _inside(number: int | float, interval: str) -> bool:
    low, high = _ends(interval)
    above = number >= low if interval[0] == "[" else number > low
    below = number <= high if interval[-1] == "]" else number < high
    return above and below


def _text(value: Any) -> str:
    return ("+".join(map(str, value)) or "none") if isinstance(value, tuple) else f"{value}"

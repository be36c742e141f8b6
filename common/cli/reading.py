"""From the command line, and a file, to options."""

import dataclasses
import io
import json
import re
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import tyro
import yaml

from common import hints, signals
from common.cli.ending import is_speaker, parting, status_of
from common.errors import UserError, meant
from common.options.fields import OPEN, check, earlier, groups
from common.options.networks import FILE
from common.options.train import OF_MIXUP, TrainConfig, TrainOptions
from common.terminal import CONTROL, visible

Options = TypeVar("Options")

NOT_IN_A_FILE = {"config", "plan", "json", "overwrite"}  # said to one invocation, no part of a run
YES, NO = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


def parse(options: type[Options], description: str | None, argv: Sequence[str] | None = None) -> Options:
    """The options of a script: command line before the file that they name as their `config_file` before default.

    description  of the script

    raises UserError for a file that cannot be used, a number out of range, options that clash, and options that are
    none, with what they are called here
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    _refuse_control(argv)
    description = description or ""
    typed = _tyro(options, argv, description)
    file = getattr(typed, "config_file", None)
    if file is not None:
        content = _read(file)
        content = _of_this_run(content, typed, argv)
        typed = _tyro(options, argv, description, default=from_mapping(options, file, content)[0])
    check(typed)
    return typed


def answer(options: type[Any], description: str | None) -> None:
    """Ends with the help, or with what is wrong with the options (a data set that is not there, too), before a script
    imports what takes seconds. While it does, SIGINT and SIGTERM end it."""

    def read() -> None:
        asked = parse(options, description)
        if hasattr(asked, "source"):
            asked.source()

    if status := status_of(read, signals.GRACE):
        sys.exit(status)
    signals.end_at_once(parting())


def _tyro(options: type[Options], argv: Sequence[str], description: str, default: Options | None = None) -> Options:
    def read(speaks: bool) -> Options:
        return tyro.cli(
            options,
            description=description,
            args=list(argv),
            console_outputs=speaks,
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.DisallowNone),  # flat names in named groups
            default=tyro.MISSING_NONPROP if default is None else default,
        )

    try:
        with redirect_stderr(io.StringIO()):
            return read(False)
    except SystemExit as error:
        hint = hints.of(_types(options), argv) if error.code else None
        if hint:
            raise UserError(hint) from None
    help_text = io.TextIOWrapper(io.BytesIO(), sys.stdout.encoding or "ascii", "plain", newline="\n")
    try:
        with redirect_stdout(help_text):
            return read(is_speaker())
    finally:
        help_text.seek(0)
        sys.stdout.write(_within_the_terminal(help_text.read()))


def _within_the_terminal(text: str) -> str:
    """With the paragraphs, which tyro leaves in one line each, broken at the terminal's edge."""
    width = shutil.get_terminal_size().columns
    lines = [textwrap.fill(line, width) if len(line) > width else line for line in text.splitlines()]
    return re.sub("\n{3,}", "\n\n", "\n".join([*lines, ""]) if lines else "")


def from_mapping(options: type[Options], where: Path | str, content: Mapping[Any, Any]) -> tuple[Options, list[str]]:
    """Options from lines such as ``epochs: 30``, and the words of a command line that say the same. Values are read as
    text and converted by the option's type, since YAML itself reads 1e-4 as text and no as false.

    where  the lines stand, for the message
    raises UserError that names the line
    """
    types = {name: kind for name, kind in _types(options).items() if name not in NOT_IN_A_FILE}
    arguments: dict[str, list[str]] = {}
    for key, value in content.items():
        name = str(key).replace("-", "_")
        if name not in types:
            hint = meant(name, types) or f"; it takes {', '.join(types)}"
            raise UserError(f"{where}: unknown option {key!r}{hint}.")
        if value not in (None, "", "null", "~"):
            arguments[name] = _as_arguments(where, name, value, bool in (types[name], *get_args(types[name])[:1]))
    values = {}
    for name, words in arguments.items():
        try:
            values[name] = _value(options, name, tuple(words))  # type: ignore[arg-type]
        except (SystemExit, UserError):
            raise UserError(
                f"{where}: {name}: {' '.join(words[1:])!r} is no value for {words[0]}; see --help."
            ) from None
    return _with(options(), values), [word for words in arguments.values() for word in words]


@cache
def _value(options: type[Any], name: str, words: tuple[str, ...]) -> Any:
    """What these words say of one option. A study says the same of hundreds of runs, and tyro takes 40 ms for each."""
    with redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()):
        read = _tyro(options, words, "")
    return next(getattr(group, name) for group in groups(read) if hasattr(group, name))


def _with(options: Options, values: Mapping[str, Any]) -> Options:
    """Options with some of their values changed, in whatever group these are."""
    fields = {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}  # type: ignore[arg-type]
    changed = {name: _with(it, values) for name, it in fields.items() if dataclasses.is_dataclass(it)}
    changed |= {name: values[name] for name in fields.keys() - changed.keys() if name in values}
    return dataclasses.replace(options, **changed)  # type: ignore[type-var]


def takes_several(options: type[Any], name: str) -> bool:
    """Whether this option takes several values at once, as ``--lr-drops 0.5 0.75``. False for one that is unknown."""

    def is_tuple(kind: Any) -> bool:
        return get_origin(kind) is tuple or any(map(is_tuple, get_args(kind)))

    return is_tuple(_types(options).get(name))


def _read(file: Path) -> dict[Any, Any]:
    try:
        text = file.read_text(encoding="utf-8")
        # A record is JSON, whose null and numbers are what they say; YAML's scalars are taken as text.
        content = json.loads(text) if file.suffix == ".json" else yaml.load(text, yaml.BaseLoader)
    except OSError as error:
        raise UserError(f"--config {file}: {error.strerror}.") from None
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        line = " ".join(str(error).split())
        raise UserError(f"--config {file}: neither YAML nor a record ({line}).") from None
    if isinstance(content, dict) and "schema" in content and "kind" in content:
        if content["kind"] != "train" or not isinstance(content.get("config"), dict):
            raise UserError(f"--config {file}: a record of kind {content['kind']!r}; only a train record can be rerun.")
        content = earlier(TrainConfig) | content["config"]
        if FILE.fullmatch(str(content.get("model"))):
            raise UserError(f"--config {file}: model: a record names no file whose code would be run.")
    if content in (None, ""):
        return {}
    if not isinstance(content, dict):
        raise UserError(f"--config {file}: must hold lines such as 'epochs: 30'.")
    return content


def _of_this_run(content: Mapping[Any, Any], typed: Any, argv: Sequence[str]) -> dict[Any, Any]:
    """A file without the lines that mean nothing for what is typed beside it: what it says of mixup, under --no-mixup,
    or, a record of ERM, under --mixup; and the width that a record has of another --model."""
    others = {*OF_MIXUP} if "--no-mixup" in argv else set()
    if isinstance(typed, TrainOptions) and {*vars(typed.asked)} <= {*content}:  # a record, which holds all of them
        others |= {*OF_MIXUP} if typed.asked.mixup and not content["mixup"] else set()
        others |= {"width"} if typed.asked.model not in (OPEN, content["model"]) else set()
    return {name: value for name, value in content.items() if str(name).replace("-", "_") not in others}


def _as_arguments(where: Path | str, name: str, value: Any, is_flag: bool) -> list[str]:
    flag = name.replace("_", "-")
    if is_flag:
        word = str(value).lower()
        if word not in YES | NO:
            raise UserError(f"{where}: {name}: {value!r} is neither true nor false.")
        return [f"--{flag}"] if word in YES else []  # every flag is off by default
    if isinstance(value, dict):
        raise UserError(f"{where}: {name}: takes a value, not a group of them.")
    values = value if isinstance(value, list) else str(value).split() if name == "lr_drops" else [value]
    words = [f"--{flag}", *map(str, values)]
    _refuse_control(words, f"{where}: {name}: ")
    return words


def _refuse_control(words: Sequence[str], where: str = "") -> None:
    """What a word of a command line may not hold: it becomes part of commands that are printed, a line each."""
    for word in words:
        if found := CONTROL.search(word):
            raise UserError(
                f"{where}'{visible(word)}' holds a character that cannot be seen or is not UTF-8 "
                f"({visible(found[0])}); take it out, or give the file another name."
            )


def _types(options: Any) -> dict[str, Any]:
    """Name and type of each option, over all groups."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(options):
        found |= _types(field.type) if dataclasses.is_dataclass(field.type) else {field.name: field.type}
    return found

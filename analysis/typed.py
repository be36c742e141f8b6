"""Commands as they are to be typed, so that they find the records of a folder and what lies beside them. Below the
repository they are for its own folder and name no path of this machine; elsewhere they are for any.

They are told by the command that a record has, and not by its configuration: that says what was measured, while the
folders, which move no number, stand in the command alone, and so they do in every record that there is."""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from common.options.machine import PRECISION
from common.records import ROOT, Record

# The options that name folders, where each is without them, and the scripts that take it.
FOLDERS = {"--results-dir": "results", "--checkpoint-dir": "checkpoints", "--data-dir": None}
OF_DATA = ("train", "interpolate", "attack", "study", "baseline")
OF_WEIGHTS = (*OF_DATA, "gan")
OF_A_LIBRARY = re.compile("[a-z]{2,}:")  # hub:OWNER/NAME, timm:NAME


def line(folder: Path, script: str, words: Sequence[str], typed: Mapping[str, str], precision: str = "no") -> str:
    """The command that starts a script.

    folder     of the records
    script     its path, below the repository
    typed      the options that made them, which say where weights and data lie
    precision  Accelerate's
    """
    start = ["python"] if precision == "no" else ["env", f"{PRECISION}={precision}", "python"]
    path = script if folder.resolve().is_relative_to(ROOT) else str(ROOT / script)
    return shlex.join([*start, path, *words, *_folders(folder, Path(script).stem, typed)])


def again(folder: Path, record: Record) -> str:
    """The command that makes a record again. Of a path that was absolute the record has the last part alone. A record
    may be a stranger's: its words are quoted, and what is no script of ours is not to be run."""
    script, *words = _words(record) or [""]
    if not re.fullmatch(r"(scripts|tests)/\w+\.py", script):
        return f"# no script of ours: {shlex.join(['python', script, *words])}"
    typed, base = options(record), _typed_in(folder, options(record))
    kept: list[str] = []
    skip = False
    for word in words:
        option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
        if not skip and option not in FOLDERS:
            kept.append(option + equals + (_from(base, value) if _is_path(value) else value))
        skip = option in FOLDERS and not equals
    return line(folder, script, kept, typed, record["environment"]["precision"])


def options(record: Record) -> dict[str, str]:
    """Those of the command that made a record, each with the word after it."""
    words = _words(record)
    found = {}
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if word.startswith("--"):
            option, equals, value = word.partition("=")
            found[option] = value if equals else after
    return found


def _words(record: Record) -> list[str]:
    """Of the command that made a record. Older ones were not quoted: where one is no line of a shell's, spaces are what
    lies between its words. A backslash is no escape: it writes out what cannot be seen, or is Windows' own."""
    command = record["environment"]["command"]
    lexer = shlex.shlex(command, posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
    try:
        return list(lexer)
    except ValueError:
        return command.split()


def data_set(folder: Path, record: Record) -> str:
    """What its --dataset was, a known name or a path."""
    named: str = options(record).get("--dataset", record["config"]["dataset"])
    return file_of(folder, record, "--dataset") if _is_path(named) else named


def file_of(folder: Path, record: Record, option: str) -> str:
    """The file or folder that this option named: "FILE" where the command that made the record did not have it."""
    typed = options(record)
    return _from(_typed_in(folder, typed), typed[option]) if option in typed else "FILE"


def _folders(folder: Path, script: str, typed: Mapping[str, str]) -> list[str]:
    base, places = _typed_in(folder, typed), {"--results-dir": _shown(folder.resolve())}
    if script in OF_WEIGHTS:
        places["--checkpoint-dir"] = _from(base, typed.get("--checkpoint-dir", "checkpoints"))
    if "--data-dir" in typed and script in OF_DATA:
        places["--data-dir"] = _from(base, typed["--data-dir"])
    return [word for option, place in places.items() if place != FOLDERS[option] for word in (option, place)]


def _typed_in(folder: Path, typed: Mapping[str, str]) -> Path | None:
    """The directory in which a command was typed that left its record in this folder; None where that cannot be told,
    since the folder was moved."""
    named = Path(typed.get("--results-dir", "results")).parts
    parts = folder.resolve().parts
    return Path(*parts[: -len(named)]) if named and parts[-len(named) :] == named else None


def _is_path(word: str) -> bool:
    return "/" in word and not OF_A_LIBRARY.match(word)


def _from(base: Path | None, place: str) -> str:
    """A path that was typed in this directory, as it is to be typed."""
    return _shown(base / place) if base else place


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)

"""Records: the JSON objects that prove a measurement. The only code that reads or writes one; it needs no torch.

A record's last line is a digest of all lines before it: ``head -n -2 RECORD | sha256sum``. Those made before there were
digests have none.
"""

import hashlib
import json
import math
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema_rs

from common import consistency
from common.errors import UserError
from common.files import write_whole
from common.options.attack import ATTACKS, AttackConfig
from common.options.baseline import BaselineConfig
from common.options.benchmark import MeasuredConfig
from common.options.boundary import BoundaryConfig
from common.options.fields import earlier
from common.options.fields import schema as schema_of
from common.options.gan import GanConfig
from common.options.interpolate import InterpolateConfig
from common.options.train import TrainConfig
from common.places import ROOT

SCHEMA = 1
PACKAGES = ("torch", "torchvision", "accelerate", "datasets", "evaluate", "numpy", "scikit-learn")

CONFIGS: dict[str, type[Any]] = {  # by kind of record
    "train": TrainConfig,
    "attack": AttackConfig,
    "interpolate": InterpolateConfig,
    "boundary": BoundaryConfig,
    "gan": GanConfig,
    "baseline": BaselineConfig,
    "benchmark": MeasuredConfig,
}

# By kind of record: which of these it has, no other of them, and the number of its parents.
HOLDS: dict[str, tuple[tuple[str, ...], int]] = {
    "train": (("data", "weights", "curve"), 0),
    "baseline": (("data",), 0),
    "interpolate": (("data",), 1),
    "attack": (("data",), 2),
    "boundary": (("data",), 0),
    "gan": (("curve",), 0),
    "benchmark": ((), 0),
    "endurance": (("data",), 0),
}

Record = dict[str, Any]


def path_of(results_dir: Path, dataset: str, kind: str, name: str) -> Path:
    """Where a record lies: ``results/<dataset>/<kind>-<name>.json``."""
    return results_dir / dataset / f"{kind}-{name}.json"


def write(path: Path, record: Record) -> None:
    """Writes a record, with its digest, whole or not at all.

    raises ValueError for one that does not fit the schema or contradicts itself: that is our mistake, not the user's
    """
    trouble = _trouble(record)
    if trouble:
        raise ValueError(f"{path}: {trouble}")
    body = _text(record).removesuffix("\n}") + ",\n"
    write_whole(path, f'{body} "digest": "{_digest(body)}"\n}}\n'.encode())


def read(path: Path) -> Record:
    """Without its digest. Its ``config`` holds every option, those too that came after the record.

    raises UserError for a file that is no record of ours, or not what was written, with the field that is wrong
    """
    try:
        text = path.read_text(encoding="utf-8")
        record = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}. Mend that; the same command then goes on.") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not a record ({error}). Restore it, or move it away and run again.") from None
    if isinstance(record, dict) and isinstance(record.get("schema"), int) and record["schema"] > SCHEMA:
        raise UserError(f"{path}: schema {record['schema']:.7g} is newer than this code ({SCHEMA}); update the code.")
    if isinstance(record, dict) and "digest" in record:
        body, _, end = text.rpartition(' "digest": ')
        if end != f'"{_digest(body)}"\n}}\n':
            raise UserError(
                f"{path}: changed since it was written (its digest is of other lines). Restore it, or move it away and "
                "run again."
            )
        del record["digest"]
    trouble = _trouble(record)
    if trouble:
        raise UserError(f"{path}: not a record ({trouble}). Restore it, or move it away and run again.")
    return _whole(record)


def is_curve(rows: Any) -> bool:
    """Whether these are rows of a train record's curve, in order; there may be none yet."""
    schema = {"type": "array", "items": {"$ref": "#/$defs/train_row"}, "$defs": _definitions()["$defs"]}
    epochs = [row["epoch"] for row in rows] if jsonschema_rs.Draft202012Validator(schema).is_valid(rows) else [0, 0]
    return epochs == sorted(set(epochs))


def as_parent(path: Path, record: Record) -> dict[str, str]:
    """What the record of a measurement says of a run that it was made from. path, record  of the run"""
    return {"record": f"{path.parent.name}/{path.name}", "weights": record["weights"]}


def is_of(
    path: Path,
    config: dict[str, Any],
    fingerprint: str | None,
    parents: Sequence[dict[str, str]] = (),
    precision: str = "no",
) -> bool:
    """Whether the record of this very measurement is there: of this configuration and data, and made from these
    weights. One of other weights is to be made again.

    fingerprint  of the data; None of a record that is of none

    raises UserError where the record under this name is of another configuration or other data
    """
    if not path.exists():
        return False
    record = read(path)
    refuse_other(
        path,
        record["config"]
        | {"precision": record["environment"]["precision"], "data": record.get("data", {}).get("fingerprint")},
        config | {"precision": precision, "data": fingerprint},
    )
    return record["parents"] == list(parents)


def refuse_other(
    path: Path,
    there: dict[str, Any],
    here: dict[str, Any],
    what: str = "measurement",
    elsewhere: str = "--results-dir",
) -> None:
    """raises UserError that names the first field by which what lies under a name differs from what is to lie there

    elsewhere  the options by which both could be kept
    """
    for field in here | there:
        if there.get(field) != here.get(field):
            raise UserError(
                f"{path}: is of another {what} under the same name: {field} is {there.get(field)!r} there and "
                f"{here.get(field)!r} here. Give another {elsewhere}, or replace it with --overwrite."
            )


def environment(**measured: Any) -> dict[str, Any]:
    """Which code runs here, by which command, since when: to be asked at the start, since files may change later.
    `measured` adds what only the running process knows: device, threads, processes, precision, compiled, batchnorm.

    Code that changed since it was first asked for differs from both: what was imported is old, what comes is new."""
    commit, differs = code()
    return {
        "versions": {"python": ".".join(map(str, sys.version_info[:3]))} | {p: version(p) for p in PACKAGES},
        **measured,
        "commit": commit,
        "code_differs": differs or _code() != (commit, differs),
        "command": command(sys.argv),
        "started": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@cache
def code() -> tuple[str, bool]:
    """The commit, and whether the files differ from it, when this process, or the one of which it is a copy, first
    asked."""
    return _code()


def _code() -> tuple[str, bool]:
    status = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!results")
    return _git("rev-parse", "HEAD") or "unknown", status != ""


def command(argv: Sequence[str]) -> str:
    """The command line, quoted as a shell wants it, without paths of this machine: of an absolute path only the last
    part is kept, and of the script its place in the repository."""
    script = Path(argv[0]).resolve()
    shown = [str(script.relative_to(ROOT)) if script.is_relative_to(ROOT) else script.name]
    for word in argv[1:]:
        option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
        shown.append(option + equals + (Path(value).name if os.path.isabs(value) else value))
    return shlex.join(shown)


def _git(*arguments: str) -> str | None:
    try:
        answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


@cache
def _schema() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_definitions())


def _definitions() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(Path(__file__).with_name("record.schema.json").read_text())
    schema["$defs"] |= {f"{kind}_config": schema_of(config) for kind, config in CONFIGS.items()}
    schema["$defs"]["attack"] = {"enum": [*ATTACKS]}
    schema["allOf"] = [{"if": {"properties": {"kind": {"const": kind}}}, "then": _own(kind)} for kind in HOLDS]
    return schema


def _own(kind: str) -> dict[str, Any]:
    """What the schema says of one kind of records alone."""
    has, parents = HOLDS[kind]
    own: dict[str, Any] = {name: False for name in ("data", "weights", "curve") if name not in has}
    own |= {name: {"$ref": f"#/$defs/{kind}_{name}"} for name in ("config", "final")}
    own["parents"] = {"minItems": parents, "maxItems": parents}
    if "curve" in has:
        own["curve"] = {"items": {"$ref": f"#/$defs/{kind}_row"}}
    return {"required": [*has], "properties": own}


def _trouble(record: Any) -> str | None:
    """What is wrong with a record, the field first, or None."""
    errors = sorted(_schema().iter_errors(record), key=lambda error: len(error.instance_path), reverse=True)
    if errors:
        field = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in errors[0].instance_path)
        return f"${field}: {errors[0].message[:300]}"
    return consistency.trouble(_whole(record))


def _whole(record: Record) -> Record:
    """With what was in force of the options that came after it."""
    config = CONFIGS.get(record["kind"])
    return record | {"config": earlier(config) | record["config"]} if config else record


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _text(value: Any, indent: int = 0) -> str:
    """JSON with a line for each field, and for each row of a list: readable, and short in a diff."""
    inside = "\n" + " " * (indent + 1)
    if isinstance(value, dict) and indent < 2 and value:
        rows = [f"{json.dumps(k)}: {_text(v, indent + 1)}" for k, v in value.items()]
        return "{" + inside + ("," + inside).join(rows) + "\n" + " " * indent + "}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[" + inside + ("," + inside).join(_text(row, 2) for row in value) + "\n" + " " * indent + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"{number[:20]} is larger than any number of a record")
    return value

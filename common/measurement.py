"""What every script does beside its question: which records it is asked for and which of them are missing, what these
will cost, `--plan`, progress, and how each is written. A script calls these in their order, around a loop of its own;
scripts/interpolate.py is the plain case.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from accelerate import Accelerator

from common import processes, records
from common.files import check_writable
from common.options.fields import as_json, in_force
from common.options.machine import Machine

Config = TypeVar("Config")
Subject = TypeVar("Subject")


@dataclass(frozen=True, eq=False)
class Measurement(Generic[Config, Subject]):
    """A record that a script is asked for, with everything that decides it.

    kind       of record, which is the script's: "interpolate"
    name       which says all of the configuration that departs from the defaults
    path       where the record lies, or will
    config     every option that decides its numbers
    of         what is measured: a finished run, rows, points
    data       what the record says of the rows, their fingerprint among it; empty where there are none
    parents    what it says of the finished runs that it is made from
    precision  Accelerate's, where it decides the numbers too
    """

    kind: str
    name: str
    path: Path
    config: Config
    of: Subject
    data: dict[str, Any]
    parents: Sequence[dict[str, str]] = ()
    precision: str = "no"

    def is_recorded(self) -> bool:
        """raises UserError where the record under this name is of another configuration or other data"""
        mark = self.data.get("fingerprint")
        return records.is_of(self.path, as_json(self.config), mark, self.parents, self.precision)


M = TypeVar("M", bound=Measurement[Any, Any])


def missing(accelerator: Accelerator, machine: Machine, wanted: Sequence[M]) -> list[M]:
    """Those that are to be made: all of them with --overwrite. Files are read by one process, for all."""
    if machine.overwrite:
        return list(wanted)
    there = processes.from_main(accelerator, lambda: [one.is_recorded() for one in wanted])
    return [one for one, is_there in zip(wanted, there, strict=True) if not is_there]


def listed(wanted: Sequence[M], missing: Sequence[M], cost: str) -> str:
    """What is there and what is to be made, a record each, for the user.

    cost  a line on what the missing ones will cost
    """
    lines = []
    for one in wanted:
        if one in missing:
            record = f"  record   {one.path}{'' if one.path.exists() else ' (not there yet)'}"
            lines += [one.name, f"  options  {in_force(one.config)}", record]
        else:
            lines.append(f"{one.name} is finished: {one.path}. To make it again, add --overwrite.")
    return "\n".join([*lines, cost] if missing else lines)


def announce(
    accelerator: Accelerator,
    machine: Machine,
    wanted: Sequence[M],
    missing: Sequence[M],
    seconds: float | None,
    said: str,
    **more: Any,
) -> None:
    """Says what is to be done, before it is: to a user, or with --plan --json to a program, in one line of JSON.
    Without --plan it is then carried out.

    seconds  that the missing ones will take; None: not known
    said     to a user
    more     that a program is told beside
    raises   UserError, before hours of work, where a record could not be written
    """
    if machine.plan and machine.json:
        there = [
            {"name": one.name, "path": str(one.path), "config": as_json(one.config), "finished": one not in missing}
            for one in wanted
        ]
        machine_is = {"device": processes.device_name(accelerator), "gpus": processes.gpus(accelerator)}
        told = {"records": there, "seconds": seconds, **machine_is}
        said = json.dumps(told | more)
    processes.say(accelerator, said)
    for one in [] if machine.plan else missing:
        check_writable(one.path)


def write(
    accelerator: Accelerator,
    one: M,
    environment: dict[str, Any],
    final: dict[str, Any],
    cost: dict[str, Any],
    **more: Any,
) -> None:
    """Writes its record, by one process.

    environment  what ran it, asked at the start
    final, cost  what was measured, and what it took
    more         that a record of this kind holds beside
    """
    if accelerator.is_main_process:
        record = {
            "schema": records.SCHEMA,
            "kind": one.kind,
            "run": one.name,
            "config": as_json(one.config),
            "environment": environment,
            **({"data": one.data} if one.data else {}),
            "parents": list(one.parents),
            **more,
            "final": final,
            "cost": cost,
        }
        records.write(one.path, record)

"""A training that is killed again and again must end as if nothing had happened.

    PYTHONPATH=scripts python -m tests.endurance --kills 100

A small training is killed, by SIGKILL, SIGINT or SIGTERM, at random moments and in the middle of every kind of write,
and started again by the same command until it ends; then the next one, ERM and mixup by turns. Nothing may be damaged
on the way, no finished epoch lost, and in the end the record equals an undisturbed run's (apart from time and cost),
the weights do so byte by byte, and no other file is left. Leaves results/endurance/endurance-<run>.json.

Most attempts are forks of this process, which has imported torch once and for all: they leave out the start of the
interpreter and the imports, which write nothing. Every tenth attempt is a `python scripts/train.py` as a user types it.
"""

import argparse
import collections
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs  # noqa: F401
import torch
import torch._dynamo

# Some of these are imported for the forks, which need not do it again.
from common import checkpoints, cli, costs, metrics, models, processes, progress, records, runs, training  # noqa: F401
from common.data import embedded  # noqa: F401
from common.errors import UserError
from scripts import train

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = ["--dataset", "digits", "--subset", "300", "--batch-size", "30", "--epochs", "6", "--width", "8"]
METHODS = ([], ["--mixup"])
SENTENCE = "Stopped. The same command goes on from what is finished."
ATTEMPTS = 200  # at one training: more would mean that it makes no progress
WRITTEN, HALF = ": written, not in place", ": half written"
SOON = 5.0  # seconds until a signal must have ended a run: 1 on a free machine


class LossError(Exception):
    """What must not happen: a file is damaged or left over, an epoch is lost, a number differs."""


@dataclass(frozen=True)
class Blow:
    """signal  by its number;  after  seconds from the start, or None: when for the ``nth`` time (from 1) a file is
    about to be touched in this way"""

    signal: int
    after: float | None
    stage: str = ""
    nth: int = 1


@dataclass(frozen=True)
class End:
    """How an attempt ended: its exit code (minus the signal that killed it), what it said on stderr, the files that it
    touched, one line each, and the seconds from the blow to the end."""

    status: int
    said: str
    touched: list[str]
    seconds: float


def comparable(record: dict[str, Any]) -> dict[str, Any]:
    """A record without what two equal runs differ in: when they ran, and how fast."""
    cost = {name: record["cost"][name] for name in ("training_flops", "parameters")}
    environment = {name: value for name, value in record["environment"].items() if name != "started"}
    return record | {"cost": cost, "environment": environment}


def options(method: list[str]) -> list[str]:
    return [*OPTIONS, "--threads", "1", *method]


def fork(method: list[str], folder: Path, blow: Blow | None = None) -> End:
    """One attempt in a fork of this process."""
    reader, writer = os.pipe()
    with tempfile.TemporaryFile("w+") as said:
        process = os.fork()
        if process == 0:
            os.close(reader)
            _attempt(options(method), folder, said.fileno(), writer, blow)
        os.close(writer)
        if blow and blow.after is not None:
            _await_ears(process, blow)
            time.sleep(blow.after)
            os.kill(process, blow.signal)  # a zombie, if it has ended by now: no harm
        begun = time.monotonic()
        with os.fdopen(reader) as lines:
            reported = [line.split("@") for line in lines.read().splitlines()]
        _, code = os.waitpid(process, 0)
        ended = time.monotonic()
        begun = next((float(when) for stage, when in reported if stage[0] == "!"), begun)
        said.seek(0)
        touched = [stage for stage, _ in reported]
        return End(os.waitstatus_to_exitcode(code), said.read(), touched, ended - begun)


def _attempt(argv: list[str], folder: Path, stderr: int, touched: int, blow: Blow | None) -> None:
    """In the fork: never returns."""
    status = 70
    try:
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(stderr, 2)
        sys.argv = ["scripts/train.py", *argv]
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _watch(touched, blow)
        status = cli.run(train.main)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _watch(report: int, blow: Blow | None) -> None:
    """Reports each touch of a file of the run, before it happens, and strikes at the one that was chosen."""
    count = 0

    def seen(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if event not in ("open", "os.rename", "os.remove", "os.mkdir"):
            return
        path = arguments[0]
        if not isinstance(path, str | os.PathLike) or not str(path).startswith(("checkpoints", "results")):
            return
        stage = _stage(event, str(path))
        if blow and blow.stage in (stage, stage.replace(WRITTEN, HALF)):
            count += 1
        if not blow or count < blow.nth or not blow.stage:
            os.write(report, f"{stage}@{time.monotonic()}\n".encode())
            return
        if blow.stage != stage:  # as if the killed write had come so far
            os.truncate(path, os.stat(path).st_size // 2)
        os.write(report, f"!{blow.stage}@{time.monotonic()}\n".encode())
        count = -(10**9)  # one blow is enough
        os.kill(os.getpid(), blow.signal)

    sys.addaudithook(seen)


def _stage(event: str, path: str) -> str:
    """Such as 'state: removed'."""
    kinds = {".lock": "lock", ".state": "state", ".safetensors": "weights", ".json": "record"}
    what = next((kind for ending, kind in kinds.items() if ending in path), "folder")
    if event == "os.rename":
        return f"{what}{WRITTEN}"
    if what == "folder":
        return "folder: made" if event == "os.mkdir" else "folder: a file put in place, not flushed"
    return f"{what}: removed" if event == "os.remove" else f"{what}: opened"


def spawn(method: list[str], folder: Path, blow: Blow) -> End:
    """One attempt as a user starts it."""
    command = [sys.executable, str(ROOT / "scripts" / "train.py"), *options(method)]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=said,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's & ignores it
        )
        _await_ears(process.pid, blow)
        try:
            process.wait(blow.after)
        except subprocess.TimeoutExpired:
            process.send_signal(blow.signal)
        begun = time.monotonic()
        process.wait()
        said.seek(0)
        return End(process.returncode, said.read(), [], time.monotonic() - begun)


def _await_ears(process: int, blow: Blow) -> None:
    """SIGKILL comes when it comes. The others wait until they are caught: before, in the first tenths of a second, they
    do what they do to any Python."""
    while blow.signal != signal.SIGKILL:
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
        if lines["State"].split()[0] == "Z" or int(lines["SigCgt"], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.005)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def finished_epochs(folder: Path) -> int:
    """After checking that all that lies there can be read."""
    epochs = 0
    for name in files(folder):
        path = folder / name
        if path.suffix == ".json":
            epochs = max(epochs, len(records.read(path)["curve"]))
        elif path.suffix == ".safetensors":
            checkpoints.load_weights(path)
        elif path.suffix == ".state":
            epochs = max(epochs, len(checkpoints.load_state(path)["curve"]))
        elif path.suffix not in (".part", ".lock"):
            raise LossError(f"{name} is none of ours")
    return epochs


def check_end(end: End, blow: Blow, folder: Path, epochs_before: int, files_before: list[str]) -> bool:
    """Whether the blow ended the attempt (else it came too late). Raises LossError."""
    if blow.signal == signal.SIGKILL:
        if end.status not in (0, -signal.SIGKILL):
            raise LossError(f"ended by itself with {end.status}: {end.said}")
        struck = end.status != 0
    else:
        if end.status not in (0, 128 + blow.signal):
            raise LossError(f"{blow}: ended with {end.status}: {end.said}")
        struck = end.status != 0
        lines = [line for line in end.said.splitlines() if not line.endswith(" left")]  # progress has lines of its own
        if struck and lines != [SENTENCE]:
            raise LossError(f"{blow}: said {end.said}")
        if struck and end.seconds > SOON:
            raise LossError(f"{blow}: ended only after {end.seconds:.1f} s")
        left = [name for name in files(folder) if name.endswith((".part", ".lock")) and name not in files_before]
        if left and blow.stage != "lock: removed":  # which the blow prevents: the next start removes it
            raise LossError(f"{blow}: left {left}")
    epochs = finished_epochs(folder)
    if epochs < epochs_before:
        raise LossError(f"{blow}: {epochs_before} epochs were finished, now {epochs}")
    return struck


def check_equal(folder: Path, whole: Path) -> None:
    if files(folder) != files(whole):
        raise LossError(f"{files(folder)} are there rather than {files(whole)}")
    for name in files(whole):
        if name.endswith(".json"):
            ours, theirs = (comparable(records.read(where / name)) for where in (folder, whole))
            for field in theirs:
                if ours[field] != theirs[field]:
                    raise LossError(f"{name}: {field} is {ours[field]} rather than {theirs[field]}")
        elif (folder / name).read_bytes() != (whole / name).read_bytes():
            raise LossError(f"{name} differs")


def campaign(kills: int, seed: int, real_every: int, home: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The figures, and the record of an undisturbed run. Raises LossError."""
    draw = random.Random(seed)
    whole, touched, duration = [], [], 0.0
    for number, method in enumerate(METHODS):
        whole.append(home / f"whole{number}")
        whole[-1].mkdir()
        begun = time.monotonic()
        end = fork(method, whole[-1])
        duration = time.monotonic() - begun
        if end.status:
            raise LossError(f"undisturbed, it ended with {end.status}: {end.said}")
        touched = end.touched
    stages = sorted({*touched, *(stage.replace(WRITTEN, HALF) for stage in touched)})
    due: list[str] = []
    by_signal: collections.Counter[str] = collections.Counter()
    by_stage: collections.Counter[str] = collections.Counter()
    attempts = trainings = real = 0
    slowest = 0.0
    while by_signal.total() < kills:
        folder = home / f"run{trainings}"
        folder.mkdir()
        for tries in range(1, ATTEMPTS + 1):
            before = finished_epochs(folder), files(folder)
            number = draw.choices([signal.SIGKILL, signal.SIGINT, signal.SIGTERM], [6, 2, 2])[0]
            is_real = real_every and (attempts + 1) % real_every == 0
            attempts += 1
            if by_signal.total() >= kills:  # let it end
                blow = Blow(signal.SIGKILL, None)
                end = fork(METHODS[trainings % 2], folder, blow)
            elif is_real:
                blow = Blow(number, draw.uniform(0, 3 * duration + (5 if number == signal.SIGKILL else 0)))
                end = spawn(METHODS[trainings % 2], folder, blow)
            elif draw.random() < 0.3:
                blow = Blow(number, draw.uniform(0, duration))
                end = fork(METHODS[trainings % 2], folder, blow)
            else:
                due = due or draw.sample(stages, len(stages))
                stage = due.pop()
                blow = Blow(number, None, stage, draw.randint(1, 3) if stage.startswith("state") else 1)
                end = fork(METHODS[trainings % 2], folder, blow)
            if check_end(end, blow, folder, *before):
                by_signal[signal.Signals(number).name] += 1
                by_stage[blow.stage or "at a random time"] += 1
                real += bool(is_real)
                slowest = max(slowest, end.seconds if number != signal.SIGKILL else 0.0)
            if end.status == 0:
                break
            if tries == ATTEMPTS:
                raise LossError(f"not finished after {tries} attempts")
        check_equal(folder, whole[trainings % 2])
        trainings += 1
    figures = {
        "kills": by_signal.total(),
        "by_signal": dict(sorted(by_signal.items())),
        "by_stage": dict(sorted(by_stage.items())),
        "through_the_shell": real,
        "attempts": attempts,
        "trainings": trainings,
        "losses": 0,
        "slowest_end_seconds": round(slowest, 2),
    }
    (record,) = (whole[0] / name for name in files(whole[0]) if name.endswith(".json"))
    return figures, records.read(record)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="at least so many")
    parser.add_argument("--seed", type=int, default=0, help="of signals and moments")
    parser.add_argument("--real-every", type=int, default=10, help="each so many attempts one by python; 0: none")
    parser.add_argument("--results-dir", type=Path, default=ROOT / "results", help="where the figures go")
    asked = parser.parse_args()
    torch.set_num_threads(1)  # a fork has no threads but one
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        try:
            figures, one = campaign(asked.kills, asked.seed, asked.real_every, Path(home))
        except (LossError, UserError) as loss:
            print(f"LOST (seed {asked.seed}): {loss}", file=sys.stderr)
            return 1
    name = f"kills{asked.kills}-seed{asked.seed}"
    measured = {key: one["environment"][key] for key in MEASURED}
    record = {
        "schema": records.SCHEMA,
        "kind": "endurance",
        "run": name,
        "config": {
            "kills": asked.kills,
            "seed": asked.seed,
            "real_every": asked.real_every,
            "training": " ".join(OPTIONS),
        },
        "environment": records.environment(**measured),
        "data": one["data"],
        "parents": [],
        "final": figures,
        "cost": {"seconds": time.monotonic() - begun},
    }
    path = records.path_of(asked.results_dir, "endurance", "endurance", name)
    records.write(path, record)
    print(json.dumps(figures, indent=1))
    print(path)
    return 0


MEASURED = ("device", "threads", "processes", "precision", "compiled", "batchnorm")

if __name__ == "__main__":
    sys.exit(main())

"""Stopped, killed, or short of room: what was good stays, and the same command goes on. The long form is
`make endurance`."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import endurance
import pytest
import torch

from _train import keeping
from common import checkpoints, cli, files, places, records, runs
from scripts import train

ARGV = endurance.options(["--mixup"])


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(capsys, *argv):
    """Status and what was said on stderr."""
    capsys.readouterr()
    status = cli.run(lambda: train.main([*ARGV, *map(str, argv)]))
    return status, capsys.readouterr().err


def refused(capsys, *argv):
    status, said = run(capsys, *argv)
    assert (status, said.count("\n")) == (2, 1), said
    return said


def ends_well(capsys):
    """The same command goes on to the record and weights that an undisturbed run gives."""
    assert run(capsys, "--results-dir", "whole/results", "--checkpoint-dir", "whole/checkpoints")[0] == 0
    assert run(capsys) == (0, "")
    for name in endurance.files(Path("whole")):
        if name.endswith(".json"):
            ours, theirs = (records.read(path) for path in (Path(name), Path("whole", name)))
            for field in ("config", "data", "weights", "curve", "final"):
                assert ours[field] == theirs[field]
        else:
            assert Path(name).read_bytes() == Path("whole", name).read_bytes()
    left = endurance.files(Path("checkpoints")) + endurance.files(Path("results"))
    assert len(left) == 2, left


def stop_after(monkeypatch, epochs):
    """Runs until so many epochs are saved, then breaks off."""
    monkeypatch.setattr(keeping, "SELDOM", 0)  # after each of them
    real, saves = checkpoints.Checkpoint.save, []

    def save(self, **state):
        real(self, **state)
        saves.append(1)
        if len(saves) == epochs:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
        patch.setattr(checkpoints.Checkpoint, "save", save)
        train.main(ARGV)
    (state,) = Path("checkpoints").glob("*.state")
    return state


@pytest.mark.long
def test_killed_again_and_again_nothing_is_lost(tmp_path):
    command = [
        sys.executable,
        "-m",
        "tests.endurance",
        "--kills",
        "8",
        "--real-every",
        "0",
        "--results-dir",
        str(tmp_path),
    ]
    place = os.environ | {"PYTHONPATH": "scripts"}  # where train.py finds its own parts when it is imported
    done = subprocess.run(command, cwd=endurance.ROOT, env=place, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    record = records.read(tmp_path / "endurance" / "endurance-kills8-seed0.json")
    assert record["final"]["kills"] >= 8
    assert record["final"]["losses"] == 0


@pytest.mark.by_python
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_real_process_is_stopped(capsys, tmp_path, number):
    long = tmp_path / "long"
    long.mkdir()
    blow = endurance.Blow(number, 0.5)
    end = endurance.spawn(["--epochs", "100000"], long, blow)
    assert end.status == (-9 if number == signal.SIGKILL else 128 + number)
    assert end.said == ("" if number == signal.SIGKILL else endurance.SENTENCE + "\n")
    assert end.seconds < endurance.SOON
    assert endurance.files(long) == []


def test_a_process_that_is_stuck_ends_all_the_same(tmp_path):
    """In a C call that does not come back, as a collective whose partner has gone."""
    code = """
import ctypes, sys
from common import cli
def main():
    print("ready", flush=True)
    while True:  # nothing is in the set, so the call itself never returns
        ctypes.CDLL(None).sigwait((ctypes.c_ulong * 16)(), (ctypes.c_int * 1)())
sys.exit(cli.run(main))
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (143, endurance.SENTENCE + "\n")
    assert time.monotonic() - begun < endurance.SOON


def test_with_overwrite_the_same_command_would_begin_again(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["scripts/train.py", "--overwrite"])

    def main():
        raise KeyboardInterrupt

    assert cli.run(main) == 130
    assert "The same command without --overwrite goes on" in capsys.readouterr().err


def test_two_processes_are_not_at_one_run(capsys):
    code = f"""
import sys
from pathlib import Path
from common import files
with files.alone(Path({str(lock_of())!r}), ()):
    print("locked", flush=True)
    sys.stdin.read()
"""
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert other.stdout.readline() == "locked\n"
    said = refused(capsys)
    assert f"process {other.pid}) is at this run" in said
    assert "--checkpoint-dir" in said
    other.kill()
    other.wait()
    assert lock_of().exists()  # its file stays, but it locks nothing
    ends_well(capsys)


def lock_of():
    asked = cli.parse(train.TrainOptions, "", ARGV)
    return places.lock_path(asked.run.checkpoint_dir, runs.describe(asked.asked, asked.source()).name("no"))


@pytest.fixture
def disk(tmp_path):
    """A disk of its own: ``disk("size=64k")`` mounts it at ./checkpoints, or mounts it anew with other options."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        done = subprocess.run(command, cwd=endurance.ROOT, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"a file system cannot be mounted here: {done.stderr.strip()}")

    yield mount
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True)


def test_a_disk_that_fills_up(capsys, monkeypatch, disk):
    disk("size=400k")
    stop_after(monkeypatch, 2)
    before = {name: Path(name).read_bytes() for name in endurance.files(Path())}
    room = os.statvfs("checkpoints").f_bavail * os.statvfs("checkpoints").f_bsize
    Path("checkpoints/ballast").write_bytes(b"x" * (room - 8192))
    said = refused(capsys)
    assert "No space left on device" in said
    assert "make room" in said
    for name, content in before.items():
        assert Path(name).read_bytes() == content
    assert sorted(os.listdir("checkpoints")) == sorted(["ballast", *(Path(name).name for name in before)])
    Path("checkpoints/ballast").unlink()
    ends_well(capsys)


def test_a_folder_that_turns_read_only(capsys, monkeypatch, disk):
    disk("size=1m")
    state = stop_after(monkeypatch, 2)
    content = state.read_bytes()
    disk("remount,ro")
    said = refused(capsys)
    assert "checkpoints writable" in said
    assert state.read_bytes() == content
    assert not Path("results").exists()
    disk("remount,rw")
    ends_well(capsys)


def test_a_full_cache_is_done_without(tmp_path, disk, monkeypatch, capsys):
    from PIL import Image

    for part in ("train", "test"):
        for label in ("a", "b"):
            folder = tmp_path / "own" / part / label
            folder.mkdir(parents=True)
            for number in range(40):
                Image.effect_noise((32, 32), 50).convert("RGB").save(folder / f"{number}.png")
    disk("size=40k")
    monkeypatch.setenv("MIXUP_CACHE_DIR", "checkpoints")
    assert cli.run(lambda: train.main(["--dataset", "./own", "--plan", "--threads", "1", "--width", "4"])) == 0
    assert "not kept, the next run decodes again" in capsys.readouterr().err
    assert os.listdir("checkpoints") == []


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", lambda whole: whole[:-7], lambda whole: whole[::-1]])
def test_a_truncated_or_foreign_checkpoint(capsys, monkeypatch, content):
    state = stop_after(monkeypatch, 2)
    whole = state.read_bytes()
    state.write_bytes(content(whole) if callable(content) else content)
    damaged = state.read_bytes()
    said = refused(capsys)
    assert f"{state}: not a checkpoint of this project, or damaged" in said
    assert "--overwrite" in said
    assert state.read_bytes() == damaged
    state.write_bytes(whole)
    ends_well(capsys)


def test_a_checkpoint_of_another_network(capsys, monkeypatch):
    state = stop_after(monkeypatch, 2)
    whole = state.read_bytes()
    held = checkpoints.load_state(state)
    held["network"].pop(next(iter(held["network"])))
    checkpoints.save_state(state, held)
    assert "does not fit the network of this version" in refused(capsys)
    state.write_bytes(whole)
    ends_well(capsys)


@pytest.mark.parametrize("damage", ["weights", "record"])
def test_weights_and_record_that_do_not_fit(capsys, damage):
    assert run(capsys)[0] == 0
    (record,) = Path("results/digits").glob("*.json")
    (weights,) = Path("checkpoints").glob("*.safetensors")
    path, other = (weights, record) if damage == "weights" else (record, weights)
    whole, untouched = path.read_bytes(), other.read_bytes()
    path.write_bytes(whole[:-3])
    said = refused(capsys)
    assert str(path) in said
    assert ("SHA-256 differs" if damage == "weights" else "Restore it, or move it away") in said
    assert (path.read_bytes(), other.read_bytes()) == (whole[:-3], untouched)
    path.write_bytes(whole)
    assert run(capsys) == (0, "")
    shutil.move(path, "away")
    ends_well(capsys)


def test_divergence_keeps_the_last_good_state(capsys, monkeypatch):
    state = stop_after(monkeypatch, 2)
    held = checkpoints.load_state(state)
    for name, tensor in held["network"].items():
        if name.endswith("weight"):
            tensor.mul_(1e30)  # finite still, as a state must be; what is computed of it is not
    checkpoints.save_state(state, held)
    content = state.read_bytes()
    status, said = run(capsys)
    assert (status, said.count("\n")) == (3, 1)
    assert "epoch 3 of 6" in said
    assert f"after epoch 2 is kept in {state}" in said
    assert state.read_bytes() == content
    assert not Path("results").exists()


OF_MEMORY = {
    "python": MemoryError(),
    "gpu": torch.OutOfMemoryError("CUDA out of memory. Tried"),
    "context": torch.AcceleratorError("CUDA error: out of memory"),
    "cublas": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    "cpu": None,
}


@pytest.mark.parametrize("error", OF_MEMORY.values(), ids=OF_MEMORY)
def test_a_lack_of_memory_names_the_way_out(capsys, error):
    def main():
        if error is None:
            torch.empty(2**50)
        raise error

    assert cli.run(main) == 2
    said = capsys.readouterr().err
    assert said.startswith("Out of memory")
    assert "--batch-size" in said
    assert said.count("\n") == 1


def test_a_reader_that_goes_away_is_no_traceback():
    command = [sys.executable, train.__file__, "--dataset", "digits", "--subset", "50", "--epochs", "1"]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=120)
    os.close(writer)
    assert done.returncode == 141
    assert "Traceback" not in done.stderr


def test_a_lock_that_was_removed_while_it_was_waited_for_locks_nothing(tmp_path):
    lock = tmp_path / "l" / ".lock"
    with files.alone(lock, ()):
        assert lock.exists()
    assert os.listdir(lock.parent) == []


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("interpolate.py", ["--pairs", "20", "--points", "3", "--gradient-pairs", "5"]),
        ("attack.py", ["--rows", "40", "--sample", "20", "--pgd-steps", "2"]),
        (
            "boundary.py",
            ["--sets", "circles-paper", "moons", "spirals", "--seeds", "0", "--alphas", "1", "--epochs", "2"],
        ),
    ],
)
def test_a_killed_probe_is_started_again(digits, monkeypatch, script, arguments):
    """What is recorded stays, to the byte; what is missing is measured; nothing half written is left."""
    runs_of = [] if script == "boundary.py" else [*digits, "--threads", "1"]
    command = [sys.executable, str(endurance.ROOT / "scripts" / script), *runs_of, *arguments]
    whole = [*command, "--results-dir", "whole"]
    shutil.copytree("results", "whole")
    ours, theirs = Path("results"), Path("whole")
    trained = set(endurance.files(ours))
    write = records.write

    def write_and_be_killed(*one):
        write(*one)
        os.kill(os.getpid(), signal.SIGKILL)

    with monkeypatch.context() as patch:
        patch.setattr(records, "write", write_and_be_killed)
        assert subprocess.run(command, capture_output=True, timeout=120).returncode == -signal.SIGKILL
    before = {name: (ours / name).read_bytes() for name in endurance.files(ours) if name.endswith(".json")}

    for line in (command, whole):
        done = subprocess.run(line, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
    made = endurance.files(ours)
    assert made == endurance.files(theirs)
    assert trained < set(before) < set(made)
    for name in made:
        for field in ("config", "data", "parents", "final"):
            assert records.read(ours / name)[field] == records.read(theirs / name)[field], name
        assert name not in before or (ours / name).read_bytes() == before[name]

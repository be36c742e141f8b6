"""Studies stopped and gone on with, and the scripts that they start."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from _study import crew, members, standing
from common import files
from common.cores import physical_cores, usable_cores
from common.errors import UnfinishedError
from common.options.attack import AttackConfig, passes, resolve
from tests.study.asked import ROOT, run

COMMAND = [sys.executable, str(ROOT / "scripts" / "study.py")]


def await_(condition, seconds=300):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)


def children(process):
    """The processes that this one started, by the script that they run."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            if parent == process.pid:
                found[int(status.parent.name)] = (status.parent / "cmdline").read_bytes().decode().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


LONG, SHORT = "digits-smallcnn-w8-4000ep-erm-seed0", "digits-smallcnn-w8-3ep-mixup1.0-seed0"
UNEVEN = """
judged: no
train:
  - {dataset: digits, width: 8, epochs: 4000, threads: 1}
  - {dataset: digits, width: 8, epochs: 3, threads: 1, mixup: yes}
"""


@pytest.fixture
def begun(write):
    """A study whose first run is long, and has finished an epoch."""
    process = subprocess.Popen(
        [*COMMAND, write(UNEVEN), "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's & ignores it
    )
    await_(Path(f"checkpoints/{LONG}.state").exists)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def trainings(process):
    return {
        words[words.index("--epochs") + 1]: pid for pid, words in children(process).items() if "--plan" not in words
    }


def is_begun():
    """Whether the long run is there by half, so that the same command goes on with it."""
    found = members.read("own.yaml", None).members
    return standing.of_all(found, Path("results"), Path("checkpoints"))[LONG] == standing.Standing(
        False, "begun, goes on"
    )


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="children are found through /proc")
@pytest.mark.long
@pytest.mark.by_python
class TestStopped:
    def test_a_killed_child_is_named_the_rest_goes_on_and_it_does_so_later(self, begun, script):
        second = run(script, "own.yaml", status=2)  # two at once
        assert f"process {begun.pid}) is at a study of these results: results/.study.lock is locked" in second.stderr
        assert second.stderr.endswith("or name another --results-dir.\n")
        os.kill(trainings(begun)["4000"], signal.SIGKILL)
        out, err = begun.communicate(timeout=240)
        assert begun.returncode == 1
        assert f"done     {SHORT}" in out
        assert f"failed   {LONG}" in out
        (failure,) = (line for line in err.splitlines() if line.startswith(f"  {LONG}: "))
        assert "killed by SIGKILL" in failure
        assert is_begun()
        again = subprocess.Popen([*COMMAND, "own.yaml", "--jobs", "1"], stdout=subprocess.DEVNULL)
        log = Path(f"checkpoints/logs/{LONG}.log")
        await_(lambda: "Goes on after epoch " in log.read_text())
        again.terminate()
        assert again.wait(60) == 128 + signal.SIGTERM
        assert log.read_text().count("$ ") == 2

    def test_told_to_stop_it_stops_the_others(self, begun):
        pids = list(children(begun))
        begun.send_signal(signal.SIGINT)
        _, err = begun.communicate(timeout=60)
        assert begun.returncode == 128 + signal.SIGINT
        assert err.splitlines()[-1] == "Stopped. The same command goes on from what is finished."
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        assert "Stopped." in Path(f"checkpoints/logs/{LONG}.log").read_text()
        assert not Path("results/.study.lock").exists()
        assert is_begun()

    def test_killed_itself_it_goes_on_when_started_again(self, begun, script):
        pids = list(children(begun))
        begun.kill()
        begun.wait()
        assert Path("results/.study.lock").exists()  # which locks nothing
        await_(lambda: not [pid for pid in pids if _lives(pid)], 60)
        assert is_begun()
        Path("own.yaml").write_text(UNEVEN.replace("4000", "3"))
        done = run(script, "own.yaml", "--jobs", "2")
        assert "All 2 are done. The records are in results.\n" in done.stdout


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_what_does_not_listen_is_ended_by_force(tmp_path, monkeypatch):
    monkeypatch.setattr(crew, "PATIENCE", 0.3)
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(99)"
    )
    hand = crew.start([sys.executable, "-c", code], tmp_path / "logs" / "one.log")
    await_(lambda: hand.last_words() == "deaf")
    crew.stop([hand])
    assert hand.process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone ends a child with its parent")
@pytest.mark.parametrize("start", ["crew.start(sleeper, folder / 'log')", "forecast._asked(sleeper)"])
def test_what_was_started_ends_with_who_started_it(start, tmp_path):
    """A member of a study, and the trial of one."""
    code = f"""
import time
from pathlib import Path
from _study import crew, forecast
folder = Path({str(tmp_path)!r})
sleeper = ["sh", "-c", f"echo $$ > {{folder}}/new && mv {{folder}}/new {{folder}}/pid && exec sleep 99"]
{start}
time.sleep(99)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT / "scripts")
    await_(lambda: (tmp_path / "pid").exists(), 60)
    child = int((tmp_path / "pid").read_text())
    assert _lives(child)
    parent.kill()
    parent.communicate()
    await_(lambda: not _lives(child), 20)


def test_a_log_tells_how_far_its_script_is(tmp_path):
    log = tmp_path / "one.log"
    log.write_text('{"done": 9, "steps": 10, "said": "of an earlier start", "seconds_left": 1.0}\n')
    code = """
import sys
from common import progress
progress.LINE_EVERY = 0.0, 0.0
with progress.Progress(5, 0, True, as_json=True) as shown:
    shown.say("epoch 2/5, test error 9.00% (9 of 100)")
    shown.step()
    shown.step()
print("the last line")
"""
    hand = crew.start([sys.executable, "-c", code], log)
    assert hand.progress() == (0.0, "")
    assert hand.process.wait(120) == 0
    assert hand.progress() == (0.4, "epoch 2/5, test error 9.00% (9 of 100)")
    assert hand.last_words() == "the last line"


def test_data_that_cannot_be_had_are_said_before_anything_runs(script, tmp_path):
    (tmp_path / "own.yaml").write_text("train: {seed: [0, 1]}")
    done = run(script, "own.yaml", "--data-dir", str(tmp_path), HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path), status=2)
    assert done.stderr.startswith("The data set cifar10 cannot be had")
    assert not Path(tmp_path, "checkpoints").exists()


def test_cores():
    assert 1 <= physical_cores() <= usable_cores() <= (os.cpu_count() or 1)


def test_a_probe_counts_as_its_script_does():
    """What the forecast of an attack counts is what attack.py counts: `test_matrix.py` holds the latter."""
    config = resolve(AttackConfig())
    assert passes(config, 100, 10, {0: [0]}) == (100 * (1 + 5 + 5) + 10 * (2 + 2), 100 + 10 * (2 * 10 + 2 * 20))


def test_a_lock_of_the_study_is_not_that_of_a_run(tmp_path):
    with files.alone(tmp_path / ".study.lock", (), what="a study of these results", option="--results-dir"):
        assert (tmp_path / ".study.lock").exists()
    with pytest.raises(UnfinishedError):
        raise UnfinishedError("one")

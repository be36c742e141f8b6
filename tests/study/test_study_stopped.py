"""Studies stopped and gone on with, and the scripts that they start."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from _study import crew, members, standing
from _study.file import OPTIONS
from common import files, places
from common.cores import physical_cores, usable_cores
from common.errors import UnfinishedError
from common.options.attack import AttackConfig, passes, resolve
from common.progress import Reached
from tests.study.asked import ROOT, run

COMMAND = [sys.executable, str(ROOT / "scripts" / "study.py")]


def await_(condition, seconds=300):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)


def started(process):
    """Those that this one started, and those that they did."""
    return psutil.Process(process.pid).children(recursive=True)


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


def is_begun():
    """Whether the long run is there by half, so that the same command goes on with it."""
    found = members.read("own.yaml", None).members
    return standing.of_all(found, Path("results"), Path("checkpoints"))[LONG] == standing.Standing(
        False, "begun, goes on"
    )


@pytest.mark.long
@pytest.mark.by_python
class TestStopped:
    def test_a_killed_child_is_named_the_rest_goes_on_and_it_does_so_later(self, begun, script):
        second = run(script, "own.yaml", status=2)  # two at once
        assert f"process {begun.pid}) is at a study of these results: results/.study.lock is locked" in second.stderr
        assert second.stderr.endswith("or name another --results-dir.\n")
        holder = places.lock_path(Path("checkpoints"), LONG).read_text()  # "…, process 4711"
        os.kill(int(holder.split()[-1]), signal.SIGKILL)
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
        others = started(begun)
        begun.send_signal(signal.SIGINT)
        _, err = begun.communicate(timeout=60)
        assert begun.returncode == 128 + signal.SIGINT
        assert err.splitlines()[-1] == "Stopped. The same command goes on from what is finished."
        await_(lambda: not [one for one in others if one.is_running()], 20)
        assert "Stopped." in Path(f"checkpoints/logs/{LONG}.log").read_text()
        assert not Path("results/.study.lock").exists()
        assert is_begun()

    def test_killed_itself_it_goes_on_when_started_again(self, begun, script):
        others = started(begun)
        begun.kill()
        begun.wait()
        assert Path("results/.study.lock").exists()  # which locks nothing
        await_(lambda: not [one for one in others if _lives(one)], 60)
        assert is_begun()
        Path("own.yaml").write_text(UNEVEN.replace("4000", "3"))
        done = run(script, "own.yaml", "--jobs", "2")
        assert "All 2 are done. The records are in results.\n" in done.stdout


@pytest.mark.long
@pytest.mark.by_python
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seconds", [2.0, 3.0, 7.0, None])
def test_what_all_of_a_group_hear_is_said_once(write, tmp_path, seconds, number):
    """By a terminal's Ctrl-C, or a queue's end of time; also while the process imports of which scripts are copies."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    process = subprocess.Popen(
        [*COMMAND, write(UNEVEN)],
        env=os.environ | {"TMPDIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    if seconds is None:
        await_(Path(f"checkpoints/{LONG}.state").exists)
    else:
        time.sleep(seconds)
    others = started(process)
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert [line for line in err.splitlines() if " done, " not in line] == [
        "Stopped. The same command goes on from what is finished."
    ]
    await_(lambda: not [one for one in others if _lives(one)], 60)
    assert not list(folder.glob("pymp-*"))


def _lives(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def called(tmp_path):
    """``called("print(1)")`` starts a script of that."""

    def make(code):
        (tmp_path / "own.py").write_text(code)
        return crew.Call((str(tmp_path / "own.py"), "--word"), {"FOUND": "here"})

    return make


def test_what_does_not_listen_is_ended_by_force(tmp_path, monkeypatch, called):
    monkeypatch.setattr(crew, "PATIENCE", 0.3)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(99)"
    hand = crew.start(called(code), tmp_path / "logs" / "one.log")
    await_(lambda: hand.last_words() == "deaf")
    crew.stop([hand])
    assert hand.process.exitcode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all are started from nothing")
@pytest.mark.parametrize(("length", "how"), [(75, "forkserver"), (76, "spawn")])
def test_where_a_sockets_name_would_be_too_long_each_is_started_from_nothing(length, how, tmp_path, called):
    called("print('well')")
    code = f"""
from multiprocessing import forkserver
from pathlib import Path
from _study import crew
forkserver._forkserver.set_forkserver_preload = lambda names: None
hand = crew.start(crew.Call(({str(tmp_path / "own.py")!r},)), Path({str(tmp_path / "log")!r}))
hand.process.join()
print(hand.process.exitcode, hand.said().strip(), crew.processes().get_start_method())
"""
    with TemporaryDirectory(dir="/tmp") as base:
        folder = Path(base, "x" * (length - len(base) - 1))
        folder.mkdir()
        environment = os.environ | {"TMPDIR": str(folder)}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=ROOT / "scripts", env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"0 well {how}\n", "")


@pytest.mark.by_python
def test_a_script_is_started_as_python_starts_one(tmp_path, called, monkeypatch):
    """Whatever lies in the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("common").mkdir()
    for decoy in ("common/__init__.py", "evaluate.py"):
        Path(decoy).write_text("DECOY = True")
    code = """
import os, signal, sys
import common, evaluate
assert __name__ == "__main__" and "torch" in sys.modules and "DECOY" not in vars(common) | vars(evaluate)
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
print(sys.argv, os.environ["FOUND"], os.environ.get("PYTHONSAFEPATH"), os.read(0, 1), sys.stdout.isatty())
print("trouble", file=sys.stderr)
sys.exit(int(os.environ["STATUS"]))
"""
    for status in (0, 3):
        call = called(code)
        hand = crew.start(replace(call, environment=call.environment | {"STATUS": str(status)}), tmp_path / "log")
        hand.process.join()
        assert hand.process.exitcode == status
        assert hand.said().splitlines() == [f"['{tmp_path / 'own.py'}', '--word'] here None b'' False", "trouble"]
    assert Path(tmp_path, "log").read_text().splitlines()[0] == (
        f"$ env FOUND=here STATUS=0 {sys.executable} {tmp_path / 'own.py'} --word"
    )
    failing = crew.start(called("1 / 0"), tmp_path / "log")
    failing.process.join()
    assert (failing.process.exitcode, failing.last_words()) == (1, "ZeroDivisionError: division by zero")


def test_what_scripts_import_is_imported_before():
    """And looks for no GPU, which a copy could not use after that; and the code is known that copies run."""
    scripts = [path.stem for path in (ROOT / "scripts").glob("*.py") if path.stem in OPTIONS]
    code = f"""
import importlib, sys, torch
torch.cuda.is_available = torch.cuda.device_count = None
from common import beforehand, records
assert records.code.cache_info().currsize == 1
before = {{*sys.modules}}
for name in {scripts}:
    importlib.import_module(name)
late = {{name.partition(".")[0] for name in {{*sys.modules}} - before}}
print(sorted(late - {{*{scripts}}} - {{"_train"}}))  # what lies beside them: a copy has its own
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "scripts", capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize("start", ["crew.start(sleeper, folder / 'log')", "forecast._asked(sleeper)"])
def test_what_was_started_ends_with_who_started_it(start, tmp_path, called):
    """A member of a study, and the trial of one."""
    called(f"""
import os, time
open({str(tmp_path / "new")!r}, "w").write(str(os.getpid()))
os.rename({str(tmp_path / "new")!r}, {str(tmp_path / "pid")!r})
time.sleep(99)
""")
    code = f"""
import time
from multiprocessing import forkserver
from pathlib import Path
from _study import crew, forecast
folder = Path({str(tmp_path)!r})
forkserver._forkserver.set_forkserver_preload = lambda names: None  # there is no need of torch
sleeper = crew.Call((str(folder / "own.py"),))
{start}
time.sleep(99)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT / "scripts")
    await_(lambda: (tmp_path / "pid").exists(), 60)
    child = psutil.Process(int((tmp_path / "pid").read_text()))
    assert _lives(child)
    parent.kill()
    parent.communicate()
    await_(lambda: not _lives(child), 20)


def test_a_log_tells_how_far_its_script_is(tmp_path, called):
    log = tmp_path / "one.log"
    log.write_text('{"first": 0, "done": 9, "steps": 10, "said": "of an earlier start", "seconds_left": 1.0}\n')
    code = """
import sys
from common import progress
progress.LINE_EVERY = 0.0, 0.0
with progress.Progress(5, 1, True, as_json=True) as shown:
    shown.say("epoch 2/5, test error 9.00% (9 of 100)")
    shown.step()
    shown.step()
print("the last line")
"""
    hand = crew.start(called(code), log)
    assert hand.progress() == Reached()
    hand.process.join(120)
    assert hand.process.exitcode == 0
    assert hand.progress() == Reached(0.2, 0.6, "epoch 2/5, test error 9.00% (9 of 100)")
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

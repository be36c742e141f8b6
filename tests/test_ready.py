"""What is said where the environment is not active, and what works on systems that lack what Unix has."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = sorted(path for path in (ROOT / "scripts").glob("*.py") if path.stem != "ready")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_without_its_environment_a_script_says_how_to_have_it(script, tmp_path):
    bare = [sys.executable, "-S", str(script)]  # -S: without what is installed
    done = subprocess.run([*bare, "--plan"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert ". .venv/bin/activate && pip install -r requirements.txt" in done.stderr


def test_records_are_read_and_judged_without_what_unix_alone_has(tmp_path):
    """Windows has neither fcntl nor resource."""
    code = """
import sys
sys.modules["fcntl"] = sys.modules["resource"] = None
import shutil
from pathlib import Path
from analysis import claims, collect, report, notebook
from common import cli, files, records
from common.options import TrainOptions
folder = Path(sys.argv[1])
shutil.copytree("results/toy", folder / "toy")
assert collect.collect(folder).records
with files.alone(folder / ".lock", ()):
    records.write(folder / "record.json", records.read(next(folder.glob("toy/*.json"))))
assert "torch" not in sys.modules
cli.run(lambda: cli.parse(TrainOptions, "", ["--help"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "--weight-decay" in done.stdout


ANSWERED = """
import io, json, runpy, sys
from contextlib import redirect_stderr, redirect_stdout
class NothingHeavy:
    def find_spec(self, name, *_):
        assert name not in ("torch", "accelerate", "datasets", "sklearn", "matplotlib")
sys.meta_path.insert(0, NothingHeavy())
script, asked = sys.argv[1], json.loads(sys.argv[2])
sys.path[0] = script.rpartition("/")[0]
import ready
ready.NEEDED = ()
for words, status, answer in asked:
    sys.argv, said = [script, *words], io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):
            runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        assert (end.code or 0, answer in said.getvalue()) == (status, True), said.getvalue()
    else:
        raise AssertionError(words)
"""
ALSO = {
    "train": [(["--subset", "0"], 2, "--subset 0: must lie in"), (["--dataset", "no"], 2, "no is no known data set")],
    "baseline": [(["--dataset", "digits"], 2, "--dataset digits: is images")],
}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_what_can_be_answered_is_answered_before_anything_heavy_is_imported(script, tmp_path):
    asked = [(["--help"], 0, f"scripts/{script.name}"), (["--sead", "3"], 2, "--sead"), *ALSO.get(script.stem, [])]
    command = [sys.executable, "-c", ANSWERED, str(script), json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_it_imports_a_script_says_so(number, tmp_path):
    code = f"""
import os, sys, time
sys.path[0] = {str(ROOT / "scripts")!r}
import ready
ready.answer("boundary", "")
try:
    os.kill(os.getpid(), {number})
    time.sleep(60)
except BaseException:  # as an import may
    pass
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    said = "Stopped. The same command goes on from what is finished.\n"
    assert (done.returncode, done.stderr) == (128 + number, said)

"""What is said where the environment is not active, and what works on systems that lack what Unix has."""

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


def test_the_benchmark_answers_before_it_imports_torch(tmp_path):
    code = f"""
import runpy, sys
class NoTorch:
    def find_spec(self, name, *_):
        assert name != "torch"
sys.meta_path.insert(0, NoTorch())
sys.path[0] = {str(ROOT / "scripts")!r}
sys.argv = ["benchmark.py", *sys.argv[1:]]
import ready
ready.NEEDED = ()
runpy.run_path({str(ROOT / "scripts" / "benchmark.py")!r}, run_name="__main__")
"""
    for words, status, said in (
        (["--help"], 0, "train,attack,interpolate"),
        (["train", "--bs", "4"], 2, "--batch-size"),
    ):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=tmp_path)
        assert (done.returncode, said in done.stdout + done.stderr) == (status, True), done.stderr

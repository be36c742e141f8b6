"""What several tests share."""

import checked

checked.begin()  # before what it checks is imported

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import start
from filelock import FileLock

from _study import crew
from analysis.collect import Results, collect
from tests import fixtures

# Before torch is imported: what has a pool of threads cannot fork.
os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """``once("digits", make)`` is a folder filled by ``make``: once for all tests, in whichever process they run."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        made, done = shared / name, shared / f"{name}.done"
        with FileLock(shared / f"{name}.lock"):
            if not done.exists():
                made.mkdir()
                make(made)
                done.touch()
        return made

    return folder


@pytest.fixture(scope="session")
def cache_of_all(once: Callable[..., Path]) -> Path:
    return once("cache", lambda folder: None)


@pytest.fixture(autouse=True)
def _own_cache(cache_of_all: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a test comes from, or stays in, the user's cache. One folder for all, since decoding takes time."""
    monkeypatch.setenv("MIXUP_CACHE_DIR", str(cache_of_all))


@pytest.fixture(autouse=True)
def _fresh_accelerate() -> None:
    start.fresh()


@pytest.fixture(autouse=True)
def _quick_starts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts start as forks, but where the start itself is tested."""
    if not request.node.get_closest_marker("by_python"):
        monkeypatch.setattr(subprocess, "Popen", start.Start)
        monkeypatch.setattr(crew, "processes", start.Copies)


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a script as a user does, in an empty folder: ``script("train.py", "--plan")``."""

    def run(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "scripts" / name), *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=os.environ | environment, capture_output=True, text=True, timeout=300
        )

    return run


DIGITS = [
    "digits-smallcnn-w8-3ep-erm-seed0",
    "digits-smallcnn-w8-3ep-erm-seed1",
    "digits-smallcnn-w8-3ep-mixup1.0-seed0",
]


def _train_digits(folder: Path) -> None:
    """Three small networks, trained for a few epochs."""
    from scripts import train

    asked = ["--dataset", "digits", "--width", "8", "--epochs", "3", "--threads", "1"]
    asked += ["--results-dir", str(folder / "results"), "--checkpoint-dir", str(folder / "checkpoints")]
    for method in ([], ["--seed", "1"], ["--mixup"]):
        train.main([*asked, *method])


@pytest.fixture(scope="session")
def _trained_digits(once: Callable[..., Path]) -> Path:
    return once("digits", _train_digits)


@pytest.fixture
def digits(_trained_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of three finished runs, whose records and weights lie in the working directory, an empty folder."""
    shutil.copytree(_trained_digits, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return list(DIGITS)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], object]], None]:
    """Runs a training and stops it once the state after so many epochs is kept."""
    from common.checkpoints import Checkpoint

    def stop_after(epochs: int, training: Callable[[], object]) -> None:
        real, saves = Checkpoint.save, []

        def save_then_stop(self: Checkpoint, **state: object) -> None:
            real(self, **state)
            saves.append(1)
            if len(saves) == epochs:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Checkpoint, "save", save_then_stop)
            with pytest.raises(KeyboardInterrupt):
                training()

    return stop_after


def _whole(folder: Path) -> None:
    fixtures.study(folder, seeds=3)
    fixtures.others(folder)


# Studies that are only looked at, in whatever test: their numbers are those of the fixtures.


@functools.cache
def _collected(folder: Path) -> Results:
    return collect(folder)


@pytest.fixture
def whole(once: Callable[..., Path]) -> Results:
    """Three pairs of everything that there is."""
    return _collected(once("whole-study", _whole))


@pytest.fixture(scope="session")
def committed() -> Results:
    """The repository's own records."""
    return collect()


@pytest.fixture
def small(once: Callable[..., Path]) -> Results:
    """Three pairs that are not the deck's: of 5,000 images, width 8 and 60 epochs."""
    options = {"subset": 5000, "width": 8, "epochs": 60}
    return _collected(once("small-study", lambda folder: fixtures.study(folder, options=options)))


@pytest.fixture
def papers(once: Callable[..., Path]) -> Path:
    """The folder of a study of five pairs whose numbers are the paper's."""
    return once("papers-study", lambda folder: fixtures.study(folder, seeds=5))

"""What several tests share."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a test comes from, or stays in, the user's cache. One folder for all, since decoding takes time."""
    folder = Path(os.environ.setdefault("MIXUP_TEST_CACHE", str(tmp_path_factory.getbasetemp() / "cache")))
    monkeypatch.setenv("MIXUP_CACHE_DIR", str(folder))


@pytest.fixture(autouse=True)
def _fresh_accelerate() -> None:
    """Accelerate keeps its state in the process; a second Accelerator would inherit the first one's settings."""
    from accelerate.state import AcceleratorState, GradientState

    AcceleratorState._reset_state(True)
    GradientState._reset_state()


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


@pytest.fixture(scope="session")
def _trained_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three small networks, trained for a few epochs, once for all tests."""
    from scripts import train

    folder = tmp_path_factory.mktemp("digits")
    asked = ["--dataset", "digits", "--width", "8", "--epochs", "3", "--threads", "1"]
    asked += ["--results-dir", str(folder / "results"), "--checkpoint-dir", str(folder / "checkpoints")]
    for method in ([], ["--seed", "1"], ["--mixup"]):
        train.main([*asked, *method])
    return folder


@pytest.fixture
def digits(_trained_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of three finished runs, whose records and weights lie in the working directory, an empty folder."""
    shutil.copytree(_trained_digits, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return list(DIGITS)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], object]], None]:
    """Runs a training and stops it once the state after so many epochs is kept."""
    from common import runs

    def stop_after(epochs: int, training: Callable[[], object]) -> None:
        real, saves = runs.Run.save_state, []

        def save_then_stop(self: runs.Run, **state: object) -> None:
            real(self, **state)
            saves.append(1)
            if len(saves) == epochs:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(runs.Run, "save_state", save_then_stop)
            with pytest.raises(KeyboardInterrupt):
                training()

    return stop_after

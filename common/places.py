"""Where a run's weights and state lie, and whether they are there; where the scripts are. Nothing heavy is imported
here."""

import hashlib
import shlex
from pathlib import Path

from common.errors import UserError

ROOT = Path(__file__).resolve().parent.parent


def script(name: str) -> str:
    """A script's path, so that it can be typed in the working directory: below it, or else from the root."""
    path = ROOT / "scripts" / f"{name}.py"
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def command(name: str, *words: str) -> str:
    """The line that starts a script, to be typed in the working directory."""
    return shlex.join(["python", script(name), *words])


def weights_path(checkpoint_dir: Path, run: str) -> Path:
    return checkpoint_dir / f"{run}.safetensors"


def state_path(checkpoint_dir: Path, run: str) -> Path:
    return checkpoint_dir / f"{run}.state"


def known_data(checkpoint_dir: Path) -> Path:
    """The folder of links to the sets of the user's own that were trained on: see `sources.remember`."""
    return checkpoint_dir / "data"


def lock_path(checkpoint_dir: Path, run: str) -> Path:
    return checkpoint_dir / f".{run}.lock"


def has_weights(path: Path, sha256: str) -> bool:
    """Whether the weights that a record names are there."""
    return path.exists() and hashlib.sha256(read(path)).hexdigest() == sha256


def read(path: Path) -> bytes:
    """raises UserError for a file that cannot be read"""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}. Mend that; the same command then goes on.") from None

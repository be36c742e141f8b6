"""Where a run's weights and state lie, and whether they are there; where the scripts are. Nothing heavy is imported
here."""

import hashlib
import shlex
from pathlib import Path

from common.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
BEGUN = "begun, goes on"  # of a run whose state is there


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


def unfinished(record: Path, weights: str, checkpoint_dir: Path, run: str) -> str:
    """Why a run whose record is there is not finished; nothing where it is.

    weights  the SHA-256 that the record names
    raises   UserError where other weights lie in their place
    """
    path = weights_path(checkpoint_dir, run)
    if state_path(checkpoint_dir, run).exists():
        return BEGUN
    if not path.exists():
        return "its record is there, its weights are not"
    if hashlib.sha256(read(path)).hexdigest() != weights:
        raise UserError(
            f"{path}: not the weights that {record} names (their SHA-256 differs). Put those back, name the folder "
            "that has them with --checkpoint-dir, or train both again with --overwrite."
        )
    return ""


def read(path: Path) -> bytes:
    """raises UserError for a file that cannot be read"""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}. Mend that; the same command then goes on.") from None

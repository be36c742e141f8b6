"""Weights, and the state from which a run goes on. Neither is ever unpickled into code."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load, save
from torch import Tensor

from common.errors import UserError
from common.files import write_whole
from common.places import read

HEADER = "mixup-study"  # the key of our header in a safetensors file


def save_weights(path: Path, weights: dict[str, Tensor], header: dict[str, Any]) -> str:
    """Writes a model's weights with a header that tells how to build it.

    returns the SHA-256 of the file, which depends on weights and header alone
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    content = save(tensors, {HEADER: json.dumps(header, sort_keys=True)})
    write_whole(path, content)
    return hashlib.sha256(content).hexdigest()


def load_weights(path: Path, sha256: str | None = None) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The weights, on the CPU, and the header.

    sha256  what the file must hash to, if known
    raises  UserError for a file that is damaged, of somebody else, or not the one that was asked for
    """
    content = read(path)
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise UserError(f"{path}: not the weights that the record names (their SHA-256 differs).")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})[HEADER])
        return load(content), header
    except (safetensors.SafetensorError, KeyError, RecursionError, ValueError):
        raise UserError(f"{path}: damaged, or not weights of this project.") from None


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Writes what a run needs to go on after this epoch."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    write_whole(path, hashlib.sha256(content).digest() + content)


def load_state(path: Path) -> dict[str, Any]:
    """raises UserError for a file that is damaged or somebody else's"""
    content = read(path)
    try:
        if hashlib.sha256(content[32:]).digest() != content[:32]:
            raise ValueError("its hash differs")
        return torch.load(io.BytesIO(content[32:]), map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a foreign file makes torch.load raise
        raise UserError(
            f"{path}: not a checkpoint of this project, or damaged ({type(error).__name__}); "
            "remove it, or train again from the start with --overwrite."
        ) from None

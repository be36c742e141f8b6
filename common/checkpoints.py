"""Weights, and the state from which a run goes on. Neither is ever unpickled into code."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from common import files, places, records
from common.errors import UserError
from common.files import write_whole
from common.measurement import Measurement
from common.options.fields import as_json, earlier
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


def header_of(path: Path) -> dict[str, Any] | None:
    """The header of weights that were trained here; None of a file of somebody else's, or that cannot be read."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})[HEADER])
    except (OSError, safetensors.SafetensorError, KeyError, RecursionError, ValueError):
        return None
    return header if isinstance(header, dict) else None


def load_given(path: Path, digest: str) -> dict[str, Tensor]:
    """The tensors by name of a network's weights, on the CPU: a safetensors file, or what torch.save made of a
    state_dict, or of a dictionary that holds one as `state_dict` or `model`. Nothing in it is run. Of weights that were
    trained here the normalisation is left out.

    digest  the first digits of the SHA-256 that the file must have
    raises  UserError for another file, and for one that is none of these
    """
    content = read(path)
    if not hashlib.sha256(content).hexdigest().startswith(digest):
        raise UserError(f"--weights {path}: another file than it was (its SHA-256 is not {digest}…).")
    found: Any
    try:
        if path.suffix == ".safetensors":
            found = load(content)
            if header_of(path) is not None:
                own = [name for name in found if name.startswith("network.")]
                found = {name.removeprefix("network."): found[name] for name in own}
        else:
            found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        for key in ("state_dict", "model"):
            found = found[key] if isinstance(found.get(key), dict) else found
        if not found or not all(isinstance(tensor, Tensor) for tensor in found.values()):
            raise ValueError("it holds no tensors by name")
    except Exception as error:  # whatever a foreign file makes torch.load raise
        raise UserError(
            f"--weights {path}: holds no weights that can be read without running what is in it "
            f"({type(error).__name__}); save its state_dict by torch.save."
        ) from None
    return dict(found)


def fill(network: nn.Module, weights: dict[str, Tensor], path: Path) -> None:
    """Gives a network somebody else's weights. raises UserError that names the first tensor that does not fit"""
    own = network.state_dict()
    for name in [*own, *weights]:
        if name not in weights:
            if name.endswith("num_batches_tracked"):  # which files from before torch 0.4.1 lack
                weights[name] = own[name]
                continue
            raise UserError(f"--weights {path}: has no {name}, which the network has; they are another network's.")
        if name not in own:
            raise UserError(f"--weights {path}: has {name}, which the network lacks; they are another network's.")
        if own[name].shape != weights[name].shape:
            shapes = " and the network's is ".join(" x ".join(map(str, it[name].shape)) for it in (weights, own))
            raise UserError(
                f"--weights {path}: its {name} is {shapes}: another network's, or for another number of classes."
            )
    network.load_state_dict(weights)


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


@dataclass(frozen=True)
class Checkpoint:
    """What a training leaves beside its record: weights, and as long as it is not finished the state that it goes on
    from.

    one     the record
    folder  that holds the rest
    """

    one: Measurement[Any, Any]
    folder: Path

    @property
    def weights_path(self) -> Path:
        return places.weights_path(self.folder, self.one.name)

    @property
    def state_path(self) -> Path:
        return places.state_path(self.folder, self.one.name)

    @property
    def lock_path(self) -> Path:
        return places.lock_path(self.folder, self.one.name)

    def is_finished(self) -> bool:
        """Whether record and weights of this very run are there, and no training of it is under way.

        raises UserError where the record under this name is of another configuration or other data, or the weights are
        not those that it names
        """
        if not self.one.path.exists():
            return False
        record = records.read(self.one.path)
        config = record["config"] | {"precision": record["environment"]["precision"]}
        self._refuse_other(self.one.path, config, record["data"]["fingerprint"])
        return not places.unfinished(self.one.path, record["weights"], self.folder, self.one.name)

    def replaced(self) -> str:
        """What a training of this run will replace, and what keeps it; nothing where nothing is there."""
        record, weights = self.one.path.exists(), self.weights_path.exists()
        elsewhere = "name another --results-dir and --checkpoint-dir"
        if record and weights and self.state_path.exists():
            what = f"{self.one.path} and {self.weights_path}, which are whole; {self.state_path} is gone on from"
            keep = f"remove {self.state_path}, or {elsewhere}"
        elif record and weights:
            what, keep = f"{self.one.path} and {self.weights_path}", elsewhere
        elif record:
            what = f"{self.one.path}, whose weights are not in {self.weights_path.parent}; what was measured of them"
            what += " counts no more"
            keep = "put its weights there, or name another --results-dir"
        elif weights and not self.state_path.exists():
            what = f"{self.weights_path}, whose record is not in {self.one.path.parent}"
            keep = "put its record there, or name another --checkpoint-dir"
        else:
            return ""
        return f"{what}. To keep it: {keep}."

    def alone(self) -> AbstractContextManager[None]:
        """Keeps other processes off this run's files, and sweeps what a killed one left of them."""
        return files.alone(self.lock_path, (self.one.path, self.weights_path, self.state_path))

    def load(self, is_whole: Callable[[dict[str, Any], dict[str, Any]], bool]) -> dict[str, Any] | None:
        """The state to go on from, or None where there is none.

        is_whole  whether a state holds what such a training keeps, by the configuration that it says it is of
        raises UserError where it is damaged, or of another configuration or other data
        """
        if not self.state_path.exists():
            return None
        state = load_state(self.state_path)
        try:
            usual = earlier(type(self.one.config))
            config = usual | json.loads(state["config"]) | {"precision": state["precision"]}
            mark, is_ours = state["fingerprint"], is_whole(state, config)
            if not is_ours:
                raise ValueError("no state of such a training")
        except (KeyError, RecursionError, TypeError, ValueError):
            raise UserError(
                f"{self.state_path}: not a checkpoint of this project; remove it, or train from the start with "
                "--overwrite."
            ) from None
        self._refuse_other(self.state_path, config, mark)
        return state

    @contextmanager
    def fitting(self) -> Iterator[None]:
        """Within it the state is put back. raises UserError for one that does not fit"""
        try:
            yield
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise UserError(
                f"{self.state_path}: does not fit the network of this version of the code "
                f"({' '.join(str(error).split())[:200]}); go on with the version that wrote it, or train again from "
                "the start with --overwrite."
            ) from None

    def save(self, **state: Any) -> None:
        """Keeps what it takes to go on after this step of the training."""
        one = self.one
        own = {"config": json.dumps(as_json(one.config)), "fingerprint": one.data.get("fingerprint")}
        save_state(self.state_path, own | {"precision": one.precision} | state)

    def _refuse_other(self, path: Path, there: dict[str, Any], mark: str | None) -> None:
        one = self.one
        here = as_json(one.config) | {"precision": one.precision, "data": one.data.get("fingerprint")}
        records.refuse_other(path, there | {"data": mark}, here, "run", "--results-dir and --checkpoint-dir")

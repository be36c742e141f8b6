import hashlib
import os
import pickle
from pathlib import Path

import pytest
import torch

from common import checkpoints, places
from common.errors import UserError

WEIGHTS = {"b": torch.arange(6.0).view(2, 3).t(), "a": torch.ones(2, 3, 4, 4).to(memory_format=torch.channels_last)}


def test_weights_round_trip_and_their_hash_depends_on_nothing_else(tmp_path):
    header = {"model": "mlp", "classes": ["é", "b"], "z": 1}
    one = checkpoints.save_weights(tmp_path / "one.safetensors", WEIGHTS, header)
    two = checkpoints.save_weights(tmp_path / "two.safetensors", dict(reversed(WEIGHTS.items())), header)
    assert one == two
    assert places.unfinished(tmp_path / "one.json", one, tmp_path, "one") == ""
    assert (
        places.unfinished(tmp_path / "none.json", one, tmp_path, "none") == "its record is there, its weights are not"
    )
    loaded, read = checkpoints.load_weights(tmp_path / "one.safetensors", one)
    assert read == header
    assert all(torch.equal(loaded[name], WEIGHTS[name]) for name in WEIGHTS)


def test_other_weights_than_the_record_names_are_refused(tmp_path):
    checkpoints.save_weights(tmp_path / "w.safetensors", WEIGHTS, {})
    with pytest.raises(UserError, match="not the weights that the record names"):
        checkpoints.load_weights(tmp_path / "w.safetensors", "0" * 64)
    with pytest.raises(UserError, match=r"w\.safetensors: not the weights that w\.json names"):
        places.unfinished(Path("w.json"), "0" * 64, tmp_path, "w")


@pytest.mark.parametrize("content", [b"", b"abc", pickle.dumps({"a": 1}), b"\xff" * 400])
def test_damaged_and_foreign_weights_are_named(tmp_path, content):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"w.safetensors: damaged, or not weights"):
        checkpoints.load_weights(path)


def test_truncated_weights_and_weights_without_our_header_are_named(tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "w.safetensors"
    checkpoints.save_weights(path, WEIGHTS, {})
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(UserError, match="damaged"):
        checkpoints.load_weights(path)
    for header in ("[" * 100_000, '{"width": ' + "9" * 5000 + "}", "no JSON"):
        save_file({"a": torch.ones(3)}, path, {checkpoints.HEADER: header})
        with pytest.raises(UserError, match="not weights of this project"):
            checkpoints.load_weights(path)
    save_file({"a": torch.ones(3)}, path)
    with pytest.raises(UserError, match="not weights of this project"):
        checkpoints.load_weights(path)


def test_state_round_trip(tmp_path):
    state = {"network": WEIGHTS, "curve": [{"epoch": 1, "test": {"errors": 3}}], "config": "{}", "seconds": 1.5}
    checkpoints.save_state(tmp_path / "run.state", state)
    loaded = checkpoints.load_state(tmp_path / "run.state")
    assert loaded["curve"] == state["curve"]
    assert all(torch.equal(loaded["network"][name], WEIGHTS[name]) for name in WEIGHTS)
    assert loaded["network"]["a"].stride() == WEIGHTS["a"].stride()  # the same memory, the same sums


class Trap:
    def __reduce__(self):
        return (open, ("/tmp/trap-was-sprung", "w"))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")  # of the trap
def test_damaged_and_foreign_states_are_named_and_never_unpickled(tmp_path):
    path = tmp_path / "run.state"
    checkpoints.save_state(path, {"a": torch.ones(50)})
    whole = path.read_bytes()
    trap = pickle.dumps(Trap())
    flipped = whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]
    for content in (b"", whole[:-1], whole[:40], flipped, trap, hashlib.sha256(trap).digest() + trap):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"run.state: not a checkpoint of this project.*--overwrite"):
            checkpoints.load_state(path)
    assert not os.path.exists("/tmp/trap-was-sprung")

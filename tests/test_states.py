"""Record, weights and state of a run in every state that they can be in, and each way out that a message names."""

import os
import shutil
from pathlib import Path

import pytest
import torch

from common import checkpoints, records
from common.errors import UserError
from scripts import interpolate, train

IRIS = ["--dataset", "iris", "--epochs", "1", "--width", "4", "--threads", "1"]
NAME = "iris-mlp-w4-1ep-erm-seed0"
RECORD, WEIGHTS = Path("results/iris") / f"train-{NAME}.json", Path("checkpoints") / f"{NAME}.safetensors"
STATE = WEIGHTS.with_suffix(".state")
PROBE = [NAME, "--pairs", "20", "--points", "2", "--threads", "1"]


@pytest.fixture(autouse=True)
def _a_finished_run(tmp_path, monkeypatch, _iris):
    monkeypatch.chdir(tmp_path)
    for name in ("results", "checkpoints", "kept"):
        shutil.copytree(_iris / name, name)


@pytest.fixture(scope="module")
def _iris(tmp_path_factory):
    """A finished run; in kept/ its state after its epoch, and other weights of the same network."""
    folder = tmp_path_factory.mktemp("iris")
    before = Path.cwd()
    os.chdir(folder)
    Path("kept").mkdir()
    real = Path.unlink
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Path, "unlink", lambda self, **_: shutil.copy(self, "kept") if self == STATE else None)
            train.main([*IRIS, "--results-dir", "other", "--checkpoint-dir", "checkpoints", "--seed", "1"])
            train.main(IRIS)
        for left in [*Path("checkpoints").glob("*.state"), *Path("checkpoints").glob(".*")]:
            real(left)
        (Path("checkpoints") / NAME.replace("seed0", "seed1")).with_suffix(".safetensors").rename("kept/other")
    finally:
        os.chdir(before)
    return folder


def said(capsys, *options):
    """What a training says before its first step, without the line breaks."""
    train.main([*IRIS, *options])
    return " ".join(capsys.readouterr().out.split())


def is_whole(capsys):
    """Whether every script finds the run in order."""
    is_finished = f"{NAME} is finished" in said(capsys)
    interpolate.main([*PROBE, "--overwrite"])
    return is_finished


def moved(path, folder):
    Path(folder).mkdir(exist_ok=True)
    return path.rename(Path(folder) / path.name)


def test_what_will_be_replaced_is_said_before_the_first_step(capsys):
    assert "replaces" not in said(capsys)
    assert f"replaces {RECORD} and {WEIGHTS}. To keep it: name another --results-dir" in said(capsys, "--overwrite")
    assert "replaces" in said(capsys, "--overwrite", "--plan")
    assert "replaces" not in said(capsys, "--results-dir", "new", "--checkpoint-dir", "new")


@pytest.mark.parametrize("way", ["go on", "put its weights there", "--results-dir"])
def test_the_record_alone(capsys, way):
    was, weights = RECORD.read_bytes(), moved(WEIGHTS, "away")
    with pytest.raises(UserError, match=r"are missing.*--checkpoint-dir"):
        interpolate.main(PROBE)
    interpolate.main([*PROBE, "--checkpoint-dir", "away"])  # as that message says
    if way == "go on":
        text = said(capsys)
        assert f"replaces {RECORD}, whose weights are not in checkpoints" in text
        assert "To keep it: put its weights there, or name another --results-dir." in text
        assert RECORD.read_bytes() != was
    elif way == "--results-dir":
        said(capsys, "--results-dir", "new")
        assert RECORD.read_bytes() == was
    else:
        weights.rename(WEIGHTS)
    assert is_whole(capsys) or way == "--results-dir"


def test_the_record_alone_by_the_command_that_a_probe_prints(capsys):
    WEIGHTS.unlink()
    with pytest.raises(UserError) as caught:
        interpolate.main(PROBE)
    follow(caught.value)
    assert is_whole(capsys)


def follow(error):
    """Types what a message prints on a line of its own."""
    (line,) = [line for line in str(error).splitlines() if "scripts/train.py" in line]
    train.main([*line.partition("scripts/train.py ")[2].split(), "--threads", "1"])


@pytest.mark.parametrize("way", ["go on", "put its record there", "--checkpoint-dir"])
def test_the_weights_alone(capsys, way):
    was, record = WEIGHTS.stat().st_ino, moved(RECORD, "away")
    if way == "put its record there":
        record.rename(RECORD)
    elif way == "go on":
        text = said(capsys)
        assert f"replaces {WEIGHTS}, whose record is not in results/iris" in text
        assert "To keep it: put its record there, or name another --checkpoint-dir." in text
        assert WEIGHTS.stat().st_ino != was
    else:
        assert "replaces" not in said(capsys, "--checkpoint-dir", "new")
        assert WEIGHTS.stat().st_ino == was
        return
    assert is_whole(capsys)


@pytest.mark.parametrize("way", ["put back", "--checkpoint-dir", "--overwrite", "as the probe says"])
def test_a_record_and_other_weights(capsys, way):
    right = moved(WEIGHTS, "away")
    shutil.copy("kept/other", WEIGHTS)
    with pytest.raises(
        UserError, match=r"not the weights that .* names.*Put those back.*--checkpoint-dir.*--overwrite"
    ):
        train.main(IRIS)
    with pytest.raises(UserError, match=r"not the weights .*--checkpoint-dir.*\n.*--overwrite") as caught:
        interpolate.main(PROBE)
    if way == "put back":
        right.replace(WEIGHTS)
    elif way == "--checkpoint-dir":
        assert "is finished" in said(capsys, "--checkpoint-dir", "away")
        interpolate.main([*PROBE, "--checkpoint-dir", "away"])
        return
    elif way == "--overwrite":
        assert f"replaces {RECORD} and {WEIGHTS}" in said(capsys, "--overwrite")
    else:
        follow(caught.value)
    assert is_whole(capsys)


@pytest.mark.parametrize("way", ["go on", "remove the state", "elsewhere"])
def test_a_whole_run_and_a_state_beside(capsys, way):
    shutil.copy(Path("kept") / STATE.name, STATE)
    was = RECORD.stat().st_ino
    if way == "go on":
        text = said(capsys)
        assert f"replaces {RECORD} and {WEIGHTS}, which are whole; {STATE} is gone on from." in text
        assert f"To keep it: remove {STATE}, or name another --results-dir and --checkpoint-dir." in text
    elif way == "elsewhere":
        assert "replaces" not in said(capsys, "--results-dir", "new", "--checkpoint-dir", "new")
        STATE.unlink()
    else:
        STATE.unlink()
    assert is_whole(capsys)
    assert (RECORD.stat().st_ino == was) is (way != "go on")


@pytest.mark.parametrize("way", ["--overwrite", "remove"])
def test_a_damaged_state(capsys, way):
    STATE.write_bytes(b"no state")
    with pytest.raises(UserError, match=r"remove it, or train again from the start with --overwrite"):
        train.main(IRIS)
    if way == "remove":
        STATE.unlink()
    else:
        said(capsys, "--overwrite")
    assert is_whole(capsys)


@pytest.mark.parametrize("way", ["restore", "move away", "--overwrite"])
def test_a_damaged_record(capsys, way):
    whole = RECORD.read_bytes()
    RECORD.write_bytes(whole.replace(b'"lr": 0.001', b'"lr": 0.002'))
    with pytest.raises(UserError, match=r"changed since it was written.*Restore it, or move it away and run again"):
        train.main(IRIS)
    if way == "restore":
        RECORD.write_bytes(whole)
    elif way == "move away":
        RECORD.unlink()
        said(capsys)
    else:
        said(capsys, "--overwrite")
    assert is_whole(capsys)
    assert records.read(RECORD)["config"]["lr"] == 0.001


def spoilt(state, what):
    """A state with something in it that no training leaves."""
    group, first = state["optimizer"]["param_groups"][0], state["optimizer"]["state"][0]
    if what in ("lr", "betas"):
        group[what] = "fast"
    elif what == "weight_decay":
        group[what] = 1.0
    elif what == "exp_avg":
        first[what] = torch.zeros(3)
    elif what == "errors":
        state["curve"][0]["test"]["errors"] = "3"
    else:
        state[what] = {"epoch": 10**30, "config": "[" * 100_000, "curve": [{"epoch": 1}] * 2}.get(what, "text")
    return state


SPOILT = ["lr", "betas", "weight_decay", "exp_avg", "errors", "epoch", "config", "curve", "seconds", "network"]


@pytest.mark.parametrize("what", [*SPOILT, "optimizer", "training_seconds", "fingerprint", "precision", "within"])
def test_a_state_that_no_training_leaves(what):
    state = checkpoints.load_state(Path("kept") / STATE.name)
    checkpoints.save_state(STATE, spoilt(state, what))
    with pytest.raises(UserError, match=rf"^{STATE}: .*--overwrite"):
        train.main(IRIS)

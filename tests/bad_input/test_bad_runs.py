"""Damaged records and weights, trainings that diverge, and the same by the shell."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import endurance
from tests.bad_input.runs import DIGITS, contents

ROOT = Path(__file__).resolve().parents[2]


def undigested(text):
    """A record as those were that were written before there were digests."""
    return re.sub(r',\n "digest": "[0-9a-f]{64}"', "", text)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda text: "", "not a record"),
        (lambda text: text[:-9], "not a record"),
        (lambda text: text.replace('"schema": 1', '"schema": 2'), "update the code"),
        (lambda text: text.replace('"seed": 0', '"seed": 1'), "digest"),
        (lambda text: undigested(text).replace('"seed": 0', '"seed": 1'), "$.run"),
        (lambda text: text.replace('"lr": 0.1', '"lr": NaN'), "not a record"),
        (lambda text: undigested(text).replace('"epochs": 1', '"epochs": "1"', 1), "$.config.epochs"),
        (lambda text: "[" * 50000, "not a record"),
    ],
)
def test_damaged_records(refused, good, tmp_path, damage, named):
    for name in endurance.files(good):
        if "digits" in name:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(good / name, tmp_path / name)
    (record,) = tmp_path.rglob("*.json")
    record.write_text(damage(record.read_text()))
    before = contents(tmp_path)
    places = ["--results-dir", str(tmp_path / "results"), "--checkpoint-dir", str(tmp_path / "checkpoints")]
    assert str(record) in refused([*DIGITS, *places], named)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("what", ["record", "weights", "state"])
def test_a_folder_where_a_file_should_be(refused, good, tmp_path, what):
    (record,) = (good / "results/digits").iterdir()
    (weights,) = (good / "checkpoints").glob("digits*.safetensors")
    paths = {
        "record": tmp_path / "results/digits" / record.name,
        "weights": tmp_path / "checkpoints" / weights.name,
        "state": tmp_path / "checkpoints" / weights.with_suffix(".state").name,
    }
    paths[what].mkdir(parents=True)
    places = ["--results-dir", str(tmp_path / "results"), "--checkpoint-dir", str(tmp_path / "checkpoints")]
    refused([*DIGITS, *places], str(paths[what]))


def test_foreign_weights_under_the_name_of_a_run(refused, good, tmp_path):
    shutil.copytree(good / "checkpoints", tmp_path / "checkpoints")
    one, other = sorted((tmp_path / "checkpoints").glob("*.safetensors"))
    shutil.copy(other, one)
    refused([*DIGITS, "--checkpoint-dir", str(tmp_path / "checkpoints")], "SHA-256 differs")


@pytest.mark.parametrize(
    "argv", [["--lr", "1e30"], ["--lr", "1e38", "--mixup"], ["--weight-decay", "1e30"], ["--lr", "1e300"]]
)
def test_a_loss_that_is_no_longer_finite(refused, argv):
    said = refused([*DIGITS, "--batch-size", "8", "--seed", "1", *argv], "no longer finite", status=3)
    assert "--lr" in said


SHELL = [
    ([*DIGITS[:2], "--epochs", "0"], "--epochs"),
    (["--dataset", "nowhere"], "--dataset"),
    ([*DIGITS, "--subset", "5"], "--subset"),
    ([*DIGITS, "--lr", "1e30"], "no longer finite"),
]


@pytest.mark.parametrize(("argv", "named"), SHELL, ids=lambda value: " ".join(value)[:30])
def test_by_python(good, script, argv, named):
    done = script("train.py", *argv)
    assert done.returncode == (3 if "finite" in named else 2)
    assert named in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long  # as by torchrun: `test_processes_launched.py`
def test_by_accelerate(tmp_path):
    launch = [str(Path(sys.executable).with_name("accelerate")), "launch", str(ROOT / "scripts" / "train.py")]
    done = subprocess.run([*launch, *SHELL[2][0]], cwd=tmp_path, capture_output=True, text=True, timeout=200)
    assert done.returncode != 0
    assert done.stderr.count("--subset 5 is fewer") == 1
    assert not list(tmp_path.iterdir())


def test_there_are_a_hundred_cases(request):
    cases = [item for item in request.session.items if item.path.parent == request.node.path.parent]
    chosen = len(cases) < 90  # by -k or by name
    assert chosen or len(cases) >= 100

"""What is said before anything is trained, and while it is."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from _train import saying
from common import records
from common.costs import Cost
from common.errors import UserError
from scripts import train
from tests.train.small import ROOT, run


def test_the_bar_says_of_which_epoch_its_error_is():
    curve = [{"epoch": 2, "test": {"errors": 9, "n": 100}}]
    assert saying.reached(0, 5, []) == "first epoch"
    assert saying.reached(1, 5, []) == "epoch 1/5"
    assert saying.reached(2, 5, curve) == "epoch 2/5, test error 9.00% (9 of 100)"
    assert saying.reached(3, 5, curve) == "epoch 3/5, test error 9.00% (9 of 100) after epoch 2"


@pytest.mark.parametrize(
    ("has_bf16", "rates", "said"),
    [
        (True, [100.0, 250.0], "faster   1 thread in fp32: 100 rows a second, 1 thread in bf16: 250 rows a second; "),
        (True, [100.0, 250.0], "accelerate launch --mixed_precision bf16 scripts/train.py … is 2.5 times as fast here"),
        (True, [100.0, 105.0], "faster   none of 1 thread in fp32: 100 rows a second, 1 thread in bf16: 105 rows"),
        (False, [], None),
    ],
)
def test_a_plan_tries_the_other_precision_where_the_machine_has_it(has_bf16, rates, said, monkeypatch, capsys):
    monkeypatch.setattr(saying.processes, "has_bf16", lambda device: has_bf16)
    monkeypatch.setattr(saying.costs, "rates", lambda *asked: dict(zip(asked[3], rates, strict=True)))
    run("--plan")
    printed = capsys.readouterr().out
    assert said in printed if said else "faster" not in printed


@pytest.mark.parametrize("has_bf16", [True, False])
def test_a_precision_that_the_machine_has_not_is_said_before_it_is_trained_in(has_bf16, monkeypatch, capsys):
    monkeypatch.setattr(saying.processes, "has_bf16", lambda device: has_bf16)
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    asked = []

    def rates(blueprint, device, rows, ways):
        assert rows == 9  # of a batch of 17 in two pieces
        asked.extend(ways)
        return dict(zip(ways, [10.0, 150.0], strict=True))

    monkeypatch.setattr(saying.costs, "rates", rates)
    run("--plan", "--threads", "1", "--accumulate", "2")
    said = capsys.readouterr().out
    assert asked == [(1, "bf16"), (1, "no")]
    assert "accelerate launch --mixed_precision no scripts/train.py … is 15.0 times as fast here" in said
    assert ("slow     this machine does not multiply bf16 itself" in said) != has_bf16
    run("--plan", "--threads", "1", "--json")
    assert json.loads(capsys.readouterr().out)["is_emulated"] != has_bf16


def test_a_plan_says_that_a_training_is_gone_on_with(capsys, tmp_path):
    run("--plan")
    assert "begun" not in capsys.readouterr().out
    state = tmp_path / "checkpoints" / "digits-103-holdout37-smallcnn-w4-4ep-b17-erm-seed0.state"
    state.parent.mkdir()
    state.write_bytes(b"")
    run("--plan")
    assert "begun    goes on from checkpoints/" in capsys.readouterr().out
    run("--plan", "--overwrite")
    assert "begun" not in capsys.readouterr().out


def test_a_plan_says_what_is_in_force_and_leaves_nothing(capsys, tmp_path):
    assert run("--plan", "--mixup") is None
    out = capsys.readouterr().out
    assert "digits-103-holdout37-smallcnn-w4-4ep-b17-mixup1.0-seed0" in out
    assert "6 an epoch, 24 in all" in out
    assert "augment=none" in out
    assert "(not there yet)" in out
    assert not list(tmp_path.iterdir())


@pytest.mark.long  # 60,000 images are decoded first
@pytest.mark.skipif("MIXUP_DATA_DIR" not in os.environ, reason="MIXUP_DATA_DIR is not set: no CIFAR-10")
@pytest.mark.skipif(torch.accelerator.is_available(), reason="an accelerator does not take days")
def test_on_a_cpu_the_decks_run_is_warned_of(capsys, monkeypatch):
    monkeypatch.setattr("common.costs.images_per_second", lambda *_: 40.0)
    assert train.main(["--mixup", "--plan", "--threads", "1"]) is None
    out = capsys.readouterr().out
    assert "cifar10-preactresnet18-mixup1.0-seed0\n" in out
    assert "391 an epoch, 78,200 in all; 11,171,146 parameters" in out
    assert "days on a CPU" in out
    assert "--dataset digits" in out


@pytest.mark.skipif(torch.accelerator.is_available(), reason="an accelerator does not take days")
@pytest.mark.parametrize(
    ("model", "named"),
    [
        ("preactresnet18", "the same network in small"),
        ("wideresnet28", "--model preactresnet18 in small"),
        ("densenet190", "--model preactresnet18 in small"),
    ],
)
def test_what_is_named_in_a_long_runs_place_trains_on_a_cpu(capsys, monkeypatch, model, named):
    monkeypatch.setattr("common.costs.predict", lambda *_: Cost(1, 1, 1, 1.0, 24 * 3600.0))
    monkeypatch.setattr("common.costs.images_per_second", lambda *_: 1.0)
    monkeypatch.setattr("common.costs.flops_per_row", lambda *_: 1)
    assert train.main(["--dataset", "digits", "--model", model, "--plan", "--threads", "1"]) is None
    assert named in capsys.readouterr().out


def test_without_network_and_data_the_first_line_says_which_lines_work(script):
    begun = time.monotonic()
    done = script("train.py", "--mixup", HF_HUB_OFFLINE="1", MIXUP_DATA_DIR="", HF_HOME="/nowhere")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "--dataset digits --mixup" in done.stderr
    assert "--data-dir" in done.stderr
    assert "Traceback" not in done.stderr
    assert time.monotonic() - begun < 60  # two seconds on a free machine; a busy one is no error


def test_more_neighbours_than_rows_are_refused_before_anything_is_done():
    with pytest.raises(UserError, match="--neighbours 103: a row has 102 others"):
        run("--mixup", "--neighbours", "103")
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    "config", [pytest.param([], marks=pytest.mark.long), ["--config_file", str(ROOT / "accelerate_config.yaml")]]
)
def test_the_users_own_lines_use_every_core(config):  # of a network that is worth it
    launch = [str(Path(sys.executable).with_name("accelerate")), "launch", *config, str(ROOT / "scripts" / "train.py")]
    done = subprocess.run(
        [*launch, "--dataset", "iris", "--width", "1500", "--epochs", "1", "--mixup"],
        capture_output=True,
        text=True,
        timeout=200,
        env={key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"},
    )
    assert done.returncode == 0, done.stderr
    record = records.read(Path("results/iris/train-iris-mlp-w1500-1ep-mixup1.0-seed0.json"))
    if not torch.accelerator.is_available():
        assert record["environment"]["threads"] == len(os.sched_getaffinity(0))

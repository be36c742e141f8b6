"""Stopped, and gone on with: to the bit what it is undisturbed."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ways import WAYS, words

from _train import keeping
from analysis import rows
from common import checkpoints, records
from scripts import train
from tests.train.small import ROOT, measured, run

MIXUP, ADAM = ["--mixup"], ["--mixup", "--optimizer", "adam"]
STOPS = [(1, []), (3, MIXUP), (4, MIXUP), (1, ADAM), (4, ADAM)]  # each epoch, each method; the others take long
OTHER_STOPS = [(3, []), (4, []), (1, MIXUP), (3, ADAM)]


@pytest.mark.parametrize(
    ("epochs", "method"), [*STOPS, *(pytest.param(*stop, marks=pytest.mark.long) for stop in OTHER_STOPS)]
)
def test_stopped_after_any_epoch_it_ends_as_if_undisturbed(stopped, epochs, method):
    whole = run(*method, "--results-dir", "whole", "--checkpoint-dir", "whole")
    stopped(epochs, lambda: run(*method))
    assert not Path("results").exists()
    assert measured(run(*method)) == measured(whole)
    assert [path.suffix for path in Path("checkpoints").iterdir()] == [".safetensors"]


def test_a_record_says_where_each_part_of_it_was_trained(stopped, monkeypatch):
    """What was stopped and went on on another kind of CPU rounds otherwise, and so is no run of either."""
    environment, told = records.environment, ["Xeon", "Xeon", "EPYC"]

    def on_another(**measured):
        return environment(**measured) | {"cpu": {"model": told.pop(0), "instructions": "AVX2"}}

    monkeypatch.setattr(records, "environment", on_another)
    stopped(1, run)
    stopped(1, run)
    record = run()
    (before,) = record["environment"]["before"]
    assert (before["cpu"]["model"], record["environment"]["cpu"]["model"]) == ("Xeon", "EPYC")
    assert before["commit"] == record["environment"]["commit"]
    assert rows.machine(record["environment"]) == "Xeon, AVX2, then EPYC, AVX2"
    told.append("EPYC")
    assert "before" not in run("--seed", "1")["environment"]


WITHIN = [["--mixup", "--dropout", "0.5"], ["--recipe", "fast", "--model", "smallcnn", "--optimizer", "adam"]]


@pytest.mark.parametrize("method", WITHIN)
@pytest.mark.parametrize("saves", [1, 8])
def test_stopped_within_an_epoch_it_ends_as_if_undisturbed(monkeypatch, stopped, capsys, saves, method):
    """Of six steps an epoch: after the first, and after the second of the second epoch."""
    whole = run(*method, "--results-dir", "whole", "--checkpoint-dir", "whole")
    monkeypatch.setattr(keeping, "LONG", 0)
    stopped(saves, lambda: run(*method))
    capsys.readouterr()
    assert measured(run(*method)) == measured(whole)
    place = {1: "1 of 6 steps of epoch 1", 8: "2 of 6 steps of epoch 2"}[saves]
    assert f"Goes on after {place} of 4.\n" in capsys.readouterr().out


def test_within_an_epoch_the_clock_says_when_it_is_kept(monkeypatch):
    """Of 1,000 batches of a second each every 600 seconds, by looking at few of them."""
    clock, looks = [5000.0], []
    monkeypatch.setattr(keeping.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(keeping.processes, "from_main", lambda _, look: looks.append(1) or look())
    keeper, kept = keeping.Keeper(None), []
    keeper.begin(0)
    for batch in range(1, 1001):
        clock[0] += 1
        if keeper.is_due_within(batch):
            kept.append(batch)
            with keeper.keeping("here"):
                clock[0] += 10
    assert kept == [600]
    assert len(looks) < 15
    keeper.begin(0)  # the next epoch, which is as long
    clock[0] += 200
    assert keeper.is_due_within(1)


def test_the_state_of_short_epochs_is_kept_seldom(monkeypatch):
    """Not again until the training took a multiple of what keeping it takes."""
    kept, real = [], checkpoints.Checkpoint.save
    monkeypatch.setattr(checkpoints.Checkpoint, "save", lambda one, **state: kept.append(real(one, **state)))
    for seldom, times in ((0, 4), (1e9, 1)):
        monkeypatch.setattr(keeping, "SELDOM", seldom)
        run("--results-dir", str(seldom), "--checkpoint-dir", str(seldom))
        assert len(kept) == times
        kept.clear()


@pytest.mark.parametrize(
    "epochs", [pytest.param(1, marks=pytest.mark.long), 2, 3, pytest.param(4, marks=pytest.mark.long)]
)
def test_stopped_between_measurements_it_ends_as_if_undisturbed(stopped, epochs):
    argv = ["--mixup", "--measure-every", "3"]
    whole = run(*argv, "--results-dir", "whole", "--checkpoint-dir", "whole")
    stopped(epochs, lambda: run(*argv))
    assert measured(run(*argv)) == measured(whole)


QUICK = ("mixup1.0-patches", "mixup1.0-hidden", "smooth0.2-noise0.3-mixup1.0-hidden")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.long) for n in WAYS])
def test_stopped_under_any_way_of_mixing_it_ends_as_if_undisturbed(stopped, name):
    argv = [*words(WAYS[name]), "--epochs", "3"]
    whole = run(*argv, "--results-dir", "whole", "--checkpoint-dir", "whole")
    assert whole["run"] == f"digits-103-holdout37-smallcnn-w4-3ep-b17-{name}-seed0"
    stopped(2, lambda: run(*argv))
    assert measured(run(*argv)) == measured(whole)


def test_a_killed_process_goes_on_by_the_same_command():
    argv = ["--dataset", "digits", "--epochs", "30", "--width", "4", "--threads", "1", "--mixup"]
    whole = records.read(train.main([*argv, "--results-dir", "whole", "--checkpoint-dir", "whole"]))
    command = [sys.executable, str(ROOT / "scripts" / "train.py"), *argv]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(Path().glob("checkpoints/*.state")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not Path("results").exists()
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "Goes on after epoch" in done.stdout
    record = records.read(Path("results/digits/train-digits-smallcnn-w4-30ep-mixup1.0-seed0.json"))
    assert measured(record) == measured(whole)

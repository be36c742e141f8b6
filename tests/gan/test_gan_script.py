"""The script: records, stopped and gone on with."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import debug_launcher
from refusal import refused

from common import checkpoints
from common.chance import rng
from common.checkpoints import Checkpoint
from common.gan import measures, pair, targets
from common.options import gan as options
from common.options.fields import as_json
from scripts import gan
from tests.gan.small import CPU, LOSSES, SMALL, config, run


def measured(record):
    return {key: record[key] for key in ("run", "config", "curve", "final")}


# The script


@pytest.mark.parametrize("loss", LOSSES)
def test_the_whole_chain_and_again(capsys, loss):
    first = run("--loss", loss)
    taken = "".join(str(value) for value in options.TAKES.get(loss, {}).values())
    assert first["run"] == f"ring-{loss}{taken}-w8-25it-b8-seeds0+3"
    assert [(row["iteration"], row["seed"]) for row in first["curve"]] == [
        (at, seed) for at in (10, 20, 25) for seed in (0, 3)
    ]
    assert [(row["iteration"], row["seed"]) for row in first["final"]["shown"]] == [
        (at, seed) for at in (10, 25) for seed in (0, 3)
    ]
    assert first["final"]["target"]["floor"] < 0.1
    assert first["cost"]["parameters"] == 2 * 8 + 8 + 2 * (8 * 8 + 8) + 8 * 2 + 2 + 2 * 8 + 8 + 2 * (8 * 8 + 8) + 8 + 1
    assert first["environment"]["precision"] == "no"
    capsys.readouterr()
    assert run("--loss", loss) == first
    assert "is finished" in capsys.readouterr().out
    assert measured(run("--loss", loss, "--overwrite")) == measured(first)
    assert [path.name for path in Path("checkpoints").iterdir()] == []


def test_a_record_says_what_the_generators_make():
    record = run()
    learning = pair.begin(config(), CPU)
    for iteration in range(1, 26):
        learning.iterate(pair.draw(config(), targets.ring(), learning.loss, iteration, CPU))
    samples = learning.samples(pair.fixed_latent(config(), 500, CPU))
    for sample, row, shown in zip(samples, record["curve"][-2:], record["final"]["shown"][-2:], strict=True):
        wanted = measures.measure(targets.ring(), sample, targets.ring().draw(rng("gan fresh"), 500))
        assert {name: row[name] for name in wanted} == wanted
        inside = sample[:256][(np.abs(sample[:256]) <= 1.25).all(axis=1)].round(3)
        assert [shown["x"], shown["y"]] == inside.T.tolist()


def test_there_are_more_iterations_than_points_and_seeds_are_any(monkeypatch):
    monkeypatch.setattr(gan.pair, "draw", lambda *of: [])
    monkeypatch.setattr(pair.Pair, "iterate", lambda self, steps: torch.zeros(2, 2))
    record = run("--iterations", 20_000, "--seeds", 1, 100_000)
    assert [record["curve"][-1][name] for name in ("iteration", "seed", "n")] == [20_000, 100_000, 500]


@pytest.mark.parametrize("stop", [1, 2, 3])
@pytest.mark.parametrize("loss", ["mixup", "r3gan"])
def test_stopped_it_goes_on_to_the_same_bits(monkeypatch, capsys, loss, stop):
    whole = run("--loss", loss, "--results-dir", "whole", "--checkpoint-dir", "other")
    monkeypatch.setattr(gan, "SAVE_EVERY", 7)
    save, saves = Checkpoint.save, []

    def save_and_stop(self, **state):
        save(self, **state)
        saves.append(state["iteration"])
        if len(saves) == stop:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            run("--loss", loss)
    assert saves == [7, 10, 14][:stop]
    capsys.readouterr()
    again = run("--loss", loss)
    assert f"Goes on after iteration {saves[-1]} of 25" in capsys.readouterr().out
    assert measured(again) == measured(whole)
    assert list(Path("checkpoints").iterdir()) == []


def test_what_overwrite_began_goes_on_without_it(monkeypatch, capsys):
    """The record of before is there all the while."""
    first = run()
    monkeypatch.setattr(gan, "SAVE_EVERY", 7)
    save = Checkpoint.save

    def save_and_stop(self, **state):
        save(self, **state)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            run("--overwrite")
    capsys.readouterr()
    again = run()
    assert "Goes on after iteration 7 of 25" in capsys.readouterr().out
    assert measured(again) == measured(first)
    assert list(Path("checkpoints").iterdir()) == []


def test_a_state_of_something_else_is_refused_and_stays():
    state = Path("checkpoints", "ring-saturating-w8-25it-b8-seeds0+3.state")
    state.parent.mkdir()
    state.write_bytes(b"a foreign file")
    refused(run, state, "--overwrite")
    assert state.read_bytes() == b"a foreign file"
    kept = {"config": json.dumps(as_json(config())), "fingerprint": None, "precision": "no", "shown": []}
    whole = {"iteration": 9, "seconds": 1.0, "curve": []}
    for other in ({"iteration": 26}, {"iteration": 10}, {"seconds": 1}, {"shown": None}, {"curve": [{"seed": 0}]}):
        checkpoints.save_state(state, kept | whole | other)
        refused(run, state, "not a checkpoint", "--overwrite")
    checkpoints.save_state(state, kept | whole)
    refused(run, state, "does not fit the network", "--overwrite")
    assert not Path("results").exists()


def test_what_diverges_is_measured_and_said():
    """At a rate that no network bears."""
    record = run("--lr", "1000", "--iterations", "60", "--loss", "non-saturating")
    last = record["curve"][-2:]
    assert any(row["outside"] > 400 for row in last)
    for row in record["curve"]:
        assert row["diverged"] == ("generator_loss" not in row)


def test_a_plan_leaves_nothing(tmp_path, capsys):
    assert gan.main([*SMALL, "--plan"]) is None
    assert "2 seeds at once" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_several_processes_are_refused():
    with pytest.raises(Exception, match="without --num_processes"):
        debug_launcher(gan.main, (SMALL,), num_processes=2)

"""Started again: what is finished, what is refused, and a record that is its run."""

import json
import os
import shutil
from pathlib import Path

import fixtures
import pytest

from common import checkpoints, evaluation, records
from common.errors import UserError
from common.options.fields import as_json
from scripts import train
from tests.train.small import measured, run


def test_a_finished_run_is_not_run_again_unless_asked(capsys):
    first = run()
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*.*") if path.is_file()}
    assert run() == first
    assert "is finished" in capsys.readouterr().out
    run("--plan")
    planned = capsys.readouterr().out
    assert "is finished" in planned
    assert "  cost  " in planned  # of training it again, and of what is measured on it
    assert {path: path.stat().st_mtime_ns for path in before} == before
    again = run("--overwrite")
    assert again["environment"]["started"] >= first["environment"]["started"]
    assert measured(again) == measured(first)


def test_what_another_process_finished_meanwhile_is_not_trained_again(monkeypatch):
    """Between the look at what is there and the lock lies the trial of what it will cost."""
    announce, made = train.measurement.announce, []

    def meanwhile(*told, **more):
        announce(*told, **more)
        if not made:
            made.append(())
            made.append(run())

    monkeypatch.setattr(train.measurement, "announce", meanwhile)
    assert run() == made[1]


def test_a_record_without_its_weights_is_made_again():
    first = run()
    shutil.rmtree("checkpoints")
    assert measured(run()) == measured(first)
    assert os.listdir("checkpoints")


def test_a_record_is_its_run_again():
    first = run("--mixup", "--alpha", "0.4", "--seed", "3")
    path = records.path_of(Path("results"), "digits", "train", first["run"])
    again = train.main(["--config", str(path), "--threads", "1", "--results-dir", "again", "--checkpoint-dir", "again"])
    assert measured(records.read(again)) == measured(first)


def test_another_configuration_or_other_data_under_the_same_name_is_refused_by_field():
    record = run()
    path = records.path_of(Path("results"), "digits", "train", record["run"])
    records.write(path, fixtures.with_config(record, momentum=0.8))
    with pytest.raises(UserError, match=r"momentum is 0.8 there and 0.9 here.*--overwrite"):
        run()
    records.write(path, record | {"data": record["data"] | {"fingerprint": "0" * 64}})
    with pytest.raises(UserError, match="data is '000"):
        run()
    assert measured(run("--overwrite")) == measured(record)


def test_a_state_of_another_run_or_a_damaged_one_is_named(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Checkpoint, "save", _save_then_stop)
        with pytest.raises(KeyboardInterrupt):
            run()
    (state,) = Path("checkpoints").glob("*.state")
    shutil.copy(state, str(state).replace("seed0", "seed1"))
    with pytest.raises(UserError, match="seed is 0 there and 1 here"):
        run("--seed", "1")
    state.write_bytes(state.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"damaged.*--overwrite"):
        run()
    assert run("--overwrite")["final"]["last_epoch"]["n"] == 37


def _save_then_stop(self, **state):
    checkpoints.save_state(
        self.state_path,
        {
            "config": json.dumps(as_json(self.one.config)),
            "fingerprint": self.one.data["fingerprint"],
            "precision": "no",
        }
        | state,
    )
    raise KeyboardInterrupt


def test_what_went_on_on_a_machine_that_counts_a_row_otherwise_is_one_record(monkeypatch):
    """Stopped behind its last epoch. The last row of the curve and what is measured at the end are of one look."""
    words = ["--dataset", "digits", "--subset", "103", "--epochs", "2", "--width", "4", "--threads", "1"]
    words += ["--corrupt-labels", "0.2"]

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(train, "_measured_at_the_end", stop)
        with pytest.raises(KeyboardInterrupt):
            train.main(words)
    real = evaluation.outcomes

    def otherwise(*args, **kwargs):
        seen = real(*args, **kwargs)
        right = (seen.ranks == 0).nonzero()[0][0]
        seen.ranks[right], seen.predicted[right] = 1, (seen.predicted[right] + 1) % 10
        return seen

    monkeypatch.setattr(evaluation, "outcomes", otherwise)
    record = records.read(train.main(words))
    by_class = record["final"]["last_epoch"]["by_class"]
    assert record["curve"][-1]["test"]["errors"] == sum(by_class["errors"])
    assert Path("results/digits").is_dir()

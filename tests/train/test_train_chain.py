"""A training from end to end: its record, its weights, its curve."""

import os
from pathlib import Path

import pytest
import torch

from common import checkpoints, records, runs
from common.models import Blueprint, build
from scripts import train
from tests.train.small import SMALL, measured, run


@pytest.mark.parametrize("method", [[], ["--mixup"], ["--mixup", "--alpha", "0.3", "--lam-per", "row"]])
def test_the_whole_chain(method):
    record = run(*method)
    assert record["data"]["train"] == 103
    assert record["final"]["last_epoch"]["n"] == record["data"]["measured"] == 37
    assert record["data"]["measured_on"] == "holdout"
    assert record["final"]["clean_train"]["n"] == 103
    assert [row["epoch"] for row in record["curve"]] == [1, 2, 3, 4]
    assert [round(row["lr"], 6) for row in record["curve"]] == [0.1, 0.1, 0.01, 0.001]
    assert os.listdir("checkpoints") == [f"{record['run']}.safetensors"]
    assert (record["environment"]["threads"], record["environment"]["processes"]) == (1, 1)
    assert all(record["environment"]["cpu"].values())
    assert record["config"]["mixup"] is bool(method)
    errors = [row["test"]["errors"] for row in record["curve"]]
    final = record["final"]
    assert final["best_epoch"] == {"epoch": errors.index(min(errors)) + 1, "errors": min(errors)}
    assert final["median_of_last_ten"] == {"epochs": 4, "errors": sorted(errors)[1] / 2 + sorted(errors)[2] / 2}
    assert final["last_epoch"]["errors"] == errors[-1]
    assert sum(bin["n"] for bin in final["last_epoch"]["bins"]) == 37
    assert final["tempered"]["cross_entropy"] > 0


def test_of_a_single_held_out_row_no_temperature_is_fitted():
    """Halves of it are one row, and none."""
    rows = [f"{number**2}.25,{number * 5 % 14}.5,{'ab'[number > 9]}" for number in range(14)]
    Path("few.csv").write_text("\n".join(["x,y,label", *rows]))
    asked = ["--dataset", "few.csv", "--epochs", "1", "--threads", "1", "--holdout-share"]
    for share, held in (("0.07", 1), ("0.2", 3)):
        record = records.read(train.main([*asked, share]))
        assert record["data"]["measured"] == held
        assert ("tempered" in record["final"]) == (held > 1)


def test_pieces_of_a_batch_are_in_the_record_and_the_name():
    whole, pieces = run("--mixup"), run("--mixup", "--accumulate", "2")
    assert pieces["run"] == "digits-103-holdout37-smallcnn-w4-4ep-b17-acc2-mixup1.0-seed0"
    assert (whole["config"]["accumulate"], pieces["config"]["accumulate"]) == (1, 2)
    assert pieces["weights"] != whole["weights"]  # BatchNorm measures over a piece
    assert measured(run("--mixup", "--accumulate", "2", "--overwrite")) == measured(pieces)


def test_the_weights_are_those_of_the_record_and_tell_how_to_build_the_model():
    record = run("--mixup")
    weights, header = checkpoints.load_weights(
        Path("checkpoints", f"{record['run']}.safetensors"), sha256=record["weights"]
    )
    model = build(Blueprint.from_json(header)).eval()
    model.load_state_dict(weights)
    asked = train.cli.parse(train.TrainOptions, "", [*SMALL, "--mixup"])
    test = runs.describe(asked.asked, asked.source()).data.test
    with torch.no_grad():
        predicted = model(test.inputs / 255).argmax(dim=1)
    assert (predicted != test.labels).sum().item() == record["final"]["last_epoch"]["errors"]
    assert header["classes"] == record["data"]["classes"]


@pytest.mark.parametrize("method", [[], ["--mixup", "--corrupt-labels", "0.5"]])
def test_measured_every_third_epoch_and_the_last_the_numbers_are_those_of_every_one(method):
    whole = run(*method)
    record = run(*method, "--measure-every", "3")
    assert record["run"] == whole["run"].replace("-4ep", "-4ep-every3")
    assert record["weights"] == whole["weights"]
    assert record["curve"] == [whole["curve"][2], whole["curve"][3]]
    final, other = record["final"], whole["final"]
    assert all(final[part] == other[part] for part in ("last_epoch", "clean_train"))
    errors = {row["epoch"]: row["test"]["errors"] for row in record["curve"]}
    assert final["median_of_last_ten"] == {"epochs": 2, "errors": (errors[3] + errors[4]) / 2}
    assert final["best_epoch"]["errors"] == min(errors.values())


def test_the_median_of_the_last_ten_epochs_is_of_those_that_were_measured():
    def final(epochs):
        return train._final([{"epoch": epoch, "test": {"errors": epoch}} for epoch in epochs])

    assert final(range(1, 41))["median_of_last_ten"] == {"epochs": 10, "errors": 35.5}
    assert final([20, 40])["median_of_last_ten"] == {"epochs": 1, "errors": 40}
    assert final([12, 16, 20, 24, 25])["median_of_last_ten"] == {"epochs": 4, "errors": 22}


def test_tensorboard_gets_true_values_under_true_names():
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    record = run("--mixup", "--tracker", "tensorboard")
    events = EventAccumulator(str(Path("runs", record["run"])))
    events.Reload()
    tags = {"train acc, lambda-weighted", "val acc", "val loss", "error"}
    assert tags <= set(events.Tags()["scalars"])
    errors = [row["test"]["errors"] / 37 for row in record["curve"]]
    assert [event.value for event in events.Scalars("error")] == pytest.approx(errors)
    assert [event.value for event in events.Scalars("val acc")] == pytest.approx([1 - error for error in errors])
    losses = [row["test"]["cross_entropy"] for row in record["curve"]]
    assert [event.value for event in events.Scalars("val loss")] == pytest.approx(losses)


@pytest.mark.skipif("MIXUP_DATA_DIR" not in os.environ, reason="MIXUP_DATA_DIR is not set: no CIFAR-10")
@pytest.mark.long
def test_a_short_training_on_real_cifar10_beats_chance_by_far():
    size = ["--subset", "2000", "--holdout", "500", "--width", "8", "--epochs", "6", "--batch-size", "32"]
    record = records.read(train.main([*size, "--lr", "0.02", "--threads", "1", "--mixup"]))
    assert record["final"]["last_epoch"]["errors"] < 0.75 * 500  # chance: 450; 321 when this was written
    assert record["final"]["last_epoch"]["errors_top5"] < 0.3 * 500  # chance: 250

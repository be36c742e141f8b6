"""A large set trained on, probed and attacked, and the options of that."""

import pytest
import torch
from accelerate import Accelerator

from _train import keeping
from common import records, training
from common.options import TrainConfig, reading, resolve, run_name
from common.options.fields import as_json, of_json
from common.schedules import risen
from scripts import attack, interpolate, train
from tests.data.stream.photographs import photographs
from tests.processes.launched import outcome, ranks
from tests.refusal import refused
from tests.tiny import configured


def test_imagenet_is_trained_on_as_in_the_paper():
    config = resolve(TrainConfig(dataset="imagenet", mixup=True, alpha=0.2), "imagenet", "images", 224)
    assert (config.stream, config.size, config.augment) == (True, 224, "resized-crop")
    assert (config.epochs, config.batch_size, config.lr, config.rise_epochs) == (90, 1024, 0.4, 5)
    assert [round(90 * drop) for drop in config.lr_drops] == [30, 60, 80]
    assert run_name(config, "images", 224, "no") == f"imagenet-{config.model}-mixup0.2-seed0"
    for epochs in (0, 3, 5):  # the rate rises as long as it can
        assert resolve(TrainConfig(dataset="imagenet", epochs=epochs), "imagenet", "images", 224).rise_epochs == epochs


@pytest.mark.parametrize("name", ["imagenet", "photos"])
@pytest.mark.parametrize(
    ("asked", "is_cut"),
    [
        ({}, {"imagenet": True, "photos": False}),
        ({"recipe": "fast"}, {"imagenet": False, "photos": False}),
        ({"augment": "none"}, {"imagenet": False, "photos": False}),
        ({"augment": "resized-crop"}, {"imagenet": True, "photos": True}),
        ({"augment": "resized-crop", "recipe": "fast"}, {"imagenet": True, "photos": True}),
    ],
)
def test_a_run_and_what_goes_on_from_its_record_look_at_the_same_of_each_image(name, asked, is_cut):
    """The margin is left out where crops are trained on, whoever brings these: set, recipe or option."""
    config = TrainConfig(dataset=name, stream=True, **asked)
    read, resolved = reading(config, name, "images"), resolve(config, name, "images", 224)
    assert read.without_margin == (resolved.augment == "resized-crop") == is_cut[name]
    assert reading(of_json(TrainConfig, as_json(resolved)), name, "images") == read
    assert read.size == (224 if name == "imagenet" or is_cut[name] else None)


def test_options_that_do_not_fit_are_refused():
    for asked, name, words in (
        ({"augment": "resized-crop"}, "cifar10", "add --stream"),
        ({"stream": True, "neighbours": 5, "mixup": True}, "cifar10", "--neighbours 5: compares all pixels"),
        ({"stream": True}, "digits", "--stream: digits has no images in files"),
        ({"rise_epochs": 3, "recipe": "fast"}, "cifar10", "--schedule triangle rises by itself"),
        ({"rise_epochs": 3, "epochs": 2}, "cifar10", "more than --epochs 2; at most 2"),
    ):
        refused(lambda asked=asked, name=name: resolve(TrainConfig(dataset=name, **asked), name, "images", 32), words)


def test_the_rate_rises_then_drops():
    """As in section 3.1: 0.1 to 0.4 over five epochs, a tenth at 30, 60 and 80 of 90. Ten steps an epoch."""
    asked = configured(lr=0.4, lr_drops=(1 / 3, 2 / 3, 8 / 9), rise_epochs=5, epochs=90)
    learning = training.begin(Accelerator(cpu=True), torch.nn.Linear(1, 1), asked, 10)
    rates = []
    for _ in range(900):
        rates.append(learning.optimizer.param_groups[0]["lr"])
        learning.step()
    assert rates[::10][:6] == pytest.approx([0.1, 0.16, 0.22, 0.28, 0.34, 0.4])
    assert rates[25] == pytest.approx(0.25)
    assert [rates[step] for step in (299, 300, 599, 600, 799, 800)] == pytest.approx(
        [0.4, 0.04, 0.04, 0.004, 0.004, 0.0004]
    )
    assert [risen(float(epoch), 0) for epoch in (0, 1)] == [1, 1]


def test_a_large_set_is_trained_on_probed_and_attacked(photos, monkeypatch, decoded):
    """Each of the sample's images is decoded once, whatever is done to it."""
    monkeypatch.chdir(photos.parent)
    words = ["--dataset", str(photos), "--stream", "--augment", "resized-crop", "--size", "24", "--mixup"]
    words += ["--model", "smallcnn", "--width", "4", "--epochs", "1", "--batch-size", "8", "--threads", "1"]
    path = train.main([*words, "--rise-epochs", "1"])
    assert "test_time_flips" in records.read(path)["final"]
    name = path.stem.removeprefix("train-")
    assert name == "photos-size24-stream-smallcnn-w4-1ep-b8-rise1-augresizedcrop-mixup1.0-seed0"
    monkeypatch.setattr(interpolate, "_predicted", lambda *_: 0.0)
    monkeypatch.setattr(attack, "_predicted", lambda *_: 0.0)
    decoded.clear()
    assert interpolate.main([name, "--pairs", "20", "--points", "3", "--gradient-pairs", "5", "--threads", "1"])
    assert set(decoded.values()) == {1}
    decoded.clear()
    attacked = [name, "--attacks", "fgsm", "pgd", "--rows", "6", "--sample", "4", "--threads", "1"]
    assert attack.main(attacked)
    assert set(decoded.values()) == {1}
    assert len(decoded) == 6
    decoded.clear()
    assert attack.main(attacked)
    assert not decoded  # nothing is missing


LAUNCHED = ["--stream", "--augment", "resized-crop", "--size", "32", "--mixup", "--epochs", "2", "--threads", "1"]


@pytest.mark.parametrize("count", [2, pytest.param(4, marks=pytest.mark.long)])
def test_many_processes_train_the_network_that_one_trains(tmp_path, monkeypatch, count):
    """LeNet, which has no BatchNorm; of batches of 14, whose shares differ."""
    root = photographs(tmp_path / "photos", 16)
    words = ["--dataset", str(root), "--model", "lenet", "--batch-size", "14", *LAUNCHED]
    (tmp_path / "one").mkdir()
    monkeypatch.chdir(tmp_path / "one")
    train.main(words)
    ranks(tmp_path / "many", count, *words)
    (one, weights), (many, others) = outcome(tmp_path / "one"), outcome(tmp_path / "many")
    assert many["environment"]["processes"] == count
    assert all(torch.allclose(weights[name], others[name], atol=1e-5) for name in weights)
    assert [row["test"]["errors"] for row in one["curve"]] == [row["test"]["errors"] for row in many["curve"]]


def test_stopped_within_an_epoch_it_ends_as_if_undisturbed(photos, monkeypatch, stopped, capsys):
    """After the second of four steps."""
    monkeypatch.chdir(photos.parent)
    words = ["--dataset", str(photos), "--model", "smallcnn", "--width", "4", "--batch-size", "4", *LAUNCHED]
    whole = records.read(train.main([*words, "--results-dir", "whole", "--checkpoint-dir", "whole"]))
    monkeypatch.setattr(keeping, "SELDOM", 0)
    monkeypatch.setattr(keeping, "LONG", 0)
    stopped(2, lambda: train.main(words))
    again = records.read(train.main(words))
    assert "Goes on after 2 of 4 steps of epoch 1 of 2" in capsys.readouterr().out
    parts = ("weights", "curve", "final")
    assert [again[part] for part in parts] == [whole[part] for part in parts]

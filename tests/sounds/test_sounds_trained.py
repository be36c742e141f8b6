"""Sounds trained on, probed and attacked."""

import io
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from scipy import signal
from scipy.io import wavfile

from common import records
from common.data import sounds
from common.data.dataset import fingerprint
from common.data.load import load
from common.data.sources import Reading, find
from common.models import Blueprint, build
from common.options.networks import NETWORKS
from scripts import attack, interpolate, train
from tests.refusal import refused
from tests.sounds.recordings import audio_parquet, commands, noise, table, wav

REAL = os.environ.get("MIXUP_DATA_DIR")
needs_real_data = pytest.mark.skipif(
    not REAL or not (Path(REAL) / "spoken_digits").is_dir(),
    reason="MIXUP_DATA_DIR is not set: it would hold spoken_digits/",
)


@needs_real_data
def test_the_spoken_digits():
    dataset = load(find("spoken_digits", Path(REAL)))
    assert dataset.train.inputs.shape == (2700, 1, 81, 101)
    assert dataset.train.labels.bincount().tolist() == [270] * 10
    assert dataset.test.labels.bincount().tolist() == [30] * 10
    assert dataset.classes == tuple("0123456789")
    assert "Google commands" in dataset.notes[0]
    assert dataset.notes[2:] == ("20 of 3000 recordings longer than a second, and cut",)
    recordings = pq.read_table(Path(REAL) / "spoken_digits" / "test.parquet")["audio"].to_pylist()
    for row in (0, 150, 299):
        rate, samples = wavfile.read(io.BytesIO(recordings[row]["bytes"]))
        samples = np.pad(samples[:8000] / 32768, (0, max(0, 8000 - len(samples))))
        _, _, spectrum = signal.stft(samples, rate, "hann", 160, 80, boundary="zeros", padded=False)
        expected = np.log(np.abs(spectrum) ** 2 + sounds.FLOOR)
        assert np.abs(dataset.test.inputs[row, 0].numpy() - expected).max() <= 0.5 / sounds.GRID + 1e-5


def test_each_utterance_is_normalised_by_itself_before_it_is_trained_on(tmp_path, monkeypatch):
    loud_and_soft = [wav(noise(row, 2000) / 4**row, 2000) for row in range(5)]
    audio_parquet(tmp_path / "spoken_digits", table(6, audio=[*loud_and_soft, wav(np.zeros(2000), 2000)]))
    source = find("spoken_digits", tmp_path)
    plain, whole = load(source), load(source, Reading(per_utterance=True))
    expected = plain.train.inputs.double().flatten(1)
    expected = (expected - expected.mean(1, keepdim=True)) / expected.std(1, correction=0, keepdim=True)
    found = whole.train.inputs.double().flatten(1)
    assert torch.allclose(found[:5], expected[:5], rtol=0, atol=0.5 / sounds.GRID + 1e-7)
    assert not found[5].any()  # silence
    assert fingerprint(whole) != fingerprint(plain)
    assert "by its own mean" in whole.notes[-1]
    assert len(list((tmp_path / "cache").iterdir())) == 1  # decoded once for both
    monkeypatch.chdir(tmp_path)
    where = ["--data-dir", str(tmp_path), "--threads", "1"]
    words = ["--dataset", "spoken_digits", "--epochs", "1", "--width", "2", "--model", "lenet_large", *where]
    record = records.read(train.main([*words, "--per-utterance"]))
    assert record["run"] == "spoken_digits-perutterance-lenet_large-w2-1ep-erm-seed0"
    assert record["data"]["mean"] == pytest.approx([0], abs=1e-3)
    assert record["data"]["std"] == pytest.approx([np.sqrt(5 / 6)], abs=1e-3)
    (path,) = interpolate.main([record["run"], "--pairs", "4", "--points", "3", "--gradient-pairs", "4", *where])
    (other,) = records.read(path)["parents"]
    assert other["weights"] == record["weights"]


def test_train_probe_and_attack(tmp_path, monkeypatch, capsys):
    commands(tmp_path / "data" / "speech_commands")
    monkeypatch.chdir(tmp_path)
    where = ["--data-dir", "data", "--threads", "1"]
    small = ["--dataset", "speech_commands", "--epochs", "3", "--width", "2", "--mixup", "--warmup-epochs", "1", *where]
    train.main([*small, "--plan"])
    plan = capsys.readouterr().out
    assert "8 training and 2 test rows of 1 x 21 x 101 in 2 classes, from word folders with lists" in plan
    assert "2 validation recordings are left out" in plan
    record = records.read(train.main(small))
    run = "speech_commands-lenet-w2-3ep-mixup1.0-warm1-seed0"
    assert record["run"] == run
    assert record["data"]["kind"] == "sounds"
    assert record["data"]["shape"] == [1, 21, 101]
    (path,) = interpolate.main([run, "--pairs", "8", "--points", "3", "--gradient-pairs", "4", *where])
    assert all(len(pair["x_i"]) < 9000 for pair in records.read(path)["final"]["examples"])  # pictures
    (path,) = attack.main([run, *where])
    final = records.read(path)["final"]
    assert (final["epsilon_unit"], final["clipped"]) == ("std/100", False)


OF_ANY_SIZE = [name for name, network in NETWORKS.items() if "sounds" in network.takes and not network.is_sized]


@pytest.mark.parametrize("model", OF_ANY_SIZE)
@pytest.mark.parametrize("shape", [(1, 81, 101), (1, 161, 101)])
def test_networks_of_any_size_take_spectrograms_with_as_many_parameters(model, shape):
    def built(shape):
        with torch.device("meta"):
            return build(Blueprint(model, 4, ("no", "yes"), shape, (0.0,), (1.0,)))

    network = built(shape)
    assert network(torch.empty(2, *shape, device="meta")).shape == (2, 2)
    assert [p.shape for p in network.parameters()] == [p.shape for p in built((1, 32, 32)).parameters()]


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["--augment", "crop-flip"], "--augment crop-flip"),
        (["--model", "mlp"], "lenet"),
        (["--model", "smallcnn"], "takes images, and own is sounds"),
        (["--model", "vgg11"], "these are of 21 x 101"),
        (["--mixup", "--epochs", "5"], "--warmup-epochs 5"),
        (["--mixup", "--epochs", "3", "--warmup-epochs", "3"], "at most 2"),
        (["--warmup-epochs", "3"], "--mixup"),
    ],
    ids=" ".join,
)
def test_options_that_do_not_fit_sounds(tmp_path, argv, named):
    root = commands(tmp_path / "own")
    refused(lambda: train.main(["--dataset", str(root), "--threads", "1", "--plan", *argv]), named)

"""Sounds: the front end, recordings of every make, the Google commands' folder, parquet; whole and broken."""

import io
import os
import shutil
import struct
import wave
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from scipy import signal
from scipy.io import wavfile

from common import records
from common.data import online, sounds
from common.data.dataset import fingerprint
from common.data.encoded import Encoded
from common.data.layouts import LISTS
from common.data.load import load
from common.data.sets import SETS
from common.data.sources import Source, find
from common.data.statistics import statistics
from common.models import Blueprint, build
from common.options.networks import NETWORKS
from scripts import attack, interpolate, train
from tests.refusal import refused

REAL = os.environ.get("MIXUP_DATA_DIR")
needs_real_data = pytest.mark.skipif(
    not REAL or not (Path(REAL) / "spoken_digits").is_dir(),
    reason="MIXUP_DATA_DIR is not set: it would hold spoken_digits/",
)
SILENCE = round(np.log(sounds.FLOOR) * sounds.GRID) / sounds.GRID


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.delenv("MIXUP_DATA_DIR", raising=False)
    monkeypatch.setenv("MIXUP_CACHE_DIR", str(tmp_path / "cache"))


def tone(frequency=1000.0, rate=8000, seconds=1.0, amplitude=0.5):
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate)


def noise(seed, rate=8000, seconds=0.5):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, round(rate * seconds))


def wav(samples, rate=8000, kind="int16"):
    """The bytes of a WAV file of samples in [-1, 1): (n,), or (n, channels)."""
    file = io.BytesIO()
    samples = np.asarray(samples)
    if kind == "int24":  # scipy writes none
        with wave.open(file, "wb") as out:
            out.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
            out.setsampwidth(3)
            out.setframerate(rate)
            whole = np.round(samples * 2**23).astype("<i4").reshape(-1, 1).view(np.uint8)
            out.writeframes(whole.reshape(-1, 4)[:, :3].tobytes())
        return file.getvalue()
    if kind == "uint8":
        samples = np.round(samples * 128 + 128).clip(0, 255)
    elif kind.startswith("int"):
        samples = np.round(samples * -float(np.iinfo(kind).min))
    wavfile.write(file, rate, samples.astype(kind))
    return file.getvalue()


def part(*files, labels=None):
    return Encoded(list(files), torch.tensor(labels or [0] * len(files)), ("no", "yes"), "here.parquet")


def decoded(*files, test=()):
    return sounds.decode(part(*files), part(*(test or files)))


# --- the front end ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "frequency", "place"), [(8000, 1000, 20), (8000, 3000, 60), (16000, 1000, 20)])
def test_a_tone_peaks_in_its_bin_and_its_frames(rate, frequency, place):
    """Bin k is of 50 k Hz; a tone from 0.3 to 0.6 s fills the windows that are centred on 0.31 to 0.59 s."""
    samples = np.zeros(rate)
    samples[3 * rate // 10 : 6 * rate // 10] = tone(frequency, rate, 0.3)
    values = sounds.spectrogram(torch.from_numpy(samples)[None], rate)
    assert values.shape == (1, 1, rate // 100 + 1, 101)
    inside = values[0, 0, :, 31:60]
    assert (inside.argmax(dim=0) == place).all()
    # Of power amplitude^2 / 4 in its bin, by Hann's window a quarter of that in the two beside it, and no more.
    assert torch.allclose(inside[place], torch.tensor(0.5**2 / 4, dtype=torch.float64).log(), atol=1e-6)
    assert torch.allclose(inside[place - 1 : place + 2 : 2].exp(), torch.tensor(0.5**2 / 16).double(), rtol=1e-6)
    others = torch.ones(rate // 100 + 1, dtype=torch.bool)
    others[place - 1 : place + 2] = False
    assert inside[others].max() < np.log(2 * sounds.FLOOR)
    outside = [*range(30), *range(61, 101)]
    assert (values[0, 0, :, outside] == np.log(sounds.FLOOR)).all()
    assert (values[0, 0, place, [30, 60]] > -10).all()  # half filled


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100])
def test_spectrograms_are_those_of_scipy(rate):
    waves = np.stack([noise(0, rate, 1), tone(440, rate), np.zeros(rate)])
    hop = round(rate / 100)
    _, _, spectrum = signal.stft(waves, rate, "hann", 2 * hop, hop, boundary="zeros", padded=False)
    ours = sounds.spectrogram(torch.from_numpy(waves), rate)
    assert ours.shape == (3, 1, hop + 1, 101)
    expected = np.log(np.abs(spectrum) ** 2 + sounds.FLOOR)
    assert np.allclose(ours[:, 0].numpy(), expected[..., : ours.shape[-1]], rtol=0, atol=1e-6)


def test_silence_is_finite_and_the_same_everywhere():
    train, test, _ = decoded(wav(np.zeros(4000)), wav(np.zeros(8000)), test=[wav(np.zeros(10))])
    assert train.inputs.shape == (2, 1, 81, 101)
    assert train.inputs.dtype == torch.float32
    assert (train.inputs == SILENCE).all()
    assert (test.inputs == SILENCE).all()
    assert statistics(train) == ((SILENCE,), (1.0,))


def test_what_is_kept_is_the_spectrogram_rounded_to_a_grid_and_short_ones_end_in_silence():
    train, _, _ = decoded(
        *(wav(noise(seed), kind="float64") for seed in range(70))
    )  # more than are transformed at once
    for seed in (0, 63, 64, 69):
        padded = np.concatenate([noise(seed), np.zeros(4000)])
        exact = sounds.spectrogram(torch.from_numpy(padded)[None], 8000)[0]
        assert (train.inputs[seed].double() - exact).abs().max() <= 0.5 / sounds.GRID + 1e-9
        assert (train.inputs[seed] * sounds.GRID % 1 == 0).all()
        assert (train.inputs[seed, 0, :, 52:] == SILENCE).all()
        assert (train.inputs[seed, 0, :, 10] > SILENCE).all()


def test_of_what_is_longer_than_a_second_the_beginning_is_kept_and_it_is_counted():
    long = wav(noise(1, seconds=1.7))
    train, _, notes = decoded(long, wav(noise(1, seconds=1.7)[:8000]), wav(noise(2, seconds=1)))
    assert torch.equal(train.inputs[0], train.inputs[1])
    assert not torch.equal(train.inputs[0], train.inputs[2])
    assert notes[1:] == ("2 of 6 recordings longer than a second, and cut",)


def test_the_rate_is_the_most_common_of_the_training_part_and_others_are_resampled():
    samples = tone(1000, 8000), tone(1000, 16000), tone(1000, 44100)
    eight, sixteen, cd = (wav(s, rate) for s, rate in zip(samples, (8000, 16000, 44100), strict=True))
    train, test, notes = decoded(eight, eight, sixteen, cd, test=[sixteen] * 9)
    assert train.inputs.shape == (4, 1, 81, 101)  # 8 kHz, though most of all are at 16
    assert notes[1:] == ("11 of 13 recordings resampled to 8,000 Hz",)
    for inputs in (train.inputs[2], train.inputs[3], test.inputs[0]):
        assert (inputs[0, :, 5:96].argmax(dim=0) == 20).all()
        assert (inputs[0, 20, 5:96] - train.inputs[0, 0, 20, 5:96]).abs().max() < 0.01
    train, _, _ = decoded(wav(tone(6000, 16000), 16000), eight, eight)
    assert (train.inputs[0, 0, :, 5:96] < -8).all()  # above half the new rate: filtered, not folded to 2000 Hz


def test_nothing_of_the_test_part_reaches_the_training_part():
    files = [wav(noise(seed)) for seed in range(5)]
    one, quiet, _ = decoded(*files, test=[wav(noise(9) / 100)])
    loud = [wav(tone(440, 16000, 1.4, 0.9), 16000, "float32")] * 7 + [wav(np.zeros((44100, 2)), 44100)] * 9
    other, _, _ = decoded(*files, test=loud)
    assert torch.equal(one.inputs, other.inputs)
    assert statistics(one) == statistics(other)
    swapped, _, _ = decoded(wav(noise(9) / 100), test=files)
    assert torch.equal(swapped.inputs, quiet.inputs)  # a row is the same in whatever part


# --- recordings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "step"),
    [("uint8", 2**-7), ("int16", 2**-15), ("int24", 2**-23), ("int32", 2**-31), ("float32", 2**-24), ("float64", 0)],
)
def test_samples_of_every_width(kind, step):
    samples = np.concatenate([noise(3), [-1.0, 0.0, 0.5]])
    found = sounds.read(part(wav(samples, kind=kind)), 0)
    assert (found.rate, found.channels) == (8000, 1)
    assert np.abs(found.samples - samples).max() <= step / 2 + 1e-15
    assert found.samples[-3:].tolist() == [-1.0, 0.0, 0.5]


@pytest.mark.parametrize("kind", ["uint8", "int16", "int24", "float32"])
def test_of_several_channels_the_mean_is_taken_and_it_is_said(kind):
    left, right = noise(4), noise(5)
    stereo = wav(np.stack([left, right], axis=1), kind=kind)
    found = sounds.read(part(stereo), 0)
    assert np.abs(found.samples - (left + right) / 2).max() < 2**-7
    against = np.stack([np.round(left * 100) / 128, -np.round(left * 100) / 128], axis=1)
    train, _, notes = decoded(stereo, wav(against, kind=kind), test=[wav(left)])
    assert (train.inputs[1] == SILENCE).all()
    assert notes[1:] == ("2 of 3 recordings of several channels, whose mean is taken",)


def chunk(name, data):
    return name + struct.pack("<I", len(data)) + data


def riff(*chunks, size=None):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def form(tag=1, channels=1, rate=8000, bits=16):
    width = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * width, width, bits))


DATA = chunk(b"data", b"\1\2" * 50)


def test_titles_and_other_chunks_are_skipped():
    whole = riff(form(), chunk(b"LIST", b"INFO"), chunk(b"bext", b"by me"), b"\0", DATA, chunk(b"id3 ", b"song"))
    assert len(sounds.read(part(whole), 0).samples) == 50


WRONG = {
    "no WAV file": (b"hello, hello, hello", "is not a WAV file"),
    "nothing": (b"", "is not a WAV file"),
    "cut in the header": (wav(noise(0))[:30], "cut off"),
    "cut in the samples": (wav(noise(0))[:999], "cut off"),
    "cut between two samples": (wav(noise(0))[:1000], "cut off"),
    "cut in 24 bits": (wav(noise(0), kind="int24")[:-1], "cut off"),
    "cut in stereo": (wav(np.zeros((50, 2)))[:-2], "cut off"),
    "no data": (riff(form()), "cut off"),
    "never closed": (riff(form(), DATA, size=0), "cut off"),
    "no format": (riff(DATA), "No fmt chunk"),
    "no samples": (wav(np.zeros(0)), "holds no samples"),
    "telephone": (riff(form(tag=7, bits=8), DATA), "MULAW"),
    "a rate of zero": (riff(form(rate=0), DATA), "sample rate of 0 Hz"),
    "a rate of GHz": (riff(form(rate=2_000_000_000), DATA), "sample rate of 2000000000 Hz"),
    "not a number": (wav(np.array([0.1, np.nan]), kind="float32"), "not finite"),
    "infinite": (wav(np.array([0.1, np.inf]), kind="float64"), "not finite"),
    "no channel": (riff(form(channels=0), DATA), "cannot be read"),
}


@pytest.mark.parametrize(("data", "said"), WRONG.values(), ids=WRONG)
def test_what_is_no_good_recording_is_named(tmp_path, data, said):
    refused(lambda: decoded(wav(noise(0)), data), "here.parquet, row 1", said)
    (tmp_path / "a.wav").write_bytes(data)
    refused(lambda: decoded(tmp_path / "a.wav"), tmp_path / "a.wav", said)


def test_a_recording_that_is_gone_is_named(tmp_path):
    refused(lambda: decoded(tmp_path / "a.wav"), tmp_path / "a.wav", "No such file")


# --- the Google commands' folder --------------------------------------------------------------------------------------


def commands(root, words=("yes", "no"), rows=6, rate=2000):
    """A folder as it is published: of each word the last recording for testing, the last but one for validation."""
    for number, word in enumerate(words):
        (root / word).mkdir(parents=True)
        for row in range(rows):
            samples = tone(200 + 400 * number, rate, 0.5) + 0.1 * noise(row, rate)
            (root / word / f"{row:02d}_nohash_0.wav").write_bytes(wav(samples, rate))
    for name, row in zip(LISTS, (rows - 2, rows - 1), strict=True):
        (root / name).write_text("".join(f"{word}/{row:02d}_nohash_0.wav\n" for word in words))
    (root / "_background_noise_").mkdir()
    (root / "_background_noise_" / "pink_noise.wav").write_bytes(wav(noise(0, rate, 3), rate))
    (root / "README.md").write_text("Speech Commands")
    return root


def test_the_google_commands_as_published(tmp_path, capsys):
    root = commands(tmp_path / "speech_commands")
    (root / "yes" / ".DS_Store").write_bytes(b"litter")
    for source in (find("speech_commands", tmp_path), find(str(root), None)):
        assert source == Source("speech_commands", "sounds", "word folders with lists", root)
    dataset = load(source)
    assert dataset.classes == ("no", "yes")
    assert dataset.train.labels.tolist() == [0] * 4 + [1] * 4
    assert dataset.test.labels.tolist() == [0, 1]
    assert dataset.notes == (
        "2 validation recordings are left out of training",
        "the folder _background_noise_ is left out",
        "log spectrograms of the first second at 2,000 Hz, Hann windows of 20 ms every 10 ms, shorter padded",
    )
    alone, _, _ = decoded(root / "yes" / "00_nohash_0.wav")
    assert torch.equal(dataset.train.inputs[4], alone.inputs[0])
    assert "decoding word folders" in capsys.readouterr().err
    assert fingerprint(load(source)) == fingerprint(dataset)
    assert capsys.readouterr().err == ""  # from the cache
    (root / "testing_list.txt").write_text("yes/00_nohash_0.wav\r\n\r\nno/00_nohash_0.wav\r\n")
    assert torch.equal(load(source).test.inputs[1], dataset.train.inputs[4])


FOLDER_DAMAGE = {
    "no testing list": (lambda root: (root / "testing_list.txt").unlink(), "no testing_list.txt"),
    "no validation list": (lambda root: (root / "validation_list.txt").unlink(), "no validation_list.txt"),
    "a list of what is not there": (lambda root: (root / "yes/05_nohash_0.wav").unlink(), "names yes/05_nohash_0.wav"),
    "a list of paths": (lambda root: (root / "testing_list.txt").write_text("../x.wav"), "testing_list.txt names ../x"),
    "an empty list": (lambda root: (root / "validation_list.txt").write_text("\n"), "names no recording"),
    "a list that is no text": (lambda root: (root / "testing_list.txt").write_bytes(b"\xff\xfe"), "is not text"),
    "one in both lists": (
        lambda root: shutil.copy(root / "testing_list.txt", root / "validation_list.txt"),
        "no/05_nohash_0.wav",
    ),
    "an empty word": (lambda root: (root / "left").mkdir(), "left is empty"),
    "a folder in a word": (lambda root: (root / "yes/more").mkdir(), "yes/more is a folder"),
    "a cut recording": (lambda root: cut(root / "yes/00_nohash_0.wav"), "yes/00_nohash_0.wav"),
    "no recording": (lambda root: (root / "no/x.txt").write_text("hello"), "no/x.txt is not a WAV file"),
    "an empty recording": (lambda root: (root / "no/05_nohash_0.wav").write_bytes(b""), "no/05_nohash_0.wav"),
    "one word": (lambda root: one_word(root), "one class only, 'yes'"),
    "all of it for testing": (lambda root: all_listed(root), "holds no rows"),
    "parquet beside it": (lambda root: audio_parquet(root), "leave one of the two"),
}


def cut(path):
    path.write_bytes(path.read_bytes()[:-30])


def one_word(root):
    shutil.rmtree(root / "no")
    for name in LISTS:
        (root / name).write_text((root / name).read_text().splitlines()[0])


def all_listed(root):
    names = [f"{path.parent.name}/{path.name}\n" for path in root.glob("[yn]*/*4_*.wav")]
    for path in root.glob("[yn]*/*.wav"):
        if f"{path.parent.name}/{path.name}\n" not in names:
            names.append(f"{path.parent.name}/{path.name}\n")
    (root / "validation_list.txt").write_text("".join(names[:2]))
    (root / "testing_list.txt").write_text("".join(names[2:]))


@pytest.mark.parametrize(("damage", "said"), FOLDER_DAMAGE.values(), ids=FOLDER_DAMAGE)
def test_folders_that_are_damaged(tmp_path, damage, said):
    root = commands(tmp_path / "own")
    damage(root)
    refused(lambda: load(find(str(root), None)), root, said)


# --- parquet ----------------------------------------------------------------------------------------------------------


def table(rows=4, first=0, labels=None, name="audio", **columns):
    recordings = [wav(noise(first + row, 2000), 2000) for row in range(rows)]
    labels = [row % 2 for row in range(rows)] if labels is None else labels
    return pa.table({name: recordings, "label": labels, "speaker": ["jackson"] * rows} | columns)


def audio_parquet(root, train=None, test=None):
    root.mkdir(parents=True, exist_ok=True)
    pq.write_table(table() if train is None else train, root / "train.parquet")
    pq.write_table(table(first=9) if test is None else test, root / "test.parquet")
    return root


def declared(rows=4):
    """As `datasets` writes sounds; beside the label that is declared one there are other integers."""
    plain = table(rows).drop_columns("speaker")
    sound = pa.array([{"bytes": data, "path": None} for data in plain["audio"].to_pylist()])
    given = datasets.Features(
        {
            "sound": datasets.Audio(decode=False),
            "label": datasets.ClassLabel(names=["no", "yes"]),
            "utterance_id": datasets.Value("int64"),
        }
    )
    columns = {"sound": sound, "label": plain["label"], "utterance_id": list(range(rows))}
    return pa.table(columns).replace_schema_metadata(given.arrow_schema.metadata)


@pytest.mark.parametrize("make", [table, declared])
def test_parquet_of_sounds_is_known_by_what_is_declared_or_by_its_name(tmp_path, make):
    root = audio_parquet(tmp_path / "own", make(), make())
    assert find(str(root), None).kind == "sounds"
    dataset = load(find(str(root), None))
    assert dataset.kind == "sounds"
    assert dataset.train.inputs.shape == (4, 1, 21, 101)
    assert dataset.classes == (("no", "yes") if make is declared else ("0", "1"))
    alone, _, _ = decoded(wav(noise(2, 2000), 2000))
    assert torch.equal(dataset.train.inputs[2], alone.inputs[0])


PARQUET_DAMAGE = {
    "no test": (lambda own: (own / "test.parquet").unlink(), "no test part"),
    "cut": (lambda own: cut(own / "train.parquet"), "train.parquet cannot be read as parquet"),
    "no audio": (lambda own: audio_parquet(own, table(name="sound")), "train.parquet needs exactly one audio column"),
    "audio that is no bytes": (lambda own: audio_parquet(own, table(audio=["x"] * 4)), "one audio column"),
    "no label": (lambda own: audio_parquet(own, table().drop_columns("label")), "one label column"),
    "two labels": (lambda own: audio_parquet(own, table(word=["a"] * 4)), "label, word"),
    "nulls": (lambda own: audio_parquet(own, table(1, audio=pa.array([None], pa.binary()))), "empty in 1 rows"),
    "a cut recording": (
        lambda own: audio_parquet(own, test=table(audio=[*table(3)["audio"].to_pylist(), wav(noise(0))[:-9]])),
        "test.parquet, row 3",
    ),
    "no recording": (lambda own: audio_parquet(own, table(audio=[b"x"] * 4)), "train.parquet, row 0 is not a WAV"),
    "no rows": (lambda own: audio_parquet(own, table().slice(0, 0)), "holds no rows"),
    "other classes": (lambda own: audio_parquet(own, test=table(labels=[0, 1, 2, 0])), "'2' (test only)"),
}


@pytest.mark.parametrize(("damage", "said"), PARQUET_DAMAGE.values(), ids=PARQUET_DAMAGE)
def test_parquet_that_is_damaged(tmp_path, damage, said):
    own = audio_parquet(tmp_path / "spoken_digits")
    damage(own)
    refused(lambda: load(find("spoken_digits", tmp_path)), own, said)


@pytest.mark.parametrize("name", [name for name, one in SETS.items() if one.kind == "sounds"])
def test_sounds_that_are_not_there_are_not_looked_for_on_the_hub(tmp_path, monkeypatch, name):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(online, "obstacle", lambda: pytest.fail("asked"))
    said = (f"{name}/train.parquet", "testing_list.txt", "--data-dir FOLDER", "--dataset digits")
    refused(lambda: find(name, None), f"{name} cannot be had", "MIXUP_DATA_DIR", *said)
    refused(lambda: find(name, tmp_path), tmp_path / name, *said)
    (tmp_path / name / "train").mkdir(parents=True)
    refused(lambda: find(name, tmp_path), f"{tmp_path / name} does not hold it")
    assert "speech_commands" in refused(lambda: find("speech-commands", tmp_path), "mean speech_commands?")


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


# --- the scripts ------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("model", [name for name, network in NETWORKS.items() if "sounds" in network.takes])
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

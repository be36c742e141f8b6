"""WAV files of every kind, and those that are no good."""

import struct

import numpy as np
import pytest

from common.data import sounds
from tests.refusal import refused
from tests.sounds.recordings import SILENCE, decoded, noise, part, wav


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

"""Recordings: tones, noise, WAV files of them, and folders as Google's commands lie in."""

import io
import wave

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from scipy.io import wavfile

from common.data import sounds
from common.data.encoded import Encoded
from common.data.layouts import LISTS

SILENCE = round(np.log(sounds.FLOOR) * sounds.GRID) / sounds.GRID


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


def cut(path):
    path.write_bytes(path.read_bytes()[:-30])


def table(rows=4, first=0, labels=None, name="audio", **columns):
    recordings = [wav(noise(first + row, 2000), 2000) for row in range(rows)]
    labels = [row % 2 for row in range(rows)] if labels is None else labels
    return pa.table({name: recordings, "label": labels, "speaker": ["jackson"] * rows} | columns)


def audio_parquet(root, train=None, test=None):
    root.mkdir(parents=True, exist_ok=True)
    pq.write_table(table() if train is None else train, root / "train.parquet")
    pq.write_table(table(first=9) if test is None else test, root / "test.parquet")
    return root

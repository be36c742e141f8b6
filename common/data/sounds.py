"""From recordings (WAV files, or their bytes out of a table) to one tensor of log spectrograms a part.

Each row is made of its own recording alone, but for the sample rate, which is the training part's.
"""

import io
import math
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from scipy.io import wavfile
from scipy.signal import resample_poly
from torch import Tensor

from common.data.dataset import Dataset, Part
from common.data.encoded import Encoded
from common.errors import UserError
from common.shapes import Resident

HOP = 0.01  # seconds from one window to the next; a window is two hops wide: the 160 x 101 of section 3.3 at 16 kHz
FLOOR = 1e-10  # power added before the logarithm, 100 dB below full scale: silence is finite, whatever else there is
GRID = 1024  # values are rounded to 1/1024 (0.004 dB), so that another machine's rounding gives the same fingerprint
RATES = (1_000, 200_000)  # Hz that are taken for a sample rate rather than for a damaged header
AT_ONCE = 64  # recordings in one transform


class Recording(NamedTuple):
    """rate  in Hz;  channels  that it had;  samples  their mean, float64 (n,) in [-1, 1]"""

    rate: int
    channels: int
    samples: np.ndarray


class Look(NamedTuple):
    """What is counted of a recording."""

    rate: int
    is_mono: bool
    is_long: bool


def decode(train: Encoded, test: Encoded) -> tuple[Part, Part, tuple[str, ...]]:
    """Both parts with inputs as float32 (b, 1, bins, frames), and notes of what was done to the recordings on the way.

    Every recording gets the most common sample rate of the training part, and the length of one second: what comes
    later is cut off, what is shorter ends in zeros. Raises UserError with the place of a file that is no WAV file of
    integers or floats, cut off, or without samples.
    """
    looks = [_looks(train), _looks(test)]
    everything = looks[0] + looks[1]
    rate = Counter(look.rate for look in looks[0]).most_common(1)[0][0]
    notes = [f"log spectrograms of the first second at {rate:,} Hz, Hann windows of 20 ms every 10 ms, shorter padded"]
    for count, what in (
        (sum(not look.is_mono for look in everything), "of several channels, whose mean is taken"),
        (sum(look.rate != rate for look in everything), f"resampled to {rate:,} Hz"),
        (sum(look.is_long for look in everything), "longer than a second, and cut"),
    ):
        if count:
            notes.append(f"{count} of {len(everything)} recordings {what}")
    decoded = [Part(_inputs(part, rate), part.labels) for part in (train, test)]
    return decoded[0], decoded[1], tuple(notes)


def spectrogram(waves: Float[Tensor, "b samples"], rate: int) -> Float[Tensor, "b 1 bins frames"]:
    """Natural logarithm of the power in each window and frequency: a sine of full scale, in the middle of a bin, has
    power 1/4 there. Before and after the samples there is silence.

    waves    (b, samples)
    returns  (b, 1, hop + 1, samples // hop + 1) at a hop of `HOP` seconds: bin k is of k / (2 HOP) Hz, 50 k, and the
             middle of frame t is at t HOP seconds
    """
    hop = round(rate * HOP)
    window = torch.hann_window(2 * hop, dtype=waves.dtype)
    spectrum = torch.stft(waves, 2 * hop, hop, window=window, center=True, pad_mode="constant", return_complex=True)
    power = (spectrum.real.square() + spectrum.imag.square()) / window.sum().square()
    return (power + FLOOR).log().unsqueeze(1)


def each_normalised(dataset: Dataset) -> Dataset:
    """With mean 0 and standard deviation 1 in each recording's spectrogram, what is padded included: so do public
    loaders of the Google commands. The set's own normalisation, and attacks, are then in these units. Of silence all
    is 0."""
    note = "each spectrogram normalised by its own mean and standard deviation"
    train, test = (
        Part(torch.cat([_normalised(block) for block in part.whole.split(AT_ONCE)]), part.labels)
        for part in (dataset.train, dataset.test)
    )
    return replace(dataset, train=train, test=test, notes=(*dataset.notes, note))


def _normalised(values: Resident) -> Resident:
    wide = values.double()
    std, mean = torch.std_mean(wide, dim=(1, 2, 3), correction=0, keepdim=True)
    normalised = (wide - mean) / torch.where(std > 0, std, 1.0)
    return (normalised * GRID).round().div(GRID).float()


def _looks(part: Encoded) -> list[Look]:
    """Of each recording; the samples are read and let go, since those of all together may not fit in memory."""
    looks = []
    for row in range(len(part.files)):
        rate, channels, samples = read(part, row)
        looks.append(Look(rate, channels == 1, len(samples) > rate))
    return looks


def _inputs(part: Encoded, rate: int) -> Resident:
    blocks = [spectrogram(torch.zeros(1, rate), rate)[:0].float()]  # of the right shape, where a part has none
    for start in range(0, len(part.files), AT_ONCE):
        rows = range(start, min(start + AT_ONCE, len(part.files)))
        waves = np.zeros((len(rows), rate))
        for wave, row in zip(waves, rows, strict=True):
            found = read(part, row)
            samples = found.samples
            if found.rate != rate:
                shared = math.gcd(rate, found.rate)
                samples = resample_poly(samples, rate // shared, found.rate // shared)
            wave[: len(samples)] = samples[:rate]
        values = spectrogram(torch.from_numpy(waves), rate)
        blocks.append((values * GRID).round().div(GRID).float())
    return torch.cat(blocks)


def read(part: Encoded, row: int) -> Recording:
    """One recording. Raises UserError with its place."""
    file, place = part.files[row], part.place(row)
    try:
        data = file.read_bytes() if isinstance(file, Path) else file
    except OSError as error:
        raise UserError(f"{place} cannot be read: {error.strerror}.") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", wavfile.WavFileWarning)  # of files that are cut off
            warnings.filterwarnings("ignore", "Chunk")  # such as a title
            rate, samples = wavfile.read(io.BytesIO(data))
    except Exception as error:  # scipy raises what it likes on damaged files: struct.error, UnboundLocalError, ...
        if data[:4] not in (b"RIFF", b"RIFX", b"RF64"):
            raise UserError(f"{place} is not a WAV file.") from error
        raise UserError(
            f"{place} cannot be read as a WAV file, it may be cut off: {' '.join(str(error).split())}. Replace it, or "
            "take it out."
        ) from error
    if not RATES[0] <= rate <= RATES[1]:
        raise UserError(f"{place} has a sample rate of {rate} Hz, and must have one from {RATES[0]:,} to {RATES[1]:,}.")
    if samples.size == 0:
        raise UserError(f"{place} holds no samples. Replace it, or take it out.")
    if samples.dtype == np.uint8:  # 8 bits are without a sign
        samples = (samples.astype(np.float64) - 128) / 128
    elif samples.dtype.kind == "i":  # those of 24 bits fill the upper three bytes of four
        samples = samples / -float(np.iinfo(samples.dtype).min)
    if not np.isfinite(samples).all():
        raise UserError(f"{place} holds samples that are not finite numbers. Replace it, or take it out.")
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    return Recording(rate, channels, samples.reshape(len(samples), channels).mean(axis=1, dtype=np.float64))

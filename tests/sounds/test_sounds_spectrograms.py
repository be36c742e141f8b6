"""What becomes of a recording: a spectrogram of a second."""

import numpy as np
import pytest
import torch
from scipy import signal

from common.data import sounds
from common.data.statistics import statistics
from tests.sounds.recordings import SILENCE, decoded, noise, tone, wav


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

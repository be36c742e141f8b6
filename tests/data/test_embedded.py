"""The sets that scikit-learn brings."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from common.data.dataset import Part, fingerprint
from common.data.load import load
from common.data.sources import Reading, find

SHAPES = {"iris": (4,), "wine": (13,), "breast_cancer": (30,), "digits": (1, 8, 8)}


@pytest.mark.parametrize(("name", "shape"), SHAPES.items())
def test_embedded_sets(name, shape):
    dataset = load(find(name, None))
    total = len(dataset.train) + len(dataset.test)
    assert dataset.train.inputs.shape == (len(dataset.train), *shape)
    assert dataset.train.inputs.dtype == (torch.uint8 if name == "digits" else torch.float32)
    assert dataset.kind == ("images" if name == "digits" else "table")
    assert len(dataset.test) / total == pytest.approx(0.2, abs=0.005)
    shares = [part.labels.bincount() / len(part) for part in (dataset.train, dataset.test)]
    assert torch.allclose(*shares, atol=0.02)  # stratified
    assert len(dataset.classes) == len(shares[0])
    assert fingerprint(load(find(name, None))) == fingerprint(dataset)
    assert not Path(os.environ["MIXUP_CACHE_DIR"]).exists()


def _images(part: Part) -> set[bytes]:
    return {image.tobytes() for image in part.inputs.numpy()}


def test_a_larger_test_part_of_digits_is_drawn_once_around_the_fixed_fifth():
    """--data-seed draws which rows are trained on; every run is measured on the same ones."""
    source = find("digits", None)
    fifth, larger = load(source), load(source, Reading(test_share=0.6))
    assert fingerprint(load(source, Reading(test_share=0.2, data_seed=3))) == fingerprint(fifth)
    assert fingerprint(load(source, Reading(test_share=0.6, data_seed=3))) == fingerprint(larger)
    assert (len(larger.train), len(larger.test)) == (719, 1078)
    assert _images(fifth.test) <= _images(larger.test)
    assert _images(larger.train) <= _images(fifth.train)


def test_digits_are_spread_over_the_bytes_and_no_row_is_lost():
    dataset = load(find("digits", None))
    bunch = load_digits()
    spread = np.array([0, 16, 32, 48, 64, 80, 96, 112, 128, 143, 159, 175, 191, 207, 223, 239, 255])
    wanted = [
        (row.ravel().tolist(), int(label))
        for row, label in zip(spread[bunch.images.astype(int)], bunch.target, strict=True)
    ]
    rows = [
        (row.ravel().tolist(), label)
        for part in (dataset.train, dataset.test)
        for row, label in zip(part.inputs.numpy(), part.labels.tolist(), strict=True)
    ]
    assert sorted(rows) == sorted(wanted)

"""Photographs, and a count of those that are decoded."""

from collections import Counter

import pytest

from common.data import decoding
from common.data import stream as streams
from tests.data.stream.photographs import photographs


@pytest.fixture
def photos(tmp_path):
    return photographs(tmp_path / "photos")


@pytest.fixture
def decoded(monkeypatch):
    """Counts the images that are decoded, by row."""
    counts = Counter()

    def count(data, grey, part, row):
        counts[row] += 1
        return decoding.pixels(data, grey, part, row)

    monkeypatch.setattr(streams, "pixels", count)
    return counts

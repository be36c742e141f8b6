"""The fingerprint, and what the headers say."""

import numpy as np
import pytest

from common.data import index
from common.data.dataset import fingerprint, take
from common.data.load import load
from common.data.sources import find
from tests.data.made import image
from tests.data.stream.photographs import STREAM, ZOOMED
from tests.refusal import refused


def test_the_fingerprint_is_of_names_lengths_contents_and_labels(photos):
    source = find(str(photos), None)
    data = load(source, STREAM)
    before = fingerprint(data)

    def now():
        return fingerprint(load(source, STREAM))

    assert now() == before
    assert fingerprint(load(source, ZOOMED)) != before
    assert data.train.same(load(source, STREAM).train)
    assert not data.train.same(take(data.train, np.arange(3)))
    file = photos / "train" / "cat" / "0.JPEG"
    content = bytearray(file.read_bytes())
    content[-20] ^= 1
    file.write_bytes(content)  # of the same length
    assert now() != before
    content[-20] ^= 1
    file.write_bytes(content)
    assert now() == before
    file.rename(file.with_name("00.JPEG"))
    assert now() != before


def test_headers_are_looked_at_once(photos, monkeypatch, capsys):
    source = find(str(photos), None)
    load(source, STREAM)
    assert "looking through 32 images, once" in capsys.readouterr().err
    monkeypatch.setattr(index, "looks", lambda *_, **__: pytest.fail("they are kept"))
    again = load(source, STREAM)
    assert capsys.readouterr().err == ""
    assert again.train.fetch(slice(0, 2)).shape[0] == 2


def test_headers_that_cannot_be_kept_are_said_to_be_looked_at_again(photos, monkeypatch, capsys):
    (photos.parent / "file").write_text("")
    monkeypatch.setenv("MIXUP_CACHE_DIR", str(photos.parent / "file" / "cache"))
    assert len(load(find(str(photos), None), STREAM).train) == 16
    assert "photos: not kept, the next run looks again: " in capsys.readouterr().err


def test_a_file_that_became_another_is_noticed_and_looked_at_again(photos):
    source = find(str(photos), None)
    data = load(source, STREAM)
    file = photos / "train" / "cat" / "3.JPEG"
    image(99, (30, 30)).save(file)
    refused(lambda: data.train.fetch(slice(0, 8)), str(file), "another file than when", "looks through it again")
    assert load(source, STREAM).train.inputs.sizes[3].tolist() == [30, 30]

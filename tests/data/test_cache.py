"""What is decoded is kept, and when it is made again."""

import json
import os
import resource
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from common.data import cache
from common.data.dataset import Part, fingerprint
from common.data.images import decode
from common.data.load import load
from common.data.sources import Source, find
from tests.data.made import changed, class_folders, image, parquet_set, pixels, plain_table


@pytest.fixture
def pets(tmp_path):
    """A set with a note, its source, and the file that the cache keeps of it."""
    root = class_folders(tmp_path / "pets")
    image(50, (9, 7)).save(root / "train" / "cat" / "0.png")
    source = find(str(root), None)
    return load(source), source, cache.place(source)


@pytest.fixture
def decodings(monkeypatch):
    """Counts how often images are decoded."""
    calls = []
    monkeypatch.setattr("common.data.load.decode", lambda *parts: calls.append(1) or decode(*parts))
    return calls


def same(left, right):
    return fingerprint(left) == fingerprint(right) and left.notes == right.notes and left.name == right.name


def test_a_set_is_decoded_once(pets, decodings, capsys):
    dataset, source, file = pets
    capsys.readouterr()
    again = load(source)
    assert same(again, dataset)
    assert again.notes == ("1 of 12 images resized to 4 x 3",)
    assert decodings == []
    assert capsys.readouterr().err == ""
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_damaged_cache_is_made_again_with_one_line(pets, decodings, capsys):
    dataset, source, file = pets
    whole = file.read_bytes()
    flipped = bytearray(whole)
    flipped[-1] ^= 1
    header = whole.replace(b"resized to 4 x 3", b"resized to 5 x 3")
    capsys.readouterr()
    cases = {"cut": whole[:-10], "empty": b"", "text": b"no tensors at all", "flipped": bytes(flipped), "note": header}
    for number, (case, content) in enumerate(cases.items()):
        assert content != whole, case
        file.write_bytes(content)
        assert same(load(source), dataset), case
        assert len(decodings) == number + 1, case
        assert file.stat().st_size == len(whole), case
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1, lines
        assert str(file) in lines[0]


@pytest.mark.parametrize("case", ["owner", "writable", "labels"])
def test_a_cache_that_somebody_else_may_have_written_is_made_again(pets, decodings, monkeypatch, capsys, case):
    """Its seal is no secret, so whoever may write the file can make one that fits."""
    dataset, source, file = pets
    capsys.readouterr()
    if case == "owner":
        monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    elif case == "writable":
        file.chmod(0o666)
    else:
        forged = changed(dataset, train=Part(dataset.train.inputs, dataset.train.labels + 1))
        with safe_open(file, framework="pt") as stored:
            cache.write(file, stored.metadata()["key"], forged)
    assert same(load(source), dataset)
    said = {
        "owner": "belongs to another user",
        "writable": "written by everybody",
        "labels": "labels that are no class",
    }
    assert said[case] in capsys.readouterr().err
    assert len(decodings) == 1
    if case != "owner":
        load(source)  # made by us by now
        assert len(decodings) == 1


def test_a_stale_cache_is_made_again_in_its_place(pets, decodings, capsys):
    dataset, source, file = pets
    image(99).save(Path(source.path) / "train" / "dog" / "2.png")
    os.utime(Path(source.path) / "train" / "dog" / "2.png", ns=(1, 1))
    fresh = load(source)
    assert np.array_equal(fresh.train.inputs[5].numpy(), pixels(image(99)))
    assert "made from other files" in capsys.readouterr().err
    assert len(decodings) == 1
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    (Path(source.path) / "train" / "dog" / "2.png").rename(Path(source.path) / "train" / "dog" / "20.png")
    assert same(load(source), fresh)
    assert len(decodings) == 2
    assert fingerprint(fresh) != fingerprint(dataset)


def test_a_parquet_sets_key_is_its_content_and_not_its_date(tmp_path, decodings):
    root = parquet_set(tmp_path / "pets", plain_table())
    source = find(str(root), None)
    load(source)
    os.utime(root / "train.parquet", ns=(1, 1))
    load(source)
    assert len(decodings) == 1
    state = (root / "test.parquet").stat()
    parquet_set(root, plain_table(), plain_table((1, 0, 0, 1)))
    os.utime(root / "test.parquet", ns=(state.st_atime_ns, state.st_mtime_ns))
    assert load(source).test.labels.tolist() == [1, 0, 0, 1]


def test_another_decoder_makes_the_set_again(pets, decodings, monkeypatch):
    monkeypatch.setattr(cache, "DECODER", cache.DECODER + 1)
    assert same(load(pets[1]), pets[0])
    assert len(decodings) == 1


def test_two_sets_of_one_name_do_not_share_a_file(tmp_path, decodings):
    one, two = (find(str(class_folders(tmp_path / place / "pets")), None) for place in "ab")
    load(one), load(two), load(one), load(two)
    assert len(decodings) == 2


def test_a_cache_that_cannot_be_used_is_one_line_and_no_error(pets, decodings, monkeypatch, tmp_path, capsys):
    dataset, source, _ = pets
    capsys.readouterr()
    (tmp_path / "file").write_text("in the folder's place")
    monkeypatch.setenv("MIXUP_CACHE_DIR", str(tmp_path / "file"))
    assert same(load(source), dataset)
    assert capsys.readouterr().err.count("not kept") == 1
    assert (tmp_path / "file").read_text() == "in the folder's place"


def test_a_full_disk_leaves_nothing_behind(pets, monkeypatch, tmp_path, capsys):
    dataset, source, _ = pets
    monkeypatch.setenv("MIXUP_CACHE_DIR", str(tmp_path / "full"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, before[1]))  # as if the disk had room for 300 bytes
    try:
        assert same(load(source), dataset)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "not kept" in capsys.readouterr().err
    assert list((tmp_path / "full").iterdir()) == []


def test_the_cache_lies_where_caches_lie(monkeypatch, tmp_path):
    source = Source("pets", "images", "class folders", tmp_path)
    assert cache.place(source).parent == tmp_path / "cache"
    monkeypatch.delenv("MIXUP_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.place(source).parent == tmp_path / "xdg" / "mixup-study"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache.place(source).parent == tmp_path / "home" / ".cache" / "mixup-study"


def test_the_record_learns_no_path_of_the_machine(pets):
    dataset, source, file = pets
    assert str(source.path) not in json.dumps([dataset.name, dataset.origin, dataset.notes])
    assert str(source.path).encode() not in file.read_bytes()

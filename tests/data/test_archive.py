"""The archives that CIFAR was published as."""

import hashlib
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import CIFAR10, CIFAR100

from common.data.load import load
from common.data.sets import SETS
from common.data.sources import Reading, find
from tests.refusal import refused

BATCHES = [f"data_batch_{n}" for n in range(1, 6)]
ARCHIVES = {  # set: its folder, its training files, its test file, its file of names, their key, the labels' key
    "cifar10": (CIFAR10, BATCHES, "test_batch", "batches.meta", "label_names", "labels"),
    "cifar100": (CIFAR100, ["train"], "test", "meta", "fine_label_names", "fine_labels"),
}


def archive(name, root, monkeypatch):
    """A small archive in the published form, whose MD5 are the published ones; returns its folder and the pixels
    (b, 3, 32, 32): two rows a file, the labels of which are its number and 1."""
    theirs, training, test, meta, names, labels = ARCHIVES[name]
    folder = root / theirs.base_folder
    folder.mkdir(parents=True)
    rows = np.random.default_rng(0).integers(0, 256, (2 * len(training) + 2, 3 * 32 * 32), dtype=np.uint8)
    for number, file in enumerate([*training, test]):
        batch = {"data": rows[2 * number : 2 * number + 2], labels: [number % 3, 1], "coarse_labels": [0, 0]}
        (folder / file).write_bytes(pickle.dumps(batch))
    classes = {names: ["airplane", "bird", "cat"], "coarse_label_names": ["thing"]}
    (folder / meta).write_bytes(pickle.dumps(classes))
    md5 = {file.name: hashlib.md5(file.read_bytes()).hexdigest() for file in folder.iterdir()}
    monkeypatch.setattr(theirs, "train_list", [[file, md5[file]] for file in training])
    monkeypatch.setattr(theirs, "test_list", [[test, md5[test]]])
    monkeypatch.setattr(theirs, "meta", theirs.meta | {"md5": md5[meta]})
    return folder, rows.reshape(-1, 3, 32, 32)


@pytest.mark.parametrize("name", ARCHIVES)
def test_the_original_archive_is_read(tmp_path, monkeypatch, name):
    _, rows = archive(name, tmp_path, monkeypatch)
    dataset = load(find(name, tmp_path))
    assert np.array_equal(dataset.train.inputs.numpy(), rows[:-2])
    assert np.array_equal(dataset.test.inputs.numpy(), rows[-2:])
    labels = [label for number in range(len(ARCHIVES[name][1])) for label in (number % 3, 1)]
    assert dataset.train.labels.tolist() == labels
    assert dataset.classes == ("airplane", "bird", "cat")
    assert (dataset.name, dataset.origin) == (name, "original archive")
    said = f"--stream: {name} is the original archive"
    refused(lambda: load(find(name, tmp_path), Reading(stream=True)), said, "class folders or parquet files")


def test_the_published_archives_are_the_ones_that_are_asked_for():
    """Names and MD5 of the files are torchvision's; ours are only the folders' names."""
    for name, (theirs, training, test, meta, *_) in ARCHIVES.items():
        assert SETS[name].archive == (theirs.__name__, theirs.base_folder)
        assert [file for file, _ in theirs.train_list] == training
        assert [file for file, _ in theirs.test_list] == [test]
        assert theirs.meta["filename"] == meta
    assert {name for name, one in SETS.items() if one.archive} == set(ARCHIVES)


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_broken_archive_is_refused_by_name(tmp_path, monkeypatch, name):
    folder, _ = archive(name, tmp_path, monkeypatch)
    _, training, test, meta, *_ = ARCHIVES[name]
    again = f"{'cifar-100' if name == 'cifar100' else 'cifar-10'}-python.tar.gz again"
    broken = 0
    for file in (training[-1], test, meta):
        whole = (folder / file).read_bytes()
        for content in (None, b"", whole[: len(whole) // 2], whole[:-1] + b"x", pickle.dumps({"data": []})):
            (folder / file).unlink() if content is None else (folder / file).write_bytes(content)
            refused(lambda: load(find(name, tmp_path)), folder, "a file is missing", "MD5", again)
            broken += 1
        (folder / file).write_bytes(whole)
    assert broken == 15
    load(find(name, tmp_path))
    shutil.rmtree(folder)
    folder.write_text("a file in the folder's place")
    refused(lambda: find(name, tmp_path), f"The data set {name} cannot be had", folder.name)


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_of_another_md5_is_refused_before_it_is_unpickled(tmp_path, monkeypatch, name):
    folder, _ = archive(name, tmp_path, monkeypatch)

    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    for file in folder.iterdir():
        whole = file.read_bytes()
        file.write_bytes(pickle.dumps(Trap()))
        refused(lambda: load(find(name, tmp_path)), folder, "MD5")
        file.write_bytes(whole)
    assert not (tmp_path / "sprung").exists()

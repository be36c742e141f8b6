"""What stays encoded gives what the same set gives in memory."""

from itertools import product
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from accelerate import Accelerator
from PIL import Image

from common import checkpoints, evaluation, training
from common.chance import rng
from common.data import cache
from common.data.dataset import Part, take
from common.data.load import load
from common.data.sources import find
from common.data.statistics import patches, statistics
from common.data.stream import Stream
from scripts import train
from tests.data.made import class_folders, image
from tests.data.stream.photographs import STREAM, a_run


def both(root, **options):
    return a_run(root, **options), a_run(root, stream=True, **options)


@pytest.mark.parametrize("augment", ["none", "crop-flip", "translate-flip"])
def test_it_trains_to_the_weights_of_what_is_in_memory(tmp_path, augment):
    root = class_folders(tmp_path / "small", 10, make=lambda seed: image(seed, (16, 16)))
    resident, large = both(root, augment=augment)
    assert isinstance(large.data.train.inputs, Stream)
    assert torch.equal(large.data.train.fetch(slice(0, 20)), resident.data.train.inputs)
    assert (large.blueprint.mean, large.blueprint.std) == (resident.blueprint.mean, resident.blueprint.std)
    weights = []
    for run in (resident, large):
        accelerator = Accelerator(cpu=True)
        learning = run.begin(accelerator)
        for epoch in (1, 2):
            plan, part = large.plan(epoch), run.data.train
            training.train_epoch(accelerator, learning, run.method(epoch), part, plan, lambda: None, 2)
        seen = evaluation.outcomes(accelerator, learning.network, run.data.test)
        weights.append([*learning.network.state_dict().values(), torch.from_numpy(seen.losses)])
    assert all(torch.equal(a, b) for a, b in zip(*weights, strict=True))


def test_a_run_in_memory_and_one_that_is_not_give_the_same_weights(tmp_path, monkeypatch):
    """Of ERM, whose batches hold no partners to draw otherwise."""
    root = class_folders(tmp_path / "small", 10, make=lambda seed: image(seed, (16, 16)))
    monkeypatch.chdir(tmp_path)
    words = ["--dataset", str(root), "--model", "smallcnn", "--width", "4", "--epochs", "1", "--batch-size", "8"]
    paths = [train.main([*words, "--threads", "1", *more]) for more in ([], ["--stream"])]
    assert [path.stem for path in paths] == [
        "train-small-smallcnn-w4-1ep-b8-erm-seed0",
        "train-small-stream-smallcnn-w4-1ep-b8-erm-seed0",
    ]
    names = [path.stem.removeprefix("train-") for path in paths]
    one, two = (checkpoints.load_weights(Path("checkpoints") / f"{name}.safetensors")[0] for name in names)
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_statistics_and_patches_are_those_of_the_pixels(tmp_path, monkeypatch):
    root = class_folders(tmp_path / "small", 6, make=lambda seed: image(seed, (9, 9)))
    resident, large = load(find(str(root), None)).train, load(find(str(root), None), STREAM).train
    mean, std = cache.statistics_of(large)
    assert (mean, std) == statistics(resident)
    assert patches(large, std) == patches(resident, std)
    monkeypatch.setattr(cache, "statistics", lambda part: pytest.fail("they are kept"))
    assert cache.statistics_of(large) == (mean, std)


def of_one_length(root, grey):
    """Four pictures a class of one colour each, in files that are all of one length."""
    for row, part, name in product(range(4), ("train", "test"), ("cat", "dog")):
        (root / part / name).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (grey + row + (name == "dog"), 0, 0)).save(root / part / name / f"{row}.bmp")
    return load(find(str(root), None), STREAM).train


def test_sets_and_rows_whose_files_are_of_one_length_have_statistics_of_their_own(tmp_path):
    dark, light = of_one_length(tmp_path / "dark", 0), of_one_length(tmp_path / "light", 200)
    assert {*dark.inputs.looks.lengths, *light.inputs.looks.lengths} == {246}
    for part in (dark, light, take(dark, np.arange(4)), take(dark, np.arange(4, 8))):
        assert cache.statistics_of(part) == statistics(part)
    for file in cache.folder().glob("statistics-*"):
        file.write_text("[[0.5], [0.25]]")  # of one channel
    assert cache.statistics_of(dark) == statistics(dark)


def test_patches_are_of_rows_from_all_over_the_set(tmp_path, monkeypatch):
    """The first of a folder are of its first class."""
    monkeypatch.setattr("common.data.statistics.PATCHED", 4)
    dark = of_one_length(tmp_path / "dark", 0)
    rows = np.sort(rng("patches").permutation(8)[:4])
    assert set(dark.labels[rows].tolist()) == {0, 1}
    chosen, first = (Part(dark.fetch(torch.from_numpy(some)), dark.labels[some]) for some in (rows, np.arange(4)))
    assert patches(dark, (0.5,) * 3) == patches(chosen, (0.5,) * 3) != patches(first, (0.5,) * 3)


def test_many_rows_are_measured_by_a_sample_that_the_record_tells_of(photos, monkeypatch):
    monkeypatch.setattr("common.data.statistics.SAMPLED", 5)
    monkeypatch.setattr("common.data.images.SAMPLED", 5)
    data = load(find(str(photos), None), STREAM)
    assert "mean and standard deviation are of 5 training images, drawn by chance" in data.notes
    assert statistics(data.train) != statistics(Part(data.train.fetch(slice(None)), data.train.labels))


def test_grey_sets_keep_one_channel(tmp_path):
    root = class_folders(tmp_path / "grey", make=lambda seed: image(seed, (9, 9), mode="L"))
    data = load(find(str(root), None), STREAM)
    assert data.train.shape == (1, 9, 9)
    assert torch.equal(data.train.fetch(slice(0, 6)), load(find(str(root), None)).train.inputs)


def test_parquet_is_mapped_and_gives_the_same_pixels(tmp_path):
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])})
    pictures = [image(row, (12, 10)) for row in range(6)]
    rows = datasets.Dataset.from_dict({"image": pictures, "label": [0, 1, 1, 0, 1, 0]}, features=features)
    root = tmp_path / "pets"
    root.mkdir()
    for part in ("train", "test"):
        rows.to_parquet(root / f"{part}.parquet")
    resident, large = load(find(str(root), None)), load(find(str(root), None), STREAM)
    assert large.classes == resident.classes == ("cat", "dog")
    assert large.train.labels.tolist() == resident.train.labels.tolist()
    assert torch.equal(large.train.fetch(slice(0, 6)), resident.train.inputs)

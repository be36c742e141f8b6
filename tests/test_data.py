"""Data sets: where they come from, how they are decoded, cached, cut and described. Nothing here asks the network."""

import hashlib
import io
import itertools
import json
import os
import pickle
import resource
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from sklearn.datasets import load_digits
from torchvision.datasets import CIFAR10, CIFAR100

from common.data import cache
from common.data.dataset import Dataset, Part, fingerprint
from common.data.images import decode
from common.data.load import load
from common.data.selection import select
from common.data.sets import SETS
from common.data.sources import Reading, Source, find
from common.data.statistics import statistics
from tests.refusal import refused

REAL = os.environ.get("MIXUP_DATA_DIR")
needs_real_data = pytest.mark.skipif(
    not REAL or not (Path(REAL) / "cifar10").is_dir(), reason="MIXUP_DATA_DIR is not set: it would hold cifar10/"
)


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """No test sees the machine's data, caches or network."""
    for name in ("MIXUP_DATA_DIR", "HF_DATASETS_CACHE", "HF_ENDPOINT", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("MIXUP_CACHE_DIR", str(tmp_path / "cache"))


def image(seed, size=(4, 3), mode="RGB"):
    width, height = size
    shape = {"RGB": (height, width, 3), "RGBA": (height, width, 4), "L": (height, width), "LA": (height, width, 2)}[
        mode
    ]
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8), mode=None)


def encoded(picture, form="PNG"):
    stream = io.BytesIO()
    picture.save(stream, form, lossless=True)
    return stream.getvalue()


def class_folders(root, rows=3, classes=("cat", "dog"), make=image):
    """``root``/{train,test}/<class>/<number>.png, every image another one; returns ``root``."""
    seed = 0
    for part in ("train", "test"):
        for name in classes:
            (root / part / name).mkdir(parents=True)
            for row in range(rows):
                make(seed).save(root / part / name / f"{row}.png")
                seed += 1
    return root


def parquet_set(root, train, test=None):
    root.mkdir(parents=True, exist_ok=True)
    pq.write_table(train, root / "train.parquet")
    pq.write_table(train if test is None else test, root / "test.parquet")
    return root


def plain_table(labels=(0, 1, 0, 1), **columns):
    return pa.table({"picture": [encoded(image(row)) for row in range(len(labels))], "label": labels} | columns)


def hub_split(names=("cat", "dog"), labels=(0, 1, 1, 0), first=0):
    """As the hub's: an Image and a ClassLabel column."""
    features = datasets.Features({"img": datasets.Image(), "label": datasets.ClassLabel(names=list(names))})
    pictures = [image(first + row) for row in range(len(labels))]
    return datasets.Dataset.from_dict({"img": pictures, "label": list(labels)}, features=features)


def pixels(picture):
    return np.asarray(picture).reshape(picture.height, picture.width, -1).transpose(2, 0, 1)


# --- the real CIFAR-10 ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def cifar10(cache_of_all):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIXUP_CACHE_DIR", str(cache_of_all))
        return load(find("cifar10", Path(REAL)))


@needs_real_data
def test_cifar10_has_the_original_pixels(cifar10):
    published = {
        "train": "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
        "test": "1249626010949d8f448e0faf792debbc3da0c50ed31bfff3678c99c37fbc7e48",
    }
    for part, digest in published.items():
        inputs = getattr(cifar10, part).inputs
        assert inputs.dtype == torch.uint8
        assert inputs.is_contiguous()
        assert hashlib.sha256(inputs.permute(0, 2, 3, 1).contiguous().numpy()).hexdigest() == digest
    assert cifar10.train.labels[:8].tolist() == [6, 9, 9, 4, 1, 1, 2, 7]
    assert cifar10.test.labels[:8].tolist() == [3, 8, 8, 0, 6, 6, 1, 6]
    assert (len(cifar10.train), len(cifar10.test)) == (50000, 10000)
    assert cifar10.classes[6] == "frog"
    assert cifar10.notes == ()
    assert (cifar10.name, cifar10.kind, cifar10.origin) == ("cifar10", "images", "parquet files")


@needs_real_data
def test_cifar10_statistics_are_the_published_ones(cifar10):
    mean, std = statistics(cifar10.train)
    assert mean == pytest.approx((0.49139968, 0.48215841, 0.44653091), abs=1e-6)
    assert std == pytest.approx((0.24703223, 0.24348513, 0.26158784), abs=1e-6)


@needs_real_data
def test_cifar10_subsets_are_balanced(cifar10):
    chosen = select(cifar10, 1000, 5000, 0)
    assert chosen.train.labels.bincount().tolist() == [100] * 10
    assert chosen.test.labels.bincount().tolist() == [500] * 10


# --- find -------------------------------------------------------------------------------------------------------------


def test_a_missing_set_is_reported_at_once_and_without_torch(tmp_path):
    """In a process of its own: what is imported, how long it takes, and that a resolver that hangs does not hold it."""
    program = """
import socket, sys, time
def hang(*_, **__): time.sleep(30)
socket.create_connection = hang
from common.data.sources import find
from common.errors import UserError
try:
    find("cifar10", None)
except UserError as error:
    print(error)
print(sorted({"torch", "datasets", "torchvision", "sklearn", "numpy"} & set(sys.modules)))
"""
    environment = {name: value for name, value in os.environ.items() if name not in ("HF_HUB_OFFLINE", "HF_HOME")}
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=20,
        env=environment | {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - begin < 4  # 2 s on a machine that does nothing else
    assert "no connection to huggingface.co:443" in done.stdout
    assert done.stdout.endswith("[]\n")


def test_the_error_names_every_way_to_get_the_set(tmp_path):
    message = refused(
        lambda: find("cifar10", tmp_path),
        tmp_path,
        "uoft-cs/cifar10",
        "HF_HUB_OFFLINE is set",
        "--data-dir FOLDER",
        "cifar10/train.parquet",
        "cifar10/test.parquet",
        "cifar-10-batches-py",
        "network",
        "train.py --dataset digits --mixup",
    )
    assert "\n\n" not in message
    refused(lambda: find("cifar10", None), "--data-dir, MIXUP_DATA_DIR")


def test_the_hub_is_there_when_it_answers(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        assert find("cifar10", None) == Source("cifar10", "images", "hub uoft-cs/cifar10", None)
    refused(lambda: find("cifar10", None), "no connection to 127.0.0.1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert find("cifar10", None).origin == "hub uoft-cs/cifar10"


def test_the_hub_is_not_needed_for_what_datasets_has_kept(tmp_path):
    folder = tmp_path / "hf" / "datasets" / "uoft-cs___cifar10" / "plain_text" / "0.0.0" / "abc"
    folder.mkdir(parents=True)
    refused(lambda: find("cifar10", None), "HF_HUB_OFFLINE is set")
    (folder / "dataset_info.json").write_text("{}")
    assert find("cifar10", None).origin == "hub uoft-cs/cifar10"


def test_a_folder_that_would_shadow_the_hub_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "uoft-cs" / "cifar10").mkdir(parents=True)
    refused(lambda: find("cifar10", None), "folder uoft-cs/cifar10", "--dataset ./uoft-cs/cifar10")


def test_local_files_come_before_the_hub(tmp_path, monkeypatch):
    for inside in ("cifar10", "cifar10/plain_text"):
        root = tmp_path / inside.replace("/", "-")
        parquet_set(root / inside, plain_table())
        assert find("cifar10", root) == Source("cifar10", "images", "parquet files", root / inside)
    for inside in (".", "cifar10"):
        root = tmp_path / f"archive-{inside}"
        (root / inside / "cifar-10-batches-py").mkdir(parents=True)
        assert find("cifar10", root) == Source("cifar10", "images", "original archive", root / inside)
    monkeypatch.setenv("MIXUP_DATA_DIR", str(tmp_path / "cifar10"))
    assert find("cifar10", None).origin == "parquet files"


def test_half_a_set_is_no_reason_to_take_another(tmp_path, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # the hub would be asked
    parquet_set(tmp_path / "cifar10", plain_table())
    (tmp_path / "cifar10" / "test.parquet").unlink()
    refused(lambda: find("cifar10", tmp_path), tmp_path / "cifar10", "no test.parquet")
    (tmp_path / "own" / "test").mkdir(parents=True)
    refused(lambda: find("own", tmp_path), tmp_path / "own", "no train/")


def test_shards_are_read_in_order_and_none_may_be_missing(tmp_path):
    folder = parquet_set(tmp_path / "pets", plain_table())
    whole = load(find(str(folder), None))
    table = plain_table()
    (folder / "train.parquet").unlink()
    for number in range(2):
        pq.write_table(table.slice(2 * number, 2), folder / f"train-0000{number}-of-00002.parquet")
    assert fingerprint(load(find(str(folder), None))) == fingerprint(whole)
    other = table.rename_columns(["image", "label"]).slice(2, 2)
    pq.write_table(other, folder / "train-00001-of-00002.parquet")
    refused(lambda: load(find(str(folder), None)), "train-00001-of-00002.parquet", "other columns")
    (folder / "train-00001-of-00002.parquet").unlink()
    refused(lambda: find(str(folder), None), "1 of 2 files train-*.parquet")


def test_a_wrong_data_dir_is_refused_by_its_name(tmp_path, monkeypatch):
    refused(lambda: find("digits", tmp_path / "nowhere"), "--data-dir", tmp_path / "nowhere")
    monkeypatch.setenv("MIXUP_DATA_DIR", str(tmp_path / "gone"))
    refused(lambda: find("cifar10", None), "MIXUP_DATA_DIR", tmp_path / "gone")
    assert find("digits", None).origin == "scikit-learn"  # needs no folder


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path):
    refused(lambda: find("cifar-10", tmp_path), "--dataset cifar-10", "mean cifar10?", "slash", "./cifar-10", tmp_path)
    assert "mean" not in refused(lambda: find("xyzzy", None), "digits", "breast_cancer", "slash")


def test_a_set_of_ones_own_is_named_by_path_or_lies_in_the_data_dir(tmp_path, monkeypatch):
    class_folders(tmp_path / "pets")
    monkeypatch.chdir(tmp_path)
    for dataset, data_dir in ((str(tmp_path / "pets"), None), ("./pets", None), ("pets", None), ("pets", tmp_path)):
        source = find(dataset, data_dir)
        assert (source.name, source.kind, source.origin) == ("pets", "images", "class folders")
    monkeypatch.chdir(tmp_path / "pets")
    assert find(".", None).name == "pets"


def test_a_path_that_holds_no_set_is_refused(tmp_path):
    refused(lambda: find(f"{tmp_path}/nowhere", None), tmp_path / "nowhere", "not a folder")
    (tmp_path / "empty").mkdir()
    refused(lambda: find(f"{tmp_path}/empty", None), tmp_path / "empty", "train.parquet", "train/")
    class_folders(tmp_path / "both")
    parquet_set(tmp_path / "both", plain_table())
    refused(lambda: find(f"{tmp_path}/both", None), tmp_path / "both", "leave one")
    class_folders(tmp_path / "my pets")
    refused(lambda: find(f"{tmp_path}/my pets", None), "--dataset", "'my pets'")


# --- scikit-learn's sets ----------------------------------------------------------------------------------------------


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


# --- class folders ----------------------------------------------------------------------------------------------------


def test_class_folders_are_read_in_the_order_of_their_names(tmp_path):
    root = class_folders(tmp_path / "pets", classes=("dog", "Ant", "cat"))
    for litter in ("train/.DS_Store", "train/cat/Thumbs.db", "test/dog/.hidden", "train/cat/desktop.ini"):
        (root / litter).write_bytes(b"litter")
    dataset = load(find(str(root), None))
    assert dataset.classes == ("Ant", "cat", "dog")
    assert dataset.train.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert dataset.train.inputs.shape == (9, 3, 3, 4)  # PIL's 4 x 3 is 3 rows of 4
    assert np.array_equal(dataset.train.inputs[6].numpy(), pixels(image(0)))  # the first dog
    assert np.array_equal(dataset.test.inputs[0].numpy(), pixels(image(12)))
    assert dataset.notes == ()


def test_class_folders_that_do_not_fit_are_refused_by_name(tmp_path):
    def broken(name, damage):
        root = class_folders(tmp_path / name)
        damage(root)
        return lambda: load(find(str(root), None))

    def write(inside, content=b"no image"):
        return lambda root: (root / inside).write_bytes(content)

    def empty(inside):
        return lambda root: [file.unlink() for file in (root / inside).iterdir()]

    refused(broken("a", write("train/cat/notes.txt")), "train/cat/notes.txt", "not an image")
    refused(broken("b", write("train/loose.png")), "train/loose.png", "outside of the class folders")
    refused(broken("c", lambda root: (root / "test" / "cat" / "more").mkdir()), "test/cat/more", "is a folder")
    refused(broken("d", empty("test/dog")), "test/dog", "empty")
    refused(
        broken("e", lambda root: (root / "train" / "dog").rename(root / "train" / "cow")), "'cow' (train only)", "'dog'"
    )
    refused(broken("f", write("test/cat/0.png", encoded(image(0, (40, 40)))[:900])), "test/cat/0.png", "cannot be read")
    one = class_folders(tmp_path / "g", classes=("cat",))
    refused(lambda: load(find(str(one), None)), one / "train", "one class only", "'cat'")
    none = tmp_path / "h"
    (none / "train").mkdir(parents=True)
    (none / "test").mkdir()
    refused(lambda: load(find(str(none), None)), none / "train", "empty")


def test_odd_sizes_are_resized_to_the_commonest_of_the_training_part_and_counted(tmp_path):
    root = class_folders(tmp_path / "pets")
    image(50, (9, 7)).save(root / "train" / "cat" / "0.png")
    for row in range(3):
        image(60 + row, (9, 7)).save(root / "test" / "dog" / f"{row}.png")
        image(70 + row, (9, 7)).save(root / "test" / "cat" / f"{row}.png")  # most of all images, yet not of train
    dataset = load(find(str(root), None))
    assert dataset.train.inputs.shape[1:] == (3, 3, 4)
    assert dataset.notes == ("7 of 12 images resized to 4 x 3",)
    smoothed = image(50, (9, 7)).resize((4, 3), Image.Resampling.BILINEAR)
    assert np.array_equal(dataset.train.inputs[0].numpy(), pixels(smoothed))


def test_grey_sets_keep_one_channel(tmp_path):
    root = class_folders(tmp_path / "grey", make=lambda seed: image(seed, mode="L"))
    dataset = load(find(str(root), None))
    assert dataset.train.inputs.shape == (6, 1, 3, 4)
    assert np.array_equal(dataset.train.inputs[0].numpy(), pixels(image(0, mode="L")))
    assert dataset.notes == ()


def test_mixed_sets_become_colour_and_say_so(tmp_path):
    root = class_folders(tmp_path / "mixed")
    image(20, mode="L").save(root / "train" / "cat" / "0.png")
    image(21, mode="RGBA").save(root / "train" / "cat" / "1.png")
    few = image(22).quantize(8)
    few.save(root / "test" / "cat" / "0.png")
    dataset = load(find(str(root), None))
    assert dataset.notes == (
        "1 of 12 images were grey and repeated to three channels",
        "1 of 12 images had transparency, which was dropped",
    )
    assert np.array_equal(dataset.train.inputs[0].numpy(), np.repeat(pixels(image(20, mode="L")), 3, axis=0))
    assert np.array_equal(dataset.train.inputs[1].numpy(), pixels(image(21, mode="RGBA"))[:3])
    assert np.array_equal(dataset.test.inputs[0].numpy(), pixels(few.convert("RGB")))


def test_a_camera_held_sideways_is_put_upright(tmp_path):
    root = class_folders(tmp_path / "pets")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown after a quarter turn to the right
    image(5).transpose(Image.Transpose.ROTATE_90).save(root / "train" / "cat" / "0.png", exif=exif)
    dataset = load(find(str(root), None))
    assert dataset.notes == ()
    assert np.array_equal(dataset.train.inputs[0].numpy(), pixels(image(5)))


def test_sixteen_bits_a_pixel_are_refused(tmp_path):
    root = class_folders(tmp_path / "deep")
    Image.fromarray(np.full((3, 4), 40000, dtype=np.uint16)).save(root / "train" / "cat" / "1.png")
    refused(lambda: load(find(str(root), None)), "train/cat/1.png", "8 bits")


# --- parquet ----------------------------------------------------------------------------------------------------------


def test_parquet_of_the_hubs_kind_keeps_its_classes_in_order(tmp_path):
    root = tmp_path / "pets"
    root.mkdir()
    hub_split(("dog", "cat")).to_parquet(root / "train.parquet")
    hub_split(("dog", "cat"), labels=(1, 1), first=9).to_parquet(root / "test.parquet")
    dataset = load(find(str(root), None))
    assert dataset.classes == ("dog", "cat")
    assert dataset.train.labels.tolist() == [0, 1, 1, 0]
    assert dataset.test.labels.tolist() == [1, 1]
    assert np.array_equal(dataset.test.inputs[1].numpy(), pixels(image(10)))
    assert dataset.origin == "parquet files"


@pytest.mark.parametrize(
    ("labels", "classes", "numbers"),
    [
        ((10, 2, 2, 10), ("2", "10"), [1, 0, 0, 1]),
        (("dog", "cat", "dog", "cat"), ("cat", "dog"), [1, 0, 1, 0]),
        (pd.Categorical(["dog", "cat", "dog", "cat"]), ("cat", "dog"), [1, 0, 1, 0]),
    ],
)
def test_plain_parquet_takes_its_classes_from_the_values(tmp_path, labels, classes, numbers):
    rows = [encoded(image(row), "WEBP") for row in range(4)]
    as_struct = pa.array([{"bytes": row, "path": None} for row in rows])
    for name, column in (("bytes", pa.array(rows)), ("struct", as_struct)):
        table = pa.table({"weight": [0.5] * 4, "picture": column, "kind": pa.array(labels)})
        dataset = load(find(str(parquet_set(tmp_path / name, table)), None))
        assert dataset.classes == classes
        assert dataset.train.labels.tolist() == numbers
        assert np.array_equal(dataset.train.inputs[3].numpy(), pixels(image(3)))


def test_columns_that_leave_a_choice_are_named(tmp_path):
    def columns(name, table):
        return lambda: load(find(str(parquet_set(tmp_path / name, table)), None))

    refused(columns("a", plain_table(fine=[1, 2, 3, 4])), "train.parquet", "one label column", "label, fine")
    refused(columns("b", plain_table(mask=[b"1"] * 4)), "train.parquet", "one image column", "picture, mask")
    refused(columns("c", plain_table().drop(["label"])), "train.parquet", "one label column", "picture (binary)")
    refused(columns("d", plain_table().drop(["picture"])), "train.parquet", "one image column", "label (int64)")


def test_labels_that_do_not_fit_are_refused(tmp_path):
    def labels(name, train, test=None):
        return lambda: load(find(str(parquet_set(tmp_path / name, train, test)), None))

    refused(labels("a", plain_table((0, 1, None, 1))), "train.parquet", "'label' is empty in 1 rows, row 2")
    refused(labels("b", plain_table(), plain_table((0, 1, 2))), "train.parquet", "test.parquet", "'2' (test only)")
    refused(labels("c", plain_table((1, 1))), "train.parquet", "one class only", "'1'")
    refused(labels("d", plain_table(), plain_table().slice(0, 0)), "test.parquet", "no rows")
    refused(labels("e", pa.table({"i": [None, b"x"], "l": [0, 1]})), "train.parquet", "'i' is empty in 1 rows, row 0")
    refused(
        labels("f", pa.table({"i": [encoded(image(0)), b"x"], "l": [0, 1]})), "train.parquet, row 1", "not an image"
    )
    declared = hub_split().data.table
    wrong = declared.set_column(1, "label", pa.array([0, 1, -1, 0]))
    refused(labels("g", declared, wrong), "test.parquet", "'label'", "-1 in row 2", "2 classes")
    turned = hub_split(("dog", "cat")).data.table
    refused(labels("h", declared, turned), "train.parquet", "test.parquet", "another order")


def test_a_damaged_parquet_file_is_named(tmp_path):
    root = parquet_set(tmp_path / "pets", plain_table())
    whole = (root / "test.parquet").read_bytes()
    for damaged in (
        whole[: len(whole) // 2],
        b"",
        b"PAR1" + bytes(100) + b"PAR1",
        whole[:40] + bytes(60) + whole[100:],
    ):
        (root / "test.parquet").write_bytes(damaged)
        refused(lambda: load(find(str(root), None)), root / "test.parquet")
    (root / "test.parquet").write_bytes(whole)
    load(find(str(root), None))


# --- the original archive, and the hub --------------------------------------------------------------------------------


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


# --- CIFAR-100's two label columns ------------------------------------------------------------------------------------


FINE = ("apple", "bed", "cloud")


def hub_split_100(fine=(0, 2, 1, 0), first=0, coarse="coarse_label"):
    """As the hub's: an image, its class, and the group of its class."""
    features = datasets.Features(
        {
            "img": datasets.Image(),
            "fine_label": datasets.ClassLabel(names=list(FINE)),
            coarse: datasets.ClassLabel(names=["thing", "plant"]),
        }
    )
    pictures = [image(first + row) for row in range(len(fine))]
    columns = {"img": pictures, "fine_label": list(fine), coarse: [1, 0, 0, 1][: len(fine)]}
    return datasets.Dataset.from_dict(columns, features=features)


@pytest.mark.parametrize("inside", ["cifar100", "cifar100/cifar100"])
def test_cifar100_from_parquet_learns_the_fine_classes(tmp_path, inside):
    (tmp_path / inside).mkdir(parents=True)
    hub_split_100().to_parquet(tmp_path / inside / "train.parquet")
    hub_split_100((1, 1, 2), first=9).to_parquet(tmp_path / inside / "test.parquet")
    dataset = load(find("cifar100", tmp_path))
    assert dataset.classes == FINE
    assert (dataset.train.labels.tolist(), dataset.test.labels.tolist()) == ([0, 2, 1, 0], [1, 1, 2])
    assert np.array_equal(dataset.test.inputs[2].numpy(), pixels(image(11)))
    assert (dataset.name, dataset.origin) == ("cifar100", "parquet files")


def test_cifar100_from_plain_parquet_takes_its_classes_from_the_values(tmp_path):
    table = plain_table().rename_columns(["img", "fine_label"]).append_column("coarse_label", [[7, 7, 7, 7]])
    dataset = load(find("cifar100", parquet_set(tmp_path / "cifar100", table).parent))
    assert dataset.classes == ("0", "1")
    assert dataset.train.labels.tolist() == [0, 1, 0, 1]


def test_cifar100_from_the_hub_learns_the_fine_classes(monkeypatch, tmp_path):
    folder = tmp_path / "hf" / "datasets" / "uoft-cs___cifar100" / "cifar100" / "0.0.0" / "abc"
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").write_text("{}")
    splits = datasets.DatasetDict(train=hub_split_100(), test=hub_split_100((2, 2), first=7))
    asked = []
    monkeypatch.setattr(datasets, "load_dataset", lambda name: asked.append(name) or splits)
    dataset = load(find("cifar100", None))
    assert asked == ["uoft-cs/cifar100"]
    assert (dataset.origin, dataset.classes) == ("hub uoft-cs/cifar100", FINE)
    assert dataset.test.labels.tolist() == [2, 2]
    splits["test"] = splits["test"].remove_columns("fine_label")
    splits["train"] = splits["train"].remove_columns("fine_label")
    refused(lambda: load(find("cifar100", None)), "the hub's part 'train'", "one label column")


def test_broken_parquet_of_cifar100_is_refused_by_name(tmp_path):
    def broken(name, train, test=None):
        table = train.data.table
        folder = parquet_set(tmp_path / name / "cifar100", table, test and test.data.table)
        return lambda: load(find("cifar100", folder.parent))

    whole = hub_split_100()
    refused(broken("a", whole.remove_columns("fine_label")), "train.parquet", "one label column", "coarse_label")
    refused(broken("b", whole.remove_columns("img")), "train.parquet", "one image column")
    refused(broken("c", whole, hub_split_100((0, 1), coarse="group")), "test.parquet", "fine_label, group")
    renamed = whole.cast_column("fine_label", datasets.ClassLabel(names=["apple", "bed", "cow"]))
    refused(broken("d", whole, renamed), "train.parquet", "'cloud' (train only)", "'cow' (test only)")
    outside = whole.data.table.set_column(1, "fine_label", pa.array([0, 3, 1, 0]))
    folder = parquet_set(tmp_path / "e" / "cifar100", outside)
    refused(lambda: load(find("cifar100", folder.parent)), "'fine_label' holds 3 in row 1, outside of its 3 classes")
    folder = parquet_set(tmp_path / "f" / "cifar100", whole.data.table)
    (folder / "test.parquet").write_bytes((folder / "test.parquet").read_bytes()[:-9])
    refused(lambda: load(find("cifar100", folder.parent)), folder / "test.parquet", "cut off or damaged")
    (folder / "test.parquet").unlink()
    refused(lambda: find("cifar100", folder.parent), folder, "no test.parquet")


# --- the cache --------------------------------------------------------------------------------------------------------


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


# --- fingerprint, statistics, select ----------------------------------------------------------------------------------


def toy(counts=(30, 40, 50), test=9, channels=3):
    """Images whose first pixel numbers the row, so that rows are told apart."""
    labels = torch.tensor([label for label, count in enumerate(counts) for _ in range(count)])
    labels = labels[torch.from_numpy(np.random.default_rng(1).permutation(len(labels)))]
    inputs = torch.zeros(len(labels), channels, 2, 2, dtype=torch.uint8)
    inputs[:, 0, 0, 0] = torch.arange(len(labels), dtype=torch.uint8)
    names = tuple(f"class{label}" for label in range(len(counts)))
    last = Part(torch.full((test, channels, 2, 2), 255, dtype=torch.uint8), torch.arange(test) % len(counts))
    return Dataset("toy", "images", "made", Part(inputs, labels), last, names)


def rows(part):
    return part.inputs[:, 0, 0, 0].tolist()


def changed(dataset, **fields):
    return Dataset(**(vars(dataset) | fields))


def test_the_fingerprint_is_of_the_content_and_of_all_of_it():
    dataset = toy()
    train = dataset.train
    assert fingerprint(changed(dataset, name="other", origin="elsewhere", notes=("note",))) == fingerprint(dataset)
    assert len(fingerprint(dataset)) == 64
    pixel = train.inputs.clone()
    pixel[7, 1, 1, 1] = 1
    label = train.labels.clone()
    label[7] = (label[7] + 1) % 3
    others = [
        changed(dataset, kind="table"),
        changed(dataset, classes=("a", "b", "c")),
        changed(dataset, train=Part(pixel, train.labels)),
        changed(dataset, train=Part(train.inputs, label)),
        changed(dataset, train=Part(train.inputs.reshape(-1, 3, 4, 1), train.labels)),
        changed(dataset, train=Part(train.inputs.view(torch.int8).float(), train.labels)),
        changed(dataset, train=dataset.test, test=train),
    ]
    assert len({fingerprint(other) for other in [dataset, *others]}) == 8
    turned = changed(dataset, train=Part(train.inputs.transpose(2, 3).contiguous().transpose(2, 3), train.labels))
    assert fingerprint(turned) == fingerprint(dataset)  # how it lies in memory is not content


def test_statistics_of_images_are_exact():
    inputs = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (50, 2, 5, 3), dtype=np.uint8))
    inputs[:, 1] = 51
    mean, std = statistics(Part(inputs, torch.zeros(len(inputs), dtype=torch.int64)))
    wide = inputs.double() / 255
    assert mean == pytest.approx(wide.mean((0, 2, 3)).tolist(), rel=1e-12)
    assert std[0] == pytest.approx(wide[:, 0].std(correction=0).item(), rel=1e-12)
    assert mean[1] == pytest.approx(0.2, rel=1e-15)
    assert std[1] == 1.0


def test_statistics_of_tables_are_exact_and_a_constant_gets_one():
    inputs = torch.from_numpy(np.random.default_rng(0).normal(1e6, 1, (99, 3)).astype(np.float32))
    inputs[:, 2] = 0.1
    mean, std = statistics(Part(inputs, torch.zeros(len(inputs), dtype=torch.int64)))
    assert mean == pytest.approx(inputs.double().mean(0).tolist(), rel=1e-12)
    assert std[:2] == pytest.approx(inputs[:, :2].double().std(0, correction=0).tolist(), rel=1e-9)
    assert (mean[2], std[2]) == (inputs[0, 2].item(), 1.0)


def test_subsets_are_balanced_ascending_nested_and_drawn_by_the_data_seed():
    dataset = toy()
    sizes = (3, 4, 5, 30, 31, 60, 89, 90)
    chosen = {size: rows(select(dataset, size, None, 0).train) for size in sizes}
    for size, these in chosen.items():
        assert len(set(these)) == size
        assert these == sorted(these)
        counts = np.bincount(dataset.train.labels[these], minlength=3)
        assert counts.max() - counts.min() <= 1
    for smaller, larger in itertools.pairwise(sizes):
        assert set(chosen[smaller]) < set(chosen[larger])
    assert rows(select(dataset, 30, None, 0).train) == chosen[30]
    assert rows(select(dataset, 30, None, 1).train) != chosen[30]
    part = select(dataset, 30, None, 0)
    assert torch.equal(part.train.labels, dataset.train.labels[chosen[30]])
    assert part.test is dataset.test
    assert part.measured_on == "test"
    assert select(dataset, None, None, 0) is dataset


def test_the_rest_goes_to_classes_drawn_at_random():
    dataset = toy()
    favoured = {int(select(dataset, 4, None, seed).train.labels.bincount().argmax()) for seed in range(20)}
    assert favoured == {0, 1, 2}


def test_a_holdout_is_taken_out_of_the_training_part():
    dataset = toy()
    cut = select(dataset, 60, 30, 0)
    held, left = rows(cut.test), rows(cut.train)
    assert cut.measured_on == "holdout"
    assert cut.test.labels.bincount().tolist() == [10, 10, 10]
    assert cut.train.labels.bincount().tolist() == [20, 20, 20]
    assert set(held) & set(left) == set()
    assert held == sorted(held)
    assert 255 not in held  # no row of the true test part
    everything = select(dataset, None, 30, 0)
    assert sorted(held + rows(everything.train)) == list(range(120))
    assert rows(everything.test) == held
    assert rows(select(dataset, None, 30, 1).test) != held


def test_sizes_that_cannot_be_had_are_refused_by_the_options_name():
    dataset = toy((30, 40, 50))
    refused(lambda: select(dataset, 2, None, 0), "--subset 2", "fewer", "3 classes")
    refused(lambda: select(dataset, None, 0, 0), "--holdout 0", "fewer")
    refused(lambda: select(dataset, -5, None, 0), "--subset -5", "fewer")
    refused(lambda: select(dataset, 121, None, 0), "--subset 121", "more", "120")
    refused(lambda: select(dataset, None, 500, 0), "--holdout 500", "more", "120")
    refused(lambda: select(dataset, 100, 40, 0), "--subset 100", "more", "80")
    refused(lambda: select(toy((1, 5, 5)), None, 3, 0), "--holdout 3", "'class0'", "only 0", "no number works")


@pytest.mark.parametrize("option", ["subset", "holdout"])
def test_the_largest_size_that_works_is_the_one_that_is_named(option):
    dataset = toy((12, 9, 15))
    looped = 0
    for seed in range(6):

        def take(size, seed=seed):
            return select(dataset, *((size, None) if option == "subset" else (None, size)), seed)

        message = refused(lambda take=take: take(36), f"--{option} 36", "'class1'")
        largest = int(message.removesuffix(".").rsplit(" ", 1)[1])
        cut = take(largest)
        assert len(cut.train if option == "subset" else cut.test) == largest
        assert cut.train.labels.bincount(minlength=3).min() > 0
        refused(lambda take=take, largest=largest: take(largest + 1), f"--{option} {largest + 1}", f"is {largest}.")
        looped += 1
    assert looped == 6


def test_every_name_that_find_knows_can_be_loaded():
    shipped = [name for name, one in SETS.items() if one.package]
    assert [load(find(name, None)).name for name in shipped] == shipped

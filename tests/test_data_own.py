"""Sets of the user's own: the forms they come in, and that they are found again."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from common import records, trained
from common.data.dataset import fingerprint
from common.data.images import LARGE
from common.data.load import load
from common.data.selection import select
from common.data.sources import Reading, find, remember
from scripts import train
from tests.data.made import class_folders, encoded, hub_split, image, parquet_set, pixels, plain_table
from tests.refusal import refused
from tests.tables.rows import NOISE

ROOT = Path(__file__).resolve().parent.parent
FAST = ["--epochs", "1", "--width", "4", "--threads", "1"]


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    monkeypatch.delenv("MIXUP_DATA_DIR", raising=False)
    monkeypatch.setenv("MIXUP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


# --- what the parts are called ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "note"),
    [
        (("train", "val"), "measured on is the validation part (val)"),
        (("Train", "Valid"), "measured on is the validation part (Valid)"),
        (("training", "validation"), "measured on is the validation part (validation)"),
        (("TRAIN", "Testing"), None),
        (("train", "test", "val"), "the validation part (val) is left out"),
    ],
)
def test_parts_are_found_by_their_usual_names(tmp_path, names, note):
    root = class_folders(tmp_path / "pets")
    usual = fingerprint(load(find(str(root), None)))
    for old, new in zip(("train", "test"), names, strict=False):
        (root / old).rename(root / f"{new}.")
        (root / f"{new}.").rename(root / new)
    for extra in names[2:]:
        shutil.copytree(root / names[1], root / extra)
    data = load(find(str(root), None))
    assert fingerprint(data) == usual
    assert [note in said for said in data.notes] == ([True] if note else [])


def test_names_that_leave_a_choice_are_refused(tmp_path):
    root = class_folders(tmp_path / "pets")
    shutil.copytree(root / "train", root / "training")
    refused(lambda: find(str(root), None), "training/", "train/", "leave one")
    shutil.rmtree(root / "training")
    shutil.rmtree(root / "test")
    for name in ("val", "valid"):
        shutil.copytree(root / "train", root / name)
    refused(lambda: find(str(root), None), "val/ and valid/", "leave one")
    shutil.rmtree(root / "train")
    shutil.rmtree(root / "valid")
    refused(lambda: find(str(root), None), "val/ but no train/")


def test_a_copy_of_the_hubs_layout_is_read(tmp_path):
    root = parquet_set(tmp_path / "plain", plain_table())
    usual = fingerprint(load(find(str(root), None)))
    folder = tmp_path / "hub" / "data"
    folder.mkdir(parents=True)
    (tmp_path / "hub" / "README.md").write_text("---")
    for part, name in (("train", "train"), ("test", "validation")):
        shutil.copy(root / f"{part}.parquet", folder / f"{name}-00000-of-00001.parquet")
    source = find(str(tmp_path / "hub"), None)
    data = load(source)
    assert (source.name, fingerprint(data)) == ("hub", usual)
    assert "validation part (validation)" in data.notes[0]
    (folder / "train-00000-of-00001.parquet").rename(folder / "train-00000-of-00002.parquet")
    refused(lambda: load(find(str(tmp_path / "hub"), None)), "1 of 2 files train-*.parquet")


# --- a test part that is drawn ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["class folders", "train", "parquet"])
def test_a_set_without_a_test_part_gives_one_when_asked(tmp_path, form):
    root = class_folders(tmp_path / "pets", rows=10)
    whole = [pixels(image(number)) for number in range(20)]  # cats, then dogs
    if form == "class folders":
        for name in ("cat", "dog"):
            (root / "train" / name).rename(root / name)
        shutil.rmtree(root / "train")
    elif form == "parquet":
        shutil.rmtree(root)
        parquet_set(root, plain_table((0,) * 10 + (1,) * 10))
        (root / "test.parquet").unlink()
    if form != "parquet":
        shutil.rmtree(root / "test")
    refused(lambda: load(find(str(root), None)), root, "no test part", "--test-share 0.2")
    one, two = (load(find(str(root), None), Reading(test_share=0.2, data_seed=seed)) for seed in (0, 1))
    for data in (one, two):
        assert data.train.labels.bincount().tolist() == [8, 8]
        assert data.test.labels.bincount().tolist() == [2, 2]
        rows = [row.numpy().tobytes() for part in (data.train, data.test) for row in part.inputs]
        assert sorted(rows) == sorted(row.tobytes() for row in whole)
    assert fingerprint(one) != fingerprint(two)
    assert len(list((tmp_path / "cache").iterdir())) == 1  # decoded once for all splits


def test_a_set_with_a_test_part_gives_no_other(tmp_path):
    root = class_folders(tmp_path / "pets")
    refused(lambda: load(find(str(root), None), Reading(test_share=0.2)), "--test-share 0.2", "pets has a test part")


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_images_are_cut_to_squares_when_asked(tmp_path):
    root = class_folders(tmp_path / "pets", make=lambda seed: image(seed, (40, 24)))
    image(0, (8, 8)).save(root / "train" / "cat" / "0.png")
    data = load(find(str(root), None), Reading(size=8))
    assert data.train.inputs.shape == (6, 3, 8, 8)
    assert data.notes == ("11 of 12 images scaled and cut to 8 x 8",)
    assert np.array_equal(data.train.inputs[0].numpy(), pixels(image(0, (8, 8))))
    middle = image(1, (40, 24)).resize((8, 8), Image.Resampling.BILINEAR, box=(8, 0, 32, 24))
    assert np.array_equal(data.train.inputs[1].numpy(), pixels(middle))
    assert load(find(str(root), None)).train.inputs.shape == (6, 3, 24, 40)  # kept apart from the others
    assert load(find(str(root), None), Reading(size=8)).notes == data.notes


def test_large_images_are_said_to_be_and_too_many_refused(tmp_path, monkeypatch):
    root = class_folders(tmp_path / "pets", rows=1, make=lambda seed: image(seed, (LARGE + 1, 10)))
    notes = load(find(str(root), None)).notes
    assert notes == ("images of 225 x 10 pixels are slow to learn: --size 64 makes them squares of 64",)
    memory = psutil.virtual_memory()._replace(available=4 * 225 * 10 * 3 - 1)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setenv("MIXUP_CACHE_DIR", str(tmp_path / "other"))
    refused(lambda: load(find(str(root), None)), "4 images of 225 x 10 pixels", "--size 64")


# --- labels of parquet files ------------------------------------------------------------------------------------------


def test_a_column_among_several_is_named_by_target(tmp_path):
    root = parquet_set(tmp_path / "pets", plain_table(id=[7, 8, 9, 10]))
    refused(lambda: load(find(str(root), None)), "2 columns could be it: label, id", "--target")
    assert load(find(str(root), None), Reading("label")).train.labels.tolist() == [0, 1, 0, 1]
    refused(lambda: load(find(str(root), None), Reading("kind")), "--target kind", "picture, label, id")
    refused(
        lambda: load(find(str(class_folders(tmp_path / "own")), None), Reading("label")), "--target", "class folders"
    )


@pytest.mark.parametrize(
    ("labels", "classes"),
    [([True, False, True, False], ("False", "True")), ([2.0, 1.0, 2.0, 1.0], ("1", "2"))],
)
def test_labels_may_be_truth_values_and_whole_floats(tmp_path, labels, classes):
    table = pa.table({"picture": [encoded(image(row)) for row in range(4)], "label": labels})
    data = load(find(str(parquet_set(tmp_path / "pets", table)), None))
    assert data.classes == classes
    assert data.train.labels.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("wrong", [0.5, float("nan"), float("inf")])
def test_labels_that_are_not_whole_are_refused(tmp_path, wrong):
    table = pa.table({"picture": [encoded(image(row)) for row in range(4)], "label": [0.0, 1.0, 1.0, wrong]})
    refused(lambda: load(find(str(parquet_set(tmp_path / "pets", table)), None)), "'label'", "not whole", "--target")


def test_paths_in_place_of_images_are_said(tmp_path):
    rows = pa.array([{"bytes": None, "path": f"x/{row}.png"} for row in range(4)])
    nothing = pa.table({"image": rows, "label": [0, 1, 0, 1]})
    some = pa.table(
        {"image": rows.cast(pa.struct([("bytes", pa.binary()), ("path", pa.string())])), "label": [0, 1, 0, 1]}
    )
    for number, table in enumerate((nothing, some)):
        root = parquet_set(tmp_path / f"pets{number}", table)
        refused(lambda root=root: load(find(str(root), None)), "'image' holds paths (x/0.png)", "scripts/README.md")
    text = pa.table({"image": ["x/0.png", "x/1.png"], "label": [0, 1]})
    root = parquet_set(tmp_path / "text", text)
    refused(lambda: load(find(str(root), None)), "one image column", "paths", "scripts/README.md")


# --- tables in other dress --------------------------------------------------------------------------------------------


ROWS = [[noise, "red" if row % 3 else "blue", "ab"[row % 2]] for row, noise in enumerate(NOISE)]


def text(mark=",", rows=ROWS, header="size,colour,label"):
    return "\n".join([header.replace(",", mark), *(mark.join(map(str, row)) for row in rows)]) + "\n"


@pytest.mark.parametrize(
    ("file", "mark"), [("own.CSV", ","), ("own.csv", ";"), ("own.tsv", "\t"), ("own.txt", "\t"), ("own.txt", "|")]
)
def test_tables_are_read_whatever_separates_their_cells(tmp_path, file, mark):
    (tmp_path / "plain.csv").write_text(text())
    (tmp_path / file).write_text(text(mark))
    usual = select(load(find(str(tmp_path / "plain.csv"), None), Reading("label", test_share=0.2)), None, None, 0)
    source = find(str(tmp_path / file), None)
    assert source.name == "own"
    assert find("own", tmp_path).path == tmp_path / file
    data = select(load(source, Reading("label", test_share=0.2)), None, None, 0)
    assert fingerprint(data) == fingerprint(usual)


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("{},5", "a comma"),
        ("{} %", "a percent sign"),
        ("{}%", "a percent sign"),
        ("€ {}.50", "a currency"),
        ("{},50 EUR", "a currency"),
        ("1,234,{}00.5", "marks between thousands"),
        ("1.234,{}", "a comma"),
    ],
)
def test_numbers_with_something_about_them_are_refused_with_the_cell(tmp_path, cell, what):
    file = tmp_path / "own.csv"
    cells = [cell.format(1 + row % 9) for row in range(60)]
    cells[0] = ""
    file.write_text(text(";", [[one, *row[1:]] for one, row in zip(cells, ROWS, strict=True)]))
    message = refused(lambda: load(find(str(file), None), Reading("label", test_share=0.2)), file, "--drop size")
    assert f"line 3: size is '{cells[1]}', a number with {what}" in message


def test_words_with_such_marks_are_categories(tmp_path):
    file = tmp_path / "own.csv"
    names = ("10 % off", "a,b", "$", "50-60")
    file.write_text(text(";", [[names[row % 4], *one[1:]] for row, one in enumerate(ROWS)]))
    assert load(find(str(file), None), Reading("label", test_share=0.2)).categories == (0, 1)


def test_a_file_of_another_kind_is_named_with_where_it_is_converted(tmp_path):
    for name in ("x.npz", "x.xlsx", "train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "x.parquet", "x.zip"):
        (tmp_path / name).write_bytes(b"x")
        refused(lambda name=name: find(str(tmp_path / name), None), tmp_path / name)
    folder = tmp_path / "mnist"
    folder.mkdir()
    (folder / "train-images-idx3-ubyte.gz").write_bytes(b"x")
    refused(lambda: find(str(folder), None), "train-images-idx3-ubyte.gz", "scripts/README.md")


def commands():
    """The lines of scripts/README.md that make a set of `x` by Python alone."""
    return re.findall(r"`(python -c \".*?\")`", (ROOT / "scripts" / "README.md").read_text())


def test_the_lines_that_convert_make_sets(tmp_path, monkeypatch):
    """IDX to npz, npz to parquet, paths to bytes, decimal commas to points: each by its line, as it stands."""
    monkeypatch.chdir(tmp_path)
    (npz, idx, paths, commas) = (
        next(line for line in commands() if word in line)
        for word in ("from_dict", "read_image_file", "open(i[", "decimal")
    )
    x, y = np.arange(6 * 81, dtype=np.int64).reshape(6, 9, 9) % 256, np.array([0, 1, 0, 1, 0, 1])
    for part in ("train", "t10k"):
        Path(f"{part}-images-idx3-ubyte").write_bytes(
            bytes([0, 0, 8, 3]) + np.array(x.shape, ">i4").tobytes() + x.astype(np.uint8).tobytes()
        )
        Path(f"{part}-labels-idx1-ubyte").write_bytes(
            bytes([0, 0, 8, 1]) + np.array(y.shape, ">i4").tobytes() + y.astype(np.uint8).tobytes()
        )
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    (tmp_path / "x.csv").write_text(text(";", [[str(row[0]).replace(".", ","), *row[1:]] for row in ROWS]))
    shell = "set -e\n" + "\n".join(line.replace("python", sys.executable, 1) for line in (idx, npz, commas))
    subprocess.run(["bash", "-c", shell], check=True, capture_output=True, env=os.environ | {"HF_HOME": str(tmp_path)})
    data = load(find("./x", None))
    assert np.array_equal(data.train.inputs[:, 0].numpy(), x)
    assert data.test.labels.tolist() == y.tolist()
    Path("plain.csv").write_text(text())
    tables = [load(find(name, None), Reading("label", test_share=0.2)) for name in ("./y.csv", "./plain.csv")]
    assert fingerprint(tables[0]) == fingerprint(tables[1])
    for row in range(4):
        image(row).save(tmp_path / "x" / f"{row}.png")
    table = pa.table({"image": [f"x/{row}.png" for row in range(4)], "label": [0, 1, 0, 1]})
    pq.write_table(table, "x/train.parquet")
    subprocess.run(["bash", "-c", paths.replace("python", sys.executable, 1)], check=True, capture_output=True)
    shutil.copy("y/train.parquet", "y/test.parquet")
    assert np.array_equal(load(find("./y", None)).train.inputs[3].numpy(), pixels(image(3)))


# --- found again ------------------------------------------------------------------------------------------------------


def find_runs(*names):
    return trained.find(names, Path("results"), Path("checkpoints"), None, torch.device("cpu"))


def test_a_set_that_was_named_by_path_is_found_again_by_its_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some" / "where").mkdir(parents=True)
    (tmp_path / "some" / "where" / "öl.CSV").write_text(text())
    class_folders(tmp_path / "some" / "where" / "photos", make=lambda seed: image(seed, (8, 8)))
    for dataset in ("some/where/öl.CSV", "some/where/photos"):
        path = train.main(["--dataset", dataset, *FAST])
        record = records.read(path)
        assert str(tmp_path) not in path.read_text()
        (run,) = find_runs(record["run"])
        assert fingerprint(run.data) == record["data"]["fingerprint"]
        again = train.main(["--config", str(path), "--seed", "1", "--threads", "1"])
        assert records.read(again)["data"]["fingerprint"] == record["data"]["fingerprint"]
    (tmp_path / "some").rename(tmp_path / "elsewhere")
    refused(lambda: find_runs(record["run"]), "photos is no known data set", "--data-dir FOLDER")
    refused(lambda: train.main(["--dataset", "photos", "--data-dir", "elsewhere"]), "elsewhere holds no folder")
    (run,) = trained.find(
        [record["run"]], Path("results"), Path("checkpoints"), Path("elsewhere/where"), torch.device("cpu")
    )
    assert fingerprint(run.data) == record["data"]["fingerprint"]


def test_another_set_of_the_same_name_takes_the_place_and_is_not_mistaken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place, seed in (("a", 0), ("b", 100)):
        class_folders(tmp_path / place / "photos", make=lambda one, seed=seed: image(seed + one, (8, 8)))
    path = train.main(["--dataset", "a/photos", *FAST])
    remember(find("b/photos", None), Path("checkpoints/data"))
    refused(lambda: find_runs(str(path)), "saw other rows of photos", "--data-dir")


def test_nothing_is_remembered_of_sets_that_are_known_by_name(tmp_path):
    hub_split().to_parquet(parquet_set(tmp_path / "cifar10", plain_table()) / "train.parquet")
    for name in ("cifar10", "digits"):
        remember(find(name, tmp_path), tmp_path / "known")
    assert not (tmp_path / "known").exists()

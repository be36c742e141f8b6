"""Data sets that are damaged, or not there."""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from common import cli
from scripts import train


def image(path, side=8, mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((side, side, 3), 7, np.uint8)).convert(mode).save(path)


def folders(root):
    for part in ("train", "test"):
        for label in ("a", "b"):
            for number in range(3):
                image(root / part / label / f"{number}.png")


def table(root, part, **columns):
    root.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), root / f"{part}.parquet")


def parquet(root):
    image(root.parent / "one.png")
    pixels = (root.parent / "one.png").read_bytes()
    for part in ("train", "test"):
        table(root, part, img=[pixels] * 4, label=[0, 1, 0, 1])


def cut(path):
    path.write_bytes(path.read_bytes()[:-30])


# Each damages a good set at ./own, and says what must be named.
FOLDER_DAMAGE = {
    "no test": (lambda own: shutil.rmtree(own / "test"), "no test part"),
    "no train": (lambda own: shutil.rmtree(own / "train"), "no train/"),
    "empty class": (lambda own: [file.unlink() for file in (own / "train/a").iterdir()], "train/a is empty"),
    "one class": (lambda own: [shutil.rmtree(own / part / "b") for part in ("train", "test")], "one class only"),
    "another class in test": (lambda own: (own / "test/b").rename(own / "test/c"), "classes"),
    "a cut image": (lambda own: cut(own / "train/a/1.png"), "train/a/1.png"),
    "no image": (lambda own: (own / "train/a/1.png").write_text("hello"), "train/a/1.png"),
    "an empty image": (lambda own: (own / "train/a/1.png").write_bytes(b""), "train/a/1.png"),
    "a loose file": (lambda own: image(own / "train/1.png"), "train/1.png"),
    "a folder in a class": (lambda own: (own / "train/a/more").mkdir(), "train/a/more"),
    "both layouts": (lambda own: parquet(own), "leave one of the two"),
    "16 bits": (lambda own: Image.new("I;16", (8, 8)).save(own / "test/a/0.png"), "test/a/0.png"),
}
PARQUET_DAMAGE = {
    "no test": (lambda own: (own / "test.parquet").unlink(), "no test part"),
    "cut": (lambda own: cut(own / "train.parquet"), "train.parquet"),
    "no parquet": (lambda own: (own / "train.parquet").write_bytes(b"PAR1"), "train.parquet"),
    "a folder": (lambda own: ((own / "test.parquet").unlink(), (own / "test.parquet").mkdir()), "test.parquet"),
    "no label": (lambda own: table(own, "train", img=[b"x"]), "label column"),
    "no image": (lambda own: table(own, "train", label=[1]), "image column"),
    "two labels": (lambda own: table(own, "train", img=[b"x"], label=[1], fine=[2]), "label column"),
    "nulls": (lambda own: table(own, "train", img=[b"x", None], label=[0, 1]), "empty in 1 rows"),
    "no image in a row": (lambda own: table(own, "train", img=[b"x", b"y"], label=[0, 1]), "row 0"),
    "no rows": (lambda own: table(own, "train", img=pa.array([], pa.binary()), label=pa.array([], pa.int64())), "rows"),
    "other classes": (lambda own: table(own, "train", img=[b"x"] * 3, label=[0, 1, 2]), "classes"),
}
SIZES = {n: n * n % 37 if n != 7 else 7 for n in range(20)}
TABLE = "size,colour,label\n" + "".join(f"{SIZES[n]},{'red' if n % 3 else 'blue'},{'ab'[n % 2]}\n" for n in range(20))
# Each a damaged TABLE, and what must be named.
CSV_DAMAGE = {
    "empty": ("", "is empty"),
    "blank": ("\n\n", "is empty"),
    "a header alone": ("size,colour,label\n", "no rows"),
    "no header": (TABLE.replace("size,colour,label", "1,2,3"), "first line holds numbers"),
    "spaces": (TABLE.replace(",", " "), "separated by spaces ('size colour label')"),
    "a comment": ("# made by me\n" + TABLE, "its first line is a comment ('# made by me')"),
    "a row in the header's place": (TABLE.partition("\n")[2], "its first line holds numbers (0) and no column 'label'"),
    "decimal commas": (
        TABLE.replace(",", ";").replace("\n", ",5\n", 0).replace(";red", ",5;red"),
        "size is '1,5', a number with a comma",
    ),
    "percent signs": (TABLE.replace(",red", " %,red"), "line 3: size is '1 %', a number with a percent sign"),
    "a currency": (TABLE.replace(",red", " €,red"), "line 3: size is '1 €', a number with a currency"),
    "cut": (TABLE[:-5], "line 21 has 2 cells and the header 3"),
    "a cell too many": (TABLE.replace("7,red,b", "7,red,b,c"), "line 9 has 4 cells"),
    "an open quote": (TABLE.replace("7,red", '7,"red'), "not CSV"),
    "a column twice": (TABLE.replace("colour", "size"), "2 columns are called 'size'"),
    "a column without a name": (TABLE.replace("colour", ""), "column 2 has no name"),
    "no such column": (TABLE.replace("label", "class"), "--target label"),
    "the class alone": ("label\n" + "a\nb\n" * 9, "no column but 'label'"),
    "no class in a row": (TABLE.replace("7,red,b", "7,red,"), "line 9 has no label"),
    "one class": (TABLE.replace(",b", ",a"), "one class only, 'a'"),
    "a class a row": ("x,label\n1,a\n2,b\n3,c\n", "holds 3 values in 3 rows"),
    "numbers to predict": ("x,label\n" + "1,0.5\n2,1.5\n" * 9, "regression"),
    "as many numbers as rows": ("x,label\n" + "".join(f"{n},{n}\n" for n in range(20)), "regression"),
    "a text among numbers": (TABLE.replace("\n7,red", "\nseven,red"), "line 9: size is 'seven'"),
    "too large": (TABLE.replace("7,red", "7e99,red"), "line 9: size is 7e99"),
    "infinite": (TABLE.replace("7,red", "-inf,red"), "line 9: size is -inf"),
    "names": (
        "who,label\n" + "".join(f"anna{n},{'ab'[n % 2]}\n" for n in range(40)),
        "'who' is another text in each row",
    ),
    "too few rows to test on": ("x,label\n1,a\n2,a\n3,b\n4,b\n", "--test-share 0.2 leaves own without a test part"),
    "bytes": (b"\xff\xfe\x00size", "not text in UTF-8"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00", "not text in UTF-8"),
}
GZIP_DAMAGE = {
    "not compressed": lambda packed: TABLE.encode(),
    "cut": lambda packed: packed[:-20],
    "empty": lambda packed: b"",
    "another byte": lambda packed: packed[:-40] + bytes([packed[-40] ^ 255]) + packed[-39:],
}


@pytest.mark.parametrize("make", ["folders", "parquet"])
def test_the_sets_that_are_damaged_below_are_good(good, tmp_path, monkeypatch, make):
    globals()[make](tmp_path / "own")
    monkeypatch.chdir(tmp_path)
    assert cli.run(lambda: train.main(["--dataset", "./own", "--plan", "--width", "4", "--threads", "1"])) == 0


@pytest.mark.parametrize(
    ("make", "damage", "named"),
    [
        *((folders, *case) for case in FOLDER_DAMAGE.values()),
        *((parquet, *case) for case in PARQUET_DAMAGE.values()),
    ],
    ids=[*FOLDER_DAMAGE, *PARQUET_DAMAGE],
)
def test_files_of_data(refused, tmp_path, make, damage, named):
    make(tmp_path / "own")
    damage(tmp_path / "own")
    refused(["--dataset", str(tmp_path / "own"), "--width", "4", "--threads", "1"], named)


def test_the_table_that_is_damaged_below_is_good(tmp_path, monkeypatch):
    (tmp_path / "own.csv").write_text(TABLE)
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(TABLE.encode()))
    monkeypatch.chdir(tmp_path)
    for name in ("own.csv", "packed.csv.gz"):
        assert cli.run(lambda name=name: train.main(["--dataset", name, "--plan", "--threads", "1"])) == 0


@pytest.mark.parametrize(("content", "named"), CSV_DAMAGE.values(), ids=CSV_DAMAGE)
def test_files_of_tables(refused, tmp_path, content, named):
    (tmp_path / "own.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(["--dataset", str(tmp_path / "own.csv"), "--threads", "1"], named)


@pytest.mark.parametrize("damage", GZIP_DAMAGE.values(), ids=GZIP_DAMAGE)
def test_packed_files_of_tables(refused, tmp_path, damage):
    (tmp_path / "own.csv.gz").write_bytes(damage(gzip.compress(TABLE.encode())))
    refused(["--dataset", str(tmp_path / "own.csv.gz"), "--threads", "1"], "own.csv.gz")


@pytest.mark.parametrize(
    ("file", "name"), [("my own.csv", "my own"), ("..csv", "."), ("...csv", ".."), (".a.csv", ".a"), ("-a.csv", "-a")]
)
def test_a_table_whose_name_no_run_can_have(refused, tmp_path, file, name):
    """Below results/ a set called '..' would have its records beside them."""
    (tmp_path / file).write_text(TABLE)
    refused(["--dataset", str(tmp_path / file)], f"the file's name '{name}'")


def test_images_too_small_to_crop(refused, tmp_path):
    for part in ("train", "test"):
        for label in ("a", "b"):
            image(tmp_path / "own" / part / label / "0.png", side=5)
    refused(["--dataset", str(tmp_path / "own"), "--augment", "crop-flip", "--threads", "1"], "--augment")


@pytest.mark.parametrize("content", [b"", b"\x80\x04cposix\nsystem\n(S'touch sprung'\ntR."])
def test_an_archive_of_somebody_else(refused, tmp_path, content):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name in ("data_batch_1", "test_batch", "batches.meta"):
        (folder / name).write_bytes(content)
    refused(["--data-dir", str(tmp_path)], "cifar-10-batches-py")
    assert not Path("sprung").exists()


def test_nothing_at_all_in_the_data_folder(refused, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert "--dataset digits" in refused(["--data-dir", str(tmp_path)], "cifar10")


def test_a_cache_that_cannot_be_used_is_said_and_done_without(good, tmp_path, monkeypatch, capsys):
    folders(tmp_path / "own")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIXUP_CACHE_DIR", str(good / "afile"))
    assert cli.run(lambda: train.main(["--dataset", "./own", "--plan", "--width", "4", "--threads", "1"])) == 0
    assert "afile" in capsys.readouterr().err

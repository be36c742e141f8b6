"""Files of tables, and where they lie."""

import gzip

import pytest

from common.data.dataset import fingerprint
from common.data.load import load
from common.data.selection import select
from common.data.sources import Reading, find
from common.errors import UserError
from tests.refusal import refused
from tests.tables.rows import SHARE, plain_rows, read, write


def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    """Sixty million bytes, unpacked: of one line, and of many. Not so many are read at once."""
    read_at_once = []
    real = gzip.GzipFile.read1
    monkeypatch.setattr(gzip.GzipFile, "read1", lambda self, size=-1: read_at_once.append(1) or real(self, size))
    for content in (b"1," * 30_000_000, b"x,label\n" + b"1,a\n" * 15_000_000):
        file = tmp_path / "own.csv.gz"
        file.write_bytes(gzip.compress(content, 1))
        del read_at_once[:]
        refused(lambda: read(tmp_path / "own.csv.gz"), file, "more than 100 times its size", "gunzip")
        assert len(read_at_once) < 11_000_000 / 8192


def test_a_small_table_may_pack_well(tmp_path):
    content = "noise,label\n" + "1.5,a\n2.5,b\n1.5,b\n2.5,b\n" * 2500
    (tmp_path / "own.csv.gz").write_bytes(gzip.compress(content.encode()))
    assert (tmp_path / "own.csv.gz").stat().st_size < len(content) / 200
    assert len(read(tmp_path / "own.csv.gz").train) == 7500


def test_a_table_is_found_by_name_or_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MIXUP_DATA_DIR", raising=False)
    (tmp_path / "data/uci").mkdir(parents=True)
    rows = plain_rows()
    write(tmp_path / "data/uci/abalone.csv", rows)
    (tmp_path / "data/htru2.csv.gz").write_bytes(gzip.compress((tmp_path / "data/uci/abalone.csv").read_bytes()))
    write(tmp_path / "mine.csv", rows)
    data_dir = tmp_path / "data"
    places = {
        ("abalone", data_dir): "abalone",
        ("htru2", data_dir): "htru2",
        ("abalone.csv", data_dir): "abalone",
        ("./data/htru2.csv.gz", None): "htru2",
        (f"{tmp_path}/mine.csv", None): "mine",
        ("mine.csv", data_dir): "mine",
        ("mine", None): "mine",
    }
    marks = set()
    for (dataset, folder), name in places.items():
        source = find(dataset, folder)
        assert (source.name, source.kind, source.origin) == (name, "table", "CSV file")
        marks.add(fingerprint(select(load(source, Reading("label", test_share=SHARE)), None, None, 0)))
    assert len(marks) == 1
    for dataset, folder, said in (
        ("abalone", None, "--data-dir FOLDER"),
        ("arcene", data_dir, "arcene.csv.gz"),
        ("nowhere.csv", data_dir, f"not a file, nor is it in {data_dir}"),
        ("./nowhere.csv", None, "--dataset ./nowhere.csv is not a file."),
        ("data/my own.csv", None, "not a file"),
    ):
        with pytest.raises(UserError) as caught:
            find(dataset, folder)
        assert said in str(caught.value)
    write(tmp_path / "data/abalone.csv", rows)
    with pytest.raises(UserError, match="both there; leave one"):
        find("abalone", data_dir)


def test_a_file_called_as_an_embedded_set_keeps_its_ending(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "iris.csv", plain_rows())
    assert find("iris", tmp_path).origin == "scikit-learn"
    assert find("./iris.csv", None).name == "iris.csv"
    assert find("iris.csv", tmp_path).origin == "CSV file"  # as its record's configuration names it


def test_rows_that_differ_in_the_sign_of_a_zero_are_copies(tmp_path):
    rows = plain_rows()
    rows[4][2], rows[8] = "0.0", [rows[4][0], rows[4][1], "-0.0", rows[4][3]]
    whole = load(find(str(write(tmp_path / "own.csv", rows)), None), Reading("label", test_share=0.25, distinct=True))
    assert len(whole.train) + len(whole.test) == len(rows) - 2  # and row 6, which is row 2

"""Tables in CSV files: read, cut into their parts, and made ready by what the training part alone tells."""

import gzip
import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from common import records, runs, trained
from common.chance import rng
from common.data.dataset import fingerprint
from common.data.load import load
from common.data.selection import draw_test, select
from common.data.sets import SETS
from common.data.sources import Reading, find
from common.data.statistics import statistics
from common.errors import UserError
from common.options import DataOptions, TrainOptions
from common.options.fields import plain
from scripts import train
from tests.refusal import refused

REAL = Path(os.environ.get("MIXUP_DATA_DIR") or "nowhere")
needs_tables = pytest.mark.skipif(
    not (REAL / "uci").is_dir(), reason="MIXUP_DATA_DIR is not set to a folder that holds uci/"
)
SHARE = 0.25


def write(path, rows, header="size,colour,weight,label"):
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def plain_rows(n=24):
    """Numbers, texts, gaps in both, two classes; row 2 again as row 5."""
    rows = [
        [(row * 7 % 25) ** 2, ("red", "green", "blue")[row % 3], row * 0.5, "no" if row % 2 else "yes"]
        for row in range(n)
    ]
    rows[3][0] = rows[10][0] = ""
    rows[7][1] = ""
    rows[6][:3] = rows[2][:3]
    return rows


def read(path, target="label", share=SHARE, data_seed=0, subset=None, holdout=None, drop=None):
    return select(
        load(find(str(path), None), Reading(target, drop, None, share, data_seed)), subset, holdout, data_seed
    )


def measured(path, holdout):
    """The rows of the file that a run is measured on: its size is another in each row."""
    numbered = path.with_name("numbered.csv")
    lines = path.read_text().splitlines()
    labels = [line.rsplit(",", 1)[1] for line in lines[1:]]
    write(numbered, enumerate(labels), header="number,label")
    data = read(numbered, holdout=holdout, drop=())
    return data.test.inputs[:, 0].int().tolist()


# --- nothing of what is measured on is known in training --------------------------------------------------------------


@pytest.mark.parametrize("holdout", [None, 6])
def test_the_training_tensors_do_not_know_the_rows_that_are_measured_on(tmp_path, holdout):
    rows = plain_rows()
    before = read(write(tmp_path / "a.csv", rows), holdout=holdout)
    for number in measured(tmp_path / "a.csv", holdout):
        rows[number][:3] = 1e6 + number, "violet" if number % 2 else "", ""
    after = read(write(tmp_path / "b.csv", rows), holdout=holdout)
    assert torch.equal(before.train.inputs, after.train.inputs)
    assert torch.equal(before.train.labels, after.train.labels)
    assert torch.equal(before.test.labels, after.test.labels)
    assert not (before.test.inputs == after.test.inputs).all(dim=1).any()
    assert statistics(before.train) == statistics(after.train)


def test_every_row_is_in_one_part(tmp_path):
    data = read(write(tmp_path / "a.csv", enumerate("ab" * 20), header="number,label"), drop=())
    numbers = [*data.train.inputs[:, 0].int().tolist(), *data.test.inputs[:, 0].int().tolist()]
    assert sorted(numbers) == list(range(40))
    assert numbers[:30] == sorted(numbers[:30])


# --- the split --------------------------------------------------------------------------------------------------------


def test_the_split_is_stratified_and_stays_what_it_is():
    labels = np.array([0] * 10 + [1] * 5 + [2] * 2 + [3])
    rows = {seed: np.flatnonzero(draw_test(labels, 4, 0.2, rng("test part", seed), "own")).tolist() for seed in (0, 1)}
    assert rows == {0: [2, 6, 13], 1: [1, 7, 11]}
    assert [np.bincount(labels[chosen], minlength=4).tolist() for chosen in rows.values()] == [[2, 1, 0, 0]] * 2


@pytest.mark.parametrize(
    ("share", "counts"),
    [(0.2, [2, 1, 0, 0]), (0.5, [5, 2, 1, 0]), (0.8, [8, 4, 1, 0]), (0.99, [9, 4, 1, 0]), (0.05, [0, 0, 0, 0])],
)
def test_shares_are_rounded_and_a_classs_last_row_is_trained_on(share, counts):
    """Of 10, 5, 2 and 1 rows; a half goes to the even number."""
    labels = np.array([0] * 10 + [1] * 5 + [2] * 2 + [3])
    if not sum(counts):
        with pytest.raises(UserError, match=r"--test-share 0.05.*larger share\.$"):
            draw_test(labels, 4, share, rng("test part", 0), "own")
        return
    taken = draw_test(labels, 4, share, rng("test part", 0), "own")
    assert np.bincount(labels[taken], minlength=4).tolist() == counts
    assert set(np.flatnonzero(draw_test(labels, 4, 0.2, rng("test part", 0), "own"))) <= set(np.flatnonzero(taken))


def test_the_embedded_tables_are_cut_when_asked_and_else_stay_what_they_were():
    iris = find("iris", None)
    fixed, one, two = load(iris), load(iris, Reading(test_share=0.2)), load(iris, Reading(test_share=0.2, data_seed=1))
    assert fingerprint(fixed) == "7051268d763cdcbf66b735c720a6ea6d2f089249da980903ac280ddc88b3ea83"
    assert len({fingerprint(data) for data in (fixed, one, two)}) == 3
    assert one.test.labels.bincount().tolist() == two.test.labels.bincount().tolist() == [10, 10, 10]
    assert fingerprint(select(one, None, None, 0)) == fingerprint(one)
    assert len(load(iris, Reading(test_share=0.5)).test) == 75


# --- what is made of the columns --------------------------------------------------------------------------------------


def test_numbers_gaps_and_categories_become_features_in_one_order(tmp_path):
    rows = [
        ["", "red", 1, "a"],
        [2, "green", 1, "a"],
        [4, "", 1, "a"],
        [9, "red", 1, "a"],
        [3, "blue", 1, "b"],
        [5, "red", "?", "b"],
        [7, "green", 1, "b"],
        [8, "green", 1, "b"],
    ]
    data = read(write(tmp_path / "own.csv", rows))
    assert data.test.labels.tolist() == [0, 1]
    test_rows = measured(tmp_path / "own.csv", None)
    training = [row for number, row in enumerate(rows) if number not in test_rows]
    sizes = [row[0] for row in training]
    weights = [row[2] for row in training]
    colours = sorted({row[1] for row in training} - {""}) + [""] * any(row[1] == "" for row in training)
    middle = float(np.median([size for size in sizes if size != ""]))
    for part, picked in ((data.train, training), (data.test, [rows[number] for number in test_rows])):
        wanted = []
        for size, colour, weight, _ in picked:
            features = [middle if size == "" else size, 1.0]
            features += [float(size == "")] if "" in sizes else []
            features += [float(weight == "?")] if "?" in weights else []
            wanted.append(features + [float(colour == one) for one in colours])
        assert part.inputs.tolist() == wanted
        assert part.inputs.dtype == torch.float32
        assert part.labels.dtype == torch.int64


def test_what_was_met_with_is_said(tmp_path):
    rows = [[number * number % 61 / 4, "red", 1, "ab"[number % 2]] for number in range(20)]
    notes = read(write(tmp_path / "own.csv", rows)).notes
    assert notes == (
        "1 of 3 columns are categories: 1 one-hot features",
        "2 of 3 features are the same in all training rows",
    )
    for number in measured(tmp_path / "own.csv", None)[:2]:
        rows[number][1] = "blue"
    rows.append([100, "red", 1, "c"])
    notes = read(write(tmp_path / "own.csv", rows)).notes
    assert "2 values of test rows are categories that no training row has: all zeros" in notes
    assert "of 3 classes 1 have no test row: c" in notes


def test_a_constant_column_and_more_features_than_rows_give_no_nan(tmp_path):
    header = ",".join([*(f"f{number}" for number in range(30)), "label"])
    rows = [[*([5] * 29), number * number % 13, "ab"[number % 2]] for number in range(12)]
    data = read(write(tmp_path / "own.csv", rows, header))
    mean, std = statistics(data.train)
    assert std[:29] == (1.0,) * 29
    assert mean[:29] == (5.0,) * 29
    assert "more features than rows: 30 and 8 to train on" in data.notes


def test_rows_on_both_sides_are_counted(tmp_path):
    """A row counts by its values, whatever its class; a gap is like a gap, 1 like 1.0 and 0 like -0."""
    rows = [[("1", "1.0")[number % 2], "", ("0", "-0.0")[number % 2], "ab"[number // 4 % 2]] for number in range(16)]
    assert "4 of 4 test rows have the very values of a training row" in read(write(tmp_path / "own.csv", rows)).notes
    rows = [[number * number % 61 / 4, "", 0, "ab"[number % 2]] for number in range(16)]
    assert not [note for note in read(write(tmp_path / "own.csv", rows)).notes if "very values" in note]


# --- the class --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["10", "9", "-1"] * 4, ("-1", "9", "10")),
        (["1.0", "1", "2"] * 4, ("1", "2")),
        (["b", "a", "10"] * 4, ("10", "a", "b")),
        ([" yes", "no "] * 4, ("no", "yes")),
        (["NAN", "nil"] * 4, ("NAN", "nil")),
    ],
)
def test_classes_come_in_the_order_of_their_numbers_or_texts(tmp_path, labels, classes):
    data = read(write(tmp_path / "own.csv", enumerate(labels), header="number,kind"), target="kind", drop=())
    assert data.classes == classes
    for part in (data.train, data.test):
        for number, label in zip(part.inputs[:, 0].int().tolist(), part.labels.tolist(), strict=True):
            text = labels[number].strip()
            assert classes[label] in (text, text.removesuffix(".0"))


def test_a_class_has_its_number_also_where_a_part_lacks_it(tmp_path):
    labels = ["a"] * 10 + ["b"] + ["c"] * 10
    data = read(write(tmp_path / "own.csv", enumerate(labels), header="number,label"), share=0.2, drop=())
    assert data.classes == ("a", "b", "c")
    assert set(data.test.labels.tolist()) == {0, 2}
    assert set(data.train.labels.tolist()) == {0, 1, 2}


# --- columns that give the order of the rows or the class away --------------------------------------------------------


DAYS = [f"2024-{1 + row // 28:02}-{1 + row % 28:02}" for row in range(60)]
NOISE = np.random.default_rng(0).normal(size=60).round(3).tolist()
SORTED = ["abc"[row // 20] for row in range(60)]  # the class of each row
SHUFFLED = np.random.default_rng(1).permutation(60).tolist()
# Each a column of a table whose class is SORTED, and what is said of it.
CERTAIN = {
    "Kaggle's Id": (range(1, 61), "numbers the rows (1 to 60)"),
    "backwards, in tens": (range(600, 0, -10), "numbers the rows (10 to 600)"),
    "in any order": ([5 + row for row in SHUFFLED], "numbers the rows (5 to 64)"),
    "a time axis": ([row * 0.1 for row in range(60)], "numbers the rows (0 to 5.9)"),
    "with gaps": (["" if row % 9 == 4 else row * row for row in range(60)], "rises from row to row"),
    "too long for a float": ([10**17 + 3 * row for row in range(60)], "rises from row to row"),
    "numbers by class, in any order": (
        [5000 * (row // 20) + 7 * (row * 7 % 20) ** 2 for row in range(60)],
        "another whole number in each row, in a range of its own for each class",
    ),
    "days": (DAYS, "is a date by which the rows are sorted"),
    "days, several rows each": ([DAYS[row // 6] for row in range(60)], "is a date by which the rows are sorted"),
    "German days": ([".".join(day.split("-")[::-1]) for day in DAYS], "is a date by which the rows are sorted"),
    "American days": (
        [f"{day[5:7]}/{day[8:]}/2024 10:{row:02}" for row, day in enumerate(DAYS)],
        "is a date by which the rows are sorted",
    ),
    "days as numbers": ([DAYS[row // 6].replace("-", "") for row in range(60)], "is a date by which the rows are"),
    "days in any order": ([DAYS[row] for row in SHUFFLED], "is another date in each row"),
    "names": ([f"plant{row}" for row in SHUFFLED], "is another text in each row"),
    "the class in words": (
        [{"a": "setosa", "b": "virginica", "c": "versicolor"}[one] for one in SORTED],
        "the class by",
    ),
    "the class in numbers": ([{"a": 3, "b": 1, "c": 2}[one] for one in SORTED], "is the class by another name"),
    "a gap for one class": ([{"a": "", "b": 1, "c": 2}[one] for one in SORTED], "is the class by another name"),
}
DOUBTFUL = {
    "sorted by what was measured": (sorted(NOISE), "rises from row to row"),
    "sorted whole numbers": ([row // 3 for row in range(60)], "rises or stays from row to row"),
    "whole numbers, each once": ([row * row * 7 % 1009 for row in range(60)], "is another whole number in each row"),
    "parts of a class": (
        [f"{one}{row % 2}" for row, one in enumerate(SORTED)],
        "alone tells the class: each of its 6 values",
    ),
    "a threshold": ([row // 20 + row * 7 % 20 / 25 for row in range(60)], "alone tells the class"),
}
HONEST = {
    "noise": NOISE,
    "whole numbers": [row * 7 % 12 for row in range(60)],
    "a constant": [1] * 60,
    "a constant with gaps": ["" if row % 7 == 0 else 1 for row in range(60)],
    "categories": ["red" if row % 7 < 3 else "blue" for row in range(60)],
    "the class but once": ["a" if row == 30 else one for row, one in enumerate(SORTED)],
    "years in any order": [2000 + row * 7 % 20 for row in range(60)],
    "one odd value, at the end": [0] * 59 + [1],
}


def of_column(path, values, labels=SORTED):
    rows = [[value, noise, label] for value, noise, label in zip(values, NOISE, labels, strict=True)]
    return write(path, rows, "Id,noise,label")


@pytest.mark.parametrize(("values", "said"), CERTAIN.values(), ids=CERTAIN)
def test_a_column_that_gives_it_away_is_refused_with_the_way_out(tmp_path, values, said):
    file = of_column(tmp_path / "own.csv", values)
    refused(lambda: read(file), file, f"'Id' {said}" if said.startswith("is") else said, "--drop Id leaves")
    without = read(file, drop=("Id",))
    assert without.train.inputs.shape == (45, 1)
    assert without.notes == ("left out of the columns: Id",)


@pytest.mark.parametrize(("values", "said"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_a_column_in_doubt_is_said_and_learnt(tmp_path, values, said):
    data = read(of_column(tmp_path / "own.csv", values))
    (note,) = (note for note in data.notes if "beforehand" in note)
    assert note.startswith(f"is it known beforehand? 'Id' {said}")
    assert data.train.inputs.shape[1] >= 2


@pytest.mark.parametrize("values", HONEST.values(), ids=HONEST)
def test_an_honest_column_is_learnt_without_a_word(tmp_path, values):
    data = read(of_column(tmp_path / "own.csv", values))
    assert not [note for note in data.notes if "beforehand" in note or "on purpose" in note]


def test_every_such_column_is_named_at_once_and_what_is_kept_is_said(tmp_path):
    rows = [
        [row, "xyz"["abc".index(one)], noise, one] for row, noise, one in zip(range(60), NOISE, SORTED, strict=True)
    ]
    file = write(tmp_path / "own.csv", rows, "row id,kind,noise,label")
    refused(
        lambda: read(file), "'row id' numbers the rows (0 to 59)", "'kind' is the class", "--drop 'row id' kind leaves"
    )
    notes = read(file, drop=("kind",)).notes
    assert "left out of the columns: kind" in notes
    assert "learnt on purpose: 'row id' numbers the rows (0 to 59)" in notes
    refused(lambda: read(file, drop=("Kind",)), "--drop Kind", "no such column", "row id, kind, noise, label")
    refused(lambda: read(file, drop=("label",)), "--drop label", "--target")
    refused(lambda: read(file, drop=("row id", "kind", "noise")), "no column but those that --drop names", "'label'")


def test_few_rows_are_no_sign(tmp_path):
    file = write(tmp_path / "own.csv", [[row, "ab"[row // 3]] for row in range(6)], "number,label")
    assert not [note for note in read(file).notes if "beforehand" in note]


def test_a_run_without_the_row_numbers_is_named_and_found_again(tmp_path, monkeypatch):
    """Kaggle's layout of Iris, the measurements noise."""
    monkeypatch.chdir(tmp_path)
    of_column(tmp_path / "own.csv", range(1, 61))
    asked = ["--dataset", "own.csv", "--epochs", "1", "--width", "4", "--threads", "1"]
    refused(lambda: train.main(asked), "'Id' numbers the rows (1 to 60)")
    without, on_purpose = (train.main([*asked, "--drop", *columns]) for columns in (["Id"], []))
    record = records.read(without)
    assert (record["run"], record["config"]["drop"]) == ("own-dropId-mlp-w4-1ep-erm-seed0", ["Id"])
    assert records.read(on_purpose)["config"]["drop"] == []
    assert on_purpose.stem == "train-own-drop-mlp-w4-1ep-erm-seed0"
    for path in (without, on_purpose):
        assert train.main(["--config", str(path), "--threads", "1"]) == path
        (run,) = trained.find([str(path)], Path("results"), Path("checkpoints"), None, torch.device("cpu"))
        assert fingerprint(run.data) == records.read(path)["data"]["fingerprint"]


# --- files ------------------------------------------------------------------------------------------------------------


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


# --- where files lie --------------------------------------------------------------------------------------------------


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


# --- the paper's ------------------------------------------------------------------------------------------------------

SHAPES = {  # training rows, features, test rows, classes, and the first digits of the fingerprint
    "abalone": (3344, 10, 833, 28, "50b71b280470"),
    "arcene": (160, 10000, 40, 2, "41356790aa82"),
    "arrhythmia": (361, 283, 91, 13, "f99f3968a22a"),
    "htru2": (14318, 8, 3580, 2, "df40b77a62c8"),
    "phishing": (8844, 30, 2211, 2, "a120307ea7c0"),
}


@needs_tables
@pytest.mark.parametrize("name", SHAPES)
def test_the_papers_tables(name):
    data = select(load(find(name, REAL), Reading("label", test_share=0.2)), None, None, 0)
    shape = *data.train.inputs.shape, len(data.test), len(data.classes), fingerprint(data)[:12]
    assert shape == SHAPES[name]
    assert data.train.inputs.isfinite().all()
    assert data.test.inputs.isfinite().all()


def test_every_table_of_the_papers_is_tested():
    assert set(SHAPES) == {name for name, one in SETS.items() if one.kind == "table" and not one.package}


@needs_tables
@pytest.mark.parametrize("name", ["abalone", "arrhythmia"])
def test_pandas_makes_the_same_features(name):
    """An outside oracle: medians, indicators and dummies of the training rows."""
    data = select(load(find(name, REAL), Reading("label", test_share=0.2, data_seed=5)), None, None, 5)
    frame = pd.read_csv(REAL / "uci" / f"{name}.csv")
    labels = np.unique(frame.pop("label"), return_inverse=True)[1]
    for_test = draw_test(labels, len(data.classes), 0.2, rng("test part", 5), name)
    training = frame[~for_test]
    numbers = frame.select_dtypes("number")
    middle, gaps = numbers[~for_test].median(), numbers.columns[numbers[~for_test].isna().any()]
    texts = frame.columns.difference(numbers.columns)
    dummies = [pd.get_dummies(frame[texts]).astype(float)] if len(texts) else []
    wanted = pd.concat([numbers.fillna(middle), numbers[gaps].isna().astype(float), *dummies], axis=1)
    assert len(texts) == (1 if name == "abalone" else 0)
    assert (len(gaps) > 0) == (name == "arrhythmia")
    assert len(training) == len(data.train)
    for part, rows in ((data.train, ~for_test), (data.test, for_test)):
        np.testing.assert_array_equal(part.inputs.numpy(), wanted[rows].to_numpy(np.float32))


@needs_tables
def test_the_twins_of_phishing_are_counted():
    frame = pd.read_csv(REAL / "uci/phishing.csv.gz").drop(columns="label")
    assert frame.join(pd.read_csv(REAL / "uci/phishing.csv.gz")[["label"]]).duplicated().sum() == 5206
    data = select(load(find("phishing", REAL), Reading("label", test_share=0.2)), None, None, 0)
    train_rows, test_rows = (set(map(tuple, part.inputs.int().tolist())) for part in (data.train, data.test))
    shared = sum(tuple(row) in train_rows for row in data.test.inputs.int().tolist())
    assert len(test_rows) > shared / 2 > 0
    assert f"{shared:,} of 2,211 test rows have the very values of a training row" in data.notes


def test_of_rows_that_are_the_same_one_is_kept_if_asked(tmp_path):
    """The same in every column that is learnt, a missing value among them, and in their class; the first one stays."""
    rows = ["1,,x,a", "1,,y,a", "1,,x,b", "2,5,x,b", "2,5,x,b", "3,5,z,a", "3,6,z,b"]
    file = write(tmp_path / "own.csv", [row.split(",") for row in rows], header="size,age,kind,label")
    reading = Reading("label", drop=("kind",), distinct=True, test_share=0.4)
    data = load(find(str(file), None), reading)
    kept = torch.cat([data.train.inputs, data.test.inputs]).nan_to_num(-1).tolist()
    assert sorted(map(tuple, kept)) == [(1, -1), (1, -1), (2, 5), (3, 5), (3, 6)]
    assert "2 of 7 rows copy another and are left out" in data.notes
    assert len(load(find(str(file), None), replace(reading, distinct=False)).train) > len(data.train)


# --- trained on -------------------------------------------------------------------------------------------------------


def test_a_run_on_a_csv_file_and_what_measures_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MIXUP_DATA_DIR", raising=False)
    file = write(tmp_path / "mine.csv", plain_rows(), header="size,colour,weight,is it")
    asked = ["--dataset", "mine.csv", "--target", "is it", "--test-share", "0.25", "--data-seed", "3"]
    asked += ["--epochs", "1", "--width", "4", "--threads", "1"]
    path = train.main(asked)
    record = records.read(path)
    assert record["run"].startswith("mine-rows3-targetisit+")
    assert "-test0.25-mlp-w4-1ep-erm-seed0" in record["run"]
    assert {name: record["config"][name] for name in ("dataset", "target", "test_share", "data_seed")} == {
        "dataset": "mine",
        "target": "is it",
        "test_share": 0.25,
        "data_seed": 3,
    }
    assert (record["data"]["origin"], record["data"]["train"], record["data"]["measured"]) == ("CSV file", 18, 6)
    said = capsys.readouterr().out
    assert record["data"]["notes"]
    assert all(note in said for note in record["data"]["notes"])

    train.main(["--config", str(path), "--threads", "1"])
    assert f"{record['run']} is finished" in capsys.readouterr().out
    folders = Path("results"), Path("checkpoints"), None, torch.device("cpu")
    (run,) = trained.find([record["run"]], *folders)
    assert fingerprint(run.data) == record["data"]["fingerprint"]
    file.write_text(file.read_text().replace("green", "grey"))  # the same features by another name
    trained.find([record["run"]], *folders)
    file.write_text(file.read_text().replace("grey", "red"))
    with pytest.raises(UserError, match="saw other rows of mine"):
        trained.find([record["run"]], *folders)


def test_hashes_are_of_names_alone(tmp_path):
    """Two columns whose names differ only in what no run name holds have names of their own."""
    names = [plain(text) for text in ("label", "is it", "is_it", "is-it", "is/it", "ärt", "a.b")]
    assert len(set(names)) == len(names)
    assert (names[0], names[2], names[6]) == ("label", "is_it", "a.b")
    assert names[1] == "isit+" + hashlib.sha256(b"is it").hexdigest()[:6]


@pytest.mark.parametrize(("features", "kept"), [(1000, 1000), (1001, 0)])
def test_a_record_holds_the_statistics_of_a_thousand_features_at_most(tmp_path, features, kept):
    header = ",".join([*(f"f{number}" for number in range(features)), "label"])
    write(tmp_path / "wide.csv", [[*range(row, row + features), "ab"[row % 2]] for row in range(8)], header)
    asked = TrainOptions(data=DataOptions(dataset=str(tmp_path / "wide.csv"), drop=()))
    run = runs.describe(asked.asked, asked.source())
    assert (len(run.data_json["mean"]), len(run.data_json["std"])) == (kept, kept)
    assert len(run.blueprint.mean) == features

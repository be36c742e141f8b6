"""What is made of the columns, and of the class."""

import numpy as np
import pytest
import torch

from common.data.statistics import statistics
from tests.tables.rows import measured, read, write


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

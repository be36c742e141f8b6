"""Columns that give the order of the rows or the class away."""

from pathlib import Path

import numpy as np
import pytest
import torch

from common import records, trained
from common.data.dataset import fingerprint
from scripts import train
from tests.refusal import refused
from tests.tables.rows import NOISE, read, write

DAYS = [f"2024-{1 + row // 28:02}-{1 + row % 28:02}" for row in range(60)]
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

"""Images in Parquet files."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from common.data.load import load
from common.data.sources import find
from tests.data.made import encoded, hub_split, image, parquet_set, pixels, plain_table
from tests.refusal import refused


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

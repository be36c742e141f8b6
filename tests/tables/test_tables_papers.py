"""The paper's tables."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from common.chance import rng
from common.data.dataset import fingerprint
from common.data.load import load
from common.data.selection import draw_test, select
from common.data.sets import SETS
from common.data.sources import Reading, find
from tests.tables.rows import write

REAL = Path(os.environ.get("MIXUP_DATA_DIR") or "nowhere")
needs_tables = pytest.mark.skipif(
    not (REAL / "uci").is_dir(), reason="MIXUP_DATA_DIR is not set to a folder that holds uci/"
)


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

"""Tables trained on, and what a record says of them."""

import hashlib
from pathlib import Path

import pytest
import torch

from common import records, runs, trained
from common.data.dataset import fingerprint
from common.errors import UserError
from common.options import DataOptions, TrainOptions
from common.options.fields import plain
from scripts import train
from tests.tables.rows import plain_rows, write


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

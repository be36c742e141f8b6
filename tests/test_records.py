import hashlib
import json
import math
import shlex
import subprocess
import sys

import pytest

from common import records
from common.errors import UserError
from common.options import TrainConfig
from common.options.fields import earlier

ENVIRONMENT = {
    "device": "CPU x86_64",
    "threads": 2,
    "processes": 1,
    "precision": "no",
    "compiled": False,
    "batchnorm": "one process",
}


def train_record():
    outcome = {"n": 359, "errors": 7, "cross_entropy": 0.1}
    bins = [*[{"n": 0, "right": 0, "mean_confidence": 0.0}] * 14, {"n": 359, "right": 352, "mean_confidence": 1.0}]
    return {
        "schema": 1,
        "kind": "train",
        "run": "digits-smallcnn-2ep-erm-seed0",
        "config": {
            "dataset": "digits",
            "subset": None,
            "holdout": None,
            "data_seed": 0,
            "model": "smallcnn",
            "width": 32,
            "mixup": False,
            "alpha": None,
            "lam_per": None,
            "epochs": 2,
            "batch_size": 128,
            "lr": 0.1,
            "lr_drops": [0.5, 0.75],
            "momentum": 0.9,
            "weight_decay": 1e-4,
            "augment": "none",
            "seed": 0,
        },
        "environment": records.environment(**ENVIRONMENT),
        "data": {
            "name": "digits",
            "kind": "images",
            "origin": "scikit-learn",
            "train": 1438,
            "measured_on": "test",
            "measured": 359,
            "classes": ["null", "één"],
            "shape": [1, 8, 8],
            "mean": [0.3],
            "std": [0.37],
            "notes": [],
            "fingerprint": "0" * 64,
        },
        "weights": "f" * 64,
        "parents": [],
        "curve": [
            {"epoch": e, "lr": lr, "train": {"loss": 1.5, "weighted_accuracy": 0.3}, "test": outcome}
            for e, lr in ((1, 0.1), (2, 0.01))
        ],
        "final": {
            "last_epoch": {"epoch": 2, **outcome, "calibration_error": 7 / 359, "bins": bins},
            "median_of_last_ten": {"epochs": 2, "errors": 7},
            "best_epoch": {"epoch": 1, "errors": 7},
            "clean_train": outcome | {"n": 1438},
        },
        "cost": {"seconds": 1.5},
    }


def test_round_trip(tmp_path):
    path = records.path_of(tmp_path, "digits", "train", "digits-smallcnn-2ep-erm-seed0")
    record = train_record()
    records.write(path, record)
    assert path == tmp_path / "digits" / "train-digits-smallcnn-2ep-erm-seed0.json"
    *lines, end, _ = path.read_text().splitlines(keepends=True)  # as README says: head -n -2 | sha256sum
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert end == f' "digest": "{digest}"\n'
    assert json.loads(path.read_text()) == record | {"digest": digest}
    assert records.read(path) == record | {"config": earlier(TrainConfig) | record["config"]}
    path.write_text(records._text(record))  # as before there were digests, and whatever stands where in it
    assert records.read(path)["run"] == record["run"]
    assert len(path.read_text().splitlines()) < 120


def put(record, where, value):
    *folders, last = where.split(".")
    for key in folders:
        record = record[int(key) if key.isdigit() else key]
    record[last] = value


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("kind", "guess"),
        ("run", "a b"),
        ("config.lr", "fast"),
        ("config.extra", 1),
        ("config.epochs", -1),
        ("environment.precision", "half"),
        ("data.std", [0]),
        ("data.fingerprint", "abc"),
        ("weights", None),
        ("curve", []),
        ("curve.1.test.errors", 7.5),
        ("curve.0.train.loss", None),
        ("curve.0.lr", "0.1"),
        ("final.last_epoch.errors", -1),
        ("final.clean_train.percent", 4.2),
        ("final.best_epoch", {}),
        ("cost.seconds", -1),
    ],
)
def test_what_does_not_fit_the_schema_is_refused_by_field(tmp_path, where, value):
    record = json.loads(json.dumps(train_record()))  # no two fields share an object
    put(record, where, value)
    field = where.replace(".0.", "[0].").replace(".1.", "[1].").rsplit(".", 1)[0]
    with pytest.raises(ValueError, match=r"record[.]json") as caught:
        records.write(tmp_path / "record.json", record)
    assert f"$.{field}" in str(caught.value)
    assert not list(tmp_path.iterdir())
    (tmp_path / "record.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match=r"not a record \(\$"):
        records.read(tmp_path / "record.json")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 400, "9" * 5000, "2e38999"])
def test_a_number_that_is_too_large_is_refused(tmp_path, number):
    path = tmp_path / "record.json"
    path.write_text(records._text(train_record()).replace('"seed": 0', f'"seed": {number}'))
    with pytest.raises(UserError, match=r"record.json: not a record"):
        records.read(path)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_json_does_not_have_is_neither_written_nor_read(tmp_path, value):
    record = train_record()
    put(record, "curve.0.train.loss", value)
    with pytest.raises(ValueError, match=r"train[.]loss"):
        records.write(tmp_path / "record.json", record)
    (tmp_path / "record.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match="is not JSON"):
        records.read(tmp_path / "record.json")


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"schema": 1}', "\ufeff{}"])
def test_a_file_that_is_no_record_is_named(tmp_path, content):
    path = tmp_path / "record.json"
    path.write_text(content)
    with pytest.raises(UserError, match=r"record.json: not a record"):
        records.read(path)


def test_a_newer_schema_and_a_missing_file_are_named(tmp_path):
    path = tmp_path / "record.json"
    path.write_text(json.dumps(train_record() | {"schema": 2}))
    with pytest.raises(UserError, match=r"schema 2 is newer"):
        records.read(path)
    with pytest.raises(UserError, match=r"missing[.]json: No such file"):
        records.read(tmp_path / "missing.json")


def test_the_command_is_without_paths_of_the_machine():
    argv = [str(records.ROOT / "scripts" / "train.py"), "--data-dir", "/home/me/sets", "--config=/home/me/a.yaml"]
    argv += ["--mixup", "--results-dir", "demo/results"]
    assert (
        records.command(argv) == "scripts/train.py --data-dir sets --config=a.yaml --mixup --results-dir demo/results"
    )


def test_the_command_can_be_typed_where_a_value_holds_spaces():
    argv = [str(records.ROOT / "scripts" / "train.py"), "--target", "Kind of animal", "--dataset", "/x/my pets.csv"]
    command = records.command(argv)
    assert shlex.split(command) == ["scripts/train.py", "--target", "Kind of animal", "--dataset", "my pets.csv"]


def test_the_environment_names_the_code(monkeypatch, request):
    answers = {"rev-parse": "abc", "status": ""}
    monkeypatch.setattr(records, "_git", lambda verb, *_: answers[verb])
    request.addfinalizer(records.code.cache_clear)
    records.code.cache_clear()
    assert (records.environment()["commit"], records.environment()["code_differs"]) == ("abc", False)
    answers["rev-parse"] = "def"  # what runs was read before, if not all of it
    assert (records.environment()["commit"], records.environment()["code_differs"]) == ("abc", True)
    answers |= {"rev-parse": "abc", "status": " M common/training.py"}
    assert records.environment()["code_differs"] is True


def test_opens_without_torch():
    code = "import sys, common.records, analysis; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_reading_a_record_starts_nothing_slow():
    code = (
        "import sys; from pathlib import Path; from common import records\n"
        "records.read(Path(sys.argv[1])); assert not {'jsonschema', 'pandas', 'torch'} & set(sys.modules)"
    )
    path = next(records.ROOT.glob("results/*/train-*.json"))
    assert subprocess.run([sys.executable, "-c", code, str(path)]).returncode == 0


@pytest.mark.parametrize("kind", records.HOLDS)
def test_what_a_kind_of_records_does_not_have_is_refused(kind):
    """Of each kind one of ours, with what another kind has, and with a parent more."""
    record = records.read(next((records.ROOT / "results").glob(f"*/{kind}-*.json")))
    has, parents = records.HOLDS[kind]
    assert {"data", "weights", "curve"} & record.keys() == {*has}
    assert len(record["parents"]) == parents
    parent = {"record": "digits/train-a.json", "weights": "0" * 64}
    assert "$.parents" in records._trouble(record | {"parents": [parent] * (parents + 1)})
    for name, value in (("weights", "0" * 64), ("curve", [1]), ("curve", [{}])):
        assert name in has or f"$.{name}" in records._trouble(record | {name: value})

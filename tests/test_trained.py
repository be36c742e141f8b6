import json
from pathlib import Path

import fixtures
import pytest
import torch

from common import checkpoints, records, trained
from common.data import dataset
from common.errors import UserError
from common.evaluation import natural
from common.records import ROOT

CPU = torch.device("cpu")


def find(*names, results="results", weights="checkpoints"):
    return trained.find(names, Path(results), Path(weights), None, CPU)


def record_path(name):
    return Path("results/digits") / f"train-{name}.json"


def edit(path, part, **fields):
    record = records.read(path)
    records.write(path, record | {part: record[part] | fields if isinstance(record[part], dict) else fields[part]})


def test_a_run_by_name_or_by_record_is_the_model_that_was_measured(digits):
    by_name, by_record = find(digits[2], str(record_path(digits[0])))
    assert (by_name.name, by_record.name) == (digits[2], digits[0])
    for run in (by_name, by_record):
        model, test = run.model, run.data.test
        with torch.no_grad():
            wrong = model(natural(test.inputs)).argmax(dim=1) != test.labels
        assert int(wrong.sum()) == run.record["final"]["last_epoch"]["errors"]
        assert not model.training
        assert not any(parameter.requires_grad for parameter in model.parameters())
        assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
        weight = model.network.features[3].weight
        assert weight.is_contiguous(memory_format=torch.channels_last)
        assert dataset.fingerprint(run.data) == run.record["data"]["fingerprint"]
        assert run.parent == {"record": f"digits/{run.record_path.name}", "weights": run.record["weights"]}
    assert by_name.data is by_record.data  # the same rows, once in memory
    assert [run.name for run in find(digits[1], digits[0], digits[1])] == [digits[1], digits[0]]


def test_with_no_name_the_decks_three_and_what_makes_them(digits):
    with pytest.raises(UserError) as caught:
        find()
    text = str(caught.value)
    assert "cifar10-preactresnet18-erm-seed0" in text
    typed = f"    python {ROOT / 'scripts' / 'train.py'}"
    assert [line for line in text.splitlines() if line.startswith("    ")] == [
        typed,
        f"{typed} --seed 1",
        f"{typed} --mixup",
    ]
    assert all(name in text for name in digits)
    with pytest.raises(UserError, match=r"train.py --mixup --results-dir demo/results\n.*No run is there yet"):
        find(results="demo/results")


def test_a_missing_run_is_named_with_the_nearest(digits):
    with pytest.raises(UserError, match=rf"No run is called {digits[0]}9 in results; perhaps you meant {digits[0]}[.]"):
        find(digits[0] + "9")
    with pytest.raises(UserError, match=r"none.json: No such file"):
        find("none.json")


def test_missing_damaged_and_other_weights(digits):
    path = Path("checkpoints") / f"{digits[0]}.safetensors"
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(UserError, match=r"are missing.*\n.*train.py --config results/digits/train-digits.*seed0.json"):
        find(digits[0])
    path.write_bytes(content[:-1])
    with pytest.raises(UserError, match="not the weights that the record names"):
        find(digits[0])
    (Path("checkpoints") / f"{digits[1]}.safetensors").rename(path)
    with pytest.raises(UserError, match="not the weights that the record names"):
        find(digits[0])


def saved_as(name, weights, header):
    sha = checkpoints.save_weights(Path("checkpoints") / f"{name}.safetensors", weights, header)
    edit(record_path(name), "weights", weights=sha)


def test_weights_that_are_no_whole_model_of_ours(digits):
    weights, header = checkpoints.load_weights(Path("checkpoints") / f"{digits[0]}.safetensors")
    bare = {name: tensor for name, tensor in weights.items() if not name.startswith("normalize")}
    saved_as(digits[0], bare, header)
    with pytest.raises(UserError, match="without its normalisation"):
        find(digits[0])
    saved_as(digits[0], weights, header | {"width": 16})
    with pytest.raises(UserError, match="its tensors are not those of the model"):
        find(digits[0])
    saved_as(digits[0], weights, header | {"model": "vgg"})
    with pytest.raises(UserError, match=r"safetensors: The model 'vgg' is not one of"):
        find(digits[0])


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"width": "64"}, "width .*is not of type"),
        ({"width": 10**30}, "width .*maximum"),
        ({"width": 60_000}, "its tensors are not those of the model"),  # which would take 100 GB
        ({"shape": [1, 8, 10**9]}, "shape.2 .*maximum"),
        ({"shape": [1, 8]}, "as its inputs have channels"),
        ({"shape": [1] * 3000}, "shape .*"),
        ({"classes": "0123456789"}, "classes .*is not of type"),
        ({"mean": ["0.5"]}, "mean.0 .*is not of type"),
        ({"mean": [0.5, 0.5]}, "as its inputs have channels"),
        ({"std": [0.0]}, "std.0 .*minimum of 0"),
        ({"dropout": 10**400}, "dropout "),
    ],
)
def test_a_header_of_weights_that_cannot_be(digits, header, message):
    weights, whole = checkpoints.load_weights(Path("checkpoints") / f"{digits[0]}.safetensors")
    saved_as(digits[0], weights, whole | header)
    with pytest.raises(UserError, match=rf"^checkpoints/{digits[0]}.safetensors: .*{message}"):
        find(digits[0])


@pytest.mark.parametrize(("name", "value"), [("normalize.std", 0.0), ("network.head.bias", float("nan"))])
def test_weights_that_are_no_numbers_to_compute_with(digits, name, value):
    weights, header = checkpoints.load_weights(Path("checkpoints") / f"{digits[0]}.safetensors")
    name = name if name in weights else next(name for name in weights if name.endswith("bias"))
    saved_as(digits[0], weights | {name: torch.full_like(weights[name], value)}, header)
    with pytest.raises(UserError, match="holds weights that are not finite, or a standard deviation of 0"):
        find(digits[0])


def test_runs_that_do_not_belong_together(digits):
    letters = fixtures.train(Path("results"), dataset="letters", options={"width": 8})
    two = fixtures.train(Path("results"), dataset="digits", by_class={"errors": [500, 60], "n": [5000, 5000]})
    edit(record_path(digits[1]), "data", shape=[1, 16, 16])
    for other, message in (
        (str(letters), "the data set of the first is digits, of the second letters"),
        (str(two), "the classes of the first is 10, of the second 2"),
        (digits[1], r"the shape of an input of the first is \[1, 8, 8\], of the second \[1, 16, 16\]"),
    ):
        with pytest.raises(UserError, match=rf"cannot be measured together: {message}"):
            find(digits[0], other)


def test_data_that_changed_since(digits):
    edit(record_path(digits[0]), "data", fingerprint="0" * 64)
    with pytest.raises(UserError, match=r"saw other rows of digits than are found here now.*--data-dir"):
        find(digits[0])
    lettres = fixtures.train(Path("results"), dataset="lettres")
    with pytest.raises(UserError, match=r"needed again. --dataset lettres is no known data set"):
        find(str(lettres))


def test_a_record_of_another_kind(digits):
    path = record_path(digits[0])
    path.write_text(json.dumps(records.read(path) | {"kind": "attack"}))
    with pytest.raises(UserError, match="not a record"):
        find(str(path))

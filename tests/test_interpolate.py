import base64
import io
import json
import math
import shutil
from pathlib import Path
from unittest.mock import Mock

import fixtures
import numpy as np
import pytest
import torch
from accelerate import Accelerator, debug_launcher
from PIL import Image

from common import checkpoints, probes, records
from common.data.dataset import Part
from common.data.sounds import FLOOR
from common.errors import UserError
from common.options.interpolate import ProbeOptions, record_name, resolve
from common.trained import find
from scripts import interpolate, train

TRAIN = ["--dataset", "digits", "--subset", "103", "--holdout", "37", "--epochs", "2", "--width", "4", "--threads", "1"]
ERM = "digits-103-holdout37-smallcnn-w4-2ep-erm-seed0"
MIXUP = "digits-103-holdout37-smallcnn-w4-2ep-mixup1.0-seed0"
SMALL = ["--pairs", "61", "--points", "5", "--gradient-pairs", "20", "--threads", "1"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Three small runs, made once."""
    folder = tmp_path_factory.mktemp("trained")
    where = ["--results-dir", str(folder / "results"), "--checkpoint-dir", str(folder / "checkpoints")]
    train.main([*TRAIN, *where])
    train.main([*TRAIN, *where, "--mixup"])
    train.main(["--dataset", "wine", "--epochs", "2", "--threads", "1", *where])
    return folder


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(trained, tmp_path, monkeypatch):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)


def run(*argv):
    return [records.read(path) for path in interpolate.main([*map(str, argv)])]


def measured(record):
    return {key: record[key] for key in ("run", "config", "data", "parents", "final")}


def test_the_whole_chain(capsys):
    one, two = run(ERM, MIXUP, *SMALL)
    out = capsys.readouterr().out
    assert out.count("at lambda 0.5 misses") == 2
    for record, name in ((one, ERM), (two, MIXUP)):
        assert record["run"] == f"{name}-pairs61-points5-gradients20"
        assert Path(f"results/digits/interpolate-{record['run']}.json").exists()
        parent = records.read(Path("results", record["parents"][0]["record"]))
        assert (parent["run"], parent["weights"]) == (name, record["parents"][0]["weights"])
        assert record["data"] == parent["data"]
        assert record["environment"]["precision"] == "no"
        assert [row["lam"] for row in record["final"]["between"]] == [0, 0.25, 0.5, 0.75, 1]
        for row in record["final"]["between"]:
            assert row["misses"]["n"] == 61
            assert row["misses_different"]["misses"] <= row["misses"]["misses"] <= 61
            assert sum(row["probability_different"].values()) == pytest.approx(1, abs=1e-6)
            assert row["gradient_norm"]["n"] == 20
            quantiles = list(row["gradient_norm"]["loss"]["quantiles"].values())
            assert quantiles == sorted(quantiles)
    # The same pairs for both models, and the same rows as examples.
    assert [e["rows"] for e in one["final"]["examples"]] == [e["rows"] for e in two["final"]["examples"]]
    assert one["final"]["between"][0]["misses_different"]["n"] == two["final"]["between"][0]["misses_different"]["n"]


@pytest.mark.parametrize("beyond", [[], ["--beyond", "0.5"]])
def test_the_numbers_are_those_of_a_plain_loop(beyond):
    (record,) = run(ERM, *SMALL, *beyond)
    assert [row["lam"] for row in record["final"]["between"]] == (
        [-0.5, 0, 0.5, 1, 1.5] if beyond else [0, 0.25, 0.5, 0.75, 1]
    )
    assert record["run"].endswith("-points5-beyond0.5-gradients20" if beyond else "-points5-gradients20")
    (found,) = find([ERM], Path("results"), Path("checkpoints"), None, torch.device("cpu"))
    part, pairs = found.data.train, probes.draw_pairs(103, 61, 0)
    y_i, y_j = part.labels[pairs.first], part.labels[pairs.second]
    differ = y_i != y_j
    for row in record["final"]["between"]:
        x = row["lam"] * part.inputs[pairs.first] / 255 + (1 - row["lam"]) * part.inputs[pairs.second] / 255
        x.requires_grad_()
        logits = found.model(x)
        predicted = logits.argmax(1)
        missed = (predicted != y_i) & (predicted != y_j)
        assert row["misses"] == {"n": 61, "misses": missed.sum()}
        assert row["misses_different"] == {"n": differ.sum(), "misses": missed[differ].sum()}
        p = logits.softmax(1)
        mean = {"y_i": p[torch.arange(61), y_i], "y_j": p[torch.arange(61), y_j]}
        for which, values in mean.items():
            assert row["probability_different"][which] == pytest.approx(values[differ].mean().item(), abs=1e-5)
        off = (mean["y_i"] - min(max(row["lam"], 0), 1)).abs()[differ].mean().item()
        assert row["off_linear"] == pytest.approx(off, abs=1e-5)
        (gradient,) = torch.autograd.grad(logits.amax(1).sum(), x)
        norms = gradient.flatten(1).norm(dim=1)[:20].numpy()
        got = row["gradient_norm"]["logit"]
        assert got["mean"] == pytest.approx(norms.mean(), rel=1e-4)
        assert list(got["quantiles"].values()) == pytest.approx(np.quantile(norms, interpolate.QUANTILES), rel=1e-4)


def test_examples_show_the_rows_themselves():
    (record,) = run(ERM, *SMALL)
    (found,) = find([ERM], Path("results"), Path("checkpoints"), None, torch.device("cpu"))
    part, examples = found.data.train, record["final"]["examples"]
    assert len(examples) == 8
    for example in examples:
        assert example["labels"][0] != example["labels"][1]
        for row, label, shown in zip(example["rows"], example["labels"], (example["x_i"], example["x_j"]), strict=True):
            pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown))))
            assert np.array_equal(pixels, part.inputs[row, 0].numpy())
            assert label == part.labels[row]
        p = found.model(part.inputs[example["rows"]] / 255).softmax(1)
        assert np.allclose(example["p"][0], p[1], atol=1e-4)
        assert np.allclose(example["p"][-1], p[0], atol=1e-4)
        assert len(example["p"]) == 5


def test_a_table_and_its_test_part():
    (record,) = run("wine-mlp-2ep-erm-seed0", "--split", "test", *SMALL)
    (found,) = find(["wine-mlp-2ep-erm-seed0"], Path("results"), Path("checkpoints"), None, torch.device("cpu"))
    assert record["run"] == "wine-mlp-2ep-erm-seed0-test-pairs61-points5-gradients20"
    example = record["final"]["examples"][0]
    assert example["x_i"] == found.data.test.inputs[example["rows"][0]].tolist()


def test_what_is_there_is_not_made_again_unless_asked(capsys):
    first = run(ERM, *SMALL)
    (path,) = Path("results/digits").glob("interpolate-*")
    before = path.stat().st_mtime_ns
    capsys.readouterr()
    assert run(ERM, *SMALL) == first
    assert "--overwrite" in capsys.readouterr().out
    assert path.stat().st_mtime_ns == before
    again = run(ERM, *SMALL, "--overwrite")
    assert path.stat().st_mtime_ns > before
    assert list(map(measured, again)) == list(map(measured, first))


def test_changed_weights_are_measured_again():
    (first,) = run(ERM, *SMALL)
    path, weights_path = Path(f"results/digits/train-{ERM}.json"), Path(f"checkpoints/{ERM}.safetensors")
    weights, header = checkpoints.load_weights(weights_path)
    weights["network.linear.bias"][3] += 100.0
    record = records.read(path)
    record["weights"] = checkpoints.save_weights(weights_path, weights, header)
    records.write(path, record)
    (second,) = run(ERM, *SMALL)
    assert second["parents"][0]["weights"] == record["weights"] != first["parents"][0]["weights"]
    misses = second["final"]["between"][2]["misses"]
    pairs = probes.draw_pairs(103, 61, 0)
    (found,) = find([ERM], Path("results"), Path("checkpoints"), None, torch.device("cpu"))
    labels = found.data.train.labels
    assert misses["misses"] == ((labels[pairs.first] != 3) & (labels[pairs.second] != 3)).sum()


def test_another_measurement_under_the_same_name_is_refused_by_field():
    (record,) = run(ERM, *SMALL)
    (path,) = Path("results/digits").glob("interpolate-*")
    records.write(path, fixtures.with_config(record, pairs_seed=4))
    with pytest.raises(UserError, match=r"another measurement.*pairs_seed is 4 there and 0 here"):
        run(ERM, *SMALL)


def test_stopped_in_the_middle_the_same_command_ends_as_if_undisturbed(monkeypatch):
    whole = run(ERM, MIXUP, *SMALL)
    for path in Path("results/digits").glob("interpolate-*"):
        path.unlink()
    real, calls = probes.between, []

    def stop(accelerator, model, part, pairs, *rest):
        if len(pairs) == 61:
            calls.append(1)
            if len(calls) == 4:  # after the trials, and the first run
                raise KeyboardInterrupt
        return real(accelerator, model, part, pairs, *rest)

    monkeypatch.setattr(probes, "between", stop)
    monkeypatch.setattr(interpolate, "_predicted", lambda *_: 1.0)
    calls += [1, 1]
    with pytest.raises(KeyboardInterrupt):
        run(ERM, MIXUP, *SMALL)
    assert len(list(Path("results/digits").glob("interpolate-*"))) == 1
    monkeypatch.setattr(probes, "between", real)
    assert list(map(measured, run(ERM, MIXUP, *SMALL))) == list(map(measured, whole))


def test_two_processes_count_what_one_counts():
    debug_launcher(interpolate.main, ([ERM, *SMALL],), num_processes=2)
    (path,) = Path("results/digits").glob("interpolate-*")
    two = records.read(path)
    (one,) = run(ERM, *SMALL, "--overwrite")
    assert two["environment"]["processes"] == 2
    assert two["final"]["examples"] == one["final"]["examples"]
    for a, b in zip(one["final"]["between"], two["final"]["between"], strict=True):
        assert {key: a[key] for key in ("lam", "misses", "misses_different")} == {
            key: b[key] for key in ("lam", "misses", "misses_different")
        }
        for norm in ("loss", "logit"):
            assert a["gradient_norm"][norm]["mean"] == pytest.approx(b["gradient_norm"][norm]["mean"], rel=1e-5)


def test_each_process_holds_its_own_pairs_and_those_that_are_shown():
    """Images that stay encoded are decoded where they are looked at, not in every process."""

    class Noting(Part):
        def held(self, rows):
            return Part(self.inputs[rows], rows)

    part, pairs = Noting(torch.zeros(50, 1, 8, 8), torch.zeros(50, dtype=torch.int64)), probes.draw_pairs(50, 11, 0)

    def rows_of(places):
        return {int(rows[place]) for place in places for rows in (pairs.first, pairs.second)}

    for process, own in ((0, [0, 1, 4, 5, 6]), (1, [2, 3, 7, 8, 9, 10])):  # of 4 with gradients, and of 7 without
        accelerator = Mock(spec=Accelerator, process_index=process, num_processes=2, device=torch.device("cpu"))
        held = interpolate._held(accelerator, part, pairs, 4, [0])
        assert set(held.labels.tolist()) == rows_of([0, *own])


def test_a_plan_says_what_is_to_be_done_and_leaves_nothing(capsys):
    before = sorted(Path().rglob("*"))
    assert interpolate.main([ERM, MIXUP, "--plan", *SMALL]) is None
    out = capsys.readouterr().out
    assert out.count("(not there yet)") == 2
    assert "gradient_pairs=20" in out
    assert "about" in out
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--pairs", "0"], "--pairs 0"),
        (["--points", "1"], "--points 1"),
        (["--gradient-pairs", "0"], "--gradient-pairs 0"),
        (["--pairs-seed", "-1"], "--pairs-seed -1"),
        (["digits-nothing"], "No run is called digits-nothing"),
        ([ERM, "wine-mlp-2ep-erm-seed0"], "cannot be measured together"),
        ([], "scripts/train.py --mixup"),
    ],
)
def test_what_makes_no_sense_is_refused(argv, message):
    with pytest.raises(UserError) as caught:
        interpolate.main(argv)
    assert message in str(caught.value)


def test_a_record_that_says_too_much_is_refused():
    (record,) = run(ERM, *SMALL)
    for change in ({"curve": [1]}, {"weights": "0" * 64}, {"parents": []}):
        with pytest.raises(ValueError, match="record"):
            records.write(Path("record.json"), record | change)
    spoilt = json.loads(json.dumps(record))
    spoilt["final"]["between"][1]["misses"]["misses"] = 1.5
    with pytest.raises(ValueError, match=r"final[.]between\[1\][.]misses"):
        records.write(Path("record.json"), spoilt)


def test_two_configurations_never_share_a_name():
    changes = [
        {},
        {"split": "test"},
        {"pairs": 500},
        {"pairs": 20_000},
        {"points": 11},
        {"gradient_pairs": 500},
        {"gradient_pairs": 500, "pairs": 500},
        {"gradient_pairs": 100, "pairs": 500},
        {"pairs_seed": 3},
    ]
    configs = [resolve(ProbeOptions(**change), "a-erm-seed0") for change in changes]
    assert len({record_name(config) for config in configs}) == len(set(configs)) == len(changes) - 1
    assert record_name(configs[0]) == "a-erm-seed0"
    assert record_name(configs[1]) == "a-erm-seed0-test"


def test_a_spectrogram_is_shown_from_silence_to_full_scale_and_a_normalised_one_from_its_least_to_its_most():
    def drawn(row, is_normalised):
        return np.array(Image.open(io.BytesIO(base64.b64decode(interpolate._shown(row, is_normalised)))))

    silence = math.log(FLOOR)
    row = torch.tensor([[[silence, silence / 2], [0.0, 0.0]]])
    assert drawn(row, False).tolist() == [[255, 255], [0, 128]]  # the highest frequency comes first
    assert drawn(torch.tensor([[[-2.0, 0.0], [1.0, 2.0]]]), True).tolist() == [[191, 255], [0, 128]]
    assert drawn(torch.zeros(1, 2, 2), True).tolist() == [[0, 0], [0, 0]]

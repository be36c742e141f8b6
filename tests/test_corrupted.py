"""Corrupted labels and dropout (section 3.4): exact shares, nothing else moved, and a training that ends the same."""

import os
from pathlib import Path

import fixtures
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from _train import keeping
from common import metrics, records, trained
from common.chance import rng
from common.data.dataset import Dataset, Part, fingerprint
from common.data.selection import corrupt, select
from common.errors import UserError
from common.models import Blueprint, build
from scripts import train

SHARES = (0.2, 0.5, 0.8)
# Digits, large enough for three halvings under the network that has a place for dropout.
DIGITS = ["--dataset", "digits", "--subset", "101", "--test-subset", "50", "--epochs", "3", "--threads", "1"]
PREACT = [*DIGITS, "--model", "preactresnet18", "--width", "2", "--corrupt-labels", "0.5", "--dropout", "0.3"]


def balanced(rows=1000, classes=10):
    labels = torch.arange(rows) % classes
    inputs = torch.arange(rows, dtype=torch.float32)[:, None]
    part = Part(inputs, labels)
    return Dataset("toy", "table", "made up", part, part, tuple(map(str, range(classes))))


def corrupted(share, seed=0, rows=1000):
    return corrupt(balanced(rows), share, seed)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("rows", [10, 999, 1000])
def test_the_share_is_exact_and_the_rest_keeps_its_label(share, rows):
    data = corrupted(share, rows=rows)
    drawn, true = data.corruption.drawn, data.corruption.true
    assert int(drawn.sum()) == round(share * rows)
    assert torch.equal(data.train.labels[~drawn], true[~drawn])
    assert torch.equal(true, balanced(rows).train.labels)
    wrong = int((data.train.labels != true).sum())
    assert data.notes == (
        f"{drawn.sum():,} of {rows:,} training labels drawn at random, of which {wrong:,} are now wrong",
    )


def test_the_20_percent_are_among_the_50_with_the_same_classes():
    for smaller, larger in ((0.2, 0.5), (0.5, 0.8), (0.8, 1.0)):
        few, many = corrupted(smaller), corrupted(larger)
        drawn = few.corruption.drawn
        assert bool((many.corruption.drawn[drawn]).all())
        assert torch.equal(few.train.labels[drawn], many.train.labels[drawn])


def test_the_new_class_is_any_of_all_alike():
    """Chi-squared with 9 degrees of freedom is below 27.9 in 999 of 1000 draws."""
    data = corrupted(1.0, rows=20_000)
    counts = np.bincount(data.train.labels, minlength=10)
    assert ((counts - 2000) ** 2 / 2000).sum() < 27.9
    kept = int((data.train.labels == data.corruption.true).sum())
    assert abs(kept - 2000) < 5 * np.sqrt(2000 * 0.9)


def test_another_data_seed_draws_other_rows_and_nothing_else_moves():
    one, same, other = corrupted(0.5), corrupted(0.5), corrupted(0.5, seed=1)
    assert torch.equal(one.train.labels, same.train.labels)
    assert not torch.equal(one.corruption.drawn, other.corruption.drawn)
    clean = balanced()
    assert torch.equal(one.train.inputs, clean.train.inputs)
    assert torch.equal(one.test.labels, clean.test.labels)
    assert corrupt(clean, 0.0, 0).notes[0].startswith("0 of 1,000")
    assert select(clean, None, None, 0, corrupt_labels=0.0) is clean


def test_the_rows_are_those_of_the_clean_run_and_held_out_rows_stay_clean():
    clean, dirty = (select(balanced(), 500, 200, 3, corrupt_labels=share) for share in (0.0, 0.8))
    assert torch.equal(clean.train.inputs, dirty.train.inputs)
    assert torch.equal(clean.test.labels, dirty.test.labels)
    assert torch.equal(clean.train.labels, dirty.corruption.true)
    assert fingerprint(clean) != fingerprint(dirty)


def test_a_test_subset_is_balanced_and_nested_and_too_large_a_one_refused():
    few, more = (select(balanced(), None, None, 0, test_subset=size) for size in (100, 300))
    assert few.test.labels.bincount().tolist() == [10] * 10
    assert set(few.test.inputs[:, 0].tolist()) < set(more.test.inputs[:, 0].tolist())
    assert len(few.train) == 1000
    with pytest.raises(UserError, match="--test-subset 1001 is more than the 1000 test rows there are"):
        select(balanced(), None, None, 0, test_subset=1001)


def test_errors_by_label_in_exact_arithmetic():
    predicted = np.array([0, 1, 2, 2, 1, 0])
    given = np.array([0, 1, 1, 2, 2, 1])
    true = np.array([0, 2, 2, 2, 1, 1])
    drawn = np.array([False, True, True, False, True, False])
    assert metrics.by_label(predicted, given, true, drawn) == {
        "real": {"errors": 1, "n": 3},
        "corrupted": {"errors": 2, "n": 3},
        "restored": {"errors": 1, "n": 3},
    }


def test_errors_by_class_add_up():
    ranks, labels = np.array([0, 1, 3, 0, 0]), np.array([2, 2, 0, 0, 2])
    assert metrics.by_class(ranks, labels, 4) == {"errors": [1, 0, 1, 0], "n": [2, 0, 3, 0]}


def preact(dropout, width=4):
    shape = (3, 32, 32)
    return Blueprint("preactresnet18", width, tuple("abcdefghij"), shape, (0.5,) * 3, (0.25,) * 3, dropout)


def test_dropout_lies_between_the_two_convolutions_of_each_block(monkeypatch):
    """What goes into each second convolution is dropped, after ReLU; nothing else is."""
    seen = []
    real = F.dropout

    def spy(x, p, training):
        seen.append((x.min().item() >= 0, p, training))
        return real(x, p, training)

    monkeypatch.setattr(F, "dropout", spy)
    model, x = build(preact(0.5), seed=0), torch.rand(4, 3, 32, 32)
    into = {"conv1": [], "conv2": []}
    for name, module in model.named_modules():
        kind = name.rpartition(".")[2]
        if kind in into:
            module.register_forward_pre_hook(lambda _, args, kind=kind: into[kind].append(args[0]))
    torch.manual_seed(0)
    model(x)
    assert seen == [(True, 0.5, True)] * 8
    zeros = {kind: [float((t == 0).float().mean()) for t in tensors] for kind, tensors in into.items()}
    assert min(zeros["conv2"]) > 0.65  # a half by ReLU, a half of the rest by dropout: about three quarters
    assert max(zeros["conv1"]) < 0.65
    seen.clear()
    model.eval()(x)
    assert all(not training for *_, training in seen)


def test_without_dropout_and_in_eval_mode_it_is_the_same_network():
    x = torch.rand(4, 3, 32, 32)
    plain, dropping = build(preact(0.0), seed=3), build(preact(0.7), seed=3)
    assert {k: v.shape for k, v in plain.state_dict().items()} == {k: v.shape for k, v in dropping.state_dict().items()}
    assert torch.equal(plain.eval()(x), dropping.eval()(x))
    assert not torch.equal(plain.train()(x), dropping.train()(x))


def test_the_header_of_the_weights_keeps_dropout_and_an_older_one_has_none():
    header = preact(0.3).to_json()
    assert Blueprint.from_json(header) == preact(0.3)
    del header["dropout"]
    assert Blueprint.from_json(header).dropout == 0.0


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*argv):
    return records.read(train.main([*PREACT, *argv]))


def measured(record):
    return {key: record[key] for key in ("run", "config", "data", "weights", "curve", "final")}


def test_the_record_counts_what_the_weights_predict(folder):
    record = run()
    assert record["run"] == "digits-101-test50-corrupt0.5-preactresnet18-w2-dropout0.3-3ep-erm-seed0"
    assert record["data"]["notes"][-1].startswith("50 of 101 training labels drawn at random, of which ")
    (again,) = trained.find([record["run"]], Path("results"), Path("checkpoints"), None, torch.device("cpu"))
    part, corruption = again.data.train, again.data.corruption
    with torch.no_grad():
        predicted = again.model(part.inputs / 255).argmax(dim=1)
    last = record["curve"][-1]["labels"]
    for name, rows, labels in (
        ("real", ~corruption.drawn, corruption.true),
        ("corrupted", corruption.drawn, part.labels),
        ("restored", corruption.drawn, corruption.true),
    ):
        assert last[name] == {"errors": int((predicted != labels)[rows].sum()), "n": int(rows.sum())}
    clean = record["final"]["clean_train"]
    assert (clean["errors"], clean["n"]) == (last["real"]["errors"] + last["corrupted"]["errors"], 101)
    by_class = record["final"]["last_epoch"]["by_class"]
    assert (sum(by_class["errors"]), by_class["n"]) == (record["final"]["last_epoch"]["errors"], [5] * 10)


def test_erm_and_mixup_of_all_seeds_see_the_same_labels(folder):
    one, two = run(), run("--mixup", "--seed", "1", "--epochs", "1")
    assert one["data"] == two["data"]
    assert run("--corrupt-labels", "0.2", "--epochs", "1")["data"]["fingerprint"] != one["data"]["fingerprint"]


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_stopped_run_drops_on_as_if_undisturbed(folder, stopped, epochs, monkeypatch):
    monkeypatch.setattr(keeping, "SELDOM", 0)  # kept after every epoch, however short
    whole = run("--mixup", "--results-dir", "whole", "--checkpoint-dir", "whole")
    stopped(epochs, lambda: run("--mixup"))
    torch.manual_seed(12345)  # whatever was drawn before
    assert measured(run("--mixup")) == measured(whole)


def test_dropout_of_each_seed_is_its_own(folder):
    """With the same weights, order and rows, the seed's dropout alone would tell two runs apart."""
    assert rng("dropout", 0, 1, 0).integers(2**63) != rng("dropout", 0, 1, 1).integers(2**63)
    without = measured(run("--dropout", "0", "--epochs", "1"))
    with_it = measured(run("--epochs", "1"))
    assert without["curve"][0]["train"]["loss"] != with_it["curve"][0]["train"]["loss"]


def test_a_state_of_other_labels_is_refused(folder):
    record = run("--epochs", "1")
    path = records.path_of(Path("results"), "digits", "train", record["run"])
    records.write(path, fixtures.with_config(record, corrupt_labels=0.2))
    with pytest.raises(UserError, match=r"corrupt_labels is 0.2 there and 0.5 here"):
        run("--epochs", "1")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--corrupt-labels", "1.2"], r"--corrupt-labels 1.2: must lie in \[0, 1\]"),
        (["--dropout", "1"], r"--dropout 1: must lie in \[0, 1\)"),
        (["--dropout", "0.5", "--model", "resnet18"], r"--dropout 0.5: resnet18 has no place for it.*preactresnet18"),
        (["--test-subset", "10", "--holdout", "100"], r"--test-subset 10: .*--holdout 100"),
        (["--test-subset", "361"], "--test-subset 361 is more than the 359 test rows"),
        (["--test-subset", "9"], "--test-subset 9 is fewer than one row"),
    ],
)
def test_what_makes_no_sense_is_refused(folder, argv, said):
    with pytest.raises(UserError, match=said):
        train.main(["--dataset", "digits", "--threads", "1", *argv])
    assert not os.listdir()

"""The deck's comparison, and why ours differs."""

from dataclasses import replace

import pytest

from analysis import paper
from analysis.collect import collect
from analysis.questions import show
from tests import fixtures
from tests.asking import SETTING, SMALL, column, of_study, study, verdicts
from tests.fixtures import ERM, MIXUP

OF_SMALL = "clean, 5,000 training images, preactresnet18, 60 epochs"


def test_the_decks_comparison(small):
    table = show("table-deck", small)
    assert column(table, "experiment") == [*(row.experiment for row in paper.SLIDE_20), OF_SMALL]
    assert column(table, "deck") == ["4.21", "5.37", "49.25", "49.76", "53.7", "55.07", ""]
    assert column(table, "ours")[1] == "5.61 [5.47, 5.75] (n = 3)"
    assert [cell.split(" ")[0] for cell in column(table, "ours")] == [
        "4.20",
        "5.61",
        "75.20",
        "46.00",
        "90.71",
        "57.01",
        "as",
    ]
    why = column(table, "why they differ")
    assert why[:2] == ["5,000 training images instead of 50,000"] * 2
    assert why[2:6] == ["5,000 training images instead of 50,000; cifar10 instead of ImageNet"] * 4
    assert table.notes[1] == (
        "Ours differs most: from the deck's clean images and from the deck's under attack and from the paper's clean "
        "images: 5,000 training images instead of 50,000, width 8 instead of 64, 60 epochs instead of 200; from the "
        "paper's under attack: cifar10 instead of ImageNet, preactresnet18 instead of ResNet-101."
    )


def test_below_the_decks_rows_stands_what_our_largest_setting_says(tmp_path):
    study(tmp_path, probes=(), options=SMALL, erm=MIXUP, mixup=ERM)
    study(tmp_path, probes=())
    row = show("table-deck", collect(tmp_path), "cifar10-5000-preactresnet18-w8-60ep").frame.iloc[-1]
    assert (row["experiment"], row["why they differ"]) == (
        "clean, 50,000 training images, preactresnet18, 200 epochs",
        f"other images, epochs: {SETTING}",
    )
    assert row["ours"].startswith("ERM 5.61 [")
    assert "; mixup 4.20 [" in row["ours"]
    assert show("table-deck", collect(tmp_path)).frame["ours"].iloc[-1] == "as above: it is that"


def test_why_they_differ_is_what_the_records_say(tmp_path):
    def why(name, **options):
        folder = tmp_path / name
        fixtures.train(folder, alpha=options.pop("alpha", 1.0), **options)
        return column(show("table-deck", collect(folder)), "why they differ")[0]

    assert why("same") == "seed, software and what the deck is silent on"
    assert why("batch", options={"batch_size": 64}) == "batches of 64 instead of 128"
    assert why("wd", options={"weight_decay": 5e-4}) == "weight decay 0.0005 instead of 0.0001"
    assert why("lr", options={"lr": 0.05}) == "rate 0.05 instead of 0.1"
    assert why("alpha", alpha=0.2) == "α = 0.2 instead of 1"
    assert why("crops", options={"augment": "none"}) == "augmentation none instead of crop-flip"


@pytest.mark.parametrize("dataset", ["digits", "photos", "iris"])
def test_other_data_is_not_held_against_numbers_of_cifar(tmp_path, dataset):
    fixtures.study(tmp_path, seeds=2, dataset=dataset)
    results = collect(tmp_path)
    for name in ("table-deck", "table-deck-under-attack"):
        table = show(name, results)
        assert table.frame.empty
        assert "is held against none of them" in table.notes[0]
    assert not any("paper" in method for method in column(show("table-misses", results), "method"))


def test_a_small_run_is_not_the_decks(tmp_path):
    study(tmp_path, options=SMALL)
    found = verdicts(tmp_path)
    small = "5,000 training images instead of 50,000, width 8 instead of 64, 60 epochs instead of 200"
    for claim in ("D2", "D7"):
        assert found[claim].status == "not run"
        assert (
            f"asks for the deck's configuration; here {small}. on cifar10-5000-preactresnet18-w8-60ep"
            in found[claim].sentence
        )
        assert "fails" not in found[claim].sentence  # nor "holds": it is not asked here
    assert found["D1"].status == "holds"
    assert found["D1"].sentence.startswith("on cifar10-5000-preactresnet18-w8-60ep, 5 paired seeds: ")


def test_the_decks_errors_lie_among_ours_or_do_not(tmp_path):
    assert of_study(tmp_path, "D2", probes=(), mixup=replace(MIXUP, curve=(900, 470))) == ["fails"]

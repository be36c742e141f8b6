"""Corrupted labels: test error by share and method, and which are held against each other."""

import statistics
from dataclasses import replace

import pytest
from scipy import stats

from analysis.collect import collect
from analysis.methods import Method
from analysis.questions import corrupted as question
from analysis.questions import show
from tests import fixtures
from tests.asking import (
    BY_ID,
    OTHERS,
    at,
    column,
    corrupted,
    corrupted_labels,
    drawn,
    of_others,
    study,
    tabular,
    verdicts,
)
from tests.fixtures import ERM


def test_corrupted(whole):
    table = show("table-corrupted", whole)
    assert column(table, "method") == ["ERM", "dropout p=0.7", "mixup α=8", "mixup α=4 + dropout p=0.5"]
    assert set(column(table, "corrupted")) == {"50 %"}
    (mixup,) = table.frame[table.frame["method"] == "mixup α=8"].to_dict("records")
    errors = [(1240 + fixtures.STEP[seed] // 2) / 100 for seed in range(3)]
    assert mixup["last epoch (%)"] == f"{statistics.mean(errors):.2f} ± {statistics.stdev(errors):.2f}"
    assert mixup["best epoch (%)"].startswith("11.90 ± ")
    assert [mixup[name] for name in table.frame.columns[6:9]] == ["2.2 ± 0.0", "86.3 ± 0.0", "10.0 ± 0.0"]
    low, high = stats.ttest_rel(errors, [(2260 + step) / 100 for step in fixtures.STEP[:3]]).confidence_interval(0.95)
    assert mixup["last minus ERM (points)"] == f"−10.21 [{low:.2f}, {high:.2f}]".replace("-", "−")
    theirs = ["18.8 / 44.6 (0.26* / 0.64*)", "14.1 / 15.5 (12.71* / 86.98*), dropout p=0.8"]
    theirs += ["11.3 / 12.7 (5.84* / 85.71*), mixup α=32", "10.9 / 10.9 (7.56* / 87.9*), mixup α=8 + dropout p=0.3"]
    assert column(table, "paper's") == theirs
    assert table.bold == {(2, "best epoch (%)"), (3, "last epoch (%)")}
    assert table.lead[2] == (
        "Error after the last epoch, mixup α=8 against dropout p=0.7, 3 pairs: too few pairs to tell (one seed is "
        "an anecdote) on 1 of 1 (50 %: −4.00 points [−4.00, −4.00])."
    )
    assert "about 90 %" in table.notes[1]
    assert table.to_markdown().startswith(table.lead[0])


def test_a_mark_at_a_sixth_of_the_epochs_that_were_measured(whole):
    seldom = replace(whole, curves=whole.curves[whole.curves["epoch"] % 20 == 0])
    marks = drawn(show("corrupted", seldom).picture.axes[0])["_ERM"].get_markevery()
    assert marks == max(1, seldom.curves["epoch"].nunique() // 6) == 1


def test_one_seed_is_an_anecdote(tmp_path):
    fixtures.corrupted(tmp_path, shares=(0.2, 0.8), seeds=1)
    table = show("table-corrupted", collect(tmp_path))
    assert table.lead[0] == (
        "Error after the last epoch, mixup α=8 against ERM, 1 pair: too few pairs to tell (one seed is an anecdote) on "
        "2 of 2 (20 %: −10.20 points; 80 %: −10.20 points)."
    )
    assert column(table, "last minus ERM (points)")[:2] == ["", "−6.20"]
    assert "nan" not in table.to_markdown().lower()


def test_the_method_to_hold_against_others_is_not_chosen_by_test_error(tmp_path):
    arms = {(None, 0.0): ERM} | {(alpha, 0.0): fixtures.Model(curve=(9, 10 * int(alpha))) for alpha in (2.0, 8.0, 32.0)}
    fixtures.corrupted(tmp_path, shares=(0.2, 0.5, 0.6), seeds=1, arms=arms)
    results = collect(tmp_path)
    chosen = {share: question.large_alpha(one) for share, one in question.shares(results).items()}
    assert chosen == {0.2: Method(8.0), 0.5: Method(32.0), 0.6: Method(32.0)}  # the paper's; else the largest


def test_corrupted_labels_over_epochs(whole):
    figure = show("corrupted", whole)
    test, real, corrupted = figure.picture.axes
    assert test.get_title() == "50 % corrupted"
    assert list(drawn(test)["_ERM, seed 1"].get_ydata()[::50]) == pytest.approx([46.07, 18.77, 21.07, 22.67])
    assert at(drawn(real)["_mixup α=8"], 200) == pytest.approx(2.26, abs=0.03)
    assert at(drawn(corrupted)["_mixup α=8"], 200) == pytest.approx(86.32, abs=0.03)
    assert at(drawn(corrupted)["_ERM"], 100) == pytest.approx(50.14, abs=0.03)
    assert {label.split(",")[0] for label in drawn(test)} == {
        "_ERM",
        "_dropout p=0.7",
        "_mixup α=8",
        "_mixup α=4 + dropout p=0.5",
    }
    assert "3 a line" in figure.caption
    assert "50 % corrupted, ERM 22.6 %" in figure.alt


@pytest.mark.parametrize(
    ("mixup", "statuses"),
    [
        ({"curve": (4500, 590, 1900)}, ["fails", "fails"]),  # the best epoch is not enough
        ({"curve": (4500, 950, 1000)}, ["holds", "fails"]),  # no better than dropout's best
        ({"curve": (4500, 590, 1040)}, ["holds", "holds in part"]),
    ],
)
def test_best_and_last_epoch_against_erm_and_dropout(tmp_path, mixup, statuses):
    corrupted(tmp_path, mixup=mixup)
    assert of_others(tmp_path, "P12", "P13") == statuses


@pytest.mark.parametrize(
    ("both", "status"),
    [
        ({"curve": (4500, 650, 620)}, "holds"),  # of the last epoch alone
        ({"curve": (4500, 600, 700)}, "fails"),  # better than dropout, and worse than mixup
        ({"curve": (4500, 600, 1200)}, "fails"),
    ],
)
def test_mixup_with_dropout_against_either_alone(tmp_path, both, status):
    corrupted(tmp_path, both=both)
    assert of_others(tmp_path, "P35") == [status]


def test_one_share_that_fails_is_enough(tmp_path):
    corrupted(tmp_path, shares=(0.2, 0.5))
    corrupted(tmp_path, shares=(0.8,), mixup={"curve": (4500, 4000)})
    assert of_others(tmp_path, "P12", "P15") == ["fails", "holds"]


def test_they_are_asked_whatever_the_setting(tmp_path):
    study(tmp_path, probes=())
    before = verdicts(tmp_path)
    corrupted_labels(tmp_path, shares=(0.5,), options={})
    tabular(tmp_path)
    after = verdicts(tmp_path)
    for claim in BY_ID.keys() - set(OTHERS):
        assert after[claim] == before[claim], claim  # runs on corrupted labels change no other verdict
    assert verdicts(tmp_path, "abalone-mlp", ["P12"])["P12"] == after["P12"]
    assert after["P12"].sentence.startswith("on cifar10-corrupt0.5-preactresnet18 and its like: at 50 %, 5 paired")


def test_one_alpha_has_no_best_and_four_seeds_are_too_few(tmp_path):
    corrupted_labels(tmp_path, seeds=4)
    found = verdicts(tmp_path, ids=OTHERS)
    assert {claim: verdict.status for claim, verdict in found.items() if verdict.status != "not run"} == dict.fromkeys(
        ("P12", "P13", "P14", "P15", "P35"), "too few runs"
    )
    assert "4 paired seeds" in found["P12"].sentence
    assert any("--corrupt-labels 0.8" in line and "--seed 4" in line for line in found["P12"].commands)
    assert any("--dropout 0.7" in line and "--mixup" not in line for line in found["P13"].commands)
    assert any("--dropout 0.5" in line and "--alpha 4.0" in line for line in found["P14"].commands)
    assert all("--mixup" in line and "--corrupt-labels" in line for line in found["P16"].commands)
    more = {(alpha, 0.0): fixtures.CORRUPTED[8.0, 0.0] for alpha in (2.0, 32.0)}
    corrupted_labels(tmp_path, seeds=4, arms=more)
    assert of_others(tmp_path, "P16") == ["too few runs"]

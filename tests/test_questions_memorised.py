"""What is learnt of real and corrupted labels, and with which α."""

import pytest

from tests import fixtures
from tests.asking import corrupted, corrupted_labels, of_others, verdicts


@pytest.mark.parametrize(("lasts", "status"), [((640, 630), "holds"), ((703, 704), "fails"), ((1200, 1210), "fails")])
def test_how_near_the_last_epoch_is_to_the_best(tmp_path, lasts, status):
    for seeds, last in zip((5, 2), lasts, strict=True):
        corrupted(tmp_path, both={"curve": (4500, 900, 621, last)}, seeds=seeds)
    assert of_others(tmp_path, "P14") == [status]


def test_of_differences_that_are_all_the_same_five_are_too_few(tmp_path):
    """By the sign test, since there is no spread to tell by what another run would be."""
    corrupted(tmp_path, both={"curve": (4500, 900, 621, 700)})
    assert of_others(tmp_path, "P14") == ["undecided"]


def test_differences_that_are_all_on_the_bound_lie_on_neither_side(tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.questions.memorised.NEAR", 0.8)
    corrupted(tmp_path, both={"curve": (4500, 900, 620, 700)})
    assert {part.p for part in verdicts(tmp_path, ids=["P14"])["P14"].parts} == {1}


@pytest.mark.parametrize(
    ("erm", "mixup", "status"),
    [
        ({"labels": (2, 4316, 500)}, {}, "holds in part"),  # it learnt as few of the corrupted as ERM
        ({"labels": (2, 4500, 500)}, {}, "fails"),  # more than ERM
        ({}, {"labels": (5, 150, 4500)}, "fails"),  # fewer, but nearly all
        ({}, {"labels": (4400, 4316, 4000)}, "fails"),  # it learnt nothing at all
    ],
)
def test_what_is_learnt_of_real_and_corrupted_labels(tmp_path, erm, mixup, status):
    corrupted(tmp_path, erm=erm, mixup=mixup)
    assert of_others(tmp_path, "P15") == [status]


@pytest.mark.parametrize(
    ("best", "status"),
    [((2, 8, 32), "holds"), ((8, 8, 8), "undecided"), ((32, 8, 2), "fails"), ((2, 32, 8), "holds")],
)
def test_the_best_alpha_over_shares(tmp_path, best, status):
    for share, alpha in zip((0.2, 0.5, 0.8), best, strict=True):
        arms = {(a, 0.0): fixtures.Model(curve=(4000, 1000 if a == alpha else 1500)) for a in (2.0, 8.0, 32.0)}
        corrupted_labels(tmp_path, shares=(share,), arms=arms)
    found = verdicts(tmp_path, ids=["P16"])["P16"]
    assert found.status == status
    assert f"lowest mean error at 20 %: α = {best[0]}, 50 %: α = {best[1]}, 80 %: α = {best[2]}" in found.sentence
    assert found.rows[0] == f"seed 0, best at 20 %: α = {best[0]}, 50 %: α = {best[1]}, 80 %: α = {best[2]}"


def test_the_best_alpha_is_asked_where_there_are_several(tmp_path):
    """Of CIFAR-10, which would come first, one alpha was trained; of another network two."""
    one, two = {"epochs": 20}, {"epochs": 20, "width": 8}
    corrupted_labels(
        tmp_path, shares=(0.2, 0.5), options=one, arms={(None, 0.0): fixtures.ERM, (8.0, 0.0): fixtures.MIXUP}
    )
    for share, alpha in ((0.2, 2.0), (0.5, 32.0)):
        arms = {(a, 0.0): fixtures.Model(curve=(4000, 1000 if a == alpha else 1500)) for a in (2.0, 32.0)}
        corrupted_labels(tmp_path, shares=(share,), options=two, arms=arms)
    found = verdicts(tmp_path, ids=["P16"])["P16"]
    assert found.status == "holds"
    assert "-w8-" in found.sentence

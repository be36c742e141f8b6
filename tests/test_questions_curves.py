"""Curves over epochs: who leads, where the error jumps, how soon a training is there."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.collect import collect
from analysis.questions import show
from tests import fixtures
from tests.asking import SEEDS, at, drawn, of_study
from tests.fixtures import ERM, MIXUP, STEP


def test_curves(whole):
    figure = show("curves", whole)
    training, accuracy, loss, error = figure.picture.axes
    assert "λ-weighted" in training.get_title()
    assert "not comparable" in figure.caption
    assert list(drawn(error)["_ERM, seed 1"].get_ydata()[::50]) == pytest.approx([30.07, 20.07, 9.07, 5.67])
    assert at(drawn(error)["_mixup"], 200) == pytest.approx(4.20 + np.mean([step // 2 for step in STEP[:SEEDS]]) / 100)
    assert at(drawn(accuracy)["_ERM"], 200) == pytest.approx(100 - at(drawn(error)["_ERM"], 200))
    assert at(drawn(training)["_ERM"], 2) == pytest.approx(75)
    assert at(drawn(loss)["_ERM, seed 0"], 1) == pytest.approx(0.30)
    assert not any(ax.collections for ax in figure.picture.axes)


def test_a_mark_at_a_tenth_of_the_epochs_that_were_measured(whole):
    def marked(results):
        return drawn(show("curves", results).picture.axes[3])["_ERM"].get_markevery()

    often = replace(whole, curves=whole.curves[whole.curves["epoch"] % 20 == 0])  # 10 of 200
    assert (marked(whole), marked(often)) == (20, 1)


def test_held_out_runs_are_in_no_curve(tmp_path):
    fixtures.train(tmp_path, options={"holdout": 5000})
    assert show("curves", collect(tmp_path)).picture is None


@pytest.mark.parametrize(
    ("erm", "mixup", "status"),
    [((3000, 500), (3300, 420), "holds"), ((3300, 500), (3000, 420), "fails"), ((3000, 420), (3300, 500), "fails")],
)
def test_who_leads_early_and_late(tmp_path, erm, mixup, status):
    early_and_late = {
        "erm": (erm[0], *[erm[1]] * 4),
        "mixup": (mixup[0], *[mixup[1]] * 4),
    }  # a fifth of the epochs each
    arms = {"erm": replace(ERM, curve=early_and_late["erm"]), "mixup": replace(MIXUP, curve=early_and_late["mixup"])}
    assert of_study(tmp_path, "D3", probes=(), **arms) == [status]


@pytest.mark.parametrize(("curve", "status"), [((900, 900, 500, 450), "holds"), ((900, 900, 850, 450), "fails")])
def test_the_jump_is_at_the_first_drop(tmp_path, curve, status):
    arms = {"erm": replace(ERM, curve=curve), "mixup": replace(MIXUP, curve=curve)}
    assert of_study(tmp_path, "D4", probes=(), **arms) == [status]


@pytest.mark.parametrize(("best", "status"), [(200, "holds"), (185, "holds"), (150, "fails")])
def test_similar_speed(tmp_path, best, status):
    curve = [900 - epoch if epoch <= best else 900 for epoch in range(1, 201)]
    arms = {"erm": replace(ERM, curve=curve), "mixup": replace(MIXUP, curve=range(900, 700, -1))}
    assert of_study(tmp_path, "P3", probes=(), **arms) == [status]

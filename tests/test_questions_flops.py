"""Test error over FLOPs."""

from dataclasses import replace

import pytest

from analysis import paper
from analysis.collect import collect
from analysis.questions import show
from common import costs
from common.models import Blueprint
from tests.asking import at, drawn, study
from tests.fixtures import ERM, MIXUP


def test_the_decks_flops_are_those_of_its_setting():
    ten, rgb = tuple("abcdefghij"), (0.5, 0.5, 0.5)
    blueprint = Blueprint("preactresnet18", paper.DECK["width"], ten, (3, 32, 32), rgb, rgb)
    flops = costs.flops_per_row(blueprint) * paper.DECK["images"] * paper.DECK["epochs"]
    assert pytest.approx(flops, rel=0.01) == paper.DECK_FLOPS


def test_budgets_that_differ_in_epochs_are_joined(tmp_path):
    """The fixtures' FLOPs are width times epochs, in GFLOP."""
    study(
        tmp_path,
        probes=(),
        options={"epochs": 20},
        erm=replace(ERM, curve=(900, 650)),
        mixup=replace(MIXUP, curve=(9, 800)),
    )
    study(tmp_path, probes=())
    study(tmp_path, probes=(), options={"subset": 5000})  # another question
    figure = show("flops", collect(tmp_path))
    (ax,) = figure.picture.axes
    mean = drawn(ax)["_mixup"]
    assert [x * 1e15 for x in mean.get_xdata()] == pytest.approx([64 * 20e9, 64 * 200e9])
    assert mean.get_ydata()[0] > 7.9
    assert at(drawn(ax)["_ERM"], 64 * 200e9 / 1e15) == pytest.approx(5.61, abs=0.02)
    assert at(drawn(ax)["_deck, mixup"], paper.DECK_FLOPS / 1e15) == 4.21
    assert "preactresnet18, 20 epochs (n = 5), test error: ERM 6.51 %, mixup 8.00 %" in figure.caption
    assert figure.missing == ""
    assert len(figure.records) == 20

"""Test error over FLOPs."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from analysis import over, paper
from analysis.collect import collect
from analysis.questions import show
from analysis.setting import Setting
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


def test_on_few_images_the_budget_is_named_from_which_on_mixup_pays(tmp_path):
    """9 points worse at 20 epochs, 10 better at 100 and at 200: 64 GFLOP an epoch."""
    for epochs, ours in ((20, 3000), (100, 1100), (200, 1000)):
        of = {"subset": 2000, "epochs": epochs}
        study(tmp_path, probes=(), options=of, erm=replace(ERM, curve=(2100,)), mixup=replace(MIXUP, curve=(ours,)))
    study(tmp_path, probes=(), options={"subset": 1000})  # of one budget alone
    figure = show("flops-few", collect(tmp_path))
    above, below = figure.picture.axes
    assert above.get_title() == "2,000 images, preactresnet18-w64"
    assert any(list(line.get_ydata()) == [0, 0] for line in below.get_lines())
    assert at(drawn(above)["_mixup"], 64 * 100e9 / 1e12) == pytest.approx(11.01, abs=0.02)
    between = figure.data[figure.data["panel"] == "2,000 images, preactresnet18-w64, mixup minus ERM"]
    assert list(between["x"]) == pytest.approx([1.28, 6.4, 12.8])
    assert list(between["y"]) == pytest.approx([9, -10, -11], abs=0.05)
    assert (
        "2,000 images, preactresnet18-w64, mixup minus ERM: 20 epochs +8.99 points [+8.94, +9.04], n = 5; 100 "
        in figure.caption
    )
    shown = "mixup is shown to err more at 20 and less at 100, 200 epochs; with each doubling"
    assert f"n = 5. By Holm's correction over the budgets {shown}" in figure.caption
    slope = np.polyfit(np.log2([1.28, 6.4, 12.8]), [9, -10, -11], 1)[0]
    assert f"the difference moves by {slope:+.2f}".replace("-", "−") in figure.caption
    assert len(figure.records) == 30


@pytest.mark.parametrize(("epochs", "share", "does"), [(1, 0.0, True), (0, 0.0, False), (9, 0.2, False)])
def test_what_was_not_trained_has_no_budget(epochs, share, does):
    """Given weights, measured as they are, took no FLOPs, whose logarithm is none."""
    config = {"dataset": "cifar10", "epochs": epochs, "corrupt_labels": share}
    setting = Setting(SimpleNamespace(config=lambda name: config), "given")
    assert setting.trains_on_clean_labels == does
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Setting, "pairs", 5)
        assert bool(over.shown([setting] * 3)) == does


def test_where_mixup_never_pays_it_is_said(tmp_path):
    for epochs in (20, 100, 200):
        study(tmp_path, probes=(), options={"subset": 2000, "epochs": epochs}, mixup=replace(MIXUP, curve=(3000,)))
    said = "mixup is shown to err more at 20, 100, 200 epochs; with each"
    assert said in show("flops-few", collect(tmp_path)).caption


def test_how_soon_an_error_was_reached_is_read_off_the_curve(tmp_path):
    """ERM errs in 9.0 % from half of its 200 epochs on, in 5.6 % from three quarters; mixup never in less than 8."""
    study(tmp_path, probes=(), mixup=replace(MIXUP, curve=(3000, 2000, 950, 800)))
    table = show("table-reached", collect(tmp_path))
    erm, mixup = (table.frame[table.frame["method"] == method].iloc[0] for method in ("ERM", "mixup"))
    pflop = 64 * 200e9 / 1e15
    assert float(erm["PFLOP"]) == pytest.approx(pflop, rel=0.01)
    assert float(erm["PFLOP to 90 %"]) == pytest.approx(pflop * 101 / 200, rel=0.01)
    assert float(erm["hours to 93 %"]) == pytest.approx(float(erm["hours"]) * 151 / 200, rel=0.01)
    assert float(mixup["PFLOP to 90 %"]) == pytest.approx(pflop * 101 / 200, rel=0.01)
    assert mixup["PFLOP to 93 %"] == mixup["hours to 93 %"] == "0 of 5 reached it"
    assert len(table.records) == 10

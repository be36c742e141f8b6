"""Test error over the number of training rows."""

from dataclasses import replace

import pytest

from analysis.collect import collect
from analysis.questions import show
from analysis.setting import families
from tests import fixtures
from tests.asking import study
from tests.fixtures import ERM, MIXUP


def test_what_lies_between_is_shown_over_the_rows(tmp_path):
    """10 points, 5 and 1."""
    for rows, ours in ((500, 1000), (1000, 1500), (2000, 1900)):
        curves = {"erm": replace(ERM, curve=(2000,)), "mixup": replace(MIXUP, curve=(ours,))}
        study(tmp_path, probes=(), options={"subset": rows}, **curves)
    study(tmp_path, probes=(), options={"subset": 500, "width": 8})  # no course: of one number of rows
    figure = show("examples", collect(tmp_path))
    between = figure.data[figure.data["panel"] == "cifar10, mixup minus ERM"]
    assert list(between["x"]) == [500, 1000, 2000]
    assert list(between["y"]) == pytest.approx([-10, -5, -1], abs=0.05)
    assert "cifar10, 1,000 rows in batches of 128 (n = 5): test error: ERM 20.01 %, mixup 15.00 %" in figure.caption
    assert len(figure.records) == 30


def test_two_numbers_of_rows_show_no_course(tmp_path):
    for rows in (500, 1000):
        study(tmp_path, probes=(), options={"subset": rows})
    assert "few-digits" in show("examples", collect(tmp_path)).missing


def test_all_rows_are_the_last_number_of_them(tmp_path):
    for subset, alpha in ((None, None), (None, 1.0), (500, None), (500, 1.0)):
        fixtures.train(tmp_path, alpha=alpha, options={"subset": subset})
    (group,) = families(collect(tmp_path), "subset")
    assert list(group) == [500, None]

"""The border between two classes of points."""

import statistics

import matplotlib as mpl
import numpy as np
import pytest

from analysis.collect import collect
from analysis.questions import show
from common.records import ROOT
from tests import fixtures
from tests.asking import column, verdicts


def test_borders(small):
    table = show("table-borders", small)
    assert column(table, "method") == ["ERM", "mixup"]
    widths = [0.80, 0.82, 0.83]
    assert (
        column(table, "radius in .1 < p < .9")[1] == f"{statistics.mean(widths):.2f} ± {statistics.stdev(widths):.2f}"
    )


def test_the_border_lies_where_p_is_one_half(whole):
    figure = show("boundaries", whole)
    *maps, bar = figure.picture.axes
    assert [ax.get_title() for ax in maps] == ["ERM", "mixup α=1"]
    for ax in maps:
        (border,) = (one for one in ax.collections if isinstance(one, mpl.contour.ContourSet) and not one.filled)
        assert list(border.levels) == [0.1, 0.5, 0.9]
        middle = border.get_paths()[1].vertices
        assert middle[:, 0] == pytest.approx(np.zeros(len(middle)), abs=1e-9)  # p rises with x
        assert middle[:, 1].min() == -1.5
        assert middle[:, 1].max() == 1.5
        points = [tuple(one.get_offsets()[0]) for one in ax.collections if not isinstance(one, mpl.contour.ContourSet)]
        assert points == [(1, 1), (0, 0)]  # class 0, class 1
    assert bar.get_ylabel() == "p(class 1)"
    assert "mean over seeds: circles-paper (3 seeds): ERM " in figure.caption


def test_each_border_says_the_mean_of_its_own_seeds(tmp_path):
    fixtures.boundary(tmp_path, {None: (0.16, 0.32)}, name="moons")
    fixtures.boundary(tmp_path, {None: (0.16,) * 5}, name="spirals")
    caption = show("boundaries", collect(tmp_path)).caption
    assert "mean over seeds: moons (2 seeds): ERM " in caption
    assert "; spirals (5 seeds): ERM " in caption


def test_a_border_off_the_round_is_judged_by_the_grid(tmp_path):
    fixtures.train(tmp_path)
    fixtures.boundary(tmp_path, {None: (0.16, 0.32, 0.16, 0.16, 0.32), 8.0: (1.6, 1.76, 1.6, 1.6, 1.76)}, name="moons")
    found = verdicts(tmp_path, ids=["P6"])["P6"]
    assert (found.status, found.sentence[:44]) == ("holds", "on moons, 5 paired seeds: grid in .1 < p < .")


def test_of_several_records_of_a_border_that_of_most_seeds_is_asked(tmp_path):
    fixtures.train(tmp_path)
    for seeds in (3, 5):
        fixtures.boundary(tmp_path, fixtures.of_bands(seeds))
    found = verdicts(tmp_path, ids=["P6"])["P6"]
    assert (found.status, found.n, len(found.records)) == ("holds", 5, 1)
    assert verdicts(tmp_path, ids=["P6"])["P6"].commands == ()


def test_few_borders_ask_for_seeds_that_are_enough(tmp_path):
    fixtures.train(tmp_path)
    fixtures.boundary(tmp_path, fixtures.of_bands(4))
    (line,) = verdicts(tmp_path, ids=["P6"])["P6"].commands
    assert line.startswith(f"python {ROOT}/scripts/boundary.py --seeds 0 1 2 3 4")

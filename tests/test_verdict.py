"""How a verdict is come to: parts, margins, sides."""

import numpy as np
import pytest
from scipy import stats

from analysis.intervals import interval
from analysis.verdict import Part, above, joined, side, together, whole, within


def test_how_parts_make_a_whole():
    assert together(["holds", "holds"]) == "holds"
    assert together(["holds", "undecided"]) == together(["holds", "too few runs"]) == "holds in part"
    assert together(["undecided", "fails", "too few runs", "holds"]) == "fails"
    assert together(["undecided", "too few runs"]) == together(["undecided", "not run"]) == "too few runs"
    assert together(["not run", "not run"]) == together([]) == "not run"


def test_what_decided_it():
    """Of a claim that holds, or fails, the parts that do; of one that is open none."""
    paths = {"holds": "results/digits/a.json", "fails": "results/cifar10/b.json", "undecided": "results/toy/c.json"}
    of = {given: whole("", [Part("", 5, given=given)], [], [path], []) for given, path in paths.items()}

    def decided_by(*given):
        return [part.datasets for part in joined([of[one] for one in given]).decisive]

    assert decided_by("holds", "holds") == [("digits",), ("digits",)]
    assert decided_by("holds", "undecided") == [("digits",)]
    assert decided_by("holds", "fails", "undecided") == [("cifar10",)]
    assert decided_by("undecided") == []
    assert joined([]).decisive == []


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ((1.0, 1.1, 0.9, 1.0, 1.2), "holds"),
        ((-1.0, -1.1, -0.9, -1.0, -1.2), "fails"),
        ((1.0, -1.1, 0.9, -1.0, 1.2), "undecided"),
        ((1.0, 1.1, 0.9, 1.0), "too few runs"),
        ((), "not run"),
        ((1e-15,) * 5, "undecided"),
        ((1.0,) * 5, "holds"),
    ],
)
def test_the_side_of_a_mean(values, status):
    assert side("", interval(values), 1).status == status
    assert side("", interval([-value for value in values]), -1).status == status


def test_p_is_that_of_scipy():
    values = [0.3, 1.1, 0.2, 0.9, 0.4]
    assert above("", values, 0.1).p == pytest.approx(stats.ttest_1samp(values, 0.1).pvalue)


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ((0.01, 0.03, -0.02, 0.0, 0.01), "holds"),
        ((0.21, 0.23, 0.22, 0.2, 0.21), "fails"),
        ((-0.21, -0.23, -0.22, -0.2, -0.21), "fails"),
        ((0.09, 0.12, 0.08, 0.11, 0.1), "undecided"),  # on the margin itself
        ((0.3, -0.3, 0.2, -0.2, 0.0), "undecided"),
    ],
)
def test_similar_is_within_a_margin_stated_beforehand(values, status):
    part = within("", values, 0.1)
    assert part.status == status
    low, high = (stats.ttest_1samp(values, end, alternative=of) for end, of in ((-0.1, "greater"), (0.1, "less")))
    if status == "holds":  # two tests of one side each, at 5 %
        assert part.p == pytest.approx(max(low.pvalue, high.pvalue))


def test_similar_is_found_as_seldom_as_it_should_be():
    """Of means that lie on the margin itself, one in twenty is called similar, and one in forty outside."""
    draw = np.random.default_rng(0)
    found = [within("", list(draw.normal(0.1, 0.02, 6)), 0.1).status for _ in range(2000)]
    assert 0.035 < found.count("holds") / 2000 < 0.065
    assert 0.015 < found.count("fails") / 2000 < 0.035

"""Probabilities in between."""

from dataclasses import replace

import pytest

from analysis.questions import show
from tests.asking import at, drawn, of_study
from tests.fixtures import ERM, MIXUP


def test_probability_beside_the_line_that_mixup_trains_for(whole):
    erm, mixup = show("probability", whole).picture.axes
    assert [ax.get_title() for ax in (erm, mixup)] == ["ERM", "mixup"]
    ideal = drawn(mixup)
    assert at(ideal["_λ"], 1) == at(ideal["_1 − λ"], 0) == 1
    first, second, rest = (line for line in mixup.get_lines() if line.get_label() == "_mixup")
    assert [at(line, 0.25) for line in (first, second, rest)] == pytest.approx([0.225, 0.675, 0.1])


@pytest.mark.parametrize(("missed", "status"), [(MIXUP.missed, "holds"), (ERM.missed, "undecided")])
def test_linear_is_nearer_to_lambda(tmp_path, missed, status):
    """The fixtures' distance grows with their misses."""
    assert of_study(tmp_path, "P32", probes=["interpolate"], mixup=replace(MIXUP, missed=missed)) == [status]

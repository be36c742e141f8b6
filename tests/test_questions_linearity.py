"""Probabilities in between."""

import pytest

from analysis.questions import show
from tests.asking import at, drawn


def test_probability_beside_the_line_that_mixup_trains_for(whole):
    erm, mixup = show("probability", whole).picture.axes
    assert [ax.get_title() for ax in (erm, mixup)] == ["ERM", "mixup"]
    ideal = drawn(mixup)
    assert at(ideal["_λ"], 1) == at(ideal["_1 − λ"], 0) == 1
    first, second, rest = (line for line in mixup.get_lines() if line.get_label() == "_mixup")
    assert [at(line, 0.25) for line in (first, second, rest)] == pytest.approx([0.225, 0.675, 0.1])

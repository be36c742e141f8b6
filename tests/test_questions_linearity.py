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


def test_each_seed_has_as_many_pairs_of_different_classes_as_it_drew(whole):
    def caption(more):
        between = whole.between.assign(n_different=[int(more * seed) + 400 for seed in whole.between["seed"]])
        return show("probability", replace(whole, between=between)).caption

    assert caption(0).startswith("Mean over 400 pairs of ")
    assert caption(1).startswith(f"Mean over 400 to {400 + whole.between['seed'].max()} pairs of ")


@pytest.mark.parametrize(("missed", "status"), [(MIXUP.missed, "holds"), (ERM.missed, "undecided")])
def test_linear_is_nearer_to_lambda(tmp_path, missed, status):
    """The fixtures' distance grows with their misses."""
    assert of_study(tmp_path, "P32", probes=["interpolate"], mixup=replace(MIXUP, missed=missed)) == [status]

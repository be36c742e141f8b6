"""Beyond the two examples."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.questions import show
from tests import fixtures
from tests.asking import SEEDS, at, drawn, of_study, verdicts
from tests.fixtures import ERM, MIXUP, STEP


def test_misses_and_slope_beyond_the_examples(whole):
    misses, steep = show("outside", whole).picture.axes
    assert misses.get_xlim() == steep.get_xlim() == (-0.55, 1.55)
    for lam in (-0.5, 1.5):  # as far outside as the middle is inside, where the fixtures have as many
        assert at(drawn(misses)["_ERM"], lam) == pytest.approx(16.4 + np.mean(STEP[:SEEDS]) / 100)
    assert at(drawn(steep)["_ERM"], 1.5) == pytest.approx(10 + np.mean(STEP[:SEEDS]) / 1000)


@pytest.mark.parametrize(
    ("numbers", "status"),
    [({}, "holds"), ({"logit_norm": ERM.logit_norm}, "holds in part"), ({"missed": (140, 3000)}, "fails")],
)
def test_swings_are_asked_of_misses_and_slope(tmp_path, numbers, status):
    assert of_study(tmp_path, "D10", probes=["interpolate"], mixup=replace(MIXUP, **numbers)) == [status]


def test_only_what_lies_outside_counts(tmp_path):
    """(16.4 - 1.4) * 2 * (|lam| or |lam - 1|) + 1.4, of lam = -0.5, -0.4, … -0.1 and its like."""
    of_study(tmp_path, "D10", probes=["interpolate"])
    rows = verdicts(tmp_path, ids=["D10"])["D10"].rows
    mean = np.mean([1.4 + 15 * 2 * far for far in (0.5, 0.4, 0.3, 0.2, 0.1)]) + STEP[0] / 100
    assert f"seed 0: ERM {mean:.2f} %" in rows[0]


def test_what_was_looked_at_in_between_alone_asks_for_the_rest(tmp_path):
    for seed in range(5):
        fixtures.interpolate(tmp_path, fixtures.train(tmp_path, seed=seed))
        fixtures.interpolate(tmp_path, fixtures.train(tmp_path, MIXUP, alpha=1.0, seed=seed), MIXUP)
    verdict = verdicts(tmp_path, ids=["D10"])["D10"]
    assert verdict.status == "not run"
    assert "--beyond 0.5" in verdict.commands[-1]

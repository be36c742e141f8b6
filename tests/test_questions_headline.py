"""The study in one picture."""

import numpy as np
import pytest
from scipy import stats

from analysis.collect import collect
from analysis.questions import show
from tests import fixtures
from tests.asking import SEEDS, at, drawn
from tests.fixtures import STEP


def test_the_headline_holds_pairs_and_their_difference(whole):
    figure = show("headline", whole)
    left, right = figure.picture.axes
    erm = [5.60 + step / 100 for step in STEP[:SEEDS]]
    mixup = [4.20 + step // 2 / 100 for step in STEP[:SEEDS]]
    for seed in range(SEEDS):
        assert list(drawn(left)[f"_seed {seed}"].get_ydata()) == pytest.approx([erm[seed], mixup[seed]])
    low, high = stats.ttest_rel(mixup, erm).confidence_interval(0.95)
    said = (
        f"mixup − ERM: {np.mean(mixup) - np.mean(erm):+.2f} points (3 pairs)\n95 % t interval [{low:+.2f}, {high:+.2f}]"
    )
    assert left.get_xlabel() == said.replace("-", "−")
    assert np.ptp(left.get_ylim()) >= 1
    assert at(drawn(right)["_mixup"], 0.5) == pytest.approx(5.90 + np.mean([step // 2 for step in STEP[:SEEDS]]) / 100)


def test_the_headline_stands_without_a_probe(tmp_path):
    fixtures.study(tmp_path, seeds=1, probes=())
    figure = show("headline", collect(tmp_path))
    (left,) = figure.picture.axes
    assert left.get_xlabel() == "mixup − ERM: −1.40 points (1 pair)"
    assert "scripts/interpolate.py" in figure.missing

"""Calibration and cross-entropy."""

import re
from dataclasses import replace

import numpy as np
import pytest

from analysis.questions import show
from tests import fixtures
from tests.asking import SEEDS, drawn, verdicts
from tests.fixtures import ERM, MIXUP, STEP


def test_calibration_pools_the_seeds(whole):
    figure = show("calibration", whole)
    above, _ = figure.picture.axes
    line = drawn(above)["_ERM"]
    right = np.mean([(10_000 - 560 - step) / 100 for step in STEP[:SEEDS]])
    assert list(line.get_ydata()) == pytest.approx([right])
    assert list(line.get_xdata()) == pytest.approx([right + 5], abs=0.01)
    assert figure.data["n"].max() == SEEDS * 10_000


def test_what_is_decided_stays_said_when_another_part_is_not(tmp_path):
    """Calibration error is lower for sure, cross-entropy scatters."""
    for seed, nats in enumerate((0.1, 0.5, 0.1, 0.6, 0.3)):
        fixtures.train(tmp_path, ERM, seed=seed)
        fixtures.train(tmp_path, replace(MIXUP, cross_entropy=nats), alpha=1.0, seed=seed)
    found = verdicts(tmp_path, ids=["L1"])["L1"]
    assert found.status == "holds in part"
    assert [part.status for part in found.parts] == ["undecided", "holds"]
    assert re.search(r"cross-entropy: .*: undecided; calibration error: .*: holds", found.sentence)

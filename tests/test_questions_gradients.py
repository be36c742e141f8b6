"""Input gradients in between."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.questions import show
from tests.asking import SEEDS, at, drawn, of_study
from tests.fixtures import ERM, MIXUP, STEP


def test_both_gradients(whole):
    loss, logit = show("gradients", whole).picture.axes
    means = [np.mean(STEP[:SEEDS]) / 1000, np.mean([step // 2 for step in STEP[:SEEDS]]) / 1000]
    for ax, norms in ((loss, (8, 4)), (logit, (10, 5))):
        assert at(drawn(ax)["_ERM"], 0.5) == pytest.approx(norms[0] + means[0])
        assert at(drawn(ax)["_mixup"], 0.5) == pytest.approx(norms[1] + means[1])


@pytest.mark.parametrize(
    ("norms", "status"),
    [({"logit_norm": (9.0, 30.0)}, "fails"), ({"loss_norm": ERM.loss_norm}, "holds in part"), ({}, "holds")],
)
def test_gradients_must_be_smaller_for_loss_and_logit(tmp_path, norms, status):
    assert of_study(tmp_path, "P5", probes=["interpolate"], mixup=replace(MIXUP, **norms)) == [status]

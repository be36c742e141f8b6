"""Differences as dots: which of them are shown to be there."""

import pandas as pd
import pytest
from scipy import stats

from analysis import dots
from analysis.measures import Measure, pair, valued
from analysis.methods import ERM, MIXUP

CLEAR, WEAK, FEW = (-2.0, -2.2, -1.9, -2.1, -1.8), (-2.0, -1.0, -0.2, -1.6, -0.4), (-2.0, -2.2, -1.9, -2.1)


def of(differences):
    rows = [{"method": ERM, "seed": seed, "value": 10.0} for seed in range(len(differences))]
    rows += [{"method": MIXUP, "seed": seed, "value": 10.0 + one} for seed, one in enumerate(differences)]
    frame = pd.DataFrame(rows).assign(record="")
    return pair(Measure("error", "%", valued(frame, "value"), 0.0), MIXUP)


def shown(**rows):
    parts = [dots.numbers("error", name, "mixup", of(differences)) for name, differences in rows.items()]
    found = dots.joined(parts)
    means = found[found["line"] == "mean"].set_index("row")
    return means["is_shown"].to_dict(), means["p"].to_dict()


def test_a_dot_is_filled_by_p_after_holms_correction():
    alone, p = shown(weak=WEAK)
    assert alone == {"weak": True}
    assert p["weak"] == pytest.approx(stats.ttest_1samp(WEAK, 0).pvalue)
    among, corrected = shown(weak=WEAK, clear=CLEAR, other=[-one for one in WEAK], fourth=(0.1, -0.1, 0.2, -0.2, 0.1))
    assert among == {"weak": False, "clear": True, "other": False, "fourth": False}
    assert corrected["clear"] == pytest.approx(4 * stats.ttest_1samp(CLEAR, 0).pvalue)


def test_of_too_few_pairs_none_is_filled_and_none_is_corrected_for():
    is_shown, p = shown(few=FEW, weak=WEAK)
    assert is_shown == {"few": False, "weak": True}
    assert p["weak"] == pytest.approx(stats.ttest_1samp(WEAK, 0).pvalue)

"""Errors by class."""

from scipy import stats

from analysis.collect import collect
from analysis.questions import show
from tests import fixtures
from tests.fixtures import ERM, MIXUP, STEP


def trained(folder, seeds=5, known=True):
    """Two classes of 2,000 and 8,000 rows: mixup errs less on the first, and to and fro on the second."""
    for seed in range(seeds):
        for alpha, model, errors in ((None, ERM, (140 + STEP[seed], 420)), (1.0, MIXUP, (100, 420 + 2 * STEP[seed]))):
            curve = fixtures.Model(curve=(900, sum(errors)), calibration=model.calibration)
            by_class = {"errors": list(errors), "n": [2000, 8000]} if known else None
            fixtures.train(folder, curve, alpha=alpha, seed=seed, options={"epochs": 2}, by_class=by_class)
    return collect(folder)


def test_a_row_a_class(tmp_path):
    table = show("table-classes", trained(tmp_path))
    first, second = table.frame.to_dict("records")
    assert (first["class"], first["ERM (%)"], first["mixup (%)"]) == ("airplane", "7.0 ± 0.4", "5.0 ± 0.0")
    low, high = stats.ttest_1samp([-2 - step / 20 for step in STEP], 0).confidence_interval(0.95)
    assert first["mixup minus ERM (points)"] == f"−2.05 [{low:.2f}, {high:.2f}]".replace("-", "−")
    assert second["class"] == "automobile"
    assert table.lead == ["Of 2 classes, by Holm's correction over them: less error on 1 (airplane)."]


def test_few_pairs_come_to_nothing_and_none_says_how(tmp_path):
    table = show("table-classes", trained(tmp_path / "few", seeds=2))
    assert len(table.frame) == 2
    assert table.lead == []
    table = show("table-classes", trained(tmp_path / "older", seeds=1, known=False))
    assert not table.shows
    assert "scripts/train.py" in table.notes[0]

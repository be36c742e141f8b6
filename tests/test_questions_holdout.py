"""Runs on held-out rows."""

from analysis.collect import collect
from analysis.questions import show
from tests import fixtures
from tests.asking import column
from tests.fixtures import ERM, MIXUP


def test_holdout(tmp_path):
    for alpha, model in ((None, ERM), (1.0, MIXUP)):
        for seed, step in enumerate((0, 10)):
            fixtures.train(tmp_path, model, alpha=alpha, seed=seed, step=step, options={"holdout": 5000, "width": 8})
    table = show("table-holdout", collect(tmp_path))
    assert column(table, "method") == ["ERM", "mixup"]
    assert column(table, "error (%)")[0] == "5.70 ± 0.14"
    assert (column(table, "training rows")[0], column(table, "held out")[0]) == ("45,000", "5,000")
    assert show("table-methods", collect(tmp_path)).frame.empty  # the test part was not looked at

"""Clean training error over α."""

from dataclasses import replace

from tests import fixtures
from tests.asking import of_study, study, verdicts
from tests.fixtures import MIXUP


def test_training_error_over_alpha(tmp_path):
    few, more = replace(MIXUP, clean=150, curve=(900, 500)), replace(MIXUP, clean=250, curve=(900, 450))
    assert of_study(tmp_path / "up", "P29", mixup={0.2: few, 8.0: more}, probes=()) == ["holds"]
    down = {0.2: replace(few, clean=90), 8.0: replace(more, clean=50)}
    assert of_study(tmp_path / "down", "P29", mixup=down, probes=()) == ["fails"]


def test_an_alpha_of_one_seed_takes_no_verdict_away(tmp_path):
    few, more = replace(MIXUP, clean=150, curve=(900, 500)), replace(MIXUP, clean=250, curve=(900, 450))
    study(tmp_path, mixup={0.2: few, 8.0: more}, probes=())
    fixtures.train(tmp_path, few, alpha=4.0)
    assert verdicts(tmp_path, ids=["P29"])["P29"].status == "holds"

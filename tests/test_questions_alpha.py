"""Clean training error over α."""

from dataclasses import replace

from analysis.collect import collect
from analysis.questions import alpha
from analysis.setting import Setting
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


def test_where_every_row_is_learnt_nothing_can_rise(tmp_path):
    study(tmp_path, mixup={0.2: MIXUP, 8.0: MIXUP}, probes=())
    found = collect(tmp_path)
    learnt = replace(found, runs=found.runs.assign(clean_train_error=0.0))
    assert [alpha._pairs(Setting(results, found.settings()[0])) for results in (found, learnt)] == [5, 0]

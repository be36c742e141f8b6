"""What is gained over epochs and width."""

from dataclasses import replace

from tests.asking import SETTING, SMALL, study, verdicts
from tests.fixtures import ERM, MIXUP


def test_the_gain_over_epochs_and_width(tmp_path):
    study(tmp_path, probes=(), options={"epochs": 50}, mixup=replace(MIXUP, curve=(900, 600)))
    study(tmp_path, probes=())
    found = verdicts(tmp_path, SETTING, ["P8"])["P8"]
    assert (found.status, len(found.records)) == ("holds", 20)
    assert "epochs 50 to 200" in found.sentence
    study(tmp_path, probes=(), options={"width": 16}, mixup=replace(MIXUP, curve=(900, 300)))
    assert verdicts(tmp_path, SETTING, ["P8"])["P8"].status == "fails"  # the narrower one gains more


def test_short_trainings(tmp_path):
    study(tmp_path, probes=())
    assert verdicts(tmp_path, ids=["L2"])["L2"].status == "not run"
    study(tmp_path, probes=(), options=SMALL)
    found = verdicts(tmp_path, SETTING, ["L2"])["L2"]
    assert (found.status, found.sentence[:40]) == ("fails", "on cifar10-5000-preactresnet18-w8-60ep, ")
    study(tmp_path, probes=(), options=SMALL, erm=MIXUP, mixup=ERM)
    assert verdicts(tmp_path, SETTING, ["L2"])["L2"].status == "holds"

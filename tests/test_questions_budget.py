"""What is gained over epochs and width."""

from dataclasses import replace

from analysis.collect import collect
from analysis.setting import Setting
from tests import fixtures
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


def test_another_setting_is_asked_of_the_same_kind_of_data_before_others(tmp_path):
    """However many pairs tables have; of too few pairs a kind is no better than another."""
    fixtures.others(tmp_path)
    results = collect(tmp_path)
    pairs = {"digits-smallcnn-2ep": 5, "mnist-preactresnet18-2ep": 6, "iris-test0.2-mlp": 20}
    asked = Setting(results, results.settings()[0])
    assert asked.where(lambda one: pairs.get(one.name, 0)).name == "mnist-preactresnet18-2ep"
    few = {"digits-smallcnn-2ep": 4, "iris-test0.2-mlp": 20}
    assert asked.where(lambda one: few.get(one.name, 0)).name == "iris-test0.2-mlp"
    assert asked.where(lambda one: 5).name == asked.name

"""Which weight decay each prefers."""

from dataclasses import replace

from tests.asking import SETTING, study, verdicts
from tests.fixtures import ERM, MIXUP


def test_weight_decays(tmp_path):
    study(tmp_path, probes=())
    arms = {"erm": replace(ERM, curve=(900, 518)), "mixup": replace(MIXUP, curve=(900, 468))}
    study(tmp_path, probes=(), options={"weight_decay": 5e-4}, **arms)
    assert verdicts(tmp_path, SETTING, ["P24"])["P24"].status == "holds"
    study(tmp_path, probes=(), options={"weight_decay": 5e-4}, erm=ERM, mixup=replace(MIXUP, curve=(9, 400)))
    assert verdicts(tmp_path, SETTING, ["P24"])["P24"].status == "fails"

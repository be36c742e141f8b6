"""Which weight decay each prefers."""

from dataclasses import replace
from itertools import product

from tests import fixtures
from tests.asking import SETTING, study, verdicts
from tests.fixtures import ERM, MIXUP


def test_weight_decays(tmp_path):
    study(tmp_path, probes=())
    arms = {"erm": replace(ERM, curve=(900, 518)), "mixup": replace(MIXUP, curve=(900, 468))}
    study(tmp_path, probes=(), options={"weight_decay": 5e-4}, **arms)
    assert verdicts(tmp_path, SETTING, ["P24"])["P24"].status == "holds"
    study(tmp_path, probes=(), options={"weight_decay": 5e-4}, erm=ERM, mixup=replace(MIXUP, curve=(9, 400)))
    assert verdicts(tmp_path, SETTING, ["P24"])["P24"].status == "fails"


def test_each_at_its_best_weight_decay(tmp_path):
    """ERM does best with the larger decay, 5.18 %, mixup with the smaller, 4.20 %."""
    study(tmp_path, probes=())
    assert verdicts(tmp_path, SETTING, ["P33"])["P33"].status == "not run"
    study(tmp_path, probes=(), options={"weight_decay": 5e-4}, erm=replace(ERM, curve=(900, 518)))
    verdict = verdicts(tmp_path, SETTING, ["P33"])["P33"]
    assert verdict.status == "holds"
    assert "test error, weight decays ERM 0.0005, mixup 0.0001: ERM 5.19 %, mixup 4.20 %" in verdict.sentence
    assert len(verdict.records) == 10
    study(tmp_path, probes=(), options={"weight_decay": 5e-4}, erm=replace(ERM, curve=(900, 318)))
    assert verdicts(tmp_path, SETTING, ["P33"])["P33"].status == "fails"


def test_each_length_of_training_is_asked_for_itself(tmp_path):
    for epochs, arms in ((200, {}), (20, {"erm": MIXUP, "mixup": ERM})):
        for decay in (1e-4, 5e-4):
            study(tmp_path, probes=(), options={"weight_decay": decay, "epochs": epochs}, **arms)
    verdict = verdicts(tmp_path, SETTING, ["P33"])["P33"]
    assert sorted(part.status for part in verdict.parts) == ["fails", "holds"]
    assert len(verdict.records) == 20


def test_weight_decays_that_share_no_seed_are_too_few(tmp_path):
    for decay, seeds in ((1e-4, range(5)), (5e-4, range(5, 10))):
        for seed, alpha in product(seeds, (None, 1.0)):
            fixtures.train(tmp_path, alpha=alpha, seed=seed, step=seed, options={"weight_decay": decay})
    found = verdicts(tmp_path, SETTING, ["P33"])["P33"]
    assert (found.status, found.n) == ("too few runs", 0)
    assert "no seed has all weight decays" in found.sentence


def test_a_weight_decay_in_between_hides_the_papers_two_from_nobody(tmp_path):
    for decay, seed, alpha in product((1e-4, 2e-4, 5e-4), range(5), (None, 1.0)):
        fixtures.train(tmp_path, alpha=alpha, seed=seed, step=seed % 3, options={"weight_decay": decay})
    assert verdicts(tmp_path, SETTING, ["P24"])["P24"].n == 5

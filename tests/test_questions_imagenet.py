"""ImageNet: whether mixup's error falls for each network, and what small and large alphas do."""

from dataclasses import replace

import pytest

from tests import fixtures
from tests.asking import verdicts
from tests.fixtures import ERM, MIXUP

SEEDS = range(5)


def written(folder, model, alpha=None, errors=2400, clean=2000):
    for seed in SEEDS:
        curve = (errors + 3 * seed, errors + (2 if alpha else 3) * seed)
        one = replace(MIXUP if alpha else ERM, curve=curve, clean=clean + (3 if alpha else 1) * seed)
        options = {"model": model, "epochs": 8, "rise_epochs": 0, "lr_drops": (0.5, 0.75)}
        fixtures.train(folder, one, alpha=alpha, seed=seed, dataset="imagenet", options=options)


def of(folder, name):
    return verdicts(folder, ids=[name])[name]


def test_the_error_falls_for_each_network(tmp_path):
    assert of(tmp_path, "P7").status == "not run"
    assert "study.py imagenet" in of(tmp_path, "P7").commands[0]
    for model, less in (("resnet50", 30), ("resnet101", 150)):
        written(tmp_path, model)
        written(tmp_path, model, 0.2, 2400 - less)
    verdict = of(tmp_path, "P7")
    assert (verdict.status, verdict.n, len(verdict.parts)) == ("holds", 5, 2)
    assert "of each network the setting of most pairs" in verdict.sentence
    assert of(tmp_path, "P9").status == "not run"
    written(tmp_path, "resnext101_32x4d")
    written(tmp_path, "resnext101_32x4d", 0.4, 2500)
    assert [part.status for part in of(tmp_path, "P7").parts].count("fails") == 1


@pytest.mark.parametrize(("clean", "status"), [(2600, "holds"), (1500, "fails")])
def test_small_alphas_help_and_a_large_one_underfits(tmp_path, clean, status):
    written(tmp_path, "resnet50")
    for alpha in (0.1, 0.2, 0.4):
        written(tmp_path, "resnet50", alpha, 2300)
    written(tmp_path, "resnet50", 1.0, 2500, clean)
    verdict = of(tmp_path, "P9")
    assert [part.status for part in verdict.parts] == ["holds"] * 3 + [status]
    assert "clean training error: ERM" in verdict.parts[-1].says
    assert "mixup α=1 " in verdict.parts[-1].says

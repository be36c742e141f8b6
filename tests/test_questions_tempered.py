"""Cross-entropy and calibration once logits are divided by a temperature."""

from dataclasses import replace

from scipy import stats

from analysis.collect import collect
from analysis.questions import show
from tests import fixtures
from tests.asking import verdicts
from tests.fixtures import ERM, MIXUP

HELD = {"holdout": 2000, "epochs": 2}
SPREAD = (0.0, 0.01, -0.01, 0.02, -0.02)


def pairs(folder, erm=(1.5, 0.28, 0.01), mixup=(0.6, 0.24, 0.02), seeds=5, options=None):
    """ERM too sure and mixup too timid; mixup with less cross-entropy and more calibration error after it."""
    for seed, off in zip(range(seeds), SPREAD, strict=False):
        for alpha, model, (temperature, nats, error), times in ((None, ERM, erm, 1), (1.0, MIXUP, mixup, 0.5)):
            tempered = (temperature, nats + times * off, error + times * off / 10)
            trained = replace(model, curve=(900, 600))
            chosen = HELD | (options or {})
            fixtures.train(folder, trained, alpha=alpha, seed=seed, options=chosen, tempered=tempered)
    return collect(folder)


def test_before_and_after(tmp_path):
    results = pairs(tmp_path)
    assert results.problems == []
    table = show("table-tempered", results)
    erm, mixup, less = table.frame.to_dict("records")
    assert [erm["method"], mixup["method"], less["method"]] == ["ERM", "mixup", "mixup minus ERM"]
    assert (erm["temperature"], mixup["temperature"]) == ("1.50 ± 0.00", "0.60 ± 0.00")
    assert erm["cross-entropy"] == "0.300 ± 0.000"
    assert erm["tempered cross-entropy"] == "0.280 ± 0.016"
    assert (erm["calibration error"], mixup["calibration error"]) == ("0.050 ± 0.000", "0.030 ± 0.000")
    low, high = stats.ttest_1samp([-0.04 - off / 2 for off in SPREAD], 0).confidence_interval(0.95)
    assert less["tempered cross-entropy"] == f"−0.040 [{low:.3f}, {high:.3f}]".replace("-", "−")
    assert less["n"] == "5 pairs"
    assert table.notes[0].startswith("cifar10-holdout2000-preactresnet18-2ep: 2,000 training rows held out, 48,000 ")
    assert len(table.notes) == 1


def test_each_part_is_judged_for_itself(tmp_path):
    pairs(tmp_path)
    verdict = verdicts(tmp_path, ids=["L7"])["L7"]
    assert [part.status for part in verdict.parts] == ["holds", "fails"]
    assert "tempered calibration error: ERM 0.010, mixup 0.020, difference +0.010" in verdict.sentence
    pairs(tmp_path, mixup=(0.6, 0.24, 0.005))
    assert verdicts(tmp_path, ids=["L7"])["L7"].status == "holds"
    pairs(tmp_path, mixup=(0.6, 0.28, 0.01))
    assert verdicts(tmp_path, ids=["L7"])["L7"].status == "undecided"


def test_too_few_and_none(tmp_path):
    results = pairs(tmp_path / "few", seeds=4)
    few = verdicts(tmp_path / "few", ids=["L7"])["L7"]
    assert (few.status, few.n) == ("too few runs", 4)
    assert all("--holdout 2000" in line for line in few.commands)
    assert "--holdout 2000" in show("table-tempered", results).notes[1]
    fixtures.train(tmp_path / "none", options=HELD)  # from before there were temperatures
    nothing = verdicts(tmp_path / "none", ids=["L7"])["L7"]
    assert nothing.status == "not run"
    assert "study.py few-digits" in nothing.commands[0]
    assert not show("table-tempered", collect(tmp_path / "none")).shows


def test_of_several_settings_that_of_most_pairs(tmp_path):
    pairs(tmp_path, seeds=2, options={"width": 8})
    pairs(tmp_path, seeds=3)
    pairs(
        tmp_path, options={"corrupt_labels": 0.5}
    )  # whose held-out labels are true, and its networks no network's own
    assert show("table-tempered", collect(tmp_path)).frame["n"].tolist() == ["3", "3", "3 pairs"]

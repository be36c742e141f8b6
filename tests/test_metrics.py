import evaluate
import numpy as np
import pytest
from sklearn.metrics import log_loss, top_k_accuracy_score

from common import metrics


@pytest.fixture
def predicted():
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet(np.ones(10) / 3, size=503)
    labels = generator.integers(10, size=503)
    true = probabilities[np.arange(503), labels]
    ranks = (probabilities > true[:, None]).sum(axis=1)
    return probabilities, labels, ranks, -np.log(true), probabilities.max(axis=1)


def test_errors_and_cross_entropy_equal_sklearns(predicted):
    probabilities, labels, ranks, losses, _ = predicted
    got = metrics.errors(ranks, losses, classes=10)
    assert got["n"] == 503
    assert got["errors"] == 503 - top_k_accuracy_score(labels, probabilities, k=1, normalize=False)
    assert got["errors_top5"] == 503 - top_k_accuracy_score(labels, probabilities, k=5, normalize=False)
    assert got["cross_entropy"] == pytest.approx(log_loss(labels, probabilities, labels=range(10)), rel=1e-6)


@pytest.mark.parametrize(("classes", "has"), [(5, False), (6, True)])
def test_top5_counts_from_six_classes_on(classes, has):
    assert ("errors_top5" in metrics.errors(np.array([0, 4]), np.array([0.1, 2.0]), classes)) is has


def test_calibration_by_hand():
    confidences = np.array([0.05, 0.95, 0.95, 1.0, 0.5])
    got = metrics.calibration(np.array([0, 0, 1, 0, 2]), confidences)
    assert sum(bin["n"] for bin in got["bins"]) == 5
    assert (got["bins"][14]["n"], got["bins"][14]["right"]) == (3, 2)
    assert got["bins"][0] == {"n": 1, "right": 1, "mean_confidence": pytest.approx(0.05)}
    assert got["calibration_error"] == pytest.approx((0.95 + abs(2 - 2.9) + 0.5) / 5, abs=1e-6)


def test_calibration_equals_a_plain_loop(predicted):
    *_, ranks, _, confidences = predicted
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (confidences > low) & (confidences <= low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs((ranks[inside] == 0).mean() - confidences[inside].mean())
    assert metrics.calibration(ranks, confidences)["calibration_error"] == pytest.approx(expected, abs=1e-6)


def test_nothing_is_written_at_home(monkeypatch):
    """evaluate would make a folder for each metric there: a container's home may be read-only, or none."""
    monkeypatch.setattr(evaluate.config, "HF_METRICS_CACHE", "/dev/null/home")
    ranks = np.array([0, 1, 0])
    assert metrics.errors(ranks, np.ones(3), classes=2) == {"n": 3, "errors": 1, "cross_entropy": 1.0}
    assert metrics.calibration(ranks, np.full(3, 2 / 3))["calibration_error"] == pytest.approx(0, abs=1e-6)

import evaluate
import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss, top_k_accuracy_score
from torch.nn import functional as F

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


def test_a_temperature_is_where_the_loss_is_least():
    """Also of overconfident and underconfident logits, whose true temperature is known."""
    draw = np.random.default_rng(0)
    logits = draw.normal(size=(20_000, 4))
    labels = (logits + draw.gumbel(size=logits.shape)).argmax(axis=1)  # drawn from their softmax
    for scale in (0.2, 1.0, 5.0):
        found = metrics.temperature(scale * logits, labels)
        assert found == pytest.approx(scale, rel=0.05)
        losses = [cross_entropy(scale * logits / t, labels) for t in (0.99 * found, found, 1.01 * found)]
        assert losses[1] == min(losses)


def cross_entropy(logits, labels):
    return F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels)).item()


def test_each_half_is_tempered_by_what_fits_the_other():
    draw = np.random.default_rng(0)
    logits = (7 * draw.normal(size=(501, 4))).astype(np.float32)
    labels = (logits / 7 + draw.gumbel(size=logits.shape)).argmax(axis=1)
    kept = logits.copy()
    found = metrics.tempered(logits, labels)
    assert np.array_equal(logits, kept)
    odd, even = metrics.temperature(logits[1::2], labels[1::2]), metrics.temperature(logits[::2], labels[::2])
    assert found["temperatures"] == pytest.approx([odd, even], rel=1e-6)
    divided = logits.astype(np.float64)
    divided[::2] /= odd
    divided[1::2] /= even
    assert found["cross_entropy"] == pytest.approx(cross_entropy(divided, labels))
    assert found["cross_entropy"] < 0.5 * cross_entropy(logits.astype(np.float64), labels)
    assert sum(one["right"] for one in found["bins"]) == (logits.argmax(1) == labels).sum()
    before = metrics.calibration(
        (logits.argmax(1) != labels).astype(int), torch.from_numpy(logits).softmax(1).amax(1).numpy()
    )
    assert found["calibration_error"] < before["calibration_error"] / 3


def test_rows_that_are_all_right_become_as_sure_as_can_be():
    logits = 3 * np.eye(4)
    found = metrics.tempered(logits, np.arange(4))
    assert all(metrics.COLDEST <= one < 0.2 for one in found["temperatures"])  # where nothing is left to gain
    assert found["cross_entropy"] < 1e-6
    assert found["calibration_error"] < 1e-6

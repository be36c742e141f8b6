"""What is counted of a model's outcomes. Local `evaluate.Metric` classes: the stock ones are scripts on the hub.

An outcome of one example is the rank of its true class (0: predicted; 4: still among the top five), its loss, and the
confidence, the probability of the predicted class. Counts stay integers with their n.
"""

from tempfile import TemporaryDirectory
from typing import Any

import datasets
import evaluate
import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax

from common.consistency.compared import TOP5_FROM

BINS = 15


class Errors(evaluate.Metric):
    """Top-1 and top-5 errors, from the ranks of the true classes."""

    def _info(self) -> evaluate.MetricInfo:
        return _info("Counts of top-1 and top-5 errors.", ranks="int64")

    def _compute(self, ranks: Any) -> dict[str, int]:
        ranks = np.asarray(ranks)
        return {"n": len(ranks), "errors": int((ranks > 0).sum()), "errors_top5": int((ranks >= 5).sum())}


class CrossEntropy(evaluate.Metric):
    """Mean cross-entropy in nats, from the losses of the examples."""

    def _info(self) -> evaluate.MetricInfo:
        return _info("Mean cross-entropy in nats.", losses="float32")

    def _compute(self, losses: Any) -> dict[str, float]:
        return {"cross_entropy": float(np.asarray(losses, dtype=np.float64).mean())}


class Calibration(evaluate.Metric):
    """Expected calibration error (Guo et al. 2017): the mean over 15 equal bins of confidence, weighted by their
    counts, of the distance between the bin's accuracy and its mean confidence. The bins are kept."""

    def _info(self) -> evaluate.MetricInfo:
        return _info("Expected calibration error over 15 bins.", ranks="int64", confidences="float32")

    def _compute(self, ranks: Any, confidences: Any) -> dict[str, Any]:
        hits = np.asarray(ranks) == 0
        confidences = np.asarray(confidences, dtype=np.float64)
        # A bin holds its upper edge, so that a confidence of exactly 1 has one.
        index = np.clip(np.ceil(confidences * BINS).astype(int) - 1, 0, BINS - 1)
        n = np.bincount(index, minlength=BINS)
        right = np.bincount(index, weights=hits, minlength=BINS)
        confidence = np.bincount(index, weights=confidences, minlength=BINS)
        bins = [
            {"n": int(c), "right": int(r), "mean_confidence": float(s / c) if c else 0.0}
            for c, r, s in zip(n, right, confidence, strict=True)
        ]
        return {"calibration_error": float(np.abs(right - confidence).sum() / len(hits)), "bins": bins}


def _info(description: str, **columns: str) -> evaluate.MetricInfo:
    features = datasets.Features({name: datasets.Value(dtype) for name, dtype in columns.items()})
    return evaluate.MetricInfo(description=description, citation="", features=features)


def _computed(metric: type[evaluate.Metric], **columns: np.ndarray) -> Any:
    """In memory; yet evaluate makes a folder for each metric, at home if it is not told where, and a home may be
    read-only."""
    with TemporaryDirectory() as folder:
        return metric(keep_in_memory=True, cache_dir=folder).compute(**columns)


def errors_of(ranks: np.ndarray, classes: int) -> dict[str, int]:
    """n, top-1 errors and, from six classes on, top-5 errors."""
    counts = _computed(Errors, ranks=ranks)
    if classes < TOP5_FROM:
        del counts["errors_top5"]
    return counts


def errors(ranks: np.ndarray, losses: np.ndarray, classes: int) -> dict[str, Any]:
    """The same, and the mean cross-entropy of one part of a data set."""
    return errors_of(ranks, classes) | _computed(CrossEntropy, losses=losses)


def by_class(ranks: np.ndarray, labels: np.ndarray, classes: int) -> dict[str, list[int]]:
    """Errors and rows of each class, in the classes' order."""
    wrong = np.bincount(labels, weights=ranks > 0, minlength=classes)
    return {"errors": wrong.astype(int).tolist(), "n": np.bincount(labels, minlength=classes).tolist()}


def by_label(predicted: np.ndarray, given: np.ndarray, true: np.ndarray, drawn: np.ndarray) -> dict[str, Any]:
    """Training errors where labels are corrupted (Table 2): on the rows whose label is ``real``, on those of a
    ``corrupted`` one, which it was given at random, and on the same rows against their true labels, ``restored``.

    predicted, given, true  (n,) classes;  drawn  (n,) whether the given one was drawn at random
    """
    pairs = {"real": (~drawn, true), "corrupted": (drawn, given), "restored": (drawn, true)}
    return {
        name: {"errors": int((predicted != labels)[rows].sum()), "n": int(rows.sum())}
        for name, (rows, labels) in pairs.items()
    }


COLDEST, HOTTEST = 1e-2, 1e2  # temperatures that are looked among


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The one by which logits are divided for the least cross-entropy on these rows (Guo et al. 2017, section 4.2).

    logits  (n, classes);  labels  (n,)
    """

    def loss(log: float) -> float:
        return float(_losses(logits / np.exp(log), labels).mean())

    # The loss is convex in 1 / temperature, and so has one minimum.
    found = minimize_scalar(loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x).clip(COLDEST, HOTTEST))


def tempered(logits: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Cross-entropy and calibration once logits are divided by a temperature that is fitted to other rows: each half of
    the rows, every other one, by that of the other half. What is predicted stays."""
    logits = logits.astype(np.float64)
    halves = slice(0, None, 2), slice(1, None, 2)
    fitted = [temperature(logits[half], labels[half]) for half in reversed(halves)]
    for half, divisor in zip(halves, fitted, strict=True):
        logits[half] /= divisor
    confidences = softmax(logits, axis=1).max(axis=1)
    wrong = (logits.argmax(axis=1) != labels).astype(np.int64)
    losses = {"cross_entropy": float(_losses(logits, labels).mean())}
    return {"temperatures": fitted, **losses, **calibration(wrong, np.minimum(confidences, 1).astype(np.float32))}


def _losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Cross-entropy of each row in nats."""
    of_all: np.ndarray = logsumexp(logits, axis=1)
    return of_all - logits[np.arange(len(labels)), labels]


def calibration(ranks: np.ndarray, confidences: np.ndarray) -> dict[str, Any]:
    """Calibration error and its bins."""
    return _computed(Calibration, ranks=ranks, confidences=confidences)

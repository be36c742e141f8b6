"""What is to be learnt, and what is measured of it."""

import dataclasses
import math

import numpy as np
import pytest

from common.chance import rng
from common.gan import measures, pair, targets
from common.options import gan as options
from tests.gan.small import CPU, config


# Targets and measures
def test_the_targets_are_the_authors():
    ring, grid, grid10 = (targets.named(name) for name in options.TARGETS)
    assert [len(one.places) for one in (ring, grid, grid10)] == list(options.TARGETS.values())
    assert np.allclose(np.linalg.norm(ring.places, axis=1), 1)
    assert np.allclose(ring.places[0], [0, 1])
    assert np.unique(grid.places.round(6)).tolist() == [-1, -0.5, 0, 0.5, 1]
    assert len(np.unique(grid10.places.round(6), axis=0)) == 100
    drawn = grid.draw(rng("test"), 50_000)
    nearest = np.linalg.norm(drawn[:, None] - grid.places[None], axis=2)
    assert np.bincount(nearest.argmin(axis=1)).min() > 1800
    assert (nearest.min(axis=1) ** 2).mean() == pytest.approx(2 * 0.01**2, rel=0.02)
    assert [edge.tolist() for edge in grid.window] == [[-1.25, -1.25], [1.25, 1.25]]


def a_sample(target, which):
    return target.places[np.asarray(which)] + 0.02


def test_known_samples_have_known_measures():
    ring = targets.ring()
    fresh = ring.draw(rng("test"), 800)
    even = measures.measure(ring, a_sample(ring, np.arange(800) % 8), fresh)
    assert (even["hits"], even["covered"], even["balance"]) == ([100] * 8, 8, 0.0)
    assert (even["outside"], even["not_finite"]) == (0, 0)
    one = measures.measure(ring, a_sample(ring, [5] * 800), fresh)
    assert (one["hits"][5], one["covered"], one["balance"]) == (800, 1, pytest.approx(math.log(8)))
    assert one["distance"] > 10 * even["distance"]
    none = measures.measure(ring, np.full((800, 2), 0.5), fresh)
    assert (none["hits"], none["covered"], "balance" in none) == ([0] * 8, 0, False)
    lost = a_sample(ring, np.arange(800) % 8)
    lost[0], lost[1], lost[2] = math.nan, (math.inf, 0), (1.3, 0)
    broken = measures.measure(ring, lost, fresh)
    assert (broken["not_finite"], broken["outside"], "distance" in broken) == (2, 3, False)
    assert broken["hits"] == [99] * 3 + [100] * 5
    away = measures.measure(ring, np.full((800, 2), math.nan), fresh)
    assert (away["outside"], away["covered"], away["hits"]) == (800, 0, [0] * 8)


def test_a_mode_counts_from_a_tenth_of_its_even_share():
    assert measures.of_modes([10, 9, 0, 81], 400)["covered"] == 2
    assert measures.of_modes([10, 10, 10, 10], 400)["balance"] == 0
    assert measures.of_modes([30, 10], 40)["balance"] == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    ring = targets.ring()
    at = ring.places[:1] + np.array([[0.0, 0.0299], [0.0301, 0.0]])
    assert measures.hits(ring, at) == [1, *[0] * 7]


def test_the_distance_is_scipys_along_each_line():
    from scipy.stats import wasserstein_distance

    one, other = (rng("test", k).standard_normal((300, 2)) * [1, k + 1] for k in (0, 1))
    angles = np.pi * np.arange(measures.DIRECTIONS) / measures.DIRECTIONS
    lines = [np.array([math.cos(angle), math.sin(angle)]) for angle in angles]
    wanted = np.mean([wasserstein_distance(one @ line, other @ line) for line in lines])
    assert measures.sliced_wasserstein(one, other) == pytest.approx(wanted)
    assert measures.sliced_wasserstein(one, one + np.array([3, 0])) == pytest.approx(6 / math.pi, rel=1e-2)


def test_the_modern_loss_finds_most_of_a_ring_of_broad_modes():
    broad = dataclasses.replace(targets.ring(), sigma=0.05)
    asked = config("r3gan", penalty=0.1, width=32, batch_size=64, discriminator_steps=1, seeds=(0, 1))
    learning = pair.begin(asked, CPU)
    latent, fresh = pair.fixed_latent(asked, 2000, CPU), broad.draw(rng("test"), 2000)
    untrained = [measures.measure(broad, sample, fresh) for sample in learning.samples(latent)]
    for iteration in range(1, 501):
        learning.iterate(pair.draw(asked, broad, learning.loss, iteration, CPU))
    trained = [measures.measure(broad, sample, fresh) for sample in learning.samples(latent)]
    assert max(row["covered"] for row in untrained) <= 1
    for before, after in zip(untrained, trained, strict=True):
        assert after["covered"] >= 6
        assert sum(after["hits"]) > 0.25 * after["n"] > 10 * sum(before["hits"])
        assert after["distance"] < before["distance"] / 4

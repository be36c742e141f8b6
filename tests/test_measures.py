"""Pairs and intervals, of records with known answers."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import measures, methods
from analysis.collect import collect
from analysis.outcome import outcome
from analysis.setting import Setting
from analysis.verdict import said
from common import records
from tests import fixtures
from tests.fixtures import MIXUP


@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_intervals_are_scipys(n):
    drawn = np.random.default_rng(n)
    one, other = drawn.normal(5, 1, n), drawn.normal(4, 1, n)
    found = measures.interval((other - one).tolist())
    theirs = stats.ttest_rel(other, one).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    assert (found.mean, found.n) == (pytest.approx((other - one).mean()), n)


def test_there_is_no_interval_of_less_than_two():
    one = measures.interval([0.5])
    assert (one.mean, one.n) == (0.5, 1)
    assert math.isnan(one.low)
    assert math.isnan(one.high)
    assert measures.interval([]).n == 0


def test_one_seed_more_lies_where_it_is_expected_to():
    """95 in 100 times, of 4,000 drawings of four seeds."""
    drawn = np.random.default_rng(0).normal(50, 1, (4000, 4))
    hits = 0
    for values in drawn:
        found = measures.next_seed(values[:3].tolist())
        hits += found.low <= values[3] <= found.high
    assert hits / 4000 == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize(("value", "text"), [(-1.4, "−1.40"), (0.256, "+0.26"), (-1e-9, "0.00"), (0.0, "0.00")])
def test_differences_have_a_sign(value, text):
    assert measures.signed(value, 2) == text


def test_an_interval_of_errors_is_possible_and_of_three_at_least():
    assert measures.error_interval([2.0, 70.0, 80.0]).low == 0
    assert measures.next_seed([2.0, 70.0, 80.0]).high == 100
    assert math.isnan(measures.error_interval([14.0, 57.0]).low)
    pairs = measures.Measure("error", "%", pd.DataFrame(), overlap=0.0)
    assert pairs.show_range(-206.3, 262.77) == "[−100.00, +100.00]"


def test_pairs_are_of_the_same_seed_and_source(tmp_path):
    runs = {s: fixtures.train(tmp_path, seed=s) for s in (0, 1, 5)}
    mixed = {s: fixtures.train(tmp_path, MIXUP, alpha=1.0, seed=s) for s in (0, 1, 7)}
    results = collect(tmp_path)
    assert measures.pair(measures.of_runs(results, "error", "error"), methods.MIXUP).seeds == [0, 1]
    for source, target, errors in (
        (runs[5], runs[0], 5000),
        (runs[1], runs[0], 9000),  # there is no such example on mixup, so it is not averaged
        (runs[5], mixed[0], 4000),
        (runs[0], mixed[0], 1),  # of its own seed: no source
        (runs[0], runs[0], 9900),  # nor here: that is white-box
        (mixed[1], mixed[0], 1),  # no ERM model: no source
        (mixed[1], runs[0], 1),
    ):
        fixtures.attack(tmp_path, source, target, {("fgsm", 4.0): errors})
    results = collect(tmp_path)
    found = measures.pair(
        measures.under_attack(Setting(results, results.headline()), "black", "fgsm", 4.0), methods.MIXUP
    )
    assert (found.seeds, found.base, found.other) == ([0], [50.0], [40.0])
    assert len(found.records) == 2


def test_one_table_of_several_that_differs_by_chance_is_no_difference():
    """p is .03 for one alone, and .06 for one of two."""

    def pairs(*values):
        measure = measures.Measure("error", "%", pd.DataFrame(), overlap=0.0)
        return measures.Pairs(
            measure, methods.MIXUP, [(n, 0) for n in range(len(values))], [0.0] * len(values), list(values), []
        )

    one, other = pairs(1.0, 3.2, 0.6, 2.0, 0.5), pairs(1.0, -1.0, 0.5, -0.5, 0.1)
    assert 0.025 < one.interval.p < 0.05
    assert outcome("Error", [("a", one)]).startswith("Error, mixup against ERM, 5 pairs: less error on none of 1; more")
    assert "no difference shown on 2 of 2" in outcome("Error", [("a", one), ("b", other)])
    assert "more error on 1 of 1 (a: +1.46 points [" in outcome("Error", [("a", one)])
    assert "more error on 1 of 1 (+1.46 points [" in outcome("Error", [("", one)])  # of a place that needs no name


def test_a_pair_of_two_kinds_of_machine_is_marked(tmp_path):
    for seed, machines in enumerate([("EPYC", "EPYC"), ("EPYC", "Xeon"), (None, "Xeon")]):
        for alpha, model in zip((None, 1.0), machines, strict=True):
            path = fixtures.train(tmp_path, dataset="cifar10", alpha=alpha, seed=seed)
            if model:
                record = records.read(path)
                record["environment"]["cpu"] = {"model": model, "instructions": "AVX512"}
                records.write(path, record)
    results = collect(tmp_path)
    found = measures.pair(measures.of_runs(results, "error", "test error"), methods.MIXUP)
    assert (found.seeds, found.unlike) == ([0, 1, 2], (1,))
    assert "(the two runs of seed 1 are of two kinds of machine)" in said(found)
    assert "(the two runs of each of seeds 1, 2 are of two kinds of machine)" in said(replace(found, unlike=(1, 2)))


def test_methods_whose_runs_learnt_little_are_named(tmp_path):
    """As many as erred on more than half of their own training rows: 10,000 of those are asked."""
    for seed, clean in enumerate((4999, 5000, 5001)):
        fixtures.train(tmp_path, replace(MIXUP, clean=clean), alpha=1.0, seed=seed)
        fixtures.train(tmp_path, seed=seed)
    said = "Hardly trained, with more than 50 % of the training rows wrong at the end: mixup, 1 of 3 runs."
    assert measures.hardly_trained(collect(tmp_path).runs) == [said]
    fixtures.train(tmp_path, replace(MIXUP, clean=4999), alpha=1.0, seed=2)
    assert measures.hardly_trained(collect(tmp_path).runs) == []

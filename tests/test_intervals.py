import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.intervals import holm, interval, least_difference, power, share

DIFFERENCES = [1.2, -0.4, 2.1, 0.8, 1.9]


def test_interval_and_p_are_scipys():
    found, theirs = interval(DIFFERENCES), stats.ttest_1samp(DIFFERENCES, 0)
    ends = theirs.confidence_interval(0.95)
    assert (found.low, found.high, found.p) == pytest.approx((ends.low, ends.high, theirs.pvalue))
    assert (found.mean, found.n) == (pytest.approx(1.12), 5)


def test_of_less_than_two_values_there_is_no_interval():
    assert interval([]).n == 0
    assert math.isnan(interval([]).mean)
    one = interval([3.0])
    assert (one.mean, one.n) == (3.0, 1)
    assert math.isnan(one.low)
    assert math.isnan(one.p)


@pytest.mark.parametrize(("values", "p"), [([2.0, 2.0, 2.0], 0.0), ([0.0, 0.0], 1.0)])
def test_values_that_do_not_vary(values, p):
    found = interval(values)
    assert (found.low, found.high, found.p) == (values[0], values[0], p)


def test_splits_that_overlap_have_the_corrected_variance_of_nadeau_and_bengio():
    """A fifth for testing: test over training rows is 1/4."""
    found = interval(DIFFERENCES, overlap=0.25)
    mean, variance = np.mean(DIFFERENCES), np.var(DIFFERENCES, ddof=1)
    t = mean / math.sqrt((1 / 5 + 0.25) * variance)
    assert found.p == pytest.approx(2 * stats.t.sf(t, 4))
    assert found.high - found.mean == pytest.approx(stats.t.ppf(0.975, 4) * math.sqrt(0.45 * variance))


def test_the_interval_covers_the_true_mean_19_times_in_20():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(2000):
        found = interval(rng.normal(1.0, 2.0, size=5))
        covered += found.low <= 1.0 <= found.high
    assert abs(covered / 2000 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 2000)


def test_repeated_splits_are_covered_with_the_correction_and_not_without():
    """Each value shares most of its chance with the others, as errors of splits of the same rows do: the correlation of
    two is that which the correction assumes."""
    rng, overlap, n = np.random.default_rng(0), 0.25, 10
    shared = overlap / (1 + overlap)
    covered = {0.0: 0, overlap: 0}
    for _ in range(2000):
        values = math.sqrt(shared) * rng.normal() + math.sqrt(1 - shared) * rng.normal(size=n)
        for one in covered:
            found = interval(values, one)
            covered[one] += found.low <= 0.0 <= found.high
    assert abs(covered[overlap] / 2000 - 0.95) < 0.02
    assert covered[0.0] / 2000 < 0.80


def test_a_share_stays_within_its_bounds():
    found = share([997, 1000, 999, 1000, 998], [1000] * 5)
    assert found.mean == pytest.approx(99.88)
    assert 99 < found.low < found.mean < found.high < 100
    plain = interval([99.7, 100, 99.9, 100, 99.8])
    assert plain.high > 100  # what a t interval says of such
    none = share([0, 0, 0], [50, 50, 50])
    assert none.mean == 0
    assert 0 < none.high < 5
    assert share([], []).n == 0


def test_a_share_in_the_middle_is_as_its_t_interval_says():
    counts = [480, 500, 510, 520, 490]
    found, plain = share(counts, [1000] * 5), interval([count / 10 for count in counts])
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=0.02)


def test_holm_by_hand():
    """0.01 x 4, 0.02 x 3, 0.03 x 2, 0.04 x 1, each at least the one before it."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []
    found = holm([0.01, math.nan, 0.04])
    assert (found[0], found[2]) == pytest.approx((0.02, 0.04))
    assert math.isnan(found[1])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_what_the_step_down_procedure_rejects(p):
    """Of p in rising order, all before the first that exceeds 5 % over the number of those from it on."""
    order = sorted(range(len(p)), key=lambda place: p[place])
    rejected = set()
    for rank, place in enumerate(order):
        if p[place] * (len(p) - rank) > 0.05:
            break
        rejected.add(place)
    assert {place for place, one in enumerate(holm(p)) if one <= 0.05} == rejected


def test_power_is_how_often_a_difference_is_found():
    rng = np.random.default_rng(1)
    found = sum(interval(rng.normal(2.0, 1.81, size=5)).p < 0.05 for _ in range(4000)) / 4000
    assert power(2.0, 1.81, 5) == pytest.approx(found, abs=0.03)
    assert power(1e-9, 1.0, 5) == pytest.approx(0.05, abs=1e-3)
    shift = 1.3 * math.sqrt(8)
    least = stats.t.ppf(0.975, 7)
    exact = stats.nct.sf(least, 7, shift) + stats.nct.cdf(-least, 7, shift)
    assert power(1.3, 1.0, 8) == pytest.approx(exact, abs=1e-3)
    assert power(5.0, 1.0, 1) == 0.0


def test_the_least_difference_is_found_four_times_in_five():
    """With a spread of 1.81 points three pairs find 5.9 points."""
    assert least_difference(1.81, 3) == pytest.approx(5.9, abs=0.05)
    assert power(least_difference(1.81, 10), 1.81, 10) == pytest.approx(0.8, abs=1e-6)
    assert least_difference(1.0, 1) == math.inf

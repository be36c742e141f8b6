"""What a handful of runs can tell: means with intervals and p, corrected where runs overlap or claims are many, and how
many pairs it takes to see a difference."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

LEVEL = 0.95
POWER = 0.8  # four times in five
QUANTILES = 2000
SHOWN = 3  # values, to show an interval of: of two it is 13 standard errors wide
ROUNDING = 1e-9  # what means of equal numbers may differ by


@dataclass(frozen=True)
class Interval:
    """A mean of n values with its 95 % interval, and p of a mean of 0 (two-sided), which a mean within rounding of 0
    agrees with; of less than two values there is neither (NaN)."""

    mean: float
    low: float
    high: float
    n: int
    p: float = math.nan

    @property
    def is_shown(self) -> bool:
        return self.n >= SHOWN


NONE = Interval(math.nan, math.nan, math.nan, 0)


def interval(values: Sequence[float], overlap: float = 0.0) -> Interval:
    """The mean with its 95 % t interval. A bootstrap of three seeds would cover the true mean 3 times out of 4.

    overlap  test rows per training row, where each value is of another random split of the same rows. Such values vary
             together, and the variance of their mean is (1/n + overlap) times theirs rather than 1/n (Nadeau and Bengio
             2003, corrected resampled t)
    """
    n = len(values)
    if n == 0:
        return NONE
    mean = float(np.mean(values))
    if n == 1:
        return Interval(mean, math.nan, math.nan, 1)
    deviation = float(np.std(values, ddof=1)) * math.sqrt(1 / n + overlap)
    if deviation == 0:
        return Interval(mean, mean, mean, n, 1.0 if abs(mean) <= ROUNDING else 0.0)
    half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1)) * deviation
    p = 1.0 if abs(mean) <= ROUNDING else 2 * float(stats.t.sf(abs(mean) / deviation, n - 1))
    return Interval(mean, mean - half, mean + half, n, p)


def share(counts: Sequence[int], of: Sequence[int]) -> Interval:
    """The mean share over runs, in percent, with an interval that stays within 0 and 100: a t interval of the log odds,
    of counts with a half added to either side so that 0 and all have some. Its p is not given: no share is 0."""
    n = len(counts)
    if n == 0:
        return NONE
    got, every = np.asarray(counts, dtype=float), np.asarray(of, dtype=float)
    found = interval(list(special.logit((got + 0.5) / (every + 1))))
    low, high = (100 * float(special.expit(end)) for end in (found.low, found.high))
    return Interval(100 * float((got / every).mean()), low, high, n)


def holm(p: Sequence[float]) -> list[float]:
    """p of several claims, so that the chance of one false positive among all stays what it is for one (Holm 1979). NaN
    stays, and counts for none."""
    known = [place for place, one in enumerate(p) if not math.isnan(one)]
    adjusted, highest = list(p), 0.0
    for rank, place in enumerate(sorted(known, key=lambda place: p[place])):
        highest = max(highest, min(1.0, (len(known) - rank) * p[place]))
        adjusted[place] = highest
    return adjusted


def power(difference: float, deviation: float, n: int) -> float:
    """How often a true difference is found by n pairs (t test, two-sided, 5 %).

    deviation  standard deviation of the differences over pairs
    """
    if n < 2:
        return 0.0
    # Over the quantiles of the spread that n pairs may show: scipy's noncentral t gives out for few pairs.
    spreads = np.sqrt(stats.chi2.ppf((np.arange(QUANTILES) + 0.5) / QUANTILES, n - 1) / (n - 1))
    least = stats.t.ppf((1 + LEVEL) / 2, n - 1) * spreads
    shift = abs(difference) / deviation * math.sqrt(n)
    return float((stats.norm.sf(least - shift) + stats.norm.cdf(-least - shift)).mean())


def least_difference(deviation: float, n: int) -> float:
    """The least true difference that n pairs find four times in five."""
    if n < 2:
        return math.inf
    found = optimize.brentq(lambda size: power(size, 1.0, n) - POWER, 1e-6, 1e3)
    return float(found) * deviation

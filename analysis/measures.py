"""What the runs of one setting are compared by: a number for each run, and its pairs by seed with a t interval."""

import itertools
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.collect import Results, one_protocol
from analysis.intervals import SHOWN as SHOWN
from analysis.intervals import Interval, interval
from analysis.methods import ERM, Method, in_order
from analysis.sentences import many
from analysis.setting import Setting
from common.options.study import ENOUGH as ENOUGH

SPREAD = "± is the standard deviation over seeds (n − 1); n is their number."
UNITS = {"1/255": "/255", "std/100": "/100 of a standard deviation"}

ROWS = ["method", "seed", "split", "source_seed", "machine", "value", "record"]


@dataclass(frozen=True)
class Measure:
    """A number of each run of a setting.

    unit  "%" or "" (nats, shares, norms)
    rows  method, seed, split (where it is drawn; else 0), source_seed (of the model that made the examples; else 0),
          machine (that trained it; "" where it is not known), value, record: a row a measurement
    overlap  test rows per training row, where the test parts are random splits of the same rows
    """

    name: str
    unit: str
    rows: pd.DataFrame
    overlap: float

    def show(self, value: float) -> str:
        return f"{value:.2f} %" if self.unit == "%" else f"{value:.3f}"

    def show_difference(self, value: float) -> str:
        return signed(value, 2) + " points" if self.unit == "%" else signed(value, 3)

    def show_range(self, low: float, high: float) -> str:
        if self.unit == "%":
            return f"[{signed(max(low, -100), 2)}, {signed(min(high, 100), 2)}]"
        return f"[{signed(low, 3)}, {signed(high, 3)}]"

    def by_seed(self, method: Method) -> "pd.Series[float]":
        """Its value for each seed and split of a method; of several sources the mean."""
        return self.rows[self.rows["method"] == method].groupby(["seed", "split"])["value"].mean()


@dataclass(frozen=True)
class Pairs:
    """A measure of two methods at the same seeds (and drawn splits; under transfer, of the same sources).

    than       what the method is held against
    places     of each pair, its seed and its split
    base       its values
    unlike     the seeds whose two runs were trained on two kinds of machine, which round differently: to a run that is
               another seed, so that such a pair shares less than the others
    """

    measure: Measure
    method: Method
    places: list[tuple[int, int]]
    base: list[float]
    other: list[float]
    records: list[str]
    than: Method = ERM
    unlike: tuple[int, ...] = ()

    @property
    def seeds(self) -> list[int]:
        """Of each pair."""
        return [seed for seed, _ in self.places]

    @property
    def names(self) -> list[str]:
        """Of each pair: its seed, and its split where a seed has several."""
        return [named(place, self.places) for place in self.places]

    @property
    def differences(self) -> list[float]:
        """The method less what it is held against, of each pair."""
        return [other - base for other, base in zip(self.other, self.base, strict=True)]

    @property
    def by_place(self) -> dict[tuple[int, int], float]:
        """The differences by seed and split."""
        return dict(zip(self.places, self.differences, strict=True))

    @property
    def interval(self) -> Interval:
        """Corrected where the test parts overlap."""
        return interval(self.differences, self.measure.overlap)


def named(place: Any, among: Iterable[Any]) -> str:
    """A pair of seed and split in words: "3", or "3, split 0" where that seed has others among all pairs."""
    seed, split = place
    return f"{seed}, split {split}" if any(s == seed and other != split for s, other in among) else f"{seed}"


def signed(value: float, places: int) -> str:
    """With a sign, and a true minus; what rounds to 0 has none."""
    text = f"{value:+.{places}f}".replace("-", "−")
    return text if text.strip("+−0.") else text[1:]


def percent(share: float) -> str:
    return f"{100 * share:g} %"


def error_interval(values: Sequence[float]) -> Interval:
    """The t interval of error rates in percent, which lie within 0 and 100; of too few values there is none."""
    return _of_errors(interval(values), 1)


def next_seed(values: Sequence[float]) -> Interval:
    """The mean error with the 95 % interval in which one seed more is to be expected."""
    return _of_errors(interval(values), math.sqrt(len(values) + 1))


def _of_errors(found: Interval, widths: float) -> Interval:
    if not found.is_shown:
        return Interval(found.mean, math.nan, math.nan, found.n)
    half = widths * (found.high - found.mean)
    return Interval(found.mean, max(0.0, found.mean - half), min(100.0, found.mean + half), found.n)


def of_methods(frame: pd.DataFrame, is_one: Callable[[Method], bool]) -> pd.DataFrame:
    """The rows of such methods."""
    return frame[frame["method"].map(is_one).astype(bool)]


def means_of(frame: pd.DataFrame, column: str) -> dict[Method, float]:
    """The mean of a column for each method."""
    means: Any = frame.groupby("method")[column].mean()
    return {method: float(means[method]) for method in in_order(frame["method"])}


def spread(values: Any, places: int) -> str:
    """Mean ± standard deviation (n − 1); of one value the value, of none nothing."""
    known = [float(value) for value in values if not math.isnan(value)]
    if not known:
        return ""
    mean = f"{sum(known) / len(known):.{places}f}"
    return mean if len(known) == 1 else f"{mean} ± {pd.Series(known).std(ddof=1):.{places}f}"


def pair(measure: Measure, method: Method, than: Method = ERM) -> Pairs:
    """A method and what it is held against, at the seeds that both have."""
    made: dict[Method, dict[tuple[int, int, int], list[tuple[str, float, str]]]] = {than: {}, method: {}}
    for one, seed, split, source, *what in zip(*(measure.rows[name] for name in ROWS), strict=True):
        if one in made:
            made[one].setdefault((seed, split, source), []).append(tuple(what))
    shared = sorted(made[than].keys() & made[method].keys())
    values: dict[Method, dict[tuple[int, int], list[float]]] = {than: {}, method: {}}
    machines: dict[tuple[int, int], set[str]] = {}
    for one, (seed, split, source) in itertools.product((than, method), shared):
        for machine, value, _ in made[one][seed, split, source]:
            values[one].setdefault((seed, split), []).append(value)
            machines.setdefault((seed, split), set()).update(filter(None, [machine]))
    base, other = ([statistics.fmean(of) for of in values[one].values()] for one in (than, method))
    return Pairs(
        measure=measure,
        method=method,
        places=[(int(seed), int(split)) for seed, split in machines],
        base=base,
        other=other,
        records=[path for one in (than, method) for key in shared for *_, path in made[one][key]],
        than=than,
        unlike=tuple(int(seed) for (seed, _), kinds in machines.items() if len(kinds) > 1),
    )


def test_error(results: Results) -> Measure:
    return of_runs(results, "error", "test error")


def of_runs(results: Results, column: str, name: str, unit: str = "%") -> Measure:
    """A column of `runs`."""
    return Measure(name, unit, valued(results.runs, column), results.overlap)


def in_between(results: Results, column: str, lam: float, name: str, unit: str = "") -> Measure:
    """A column of `between` at the value of lambda next to this one, between training rows where there are such."""
    rows = between(results)
    at = nearest(rows["lam"], lam)
    return Measure(f"{name} at λ = {at:g}", unit, valued(rows[rows["lam"] == at], column), results.overlap)


def between(results: Results, beyond: bool = False) -> pd.DataFrame:
    """The rows of `between` to compare by: pairs of training rows before others, of one protocol.

    beyond  those of measurements that went beyond the rows of a pair, in place of those that stayed in between
    """
    rows = results.between[(results.between["beyond"] > 0) == beyond]
    return one_protocol(rows[rows["part"] == "train"] if (rows["part"] == "train").any() else rows)


def over_lambda(
    results: Results, frame: pd.DataFrame, values: "pd.Series[float]", name: str, unit: str = ""
) -> Measure:
    """The mean over the values of lambda that rows of `between` are of, of a value for each row."""
    keys = ["method", "seed", "split", "machine", "record"]
    means = pd.DataFrame(frame.assign(value=values).groupby(keys, as_index=False)["value"].mean())
    return Measure(name, unit, valued(means, "value"), results.overlap)


def log(norms: "pd.Series[float]") -> "pd.Series[float]":
    """Of norms, of which one may be 0."""
    return norms.clip(lower=np.finfo(float).tiny).map(math.log)


def attacked(setting: Setting) -> pd.DataFrame:
    """The rows of `attacks` to compare by: of sources of the same setting, each attack of one protocol."""
    rows = setting.here.attacks
    rows = rows[rows["source_setting"] == setting.name]
    kinds = [one_protocol(rows[rows["attack"] == attack]) for attack in rows["attack"].unique()]
    return pd.concat(kinds).sort_index() if kinds else rows


def in_box(rows: pd.DataFrame, box: str) -> pd.DataFrame:
    """
    box  "white": each model on its own examples; "black": on those of ERM models of other seeds. A mixup model shares
         its first weights and its order with the ERM model of its own seed, so that one is no source for it either.
         Where methods of one seed share sources, those alone: another would make one of them err more or less
    """
    if box == "white":
        return rows[rows["white_box"]].assign(source_seed=0)
    rows = rows[(rows["source_method"] == ERM) & (rows["source_seed"] != rows["seed"])]
    target = ["attack", "epsilon", "seed", "split"]
    methods = rows.groupby([*target, "source_seed"])["method"].transform("nunique")
    return rows[methods == methods.groupby([rows[name] for name in target]).transform("max")]


def attack_rows(setting: Setting, box: str, attack: str) -> pd.DataFrame:
    """The rows of `attacks` of one attack, to compare by."""
    rows = attacked(setting)
    return in_box(rows[rows["attack"] == attack], box)


def under_attack(setting: Setting, box: str, attack: str, epsilon: float, column: str = "error") -> Measure:
    """Error under an attack (or another column of `attacks`), at the epsilon next to this one."""
    rows = at_epsilon(attack_rows(setting, box, attack), epsilon)
    unit = UNITS[str(next(iter(rows["unit"]), "1/255"))]
    what = {"error": "error", "error_top5": "top-5 error"}[column]
    title = f"{box}-box {TITLES[attack]} {what} at ε = {next(iter(rows['epsilon']), epsilon):g}{unit}"
    return Measure(title, "%", valued(rows, column), setting.here.overlap)


def at_epsilon(rows: pd.DataFrame, epsilon: float) -> pd.DataFrame:
    """Those of the rows of `attacks` at the epsilon next to this one."""
    return rows[rows["epsilon"] == nearest(rows["epsilon"], epsilon)]


HARDLY = 50  # percent of its own training rows, unmixed, that a run may err on and still be said to be trained


def hardly_trained(runs: pd.DataFrame) -> list[str]:
    """Which methods have runs that learnt little, whose mean tells of the rate or of the start rather than of them: a
    sentence, where there are such. runs  rows of `runs`"""
    few: Any = runs.loc[runs["clean_train_error"] > HARDLY, "method"].value_counts()
    every: Any = runs["method"].value_counts()
    if few.empty:
        return []
    said = "; ".join(f"{method}, {few[method]} of {many(every[method], 'run')}" for method in in_order(few.index))
    return [f"Hardly trained, with more than {HARDLY} % of the training rows wrong at the end: {said}."]


TITLES = {"fgsm": "FGSM", "ifgsm": "I-FGSM", "pgd": "PGD", "noise": "noise", "clean": "clean"}


def nearest(values: "pd.Series[float]", wanted: float) -> float:
    return min(values.unique(), key=lambda value: (abs(value - wanted), value), default=wanted)


def valued(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows of a measure: those of a frame that have a value in this column."""
    rows = frame.assign(value=frame[column])
    for name, without in (("split", 0), ("source_seed", 0), ("machine", "")):
        if name not in rows:
            rows = rows.assign(**{name: without})
    return rows[ROWS].dropna(subset=["value"])

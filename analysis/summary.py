"""Print what came out of records, in a line a measure: the methods of each setting side by side.

python -m analysis.summary
"""

import dataclasses
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from analysis import collect, columns, measures, paper
from analysis.collect import Results
from analysis.measures import SPREAD, Measure, spread
from analysis.setting import Setting
from common import cli
from common.terminal import say


@dataclass(frozen=True)
class SummaryOptions:
    records: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[RECORD ...]")] = ()
    """Of these records alone, by their paths below the folder; of all there are, by default."""
    results_dir: Path = Path("results")
    """Where the records are."""


def main(argv: Sequence[str] | None = None) -> None:
    options = cli.parse(SummaryOptions, __doc__ or "", argv)
    results = collect.asked(options.results_dir, None)
    say("\n".join(lines(only(results, options.records) if options.records else results)))


def only(results: Results, paths: Sequence[str]) -> Results:
    """The rows of these records."""
    frames = {name: getattr(results, name) for name in columns.OF}
    return dataclasses.replace(results, **{name: frame[frame["record"].isin(paths)] for name, frame in frames.items()})


def lines(results: Results) -> Iterator[str]:
    """What was measured of each setting, of scikit-learn's models on each table, and of each set of points."""
    found: dict[str, list[Measure]] = {}
    for setting in results.runs["setting"].unique():
        one = Setting(results, str(setting))
        own = one.here
        measured_on = "test" if set(own.runs["measured_on"]) == {"test"} else "held-out"
        found[str(setting)] = [
            measures.of_runs(own, "error", f"{measured_on} error"),
            measures.of_runs(own, "corrupted_error", "training error on corrupted labels"),
            measures.in_between(own, "missed", 0.5, "misses", "%"),
            measures.under_attack(one, "white", "fgsm", paper.PAPERS_EPSILON),
            measures.under_attack(one, "black", "fgsm", paper.PAPERS_EPSILON),
        ]
    for frame, place, column, name in (
        (results.baselines, "dataset", "error", "test error"),
        (results.borders, "set", "points_in_band", "border: grid in .1 < p < .9"),
    ):
        for where, rows in frame.groupby(place, sort=False):
            values = rows.assign(value=rows[column], split=rows.get("split", 0))
            found.setdefault(str(where), []).append(Measure(name, "%", values, overlap=0.0))
    shown = {where: [measure for measure in of if len(measure.rows)] for where, of in found.items()}
    width = max((len(measure.name) for of in shown.values() for measure in of), default=0)
    for where, of in shown.items():
        yield where
        yield from (f"  {measure.name:<{width}}  {_methods(measure)}" for measure in of)
    if shown:
        yield SPREAD


def _methods(measure: Measure) -> str:
    """Mean and spread over the seeds of each."""
    parts = []
    for method in measure.rows["method"].unique():
        values = measure.by_seed(method)
        parts.append(f"{method} {spread(values, 1)} % (n = {len(values)})")
    return "   ".join(parts)


if __name__ == "__main__":
    sys.exit(cli.run(main))

"""Claims on what training reaches in one setting: judged by train records."""

import itertools

import numpy as np
import pandas as pd

from analysis import commands, measures, paper
from analysis.claims.verdict import (
    Asked,
    Status,
    Verdict,
    differ,
    interval_said,
    lacking,
    said,
    side,
    together,
    verdict,
)
from analysis.collect import Results
from analysis.measures import ENOUGH, Interval, Measure, interval, pair

SIMILAR = 0.1  # of the epochs: how near two best epochs are to be called similar


def error(own: Results) -> Measure:
    return measures.of_runs(own, "error", "test error")


def less_error(asked: Asked) -> Verdict:
    return differ(asked, [error(asked.own)], -1)


def the_decks_errors(asked: Asked) -> Verdict:
    """Whether the deck's single runs are among what one more of our seeds would give. Asked of its own setting only."""
    parts, used = [], []
    statuses: list[Status] = []
    for row in paper.SLIDE_20[:2]:
        method = "ERM" if row.method == "ERM" else asked.method
        runs = asked.own.runs[asked.own.runs["method"] == method]
        used += runs["record"].tolist()
        for column, name in (("error", "last epoch"), ("best_error", "best epoch")):
            found = measures.next_seed(runs[column].tolist())
            inside: Status = "holds" if found.low <= row.deck.value <= found.high else "fails"
            if column == "error":
                statuses.append(side(found, 1) if found.n < ENOUGH else inside)
            range_ = f", one seed more in [{found.low:.2f}, {found.high:.2f}]" if found.n >= ENOUGH else ""
            mean = f"{found.mean:.2f} %{range_}" if found.n else "not run"
            parts.append(f"{method}, {name}: {mean} (n = {found.n}), the deck {row.deck.value:g}")
    sentence = f"on {asked.setting}: {'; '.join(parts)}"
    return only_of_the_decks(asked, Verdict(together(statuses), sentence, parts, used, lacking(asked, "train")))


def only_of_the_decks(asked: Asked, found: Verdict) -> Verdict:
    """A claim on the deck's very numbers is not run where the configuration is another."""
    others = departures(asked)
    if not others:
        return found
    lines = [commands.study("deck", asked.results)]
    sentence = f"asks for the deck's configuration; here {', '.join(others)}"
    if not paper.is_the_decks_set(asked.results.config(asked.setting)):
        return Verdict("not run", sentence, commands=lines)
    return Verdict("not run", f"{sentence}. {found.sentence}", found.rows, found.records, lines)


def departures(asked: Asked) -> list[str]:
    """In what the setting, under mixup where it has such runs, is not the deck's and the paper's."""
    runs = asked.own.runs.sort_values("alpha")
    of_method = runs[runs["method"] == asked.method]
    record = (of_method if len(of_method) else runs)["record"].iloc[0]
    return paper.departures(asked.results.records[record], paper.PAPER)


def ahead_early_and_late(asked: Asked) -> Verdict:
    """ERM has the lower error in the first tenth of the epochs, mixup after the first fifth: 20 and 40 of 200."""
    epochs = int(asked.own.curves["epoch"].max())
    tenth, fifth = max(1, round(0.1 * epochs)), max(1, round(0.2 * epochs))
    early = _mean_error(asked.own, 1, tenth)
    late = _mean_error(asked.own, fifth + 1, epochs)
    pairs = [pair(early, asked.method), pair(late, asked.method)]
    status = together([side(pairs[0].interval, 1), side(pairs[1].interval, -1)])
    return verdict(asked, status, [said(one) for one in pairs], pairs, "train")


def jumps(asked: Asked) -> Verdict:
    """The error falls with the first drop of the rate, and by less with the second; of three epochs on each side."""
    parts, statuses, rows, used = [], [], [], []
    for method in ("ERM", asked.method):
        falls = []
        curves = asked.own.curves[asked.own.curves["method"] == method]
        for (seed, record), curve in curves.groupby(["seed", "record"]):
            found = _falls(curve["lr"].to_numpy(), curve["error"].to_numpy())
            if found:
                falls.append(found)
                rows.append(f"{method}, seed {seed}: falls by {found[0]:.2f} points, then by {found[1]:.2f}")
                used.append(str(record))
        first = interval([one for one, _ in falls])
        more = interval([one - two for one, two in falls])
        statuses += [side(first, 1), side(more, 1)]
        lowers, exceeds = "the first drop lowers the error by {}", "which exceeds the second's by {}"
        parts.append(
            f"{method} (n = {first.n}): {interval_said(first, ' points', lowers)}, "
            f"{interval_said(more, ' points', exceeds)}"
            if falls
            else f"{method}: no run whose rate drops twice"
        )
    status = together(statuses)
    lines = lacking(asked, "train") if status in ("too few runs", "not run") and rows else []
    return Verdict(status, f"on {asked.setting}: {'; '.join(parts)}", rows, used, lines)


def best_at_similar_speed(asked: Asked) -> Verdict:
    """The best epochs lie within a tenth of the training of each other."""
    runs = asked.own.runs
    share = runs.assign(share=runs["best_epoch"] / runs["epochs"])
    pairs = pair(Measure("best epoch, as a share of all", "", measures.valued(share, "share")), asked.method)
    status = equivalent(pairs.interval, SIMILAR)
    part = f"{said(pairs)}; similar is within ±{SIMILAR:g}"
    return verdict(asked, status, [part], [pairs], "train")


def equivalent(found: Interval, margin: float) -> Status:
    """Holds where an interval lies wholly within the margin, fails where wholly outside."""
    if found.n < ENOUGH:
        return side(found, 1)
    if -margin <= found.low and found.high <= margin:
        return "holds"
    return "fails" if found.low > margin or found.high < -margin else "undecided"


def calibrated(asked: Asked) -> Verdict:
    nats = measures.of_runs(asked.own, "cross_entropy", "cross-entropy", "")
    share = measures.of_runs(asked.own, "calibration_error", "calibration error", "")
    found = differ(asked, [nats, share], -1)
    open_part = "after temperature scaling: not asked, records hold no logits"
    return Verdict(found.status, f"{found.sentence}; {open_part}", found.rows, found.records, found.commands)


def _mean_error(own: Results, first: int, last: int) -> Measure:
    curves = own.curves[own.curves["epoch"].between(first, last)]
    means = curves.groupby(["method", "seed", "split", "machine", "record"], as_index=False)["error"].mean()
    return Measure(f"mean error of epochs {first} to {last}", "%", measures.valued(pd.DataFrame(means), "error"))


def _falls(rate: np.ndarray, errors: np.ndarray) -> tuple[float, float] | None:
    """By how much the error is lower after each of the first two drops of the rate; None where there are not two."""
    places = np.flatnonzero(rate[1:] < 0.99 * rate[:-1]) + 1
    if len(places) < 2:
        return None
    stops = [0, *places[:2].tolist(), len(errors)]
    width = min(3, *(b - a for a, b in itertools.pairwise(stops)))
    first, second = (float(errors[p - width : p].mean() - errors[p : p + width].mean()) for p in places[:2])
    return first, second

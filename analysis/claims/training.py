"""Claims on what training reaches in one setting: judged by train records."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis import commands, measures, paper
from analysis.claims.verdict import (
    Asked,
    Part,
    Status,
    Verdict,
    differ,
    interval_said,
    lacking,
    not_run,
    of_pairs,
    said,
    side,
    verdict,
    whole,
    within,
)
from analysis.collect import Results
from analysis.intervals import interval
from analysis.measures import ENOUGH, SHOWN, Measure, pair

SIMILAR = 0.1  # of the epochs: how near two trainings must come to be called of similar speed
NEAR_THE_BEST = 1.0  # points from its best, where a training is said to have got there


def error(own: Results) -> Measure:
    return measures.of_runs(own, "error", "test error")


def less_error(asked: Asked) -> Verdict:
    return differ(asked, [error(asked.own)], -1)


def the_decks_errors(asked: Asked) -> Verdict:
    """Whether the deck's single runs are among what one more of our seeds would give. Asked of its own setting only."""
    parts, rows, used = [], [], []
    for row in paper.SLIDE_20[:2]:
        method = "ERM" if row.method == "ERM" else asked.method
        runs = asked.own.runs[asked.own.runs["method"] == method]
        used += runs["record"].tolist()
        for column, name in (("error", "last epoch"), ("best_error", "best epoch")):
            found = measures.next_seed(runs[column].tolist())
            inside: Status = "holds" if found.low <= row.deck.value <= found.high else "fails"
            range_ = f", one seed more in [{found.low:.2f}, {found.high:.2f}]" if found.n >= SHOWN else ""
            mean = f"{found.mean:.2f} %{range_}" if found.n else "not run"
            rows.append(f"{method}, {name}: {mean} (n = {found.n}), the deck {row.deck.value:g}")
            if column == "error":
                known = found.n > 0
                parts.append(Part(rows[-1], found.n, is_known=known, given=inside if found.n >= ENOUGH else None))
    best = "; ".join(rows[1::2])
    return only_of_the_decks(asked, whole(f"on {asked.setting}", parts, rows, used, lacking(asked, "train"), best))


def only_of_the_decks(asked: Asked, found: Verdict) -> Verdict:
    """A claim on the deck's very numbers is not run where the configuration is another."""
    others = departures(asked)
    if not others:
        return found
    lines = [commands.study("deck", asked.results)]
    sentence = f"asks for the deck's configuration; here {', '.join(others)}"
    if not paper.is_the_decks_set(asked.results.config(asked.setting)):
        return not_run(sentence, lines)
    numbers = "; ".join(part.says for part in found.parts)  # not what they come to: the claim is not asked here
    return Verdict(f"{sentence}. {found.opening}: {numbers}", (), found.rows, found.records, lines)


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
    pairs = [pair(_mean_error(asked.own, *within), asked.method) for within in ((1, tenth), (fifth + 1, epochs))]
    return verdict(asked, [of_pairs(pairs[0], 1), of_pairs(pairs[1], -1)], pairs, "train")


def jumps(asked: Asked) -> Verdict:
    """The error falls with the first drop of the rate, and by less with the second; of three epochs on each side."""
    parts, rows, used = [], [], []
    for method in ("ERM", asked.method):
        falls = []
        curves = asked.own.curves[asked.own.curves["method"] == method]
        for (seed, record), curve in curves.groupby(["seed", "record"]):
            found = _falls(curve["lr"].to_numpy(), curve["error"].to_numpy())
            if found:
                falls.append(found)
                rows.append(f"{method}, seed {seed}: falls by {found[0]:.2f} points, then by {found[1]:.2f}")
                used.append(str(record))
        first = interval([one for one, _ in falls], asked.own.overlap)
        more = interval([one - two for one, two in falls], asked.own.overlap)
        opening = f"{method} (n = {first.n}): " if falls else f"{method}: no run whose rate drops twice; "
        parts += [
            side(opening + interval_said(first, " points", "the first drop lowers the error by {}"), first, 1),
            side(interval_said(more, " points", "which exceeds the second's by {}"), more, 1),
        ]
    return whole(f"on {asked.setting}", parts, rows, used, lacking(asked, "train") if rows else [])


def similar_speed(asked: Asked) -> Verdict:
    """A training is there at the first epoch whose error is within a point of its best; the two are there within a
    tenth of the training of each other. (The best epoch itself is a draw along a flat end.)"""
    curves = asked.own.curves
    keys = ["method", "seed", "split", "machine", "record"]
    of_run = curves.groupby("record")
    best, last = of_run["error"].transform("min"), of_run["epoch"].transform("max")
    there = curves.assign(share=curves["epoch"] / last)[curves["error"] <= best + NEAR_THE_BEST]
    first = pd.DataFrame(there.groupby(keys, as_index=False)["share"].min())
    name = f"share of the training after which the error is within {NEAR_THE_BEST:g} point of its best"
    overlap = asked.own.overlap
    pairs = pair(Measure(name, "", measures.valued(first, "share"), overlap), asked.method)
    part = within(f"{said(pairs)}; similar is within ±{SIMILAR:g}", pairs.differences, SIMILAR, overlap)
    return verdict(asked, [part], [pairs], "train")


def calibrated(asked: Asked) -> Verdict:
    nats = measures.of_runs(asked.own, "cross_entropy", "cross-entropy", "")
    share = measures.of_runs(asked.own, "calibration_error", "calibration error", "")
    open_part = "after temperature scaling: not asked, records hold no logits"
    return replace(differ(asked, [nats, share], -1), closing=open_part)


def _mean_error(own: Results, first: int, last: int) -> Measure:
    curves = own.curves[own.curves["epoch"].between(first, last)]
    means = curves.groupby(["method", "seed", "split", "machine", "record"], as_index=False)["error"].mean()
    return Measure(
        f"mean error of epochs {first} to {last}", "%", measures.valued(pd.DataFrame(means), "error"), own.overlap
    )


def _falls(rate: np.ndarray, errors: np.ndarray) -> tuple[float, float] | None:
    """By how much the error is lower after each of the first two drops of the rate; None where there are not two."""
    places = np.flatnonzero(rate[1:] < 0.99 * rate[:-1]) + 1
    if len(places) < 2:
        return None
    stops = [0, *places[:2].tolist(), len(errors)]
    width = min(3, *(b - a for a, b in itertools.pairwise(stops)))
    first, second = (float(errors[p - width : p].mean() - errors[p : p + width].mean()) for p in places[:2])
    return first, second

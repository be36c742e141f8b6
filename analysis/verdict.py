"""What a verdict is, and how one is come to: a claim is as many parts as it says things, and each is judged for itself.

A part holds, or fails, where the difference over pairs lies on one side with p below .05, corrected for the number of
parts that its section asks (Holm), from five pairs on. What is said to be no larger than something, or similar, has a
margin that was stated beforehand, and is judged by its distance from that.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from analysis import commands, measures
from analysis.intervals import LEVEL, Interval, holm, interval
from analysis.measures import ENOUGH, Measure, Pairs, signed
from analysis.sentences import many
from analysis.setting import Setting

OF_SEVERAL = {"holds": "hold", "holds in part": "in part", "fails": "fail", "too few runs": "with too few runs"}
Status = Literal["holds", "holds in part", "fails", "undecided", "too few runs", "not run"]


@dataclass(frozen=True)
class Part:
    """One thing that a claim says.

    says      it, with its numbers
    n         pairs, or runs, that it is judged by
    p         of what is seen if there were no effect (two-sided); NaN where none can be given
    agrees    whether the numbers lie on the claimed side
    is_known  whether there are numbers at all, if without a pair
    given     its status where no chance is in it
    datasets  that it is judged on, as the folders of their records are called
    """

    says: str
    n: int
    p: float = math.nan
    agrees: bool = False
    is_known: bool = True
    given: Status | None = None
    datasets: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        if self.given:
            return self.given
        if self.n < ENOUGH:
            return "too few runs" if self.n or self.is_known else "not run"
        return "undecided" if not self.p < 1 - LEVEL else "holds" if self.agrees else "fails"

    @property
    def sentence(self) -> str:
        return self.says + (f", p {p_shown(self.p, '= ')}" if self.judged else "")

    @property
    def judged(self) -> bool:
        """Whether it has a p to be corrected."""
        return self.given is None and self.n >= ENOUGH and not math.isnan(self.p)


@dataclass(frozen=True)
class Verdict:
    """
    opening   of which setting, from how many pairs
    parts     with p corrected for all parts of the section, once it is known what those are
    rows      the numbers of each seed
    records   paths of those that it was made from
    commands  make what is missing for a verdict
    closing   what is said besides
    """

    opening: str
    parts: Sequence[Part] = ()
    rows: Sequence[str] = ()
    records: Sequence[str] = ()
    commands: Sequence[str] = ()
    closing: str = ""

    @property
    def status(self) -> Status:
        return together([part.status for part in self.parts])

    @property
    def n(self) -> int:
        """Of the part with least."""
        return min((part.n for part in self.parts), default=0)

    @property
    def decisive(self) -> list[Part]:
        """The parts that make it hold or fail; none where nothing is shown."""
        shown = "holds" if self.status == "holds in part" else self.status
        return [part for part in self.parts if part.status == shown and shown in ("holds", "fails")]

    @property
    def in_short(self) -> str:
        """The numbers of two parts at most; of more those of the first, and how all fare."""
        if len(self.parts) <= 2:
            return self.sentence
        counts = Counter(part.status for part in self.parts)
        fared = ", ".join(f"{n} {OF_SEVERAL.get(status, status) if n > 1 else status}" for status, n in counts.items())
        first = ": ".join(filter(None, [self.opening, self.parts[0].sentence]))
        return f"{first}; of its {len(self.parts)} parts {fared}"

    @property
    def sentence(self) -> str:
        """The numbers of each part, and, of several, what each comes to."""
        several = len(self.parts) > 1
        said = [
            part.sentence + (f": {part.status}" if several and part.status != "not run" else "") for part in self.parts
        ]
        return ": ".join(filter(None, [self.opening, "; ".join(said)])) + (f"; {self.closing}" if self.closing else "")


def not_run(why: str, lines: Sequence[str] = ()) -> Verdict:
    return Verdict(why, commands=lines)


def side(says: str, found: Interval, claimed: int, is_known: bool = False) -> Part:
    """That a mean lies above 0 (claimed: 1), or below (-1)."""
    return Part(says, found.n, found.p, found.mean * claimed > 0, is_known or found.n > 0)


def above(says: str, values: Sequence[float], bound: float, claimed: int = 1, overlap: float = 0.0) -> Part:
    """That a mean lies above a bound, or below."""
    return side(says, interval([value - bound for value in values], overlap), claimed)


def within(says: str, values: Sequence[float], margin: float, overlap: float = 0.0) -> Part:
    """That a mean lies within a margin of 0, by two tests of one side each: above the lower end, and below the upper.
    Both must be passed, so that p is the larger of the two (TOST, Schuirmann 1987). It fails where it lies outside, on
    one of two sides: by the two-sided p of that end."""
    over, under = (above(says, values, end, overlap=overlap) for end in (-margin, margin))
    if math.isnan(over.p):
        return over
    if over.agrees and not under.agrees:
        return replace(over, p=max(over.p, under.p) / 2, agrees=True)
    return replace(over, p=under.p if under.agrees else over.p, agrees=False)


def together(statuses: Sequence[Status]) -> Status:
    """Of a claim with several parts: it fails with one of them, and holds with all; in part where others are open."""
    found = set(statuses)
    if "fails" in found:
        return "fails"
    if found <= {"not run"}:
        return "not run"
    if "holds" in found:
        return "holds" if found == {"holds"} else "holds in part"
    return "too few runs" if found & {"not run", "too few runs"} else "undecided"


def differ(setting: Setting, found: Sequence[Measure], claimed: int, script: str = "train") -> Verdict:
    """That mixup has less (-1) or more (1) than ERM of each of these.

    script  what measures it
    """
    pairs = [measures.pair(measure, setting.mixup) for measure in found]
    return verdict(setting, [of_pairs(one, claimed) for one in pairs], pairs, script)


def of_pairs(pairs: Pairs, claimed: int, opening: str = "", bound: float = 0.0, closing: str = "") -> Part:
    """The side of a bound on which the differences lie. Numbers without a pair are too few, not none."""
    part = above(opening + said(pairs) + closing, pairs.differences, bound, claimed, pairs.measure.overlap)
    return replace(part, is_known=len(pairs.measure.rows) > 0)


def decided(found: Mapping[str, Pairs], bound: float, claimed: int) -> list[str]:
    """By name, those of several comparisons whose difference lies below a bound (-1) or above it: by p after Holm's
    correction over all of them, from enough pairs on."""
    parts = {name: of_pairs(pairs, claimed, bound=bound) for name, pairs in found.items() if len(pairs.seeds) >= ENOUGH}
    corrected = holm([part.p for part in parts.values()])
    return [name for (name, part), p in zip(parts.items(), corrected, strict=True) if part.agrees and p < 1 - LEVEL]


def verdict(setting: Setting, parts: Sequence[Part], pairs: Sequence[Pairs], script: str, closing: str = "") -> Verdict:
    """It begins with the setting and the number of pairs."""
    n = min((len(one.seeds) for one in pairs), default=0)
    records = [path for one in pairs for path in one.records or one.measure.rows["record"]]
    return whole(
        f"on {setting.name}{setting.smoothed}, {seeds_said(n)}",
        parts,
        [row for one in pairs for row in rows_of(one)],
        records,
        lacking(setting, script),
        closing,
    )


def whole(
    opening: str,
    parts: Sequence[Part],
    rows: Sequence[str],
    records: Sequence[str],
    lines: Sequence[str],
    closing: str = "",
) -> Verdict:
    """A verdict on what these records are of, which asks for what is missing only where a part has too few runs."""
    is_short = not parts or any(part.status in ("too few runs", "not run") for part in parts)
    datasets = tuple(sorted({Path(path).parent.name for path in records}))
    parts = [replace(part, datasets=datasets) for part in parts]
    return Verdict(opening, parts, rows, sorted(set(records)), list(dict.fromkeys(lines)) if is_short else (), closing)


def joined(verdicts: Sequence[Verdict], closing: str = "") -> Verdict:
    """One verdict of several on different settings, each part with its own opening."""
    return Verdict(
        "",
        [
            replace(part, says=": ".join(filter(None, [one.opening, part.says])))
            for one in verdicts
            for part in one.parts
        ],
        [row for one in verdicts for row in one.rows],
        sorted({path for one in verdicts for path in one.records}),
        list(dict.fromkeys(line for one in verdicts for line in one.commands)),
        closing,
    )


def p_shown(p: float, equals: str = "") -> str:
    """To three places; what comes before a number that is no bound."""
    return "< .001" if p < 0.001 else equals + ("1" if p >= 0.9995 else f"{p:.3f}".removeprefix("0"))


def seeds_said(n: int) -> str:
    return many(n, "paired seed")


def said(pairs: Pairs) -> str:
    """Both means, and the difference with its interval."""
    measure, method, than = pairs.measure, pairs.method, pairs.than
    if not pairs.seeds:
        alone = {one: measure.by_seed(one) for one in (than, method)}
        known = [f"{one} {measure.show(v.mean())} (n = {len(v)})" for one, v in alone.items() if len(v)]
        return f"{measure.name}: {', '.join(known) or 'not measured'}"
    base, other = (interval(values).mean for values in (pairs.base, pairs.other))
    found = pairs.interval
    none = f"(no interval of {many(found.n, 'pair')})"
    difference = f"{measure.show_difference(found.mean)} "
    difference += measure.show_range(found.low, found.high) if found.is_shown else none
    seeds = ", ".join(map(str, pairs.unlike))
    each = "each of seeds" if len(pairs.unlike) > 1 else "seed"
    difference += f" (the two runs of {each} {seeds} are of two kinds of machine)" if seeds else ""
    return f"{measure.name}: {than} {measure.show(base)}, {method} {measure.show(other)}, difference {difference}"


def rows_of(pairs: Pairs) -> list[str]:
    measure = pairs.measure
    return [
        f"{measure.name}, seed {name}: {pairs.than} {measure.show(base)}, {pairs.method} {measure.show(other)}, "
        f"difference {measure.show_difference(other - base)}"
        for name, base, other in zip(pairs.names, pairs.base, pairs.other, strict=True)
    ]


def interval_said(found: Interval, unit: str, part: str = "{}", places: int = 2) -> str:
    """A mean with its interval, for what is no pair of a `Measure`; part: of a sentence, which is not said of none."""
    if found.n == 0:
        return "not measured"
    mean = f"{signed(found.mean, places)}{unit}"
    spread = f" [{signed(found.low, places)}, {signed(found.high, places)}]"
    return part.format(mean + spread if found.is_shown else mean)


def lacking(setting: Setting, script: str) -> list[str]:
    """The commands that make what a verdict lacks: runs for enough paired seeds, then what measures them."""
    lines = commands.seeds(setting, setting.mixup)
    if script != "train":
        lines.append(commands.probe(setting, script))
    return lines

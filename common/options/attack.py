"""The options of attacks, the name of a measurement, and how many passes it takes."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

import tyro
from tyro.constructors import PrimitiveConstructorSpec

from common.errors import UserError
from common.options.fields import SEEDS, Fact, flag, joined, own, pieces, words
from common.options.machine import MachineWithRuns

Attack = Literal["fgsm", "ifgsm", "pgd", "noise"]
ATTACKS: tuple[Attack, ...] = get_args(Attack)
# What is made where nothing is asked. It does not grow with the list above: a record's name leaves these out, so that
# with one more all records would have other names.
UNASKED: tuple[Attack, ...] = ("fgsm", "ifgsm", "pgd", "noise")
ITERATED = ("ifgsm", "pgd")
IFGSM_STEPS = 10
ROUNDED = 0.01  # of epsilon, by which an example may lie farther off: far from 0 there are few values of float32
UNITS = {"255": "1/255", "100": "std/100"}  # what is written below the line, and the unit that it names
LEAST = 0.5  # below it a bare number is taken for a fraction of the pixels' range


class Epsilon(float):
    """A number of units as it was typed: `8`, or with its unit as papers write it: `8/255`, `8/100`.

    unit  the one that was named, or None
    """

    unit: str | None

    def __new__(cls, text: str) -> "Epsilon":
        """raises ValueError"""
        number, line, below = text.partition("/")
        try:
            epsilon = super().__new__(cls, number)
        except ValueError:
            line, below = "/", ""
        if line and below not in UNITS:
            raise ValueError("is no epsilon; write 8, or 8/255 (of pixels), or 8/100 (of a standard deviation)")
        epsilon.unit = UNITS.get(below)
        return epsilon

    @staticmethod
    def of_words(words: list[str]) -> "Epsilon":
        return Epsilon(words[0])


Epsilons = tuple[
    Annotated[
        float,
        PrimitiveConstructorSpec(1, "E", Epsilon.of_words, lambda it: isinstance(it, float), lambda it: [f"{it:g}"]),
    ],
    ...,
]


def _joined(epsilons: Sequence[float]) -> str:
    return "+".join(repr(epsilon).removesuffix(".0") for epsilon in epsilons)


@dataclass(frozen=True)
class AttackedOptions:
    """Which models: each makes examples, and is tested on those of each."""

    runs: Annotated[tuple[str, ...], tyro.conf.Positional, own("[RUN ...]", "the deck's three")] = ()
    """Finished runs, by name or by train record."""


@dataclass(frozen=True)
class AttackConfig:
    """How. Epsilon is in 1/255 of the pixels' range, 8 or 8/255; for tables and sounds in hundredths of a feature's
    standard deviation, 8 or 8/100."""

    attacks: Annotated[tuple[Attack, ...], Fact(piece=lambda it: "+".join(it))] = UNASKED
    """fgsm: one signed-gradient step; ifgsm: 10; pgd: more, from random starts; noise: random signs, the control."""
    epsilons: Annotated[
        Epsilons | None, own("E ...", "1 2 4 8 16"), Fact("[0, 1000]", lambda it: "eps" + _joined(it))
    ] = None
    """Of fgsm and noise."""
    rows: Annotated[int | None, own("N", "all"), Fact("[1, 1e9]", "rows{}")] = None
    """Attack this many rows at most with fgsm and noise, drawn by the seed."""
    iterated_epsilons: Annotated[
        Epsilons | None, own("E ...", "4 8"), Fact("[0, 1000]", lambda it: "iter" + _joined(it))
    ] = None
    """Of ifgsm and pgd, each step of which costs a forward and a backward pass."""
    sample: Annotated[int | None, own("N", "1000"), Fact("[1, 1e9]", "sample{}")] = None
    """Attack this many rows at most with ifgsm and pgd, drawn by the seed: the first of those of --rows."""
    pgd_steps: Annotated[int | None, own("N", "20"), Fact("[1, 1e6]", "pgd{}")] = None
    """Of an eighth of epsilon."""
    pgd_restarts: Annotated[int | None, own("N", "1"), Fact("[1, 1e6]", "restarts{}")] = None
    """Random starts; of each row the example that harms its source most is kept."""
    seed: Annotated[int, Fact(SEEDS, "draw{}")] = 0
    """Draws the rows, the noise and the starts: the same for every model."""

    def epsilons_of(self, attack: Attack) -> tuple[float, ...]:
        return (self.iterated_epsilons if attack in ITERATED else self.epsilons) or ()


@dataclass(frozen=True)
class AttackRunOptions(MachineWithRuns):
    """Where and how this machine runs it. None of it changes what is measured."""

    batch_size: Annotated[int | None, own("N", "100; on a GPU: up to 500, of large images fewer"), Fact("[1, 1e9]")] = (
        None
    )
    """Rows at once on each process."""


@dataclass(frozen=True)
class AttackOptions:
    models: AttackedOptions = AttackedOptions()
    attack: AttackConfig = AttackConfig()
    run: AttackRunOptions = AttackRunOptions()

    def refuse_clashes(self) -> None:
        """raises UserError for options that mean nothing beside the others, or are said twice"""
        asked = self.attack
        for name in ("attacks", "epsilons", "iterated_epsilons"):
            values = getattr(asked, name)
            if values is not None and (not values or len(set(values)) < len(values)):
                raise UserError(f"{flag(name)} {' '.join(map(str, values))}: needs one value at least, each once.")
        for name, epsilon in _typed(asked):
            if 0 < epsilon < LEAST and epsilon.unit is None:
                raise UserError(
                    f"{flag(name)} {epsilon:g}: counts 1/255 of the pixels' range (of tables and sounds 1/100 of a "
                    "standard deviation), and so little changes nothing. For 8/255 write 8 or 8/255; if so little is "
                    f"meant, name the unit: {epsilon:g}/255."
                )
        for name, attacks in MEANT_FOR.items():
            if getattr(asked, name) is not None and not set(attacks) & set(asked.attacks):
                raise UserError(
                    f"{flag(name)}: means nothing without {' or '.join(attacks)} among the --attacks; leave it out."
                )


# Which attacks each option speaks to.
MEANT_FOR: dict[str, Sequence[Attack]] = {
    "epsilons": ("fgsm", "noise"),
    "rows": ("fgsm", "noise"),
    "iterated_epsilons": ("ifgsm", "pgd"),
    "sample": ("ifgsm", "pgd"),
    "pgd_steps": ("pgd",),
    "pgd_restarts": ("pgd",),
}
USUAL = {"epsilons": (1.0, 2.0, 4.0, 8.0, 16.0), "iterated_epsilons": (4.0, 8.0), "sample": 1000}
USUAL |= {"pgd_steps": 20, "pgd_restarts": 1}


def check_unit(options: AttackConfig, unit: str, name: str) -> None:
    """unit  of epsilon for the data set of this name

    raises UserError where an epsilon was typed in another
    """
    written = {unit: below for below, unit in UNITS.items()}
    for field, epsilon in _typed(options):
        if epsilon.unit not in (None, unit):
            raise UserError(
                f"{flag(field)} {epsilon:g}/{written[epsilon.unit or unit]}: of {name} epsilon is in {unit}; write "
                f"{epsilon:g} or {epsilon:g}/{written[unit]} for as many of these."
            )


def _typed(options: AttackConfig) -> list[tuple[str, Epsilon]]:
    """Every epsilon of the command line, with its option."""
    names = ("epsilons", "iterated_epsilons")
    return [(name, one) for name in names for one in getattr(options, name) or () if isinstance(one, Epsilon)]


def resolve(asked: AttackConfig) -> AttackConfig:
    """What was asked for, then the defaults; in one order, so that the same attacks have the same name."""
    settled: dict[str, Any] = {}
    for name, attacks in MEANT_FOR.items():
        value = getattr(asked, name)
        meant = set(attacks) & set(asked.attacks)
        settled[name] = (USUAL.get(name) if value is None else value) if meant else None
        if isinstance(settled[name], tuple):
            settled[name] = tuple(sorted(map(float, settled[name])))
    attacks_in_order = tuple(attack for attack in ATTACKS if attack in asked.attacks)
    return dataclasses.replace(asked, attacks=attacks_in_order, **settled)


def attack_name(source: str, target: str, config: AttackConfig) -> str:
    """``<source>--<target>``, and all that departs from the defaults: ``…-seed0--…-seed1-pgd40``."""
    return joined([f"{source}--{target}", *pieces(config, _usual(config)).values()])


def command_words(config: AttackConfig) -> list[str]:
    """The options that ask for this configuration."""
    return words(config, _usual(config))


def _usual(config: AttackConfig) -> AttackConfig:
    return dataclasses.replace(resolve(AttackConfig(attacks=config.attacks)), attacks=UNASKED)


def passes(config: AttackConfig, one_step: int, sampled: int, todo: Mapping[int, Sequence[int]]) -> tuple[int, int]:
    """What is to be done, in passes of rows (or of batches): forward, and forward and backward.

    one_step, sampled  rows (or batches) that are attacked once, and iteratively
    todo               the targets of each source
    """
    tested = {target for targets in todo.values() for target in targets}
    sizes = {attack: sampled if attack in ITERATED else one_step for attack in config.attacks}
    forward, gradient = len(tested | set(todo)) * max(sizes.values()), 0
    for attack, n in sizes.items():
        epsilons, restarts = len(config.epsilons_of(attack)), config.pgd_restarts or 1
        for targets in [tested] if attack == "noise" else todo.values():
            forward += n * epsilons * len(targets)
            if attack == "fgsm":
                gradient += n
            elif attack == "ifgsm":
                gradient += n * epsilons * IFGSM_STEPS
            elif attack == "pgd":
                gradient += n * epsilons * restarts * (config.pgd_steps or 0)
                forward += n * epsilons * restarts * (restarts > 1)
    return forward, gradient

"""The members that a study's file stands for: one command each, and the records that it leaves."""

import dataclasses
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from _study.file import JUDGED, OPTIONS, STUDIES, entries, expanded, is_judged, place
from common import cli, records
from common.data import sources
from common.data.sets import SETS
from common.errors import UserError, meant
from common.options import (
    TrainConfig,
    TrainOptions,
    attack,
    baseline,
    boundary,
    check,
    gan,
    interpolate,
    reading,
    resolve,
    run_name,
)
from common.options.attack import AttackConfig, AttackOptions
from common.options.baseline import BaselineOptions
from common.options.boundary import BoundaryOptions
from common.options.fields import as_json, joined
from common.options.gan import GanConfig, GanOptions
from common.options.interpolate import InterpolateConfig, InterpolateOptions
from common.options.machine import PRECISION, PRECISIONS, Precision
from common.options.study import ENOUGH
from common.options.train import OF_MIXUP

SEEDS = ("seed", "data_seed")
Find = Callable[[str], sources.Source]
# What names a place on this machine is no part of a study.
ON_THE_COMMAND_LINE = ("data_dir", "results_dir", "checkpoint_dir")


@dataclass(frozen=True)
class Wanted:
    """A record that a member leaves.

    path       below the results folder
    config     as the record holds it
    runs       that it is made of, by name
    csv        the user's own points that it is made of
    """

    path: Path
    config: dict[str, Any]
    precision: str
    runs: tuple[str, ...] = ()
    csv: Path | None = None


@dataclass(frozen=True)
class Member:
    """One command of a study.

    script   that is started, one of OPTIONS
    words    of its command line, without folders
    config   that decides the numbers; of baseline.py and boundary.py each record has its own
    wanted   what it leaves
    precision  Accelerate's, where the study says it, or --mixed-precision; None: that of whoever starts the study
    said     what the study calls a training, which --mixed-precision may name otherwise
    """

    name: str
    script: str
    words: tuple[str, ...]
    config: TrainConfig | InterpolateConfig | AttackConfig | GanConfig | None
    wanted: tuple[Wanted, ...]
    precision: Precision | None = None
    said: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """The runs that must be finished before it, by name."""
        return tuple(dict.fromkeys(run for wanted in self.wanted for run in wanted.runs))


@dataclass(frozen=True)
class Study:
    name: str
    file: Path
    members: tuple[Member, ...]


def read(
    study: str, data_dir: Path | None, precision_of_all: Precision | None = None, known: Path | None = None
) -> Study:
    """The members of a study, in the order in which they are run.

    study             a name in scripts/studies/, or the path of a YAML file
    data_dir, known   where sets lie, as in `sources.find`
    precision_of_all  of its trainings, in place of what it says
    raises UserError that names the file and what is wrong in it
    """
    file, find = place(study), partial(sources.find, data_dir=data_dir, known=known)
    members: dict[str, Member] = {}
    for script, entry in entries(file):
        for member in _of_entry(f"{file}, {script}", script, entry, list(members.values()), find, precision_of_all):
            there = {wanted.path for other in members.values() for wanted in other.wanted}
            if all(wanted.path in there for wanted in member.wanted):
                raise UserError(f"{file}, {script}: stands for {member.name} a second time; leave it out once.")
            name = next(n for n in _numbered(member.name) if n not in members)
            members[name] = dataclasses.replace(member, name=name)
    if not members:
        raise UserError(f"{file}: holds nothing to do; it takes {', '.join(OPTIONS)}, as {STUDIES / 'demo.yaml'} does.")
    if is_judged(file):
        configs = [member.config for member in members.values()]
        runs = _pairs([config for config in configs if isinstance(config, TrainConfig)])
        _refuse_too_few(file, "of ERM and mixup", runs)
        gans = _pairs_of_gans([config for config in configs if isinstance(config, GanConfig)])
        _refuse_too_few(file, "of mixup and another loss", gans)
    return Study(file.stem, file, tuple(members.values()))


def _refuse_too_few(file: Path, what: str, pairs: Sequence[int]) -> None:
    """Raises UserError where there are pairs, and in no setting as many as a verdict takes.

    pairs  of each setting and method
    """
    if pairs and max(pairs) < ENOUGH:
        raise UserError(
            f"{file}: no setting has more pairs {what} than {max(pairs)}, and a verdict takes {ENOUGH}: list "
            f"at least {ENOUGH} seeds, or say '{JUDGED}: no' in it, for a study that decides nothing."
        )


def _pairs(configs: Sequence[TrainConfig]) -> list[int]:
    """How many seeds and rows mixup and ERM share, by setting and method."""
    seeds: dict[tuple[Any, ...], dict[tuple[Any, ...], set[tuple[int, int]]]] = {}
    for config in configs:
        fields = vars(config)
        method = tuple(fields[option] for option in ("mixup", *OF_MIXUP))
        setting = tuple(value for option, value in fields.items() if option not in ("mixup", *OF_MIXUP, *SEEDS))
        seeds.setdefault(setting, {}).setdefault(method, set()).add((config.seed, config.data_seed))
    return [
        len(of_erm & of_mixup)
        for methods in seeds.values()
        for erm, of_erm in methods.items()
        for mixup, of_mixup in methods.items()
        if mixup[0] and not erm[0]
    ]


def _pairs_of_gans(configs: Sequence[GanConfig]) -> list[int]:
    """How many seeds mixup and another loss share, by setting."""
    return [
        len({*mixup.seeds} & {*other.seeds})
        for mixup in configs
        for other in configs
        if mixup.loss == "mixup" != other.loss
        and dataclasses.replace(mixup, **vars(gan.LossOptions()), seeds=())
        == dataclasses.replace(other, **vars(gan.LossOptions()), seeds=())
    ]


def _of_entry(
    where: str,
    script: str,
    entry: dict[str, Any],
    members: Sequence[Member],
    find: Find,
    precision_of_all: Precision | None,
) -> Iterator[Member]:
    for name in ON_THE_COMMAND_LINE:
        if name in entry:
            raise UserError(f"{where}: {name} belongs to this machine: say it to study.py, --{name.replace('_', '-')}.")
    runs = None
    if script in ("interpolate", "attack"):
        runs = _runs(where, entry.pop("runs", None), members)
    of_the_study = entry.pop("mixed_precision", None) if script == "train" else None
    if of_the_study not in (None, *PRECISIONS):
        raise UserError(f"{where}: mixed_precision: {of_the_study!r} must be one of {', '.join(PRECISIONS)}.")
    for lines in expanded(where, script, entry):
        options, words = cli.from_mapping(OPTIONS[script], where, lines)
        try:
            check(options)
            if script == "train":
                yield _training(options, words, find, of_the_study, precision_of_all)
            elif script == "baseline":
                yield _baseline(options, words, find)
            elif script == "interpolate":
                yield from (_probe(options, words, run) for run in runs or ())
            elif script == "attack":
                yield _matrix(where, options, words, runs or ())
            elif script == "boundary":
                yield _border(options, words)
            else:
                assert script == "gan", script  # or what another leaves would be taken for a GAN's
                yield _gan(options, words)
        except UserError as error:
            said = str(error)
            raise UserError(said if said.startswith(where) else f"{where}: {said}") from None


def _runs(where: str, names: Any, members: Sequence[Member]) -> tuple[Member, ...]:
    """The runs of the study that are measured: those that are named, or all."""
    there = {member.said: member for member in members if member.script == "train"}
    if not there:
        raise UserError(f"{where}: there is no run to measure; name some under train.")
    if names in (None, ""):
        return tuple(there.values())
    found = {}
    for name in names if isinstance(names, list) else [names]:
        if name not in there:
            hint = meant(str(name), there) or f"; its runs are {', '.join(there)}"
            raise UserError(f"{where}: runs: {name!r} is no run of this study{hint}.")
        found[name] = there[name]
    return tuple(found.values())


def precision() -> str:
    """Accelerate's, as a script that is started without its launcher finds it."""
    return os.environ.get(PRECISION, "no").lower()


def _training(
    options: TrainOptions,
    words: Sequence[str],
    find: Find,
    of_the_study: Precision | None,
    precision_of_all: Precision | None,
) -> Member:
    name, kind, side = _kind_of(options.asked, find)
    config = resolve(options.asked, name, kind, side)
    asked = precision_of_all or of_the_study
    said, run = (run_name(config, kind, side, one or precision()) for one in (of_the_study, asked))
    wanted = _leaves(name, "train", run, config, asked or precision())
    return Member(run, "train", tuple(words), config, (wanted,), asked, said)


def _baseline(options: BaselineOptions, words: Sequence[str], find: Find) -> Member:
    asked = options.as_training.asked
    name, kind, side = _kind_of(asked, find)
    baseline.check_kind(name, kind)
    trained, methods = resolve(asked, name, kind, side), options.fitting.methods
    wanted = tuple(
        _leaves(name, "baseline", baseline.record_name(trained, method), baseline.resolve(trained, method))
        for method in methods
    )
    record = baseline.record_name(trained, "+".join(methods))
    return Member(f"baseline-{record}", "baseline", tuple(words), None, wanted)


def _kind_of(asked: TrainConfig, find: Find) -> tuple[str, str, int | None]:
    """Name and kind of a data set, and the side of its images. Images of the user's own must be read to know it."""
    dataset = asked.dataset
    if one := SETS.get(dataset):
        return dataset, one.kind, (asked.size or one.side) if one.kind == "images" else None
    source = find(dataset)
    if source.kind != "images":
        return source.name, source.kind, None
    from common.data.load import load  # torch, for the few studies of such images

    return source.name, source.kind, load(source, reading(asked, source.name, source.kind)).train.shape[-1]


def _probe(options: InterpolateOptions, words: Sequence[str], run: Member) -> Member:
    config = interpolate.resolve(options.probe, run.name)
    name = interpolate.record_name(config)
    wanted = _leaves(_folder(run), "interpolate", name, config, runs=(run.name,))
    return Member(f"interpolate-{name}", "interpolate", (run.name, *words), config, (wanted,))


def _matrix(where: str, options: AttackOptions, words: Sequence[str], runs: Sequence[Member]) -> Member:
    folders = {_folder(run) for run in runs}
    if len(folders) > 1:
        raise UserError(
            f"{where}: runs of different data sets ({', '.join(sorted(folders))}) cannot attack each other; name those "
            "of one with runs: [NAME, NAME]."
        )
    config, names = attack.resolve(options.attack), [run.name for run in runs]
    (folder,) = folders
    wanted = tuple(
        _leaves(folder, "attack", attack.attack_name(*pair, config), config, runs=pair)
        for pair in itertools.product(names, names)
    )
    n = str(len(names))
    name = attack.attack_name(n, n, config).replace("--", "x", 1)
    return Member(f"attack-{folder}-{name}", "attack", (*names, *words), config, wanted)


def _border(options: BoundaryOptions, words: Sequence[str]) -> Member:
    wanted, of_all = [], precision()
    for name in options.data.names:
        config = boundary.resolve(options, name)
        record = boundary.record_name(config, of_all)
        wanted.append(_leaves("toy", "boundary", record, config, of_all, csv=options.data.csv))
    name = joined(["boundary", "+".join(one.path.stem.removeprefix("boundary-") for one in wanted)])
    return Member(name, "boundary", tuple(words), None, tuple(wanted))


def _gan(options: GanOptions, words: Sequence[str]) -> Member:
    mark = None
    if options.points.csv:
        from common.gan import targets  # torch, for the few studies of such points

        mark = targets.from_csv(options.points.csv).fingerprint
    config = gan.resolve(options, mark)
    name = gan.record_name(config)
    wanted = _leaves("toy", "gan", name, config)
    return Member(f"gan-{name}", "gan", tuple(words), config, (wanted,))


def _leaves(
    folder: str,
    kind: str,
    name: str,
    config: Any,
    precision: str = "no",
    runs: tuple[str, ...] = (),
    csv: Path | None = None,
) -> Wanted:
    return Wanted(records.path_of(Path(), folder, kind, name), as_json(config), precision, runs, csv)


def _folder(run: Member) -> str:
    return run.wanted[0].path.parent.name


def _numbered(name: str) -> Iterator[str]:
    """The name, then others like it: two matrices of as many models each would share one."""
    yield name
    yield from (f"{name}-{number}" for number in itertools.count(2))

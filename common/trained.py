"""Finished runs, found by name: what the probes and the attacks measure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from common import checkpoints, models, places, processes, records
from common.data import sources
from common.data.dataset import Dataset, fingerprint
from common.data.load import load
from common.data.selection import select
from common.data.sources import Reading
from common.errors import UserError, meant
from common.models import Blueprint
from common.options import OF_ROWS, TrainConfig, reading, resolve, run_name
from common.options.fields import of_json
from common.options.machine import MachineWithRuns
from common.options.networks import FILE, RECORDED, file_of, named
from common.records import Record

SHOWN = 20  # names of runs that an error lists, at most
CPU = torch.device("cpu")
DECK: list[tuple[int, bool, tuple[str, ...]]] = [  # seed, mixup, and the words that say so
    (0, False, ()),
    (1, False, ("--seed", "1")),
    (0, True, ("--mixup",)),
]


@dataclass(frozen=True)
class Trained:
    """A run of `train.py` with its weights.

    model  in fp32 and eval mode, parameters frozen, channels last as built, on the device
    data   the rows that the run saw, on the CPU: `train`, and `test`, what it is measured on
    """

    name: str
    record: Record
    record_path: Path
    model: nn.Module
    data: Dataset

    @property
    def parent(self) -> dict[str, str]:
        return records.as_parent(self.record_path, self.record)

    @property
    def flops(self) -> int:
        """Of a row in training; of what was not trained here it is taken for large."""
        passed = self.record["config"]["epochs"] * self.record["data"]["train"]
        return self.record["cost"]["training_flops"] // passed if passed else processes.TINY


def start(names: Sequence[str], machine: MachineWithRuns) -> tuple[Accelerator, list[Trained], dict[str, Any]]:
    """What it takes to measure finished runs: the accelerator, in full precision; the runs, as `find` has them, on its
    device; and what is to be recorded of the machine."""
    accelerator = processes.start(machine.threads)
    processes.full_precision()
    with processes.first_here(accelerator):
        folders = machine.results_dir, machine.checkpoint_dir, machine.data_dir
        runs = find(names, *folders, accelerator.device, machine.model)
    processes.spare_threads(machine.threads, max(run.flops for run in runs))
    return accelerator, runs, records.environment(**processes.measuring_environment(accelerator))


def find(
    names: Sequence[str],
    results_dir: Path = Path("results"),
    checkpoint_dir: Path = Path("checkpoints"),
    data_dir: Path | None = None,
    device: torch.device = CPU,
    own: Sequence[str] = (),
) -> list[Trained]:
    """The runs of these names, in this order, each once; of none, the deck's three.

    names     of runs, or paths of their train records
    data_dir  holds their data set, as for train.py; None: $MIXUP_DATA_DIR
    own       FILE.py:CLASS of each network of the user's own that they were trained as

    raises UserError for a run that is missing, weights that are damaged or not those that the record names, data that
    changed since, and runs of different data sets, classes or shapes
    """
    folders, files = _folders(results_dir, checkpoint_dir, data_dir), _files(own)
    paths = _paths(names, results_dir) if names else _decks(results_dir, folders)
    found = {path: _record(path) for path in dict.fromkeys(paths)}
    _refuse_mixture(found)
    data = _data(found, data_dir, places.known_data(checkpoint_dir))
    return [
        Trained(
            record["run"], record, path, _model(record, path, checkpoint_dir, folders, files).to(device), data[path]
        )
        for path, record in found.items()
    ]


def _files(own: Sequence[str]) -> dict[str, Path]:
    """The files of the user's networks, by what a record calls each. raises UserError"""
    for model in own:
        if not FILE.fullmatch(model):
            raise UserError(
                f"--model {model}: names no file of a network, FILE.py:CLASS; others are found by their run."
            )
    return {named(model): file for model in own if (file := file_of(model))}


def _paths(names: Sequence[str], results_dir: Path) -> list[Path]:
    there = _there(results_dir)
    paths = []
    for name in names:
        if name.endswith(".json"):
            paths.append(Path(name))
        elif name in there:
            paths.append(there[name])
        else:
            raise UserError(f"No run is called {name} in {results_dir}{meant(name, there)}. {_said(there)}")
    return paths


def _decks(results_dir: Path, folders: Sequence[str]) -> list[Path]:
    """ERM seed 0, ERM seed 1 and mixup seed 0, all else by default."""
    commands = {
        _default_name(seed=seed, mixup=mixup): places.command("train", *words, *folders) for seed, mixup, words in DECK
    }
    there = _there(results_dir)
    missing = [name for name in commands if name not in there]
    if missing:
        lines = "\n".join(f"    {commands[name]}" for name in missing)
        raise UserError(
            f"No run is named, so the deck's three are taken; missing of them: {', '.join(missing)}. "
            f"What trains them:\n{lines}\n{_said(there)}"
        )
    return [there[name] for name in commands]


def _folders(results_dir: Path, checkpoint_dir: Path, data_dir: Path | None) -> list[str]:
    """The options that name these folders, where they are not the usual ones."""
    folders: dict[str, tuple[Path | None, Path | None]] = {
        "--results-dir": (results_dir, Path("results")),
        "--checkpoint-dir": (checkpoint_dir, Path("checkpoints")),
        "--data-dir": (data_dir, None),
    }
    return [word for option, (folder, usual) in folders.items() if folder != usual for word in (option, str(folder))]


def _default_name(seed: int, mixup: bool) -> str:
    config = resolve(TrainConfig(seed=seed, mixup=mixup), "cifar10", "images", 32)
    return run_name(config, "images", 32, "no")


def _there(results_dir: Path) -> dict[str, Path]:
    """Name and record of each run in the folder."""
    return {path.stem.removeprefix("train-"): path for path in sorted(results_dir.glob("*/train-*.json"))}


def _said(there: dict[str, Path]) -> str:
    if not there:
        return "No run is there yet."
    more = f" and {len(there) - SHOWN} more" if len(there) > SHOWN else ""
    return f"Runs that are there: {', '.join(list(there)[:SHOWN])}{more}."


def _record(path: Path) -> Record:
    record = records.read(path)
    if record["kind"] != "train":
        raise UserError(f"{path}: a record of kind {record['kind']!r}; name a run by its train record.")
    return record


def _refuse_mixture(found: dict[Path, Record]) -> None:
    (first, *others) = found.values()
    for field, word in (("name", "data set"), ("classes", "classes"), ("shape", "shape of an input")):
        for other in others:
            one, two = first["data"][field], other["data"][field]
            if one != two:
                short = [len(x) if field == "classes" and len(one) != len(two) else x for x in (one, two)]
                raise UserError(
                    f"{first['run']} and {other['run']} cannot be measured together: the {word} of the first is "
                    f"{short[0]}, of the second {short[1]}."
                )


def _data(found: dict[Path, Record], data_dir: Path | None, known: Path) -> dict[Path, Dataset]:
    """The rows that each run saw; runs of the same rows share them."""
    name = next(iter(found.values()))["data"]["name"]
    wholes: dict[Any, Dataset] = {}
    seen: dict[Any, tuple[Dataset, str]] = {}
    for path, record in found.items():
        drawn, read = _drawn(record), _reading(record)
        try:
            if read not in wholes:
                wholes[read] = load(sources.find(name, data_dir, known), read)
        except UserError as error:
            raise UserError(f"The data that these runs saw are needed again. {error}") from None
        if (drawn, read) not in seen:
            data = select(wholes[read], **dict(zip(OF_ROWS, drawn, strict=True)))
            seen[drawn, read] = data, fingerprint(data)
        if seen[drawn, read][1] != record["data"]["fingerprint"]:
            raise UserError(
                f"{path}: {record['run']} saw other rows of {name} than are found here now (from "
                f"{wholes[read].origin}; their fingerprints differ). Name the folder it was trained from with "
                "--data-dir, or train it again."
            )
    return {path: seen[_drawn(record), _reading(record)][0] for path, record in found.items()}


def _drawn(record: Record) -> tuple[Any, ...]:
    """The options that draw the rows."""
    return tuple(record["config"][option] for option in OF_ROWS)


def _reading(record: Record) -> Reading:
    """How the set was read and cut into its parts."""
    return reading(of_json(TrainConfig, record["config"]), record["data"]["name"], record["data"]["kind"])


def _model(
    record: Record, record_path: Path, checkpoint_dir: Path, folders: Sequence[str], files: Mapping[str, Path]
) -> nn.Module:
    """A module of its own that Accelerate never prepared: a prepared one keeps its autocast."""
    path, config = places.weights_path(checkpoint_dir, record["run"]), record["config"]
    own = ["--model", f"FILE.py:{config['model'].partition('@')[0]}"] if RECORDED.fullmatch(config["model"]) else []
    given = ["--weights", "FILE"] if config.get("weights") else []
    again = (
        "Name the folder that has them with --checkpoint-dir, or make them again:\n"
        f"    {places.command('train', '--config', str(record_path), *own, *given, *folders)}"
    )
    if not path.exists():
        raise UserError(f"{path}: the weights of {record['run']} are missing (they are not in git). {again}")
    source = _source(record, files)
    try:
        model = _built(path, record["weights"], source)
    except UserError as error:
        raise UserError(f"{error} {again} --overwrite") from None
    return model.eval().requires_grad_(False)


def _source(record: Record, files: Mapping[str, Path]) -> Path | None:
    """The user's file that holds a run's network, if it is of such a file. raises UserError where it was not named, or
    is another one since"""
    model = record["config"]["model"]
    if not RECORDED.fullmatch(model):
        return None
    called = model.partition("@")[0]
    for other in files:
        if other != model and other.partition("@")[0] == called and model not in files:
            raise UserError(
                f"--model FILE.py:{called}: another file than the one that {record['run']} was trained as (its SHA-256 "
                f"is not {model.partition('@')[2]}…). Put that back, or train again."
            )
    if model not in files:
        raise UserError(
            f"{record['run']} is a network of somebody's own, whose code is run only where its file is named: add "
            f"--model FILE.py:{called}"
        )
    return files[model]


def _built(path: Path, sha256: str, source: Path | None) -> nn.Module:
    """raises UserError for weights that are not the record's, or no model to compute with"""
    weights, header = checkpoints.load_weights(path, sha256)
    if "normalize.mean" not in weights or "normalize.std" not in weights:
        raise UserError(f"{path}: holds a model without its normalisation, so that epsilon would mean nothing.")
    is_finite = all(bool(tensor.isfinite().all()) for tensor in weights.values())
    if not (is_finite and bool((weights["normalize.std"] > 0).all())):
        raise UserError(f"{path}: holds weights that are not finite, or a standard deviation of 0.")
    try:
        blueprint = replace(Blueprint.from_json(header), source=source)
        with models.countable_on(blueprint):  # of ours it takes no memory, however large the header says that it is
            planned = models.build(blueprint).state_dict()
        if _forms(weights) != _forms(planned):
            raise UserError("its tensors are not those of the model that its header names.")
        model = models.build(blueprint)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    model.load_state_dict(weights)
    return model


def _forms(tensors: Mapping[str, torch.Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()}

"""What a training run is before it is trained: its configuration, rows and network, and what each epoch is made of."""

import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from accelerate import Accelerator

from common import checkpoints, metrics, mixup, models, processes, training
from common.chance import rng
from common.consistency.compared import CLEAN_TRAIN_ROWS, WIDE
from common.data.cache import statistics_of
from common.data.dataset import Dataset, Part, fingerprint, take
from common.data.load import load
from common.data.selection import select
from common.data.sources import Source
from common.data.statistics import patches
from common.errors import UserError
from common.mixup import ERM, Mixup, neighbours
from common.models import Blueprint, others
from common.options import OF_ROWS, TrainConfig, reading, resolve, run_name
from common.options.fields import as_json
from common.options.networks import file_of, network
from common.options.train import MOVES
from common.plan import Noise, Plan, batch_stops, draw
from common.training import Training


@dataclass(frozen=True)
class Run:
    """A training, and all that decides its numbers but the precision.

    config     with nothing left open
    data       the rows it sees: `test` is what it is measured on
    blueprint  of the network
    given      the file of weights that it begins from, if it does
    """

    config: TrainConfig
    data: Dataset
    blueprint: Blueprint
    given: Path | None = None

    def name(self, precision: str) -> str:
        """precision  Accelerate's"""
        return run_name(self.config, self.data.kind, _side(self.data), precision)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the rows."""
        return fingerprint(self.data)

    @property
    def pad(self) -> int:
        """Pixels of padding to crop from: 4 for 32 x 32, as the authors'; 0 for no augmentation."""
        return self.blueprint.shape[-1] // MOVES[self.config.augment] if self.config.augment in MOVES else 0

    @property
    def steps_per_epoch(self) -> int:
        return len(batch_stops(len(self.data.train), self.config.batch_size))

    def method(self, epoch: int) -> Mixup:
        """By which an epoch is trained: before mixup begins, by ERM."""
        config = self.config
        is_mixed = config.mixup and config.warmup_epochs < epoch <= config.epochs - config.cooldown_epochs
        return self.mixing if is_mixed else replace(ERM, smoothing=config.label_smoothing)

    @cached_property
    def mixing(self) -> Mixup:
        """The way in which rows are mixed, where they are."""
        return mixup.of(self.config, self.blueprint.shape, self.pairs)

    @cached_property
    def pairs(self) -> mixup.Pairs:
        """Who is mixed with whom."""
        config, labels = self.config, self.data.train.labels.numpy()
        of_class = labels if config.pairs == "same-class" else None
        if config.neighbours is not None:
            return mixup.Neighbours(
                neighbours.nearest(self.data.train, self.blueprint.std, config.neighbours, of_class)
            )
        if of_class is not None:
            return mixup.SameClass(of_class)
        return mixup.InBlocks() if config.stream else mixup.Pairs()

    def plan(self, epoch: int) -> Plan:
        rows, config, shape = len(self.data.train), self.config, self.blueprint.shape
        std = tuple(config.noise * std for std in self.blueprint.std)
        return draw(
            rows,
            config.batch_size,
            seed=config.seed,
            epoch=epoch,
            method=self.method(epoch),
            pad=self.pad,
            alternating=config.augment == "translate-flip",
            noise=Noise(config.seed, epoch, std, shape) if config.noise else None,
            sizes=self.data.train.sizes if config.augment == "resized-crop" else None,
        )

    def begin(self, accelerator: Accelerator) -> Training:
        """Before the first step, with the weights that its seed draws, or that are given.

        raises UserError for given ones that do not fit
        """
        with processes.first_here(accelerator):
            _ = self.pairs  # neighbours are searched by the first process of a machine, and read by the others
        processes.watch_hooks(accelerator)
        if not models.is_ours(self.blueprint.model):
            processes.leave_out_unused(accelerator)
        network = models.build(self.blueprint, self.config.seed)
        if self.given and self.config.weights:
            weights = checkpoints.load_given(self.given, self.config.weights)
            checkpoints.fill(network.get_submodule("network"), weights, self.given)
        network = network.to(accelerator.device)
        together = processes.synchronise_batchnorm(accelerator, network)
        return training.begin(accelerator, together, self.config, self.steps_per_epoch)

    def check_shares(self, accelerator: Accelerator) -> None:
        """Of a run that trains: raises UserError for a batch of too few rows for these processes.

        In half precision, torch's synchronised BatchNorm gathers float32 of processes with rows and halves of one
        without: NCCL then hangs, or takes garbage for statistics. Of each process's own rows, BatchNorm takes no single
        one at a layer where a row is a single value."""
        if not self.config.epochs:
            return
        over, count = processes.batchnorm_over(accelerator), accelerator.num_processes
        stops = [0, *batch_stops(len(self.data.train), self.config.batch_size)]
        fewest = min(stop - start for start, stop in itertools.pairwise(stops))
        begun = f"--batch-size {self.config.batch_size}: leaves {fewest} of {len(self.data.train):,} rows for the last "
        begun += f"batch, and {count} processes"
        if over == "synchronised" and accelerator.mixed_precision != "no" and fewest < count:
            out = "take another size, fewer processes or --mixed_precision no"
            raise UserError(f"{begun} in half precision need a row each; {out}.")
        if over == "per process" and fewest < 2 * count and not models.learns_of_one_row(self.blueprint):
            raise UserError(
                f"{begun} of a CPU need two rows each for the BatchNorm of {self.config.model}; take another size or "
                "fewer processes."
            )

    @property
    def clean_train(self) -> Part:
        """Training rows as they are, to measure the training error on: the same for every seed and method. Where labels
        are corrupted, it has the corrupted ones."""
        return take(self.data.train, self.clean_train_rows)

    def by_label(self, predicted: np.ndarray) -> dict[str, Any]:
        """Training errors by what was done to a row's label. predicted  (n,) classes of the rows of `clean_train`"""
        corruption, rows = self.data.corruption, self.clean_train_rows
        assert corruption is not None
        given, true, drawn = (t.numpy()[rows] for t in (self.data.train.labels, corruption.true, corruption.drawn))
        return metrics.by_label(predicted, given, true, drawn)

    @cached_property
    def clean_train_rows(self) -> np.ndarray:
        """The numbers of those rows, ascending."""
        return np.sort(rng("clean train").permutation(len(self.data.train))[:CLEAN_TRAIN_ROWS])

    @property
    def flat_config(self) -> dict[str, int | float | str | bool]:
        """The configuration as a tracker takes it."""
        return {k: v if isinstance(v, int | float | str) else str(v) for k, v in as_json(self.config).items()}

    @property
    def data_json(self) -> dict[str, Any]:
        """What a record says of the data."""
        data, blueprint = self.data, self.blueprint
        return {
            "name": data.name,
            "kind": data.kind,
            "origin": data.origin,
            "train": len(data.train),
            "measured_on": data.measured_on,
            "measured": len(data.test),
            "classes": list(data.classes),
            "shape": list(blueprint.shape),
            # Of ten thousand features they would fill the record; the header of the weights has them all.
            "mean": list(blueprint.mean) if len(blueprint.mean) <= WIDE else [],
            "std": list(blueprint.std) if len(blueprint.std) <= WIDE else [],
            "notes": list(data.notes),
            "fingerprint": self.fingerprint,
        }


def describe(asked: TrainConfig, source: Source) -> Run:
    """Loads the data, draws the rows, and settles everything that was left to the data set.

    raises UserError for rows that are not to be had, or a model that does not take them
    """
    whole = load(source, reading(asked, source.name, source.kind))
    return of(asked, select(whole, **{name: getattr(asked, name) for name in OF_ROWS}))


def of(asked: TrainConfig, data: Dataset) -> Run:
    """A run on these rows, with everything settled that was left to them. raises UserError for a model that does not
    take them, and for more neighbours than there are

    Given weights are normalised by what they were trained with, where that is known, and else by these rows.
    """
    config = resolve(asked, data.name, data.kind, _side(data))
    neighbours.check(config, data.train.labels.numpy())
    file, given = file_of(asked.model), Path(asked.weights) if asked.weights else None
    mean, std = statistics_of(data.train)
    if given:
        mean, std = _published(config, given, file, data) or (mean, std)
    seen = patches(data.train, std) if network(config.model).is_whitened else ()
    blueprint = Blueprint(
        config.model, config.width, data.classes, data.train.shape, mean, std, config.dropout, seen, file
    )
    models.countable_on(blueprint)
    run = Run(config, data, blueprint, given)
    steps = config.epochs * run.steps_per_epoch
    if 0 < steps < config.lookahead:
        raise UserError(
            f"--lookahead {config.lookahead}: the training has {steps} steps, after which the weights would be put "
            "back to what they were; train longer, in smaller batches, or with --lookahead 0."
        )
    return run


def _published(config: TrainConfig, given: Path, file: Path | None, data: Dataset) -> others.Statistics | None:
    """Mean and standard deviation by which given weights were trained, where that is known. raises UserError for those
    of another network that was trained here"""
    header = checkpoints.header_of(given)
    if header is None:
        return others.statistics(config.model, file, data.train.shape[0]) if data.kind == "images" else None
    try:
        theirs = Blueprint.from_json(header)
    except UserError as error:
        raise UserError(f"--weights {given}: {error}") from None
    if (theirs.model, theirs.width) != (config.model, config.width):
        own, _, is_own = theirs.model.partition("@")
        name = f"FILE.py:{own}" if is_own else own
        width = f" --width {theirs.width}" if network(theirs.model).scales else ""
        raise UserError(
            f"--weights {given}: is another network's, {theirs.model} of width {theirs.width}, than {config.model} of "
            f"width {config.width}; name that one: --model {name}{width}"
        )
    return (theirs.mean, theirs.std) if theirs.shape[0] == data.train.shape[0] else None


def _side(data: Dataset) -> int | None:
    return data.train.shape[-1] if data.kind == "images" else None

"""What a training run is before it is trained: its configuration, rows, network, name and files."""

import json
import math
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from common import checkpoints, files, metrics, places, records
from common.chance import rng
from common.consistency import CLEAN_TRAIN_ROWS, WIDE
from common.data.dataset import Dataset, Part, fingerprint, patches, select, statistics, take
from common.data.load import load
from common.data.sources import Source
from common.errors import UserError
from common.mixup import ERM, CutMix, Mixup
from common.models import Blueprint
from common.options import OF_ROWS, TrainConfig, TrainOptions, reading, resolve, run_name
from common.options.fields import earlier
from common.options.networks import NETWORKS
from common.options.train import MOVES
from common.plan import Plan, batch_stops, draw

Config = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """A run of `train.py`.

    config       every option that decides its numbers
    precision    Accelerate's mixed precision, which decides them too
    data         the rows it sees: `test` is what it is measured on
    fingerprint  SHA-256 of those rows
    """

    name: str
    config: TrainConfig
    precision: str
    data: Dataset
    fingerprint: str
    blueprint: Blueprint
    record_path: Path
    weights_path: Path
    state_path: Path
    lock_path: Path

    @property
    def pad(self) -> int:
        """Pixels of padding to crop from: 4 for 32 x 32, as the authors'; 0 for no augmentation."""
        return self.blueprint.shape[-1] // MOVES[self.config.augment] if self.config.augment in MOVES else 0

    @property
    def steps_per_epoch(self) -> int:
        return len(batch_stops(len(self.data.train), self.config.batch_size))

    def method(self, epoch: int) -> Mixup:
        """By which an epoch is trained: before mixup begins, by ERM."""
        is_mixed = self.config.mixup and epoch > self.config.warmup_epochs
        return self.mixing if is_mixed else replace(ERM, smoothing=self.config.label_smoothing)

    @cached_property
    def mixing(self) -> Mixup:
        """The way in which rows are mixed, where they are."""
        config = self.config
        way: dict[str, Any] = {
            "alpha": config.alpha,
            "lam_per": config.lam_per,
            "smoothing": config.label_smoothing,
        }
        if config.mix == "patches":
            height, width = self.blueprint.shape[-2:]
            return CutMix(**way, size=(height, width))
        return Mixup(**way)

    def plan(self, epoch: int) -> Plan:
        rows, config = len(self.data.train), self.config
        return draw(
            rows,
            config.batch_size,
            seed=config.seed,
            epoch=epoch,
            method=self.method(epoch),
            pad=self.pad,
            alternating=config.augment == "translate-flip",
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
        return {k: v if isinstance(v, int | float | str) else str(v) for k, v in self.config_json.items()}

    @property
    def config_json(self) -> Config:
        """The configuration as a record holds it."""
        return self.config.to_json()

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

    def is_finished(self) -> bool:
        """Whether record and weights of this very run are there, and no training of it is under way.

        raises UserError where the record under this name is of another configuration or other data, or the weights are
        not those that it names
        """
        if not self.record_path.exists():
            return False
        record = records.read(self.record_path)
        config = record["config"] | {"precision": record["environment"]["precision"]}
        self._refuse_other(self.record_path, config, record["data"]["fingerprint"])
        if self.state_path.exists() or not self.weights_path.exists():
            return False
        if not places.has_weights(self.weights_path, record["weights"]):
            raise UserError(
                f"{self.weights_path}: not the weights that {self.record_path} names (their SHA-256 differs). Put "
                "those back, name the folder that has them with --checkpoint-dir, or train both again with --overwrite."
            )
        return True

    def replaced(self) -> str:
        """What a training of this run will replace, and what keeps it; nothing where nothing is there."""
        record, weights = self.record_path.exists(), self.weights_path.exists()
        elsewhere = "name another --results-dir and --checkpoint-dir"
        if record and weights and self.state_path.exists():
            what = f"{self.record_path} and {self.weights_path}, which are whole; {self.state_path} is gone on from"
            keep = f"remove {self.state_path}, or {elsewhere}"
        elif record and weights:
            what, keep = f"{self.record_path} and {self.weights_path}", elsewhere
        elif record:
            what = f"{self.record_path}, whose weights are not in {self.weights_path.parent}; what was measured of them"
            what += " counts no more"
            keep = "put its weights there, or name another --results-dir"
        elif weights and not self.state_path.exists():
            what = f"{self.weights_path}, whose record is not in {self.record_path.parent}"
            keep = "put its record there, or name another --checkpoint-dir"
        else:
            return ""
        return f"{what}. To keep it: {keep}."

    def alone(self) -> AbstractContextManager[None]:
        """Keeps other processes off this run's files, and sweeps what a killed one left of them."""
        return files.alone(self.lock_path, (self.record_path, self.weights_path, self.state_path))

    def saved_state(self) -> dict[str, Any] | None:
        """The state after the last finished epoch, or None where there is none.

        raises UserError where it is damaged, or of another configuration or other data
        """
        if not self.state_path.exists():
            return None
        state = checkpoints.load_state(self.state_path)
        try:
            config = earlier(TrainConfig) | json.loads(state["config"]) | {"precision": state["precision"]}
            mark, curve, done = state["fingerprint"], state["curve"], state.get("epoch", len(state["curve"]))
            spent = state["seconds"], state["training_seconds"]
            is_ours = records.is_curve(curve) and type(done) is int and len(curve) <= done <= config["epochs"]
            if not (is_ours and all(type(seconds) is float and 0 <= seconds < math.inf for seconds in spent)):
                raise ValueError("no state of a training")
        except (KeyError, RecursionError, TypeError, ValueError):
            raise UserError(
                f"{self.state_path}: not a checkpoint of this project; remove it, or train from the start with "
                "--overwrite."
            ) from None
        self._refuse_other(self.state_path, config, mark)
        return state

    def save_state(self, **state: Any) -> None:
        """Keeps what it takes to go on after this epoch."""
        own = {"config": json.dumps(self.config_json), "fingerprint": self.fingerprint, "precision": self.precision}
        checkpoints.save_state(self.state_path, own | state)

    def _refuse_other(self, path: Path, config: Config, mark: str) -> None:
        mine = self.config_json | {"precision": self.precision}
        for field, theirs in (config | {"data": mark}).items():
            ours = self.fingerprint if field == "data" else mine.get(field)
            if ours != theirs:
                raise UserError(
                    f"{path}: is of another run under the same name: {field} is {theirs!r} there and {ours!r} here. "
                    "Give another --results-dir and --checkpoint-dir, or replace it with --overwrite."
                )


def describe(asked: TrainOptions, source: Source, precision: str) -> Run:
    """Loads the data, draws the rows, and settles everything that was left to the data set.

    raises UserError for rows that are not to be had, or a model that does not take them
    """
    options = asked.data
    whole = load(source, reading(options, source.name, source.kind))
    data = select(whole, **{name: getattr(options, name) for name in OF_ROWS})
    shape = data.train.shape
    side = shape[-1] if data.kind == "images" else None
    config = resolve(asked.asked, data.name, data.kind, side)
    name = run_name(config, data.kind, side, precision)
    mean, std = statistics(data.train.inputs)
    return Run(
        name=name,
        config=config,
        precision=precision,
        data=data,
        fingerprint=fingerprint(data),
        blueprint=Blueprint(
            config.model,
            config.width,
            data.classes,
            shape,
            mean,
            std,
            config.dropout,
            patches(data.train.inputs, std) if NETWORKS[config.model].is_whitened else (),
        ),
        record_path=records.path_of(asked.run.results_dir, data.name, "train", name),
        weights_path=places.weights_path(asked.run.checkpoint_dir, name),
        state_path=places.state_path(asked.run.checkpoint_dir, name),
        lock_path=places.lock_path(asked.run.checkpoint_dir, name),
    )

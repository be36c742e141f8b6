"""The name of a run, which is its configuration, and the words that ask for it."""

import dataclasses
from typing import Any

from common.options.defaults import smoothing_of
from common.options.fields import OPEN, joined, pieces, words
from common.options.networks import piece
from common.options.resolving import usual
from common.options.train import DataOptions, MixupOptions, ModelOptions, TrainConfig, TrainingOptions


def rows_name(config: TrainConfig, kind: str, side: int | None) -> str:
    """The part of a name that says which rows are seen: ``cifar10-5000-rows1``."""
    return "-".join([config.dataset, *_pieces_of(DataOptions, pieces(config, _unasked(config, kind, side)))])


def run_name(config: TrainConfig, kind: str, side: int | None, precision: str) -> str:
    """The name of a run: the data set, the model, ERM or mixup, the seed, and all that departs from the defaults.

    For example ``cifar10-5000-preactresnet18-w16-100ep-erm-seed1``. Two configurations never share a name.
    """
    return _name(config, kind, side, precision, with_method=True)


def setting_name(config: TrainConfig, kind: str, side: int | None, precision: str) -> str:
    """What the names of runs share that differ in method (ERM or mixup, with or without dropout, noise or
    smoothed labels) and seed alone."""
    bare = dataclasses.replace(config, dropout=0.0, noise=0.0, label_smoothing=smoothing_of(config.recipe))
    return _name(bare, kind, side, precision, with_method=False)


def _name(config: TrainConfig, kind: str, side: int | None, precision: str, with_method: bool) -> str:
    found = pieces(config, _unasked(config, kind, side))
    parts = [config.dataset, *_pieces_of(DataOptions, found), piece(config.model)]
    parts += [*_pieces_of(ModelOptions, found), *_pieces_of(TrainingOptions, found)]
    if with_method:
        parts += [f"mixup{config.alpha}" if config.mixup else "erm", *_pieces_of(MixupOptions, found)]
    if precision != "no":
        parts.append(precision)
    return joined([*parts, f"seed{config.seed}"]) if with_method else "-".join(parts)


def command_words(config: TrainConfig, kind: str, side: int | None) -> list[str]:
    """The words behind ``scripts/train.py`` that ask for this configuration."""
    unasked = _unasked(config, kind, side)
    model = usual(dataclasses.replace(config, model=OPEN), kind, side).model
    return words(config, dataclasses.replace(unasked, dataset=DataOptions().dataset, model=model, mixup=False))


def _unasked(config: TrainConfig, kind: str, side: int | None) -> TrainConfig:
    """What is usual, by the optimizer that the data set brings."""
    optimizer = usual(dataclasses.replace(config, optimizer=OPEN), kind, side).optimizer
    return dataclasses.replace(usual(config, kind, side), optimizer=optimizer, recipe=None)


def _pieces_of(group: type[Any], found: dict[str, str]) -> list[str]:
    return [found[field.name] for field in dataclasses.fields(group) if field.name in found]

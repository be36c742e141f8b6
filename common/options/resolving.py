"""The configuration in force: what was asked for, and where nothing was, what data set, recipe and optimizer bring."""

import dataclasses
from typing import Any

from common.data.sets import SETS
from common.data.sources import Reading
from common.errors import UserError
from common.options import defaults
from common.options.networks import NETWORKS, given, named, network
from common.options.train import LAYERS, MOVES, TrainConfig

TARGET, TEST_SHARE = "label", 0.2  # of a CSV file


def reading(data: TrainConfig, name: str, kind: str) -> Reading:
    """How the set is read, by what is asked for, and by what a record holds of it; None for what it brings itself.

    name, kind  as `resolve` takes them

    raises UserError that names the option, where it means nothing
    """
    is_shipped = name in SETS and SETS[name].package != ""
    is_csv = kind == "table" and not is_shipped
    if data.test_share is not None and name in SETS and SETS[name].hub:
        raise UserError(f"--test-share {data.test_share:g}: {name} has a test part; leave it out.")
    if data.target is not None and is_shipped:
        raise UserError(f"--target {data.target}: {name} is no CSV file and has its classes; leave it out.")
    if data.size is not None and (kind != "images" or is_shipped):
        raise UserError(f"--size {data.size}: {name} has no images of several sizes; leave it out.")
    if data.stream and (kind != "images" or is_shipped):
        raise UserError(f"--stream: {name} has no images in files; leave it out.")
    if data.drop is not None and not is_csv:
        raise UserError(f"--drop {' '.join(data.drop)}: {name} is no CSV file, whose columns it names; leave it out.")
    if data.distinct and not is_csv:
        raise UserError(f"--distinct: {name} is no CSV file, whose rows it looks at; leave it out.")
    if data.per_utterance and kind != "sounds":
        raise UserError(f"--per-utterance: {name} has no sounds; leave it out.")
    if not is_csv:
        is_large = name in SETS and SETS[name].is_large
        stream = data.stream or is_large
        augment = data.augment or defaults.brought(name, kind, None, data.recipe, data.model).augment
        without_margin = stream and augment == "resized-crop"
        size = data.size or (defaults.IMAGENET_SIDE if is_large or without_margin else None)
        seed = 0 if data.test_share is None else data.data_seed  # it draws nothing here
        return Reading(
            data.target,
            None,
            size,
            data.test_share,
            seed,
            stream=stream,
            without_margin=without_margin,
            per_utterance=data.per_utterance,
        )
    drop = None if data.drop is None else tuple(sorted(set(data.drop)))
    share = TEST_SHARE if data.test_share is None else data.test_share
    return Reading(data.target or TARGET, drop, None, share, data.data_seed, data.distinct)


def resolve(asked: TrainConfig, name: str, kind: str, side: int | None) -> TrainConfig:
    """The configuration in force: what was asked for, then the recipe's defaults, then the data set's own.

    name  of the data set;  kind  "images", "sounds" or "table";  side  of its images in pixels, None for others
    raises UserError that names the option, where one means nothing for this data, network or way of learning
    """
    config = _filled(asked, reading(asked, name, kind), name, kind, side)
    for refuse in (_refuse_model, _refuse_training, _refuse_augment, _refuse_mixing):
        refuse(config, kind, side)
    return config


def _filled(asked: TrainConfig, read: Reading, name: str, kind: str, side: int | None) -> TrainConfig:
    """With nothing left open."""
    usual = defaults.brought(name, kind, side, asked.recipe, asked.model)
    model, optimizer = named(asked.model or usual.model), asked.optimizer or usual.optimizer
    schedule = asked.schedule or usual.schedule
    found: dict[str, Any] = dict(defaults.OPTIMIZERS[optimizer])
    if optimizer == usual.optimizer:
        found |= {field: getattr(usual, field) for field in found if getattr(usual, field) is not None}
    for field in (
        "epochs",
        "batch_size",
        "augment",
        "bias_lr",
        "label_smoothing",
        "lookahead",
        "warmup_epochs",
        "rise_epochs",
    ):
        found[field] = getattr(usual, field)
    found |= {"width": network(model).width, "optimizer": optimizer, "schedule": schedule}
    epochs = usual.epochs if asked.epochs is None else asked.epochs
    found["rise_epochs"] = 0 if schedule == "triangle" else min(usual.rise_epochs, epochs)
    found |= {"lr_drops": () if schedule == "triangle" else usual.lr_drops, "alpha": 1.0, "lam_per": "batch"}
    found = {field: value for field, value in found.items() if getattr(asked, field) is None}
    if not asked.mixup:
        found |= {"alpha": None, "lam_per": None, "warmup_epochs": 0}
    found |= {"model": model, "weights": None if asked.weights is None else given(asked.weights)}
    found |= {"target": read.target, "drop": read.drop, "size": read.size, "test_share": read.test_share}
    found["stream"] = read.stream
    return dataclasses.replace(asked, dataset=name, **found)


def _refuse_model(config: TrainConfig, kind: str, side: int | None) -> None:
    mine = network(config.model)
    if kind not in mine.takes:
        fitting = ", ".join(name for name, one in NETWORKS.items() if kind in one.takes)
        takes = " and ".join(mine.takes)
        raise UserError(
            f"--model {config.model}: takes {takes}, and {config.dataset} is {kind}; take one of: {fitting}."
        )
    if config.width != mine.width and not mine.scales:
        raise UserError(f"--width {config.width}: {config.model} is of one width, as published; leave it out.")
    if config.dropout and not mine.has_dropout:
        raise UserError(
            f"--dropout {config.dropout}: {config.model} has no place for it; leave it out, or take one of: "
            f"{', '.join(name for name, one in NETWORKS.items() if one.has_dropout)}."
        )


def _refuse_training(config: TrainConfig, kind: str, side: int | None) -> None:
    if config.optimizer == "adam" and config.momentum is not None:
        raise UserError(
            f"--momentum {config.momentum}: means nothing under --optimizer adam, which {config.dataset} is trained by "
            "here; leave it out, or add --optimizer sgd."
        )
    if config.optimizer == "nesterov" and not config.momentum:
        raise UserError("--momentum 0: --optimizer nesterov has none to look ahead by; take --optimizer sgd.")
    rows, parts = config.batch_size, config.accumulate
    if parts > 1 and rows < 2 * parts:
        raise UserError(
            f"--accumulate {parts}: leaves fewer than two of the {rows} rows of --batch-size to a piece, and "
            f"BatchNorm needs two; at most {max(1, rows // 2)}."
        )
    if config.schedule == "triangle" and config.lr_drops:
        raise UserError(
            f"--lr-drops {' '.join(map(str, config.lr_drops))}: means nothing under --schedule triangle; leave it out, "
            "or add --schedule drops."
        )
    rise = config.rise_epochs
    if config.schedule == "triangle" and rise:
        raise UserError(f"--rise-epochs {rise}: --schedule triangle rises by itself; leave one of the two out.")
    if rise > config.epochs:
        raise UserError(f"--rise-epochs {rise}: more than --epochs {config.epochs}; at most {config.epochs}.")


def _refuse_augment(config: TrainConfig, kind: str, side: int | None) -> None:
    augment = config.augment
    if augment in MOVES and (side is None or side < MOVES[augment]):
        what = {"table": "a table", "sounds": "of sounds"}.get(kind, f"images of {side} pixels")
        raise UserError(
            f"--augment {augment}: moves by 1/{MOVES[augment]} of an image's side, and {config.dataset} is {what}; "
            "leave it out."
        )
    if augment == "resized-crop" and not config.stream:
        raise UserError(
            "--augment resized-crop: cuts boxes out of images of any size, which stay encoded for it; add --stream."
        )


def _refuse_mixing(config: TrainConfig, kind: str, side: int | None) -> None:
    if config.stream and config.neighbours is not None:
        raise UserError(
            f"--neighbours {config.neighbours}: compares all pixels of all rows, which --stream does not hold; leave "
            "one of the two out."
        )
    layers = network(config.model).layers
    if config.mix in LAYERS[layers:] or (config.mix == "hidden" and not layers):
        has = f"has {layers} hidden layers" if layers else "has no hidden layers to mix before"
        others = [name for name, one in NETWORKS.items() if kind in one.takes and one.layers > layers]
        ways = [*LAYERS[:layers], *(["hidden"] if layers else []), *(f"--model {name}" for name in others)]
        raise UserError(f"--mix {config.mix}: {config.model} {has}; take one of: {', '.join(ways)}.")
    if config.pastes and kind == "table":
        raise UserError(
            f"--mix {config.mix}: cuts boxes out of images or sounds, and {config.dataset} is a table; leave it out."
        )
    epochs, warmup, cooldown = config.epochs, config.warmup_epochs, config.cooldown_epochs
    if config.mixup and warmup >= epochs:
        raise UserError(
            f"--warmup-epochs {warmup}: leaves none of --epochs {epochs} to mixup; at most {epochs - 1}, and 0 for "
            "mixup from the start."
        )
    if config.mixup and warmup + cooldown >= epochs:
        raise UserError(
            f"--cooldown-epochs {cooldown}: leaves none of --epochs {epochs} to mixup; at most {epochs - warmup - 1}."
        )


def draws_test_part(config: TrainConfig) -> bool:
    """Whether another --data-seed draws another test part, from rows that are else trained on. Held-out rows
    (--holdout) are drawn too, but what is trained on may be few of those left, so that another correction would do."""
    is_one = config.dataset in SETS and SETS[config.dataset].is_small_test
    return config.test_share is not None and not is_one


def usual(config: TrainConfig, kind: str, side: int | None) -> TrainConfig:
    """What a run is unasked on the same data set, by the same recipe, model, optimizer and method, from seed 0."""
    bare = TrainConfig(model=config.model, mixup=config.mixup, optimizer=config.optimizer, recipe=config.recipe)
    return resolve(bare, config.dataset, kind, side)

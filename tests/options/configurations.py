"""Configurations as they are asked for."""

import dataclasses

from common.options import TrainOptions, resolve, run_name


def asked(**changes):
    """Options by flat name, as on the command line."""
    groups = {}
    for group in dataclasses.fields(TrainOptions):
        names = {field.name for field in dataclasses.fields(group.type)}
        groups[group.name] = group.type(**{name: changes.pop(name) for name in names & set(changes)})
    assert not changes
    return TrainOptions(**groups)


def cifar(**changes):
    return resolve(asked(**changes).asked, "cifar10", "images", 32)


def name_of(config, precision="no"):
    return run_name(config, "images", 32, precision)


def sounds(**changes):
    return resolve(asked(**changes).asked, "spoken_digits", "sounds", None)


ANOTHER = {
    "subset": 100,
    "holdout": 100,
    "holdout_share": 0.7,
    "test_subset": 100,
    "corrupt_labels": 0.7,
    "data_seed": 7,
    "target": "kind",
    "drop": ("id", "kind of"),
    "distinct": True,
    "per_utterance": True,
    "size": 64,
    "test_share": 0.7,
    "width": 100,
    "dropout": 0.7,
    "alpha": 0.7,
    "lam_per": "row",
    "mix": "patches",
    "partners": 7,
    "pairs": "same-class",
    "neighbours": 7,
    "targets": "heavier",
    "cooldown_epochs": 7,
    "mixup_prob": 0.7,
    "regmixup": 0.7,
    "warmup_epochs": 7,
    "epochs": 100,
    "measure_every": 7,
    "batch_size": 100,
    "accumulate": 7,
    "optimizer": "adam",
    "lr": 0.7,
    "lr_drops": (0.7,),
    "momentum": 0.7,
    "weight_decay": 0.7,
    "augment": "none",
    "recipe": "fast",
    "schedule": "triangle",
    "bias_lr": 0.7,
    "label_smoothing": 0.7,
    "noise": 0.7,
    "lookahead": 7,
    "rise_epochs": 7,
    "stream": True,
    "seed": 7,
    "mixup": False,
    "model": "smallcnn",
    "weights": "0123456789ab",
    "dataset": "other",
}


def table(name, **changes):
    return resolve(asked(**changes).asked, name, "table", None)

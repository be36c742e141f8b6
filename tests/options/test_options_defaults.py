"""What is brought where nothing is asked."""

import dataclasses
from fractions import Fraction
from typing import get_type_hints

import pytest

from common.errors import UserError
from common.options import TrainConfig, check, resolve, run_name
from common.options.defaults import IMAGENET, IMAGES, SMALL_IMAGES, SOUNDS, TABLE
from tests.options.configurations import asked, cifar, name_of, sounds


def test_the_defaults_are_the_decks():
    config = cifar(mixup=True)
    assert (config.model, config.width, config.epochs, config.batch_size, config.lr) == (
        "preactresnet18",
        64,
        200,
        128,
        0.1,
    )
    assert (config.alpha, config.lam_per, config.weight_decay, config.momentum) == (1.0, "batch", 1e-4, 0.9)
    assert config.augment == "crop-flip"
    assert [drop * config.epochs for drop in config.lr_drops] == [100, 150]


@pytest.mark.parametrize(
    ("kind", "brought"), {"digits": SMALL_IMAGES, "imagenet": IMAGENET, "sounds": SOUNDS, "tables": TABLE}.items()
)
def test_the_help_says_what_each_kind_of_data_brings(kind, brought):
    hints = get_type_hints(TrainConfig, include_extras=True)
    usual, others = dataclasses.asdict(IMAGES), dataclasses.asdict(brought)
    differing = {name: value for name, value in others.items() if value != usual[name]}
    assert len(differing) >= 2
    for name, value in differing.items():
        (said,) = [note.help_behavior_hint for note in hints[name].__metadata__ if hasattr(note, "help_behavior_hint")]
        parts = [part.split(": ") for part in said.removeprefix("(default: ").removesuffix(")").split("; ")]
        of_kind = {one: part[1] for part in parts if len(part) == 2 for one in part[0].split(", ")}
        if isinstance(value, tuple):
            shown = " ".join(str(Fraction(share).limit_denominator(9)) for share in value) or "none"
        else:
            shown = f"{value:g}" if isinstance(value, float) else str(value)
        assert of_kind.get(kind, "").split(",")[0] == shown, name


def test_cifar100_brings_what_cifar10_brings():
    other = resolve(asked(mixup=True).asked, "cifar100", "images", 32)
    assert other == dataclasses.replace(cifar(mixup=True), dataset="cifar100")
    assert name_of(other) == "cifar100-preactresnet18-mixup1.0-seed0"


def test_other_sets_bring_their_own():
    digits = resolve(asked().asked, "digits", "images", 8)
    assert (digits.model, digits.augment, digits.epochs) == ("smallcnn", "none", 60)
    table = resolve(asked().asked, "wine", "table", None)
    assert (table.model, table.width, table.batch_size, table.lr_drops) == ("mlp", 128, 16, ())
    assert (table.optimizer, table.lr, table.momentum, table.weight_decay) == ("adam", 1e-3, None, 0.0)
    assert resolve(asked().asked, "letters", "images", 28).augment == "none"  # a flipped letter is another one
    assert resolve(asked().asked, "thumbs", "images", 12).model == "smallcnn"
    assert resolve(asked(epochs=3, lr=0.5, model="mlp").asked, "wine", "table", None).epochs == 3


def test_sounds_bring_the_papers():
    """Section 3.3: a tenth of the rate every 10 of 30 epochs, the first 5 without mixup."""
    config = sounds(mixup=True)
    assert (config.model, config.width, config.epochs, config.batch_size, config.augment) == (
        "lenet",
        20,
        30,
        100,
        "none",
    )
    assert (config.optimizer, config.lr, config.momentum, config.weight_decay) == ("adam", 3e-3, None, 0.0)
    assert [drop * config.epochs for drop in config.lr_drops] == [10, 20]
    assert (config.warmup_epochs, sounds().warmup_epochs, cifar(mixup=True).warmup_epochs) == (5, 0, 0)
    assert sounds(optimizer="sgd").lr == 0.1  # the paper's is of Adam
    assert cifar(optimizer="adam").lr == 1e-3


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "spoken_digits-lenet-erm-seed0"),
        ({"mixup": True, "alpha": 0.2}, "spoken_digits-lenet-mixup0.2-seed0"),
        ({"mixup": True, "warmup_epochs": 0}, "spoken_digits-lenet-mixup1.0-warm0-seed0"),
        ({"model": "vgg11", "lr": 1e-3}, "spoken_digits-vgg11-lr0.001-erm-seed0"),
        ({"optimizer": "sgd"}, "spoken_digits-lenet-sgd-erm-seed0"),
    ],
)
def test_a_run_on_sounds_is_named_by_what_departs_from_the_papers(changes, name):
    assert run_name(sounds(**changes), "sounds", None, "no") == name


def test_mixup_is_left_an_epoch_at_least():
    assert cifar(mixup=True, epochs=6, warmup_epochs=5).warmup_epochs == 5
    with pytest.raises(UserError, match=r"--warmup-epochs 6: .*--epochs 6.*at most 5"):
        cifar(mixup=True, epochs=6, warmup_epochs=6)
    with pytest.raises(UserError, match=r"--warmup-epochs 5: .*--epochs 3"):
        sounds(mixup=True, epochs=3)
    assert sounds(epochs=3).warmup_epochs == 0
    check(asked(warmup_epochs=0))  # as a record of ERM says


def test_nesterov_looks_ahead_by_a_momentum():
    with pytest.raises(UserError, match=r"--momentum 0: .*--optimizer sgd"):
        cifar(optimizer="nesterov", momentum=0.0)
    assert cifar(optimizer="sgd", momentum=0.0).momentum == 0

"""A name is a configuration."""

import dataclasses
import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import cli
from common.options import TrainConfig, TrainOptions, attack, boundary, gan, resolve
from common.options.attack import AttackConfig, attack_name
from common.options.boundary import BoundaryOptions, ToyTrainingOptions
from common.options.fields import LONGEST, joined
from common.options.gan import GanOptions, GanTrainingOptions
from common.options.train import OF_MIXUP
from tests.options.configurations import ANOTHER, cifar, name_of


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "cifar10-preactresnet18-erm-seed0"),
        ({"mixup": True}, "cifar10-preactresnet18-mixup1.0-seed0"),
        (
            {"subset": 5000, "width": 16, "epochs": 100, "seed": 1},
            "cifar10-5000-preactresnet18-w16-100ep-erm-seed1",
        ),
        (
            {"holdout": 1000, "data_seed": 2, "batch_size": 64, "lr": 0.2, "lr_drops": (0.3, 0.6)},
            "cifar10-holdout1000-rows2-preactresnet18-b64-lr0.2-drops0.3+0.6-erm-seed0",
        ),
        (
            {"lr_drops": (), "momentum": 0.0, "weight_decay": 5e-4, "augment": "none"},
            "cifar10-preactresnet18-dropsnone-mom0.0-wd0.0005-augnone-erm-seed0",
        ),
        ({"mixup": True, "alpha": 0.2, "lam_per": "row"}, "cifar10-preactresnet18-mixup0.2-perrow-seed0"),
        ({"mixup": True, "warmup_epochs": 5}, "cifar10-preactresnet18-mixup1.0-warm5-seed0"),
        ({"model": "densenet190", "accumulate": 4}, "cifar10-densenet190-acc4-erm-seed0"),
        ({"model": "wideresnet28", "width": 2}, "cifar10-wideresnet28-w2-erm-seed0"),
        ({"optimizer": "sgd"}, "cifar10-preactresnet18-erm-seed0"),
        (
            {"corrupt_labels": 0.5, "dropout": 0.8, "test_subset": 2000, "subset": 5000},
            "cifar10-5000-test2000-corrupt0.5-preactresnet18-dropout0.8-erm-seed0",
        ),
        ({"optimizer": "adam"}, "cifar10-preactresnet18-adam-erm-seed0"),
        (
            {"optimizer": "adam", "lr": 0.1, "weight_decay": 1e-4},
            "cifar10-preactresnet18-adam-lr0.1-wd0.0001-erm-seed0",
        ),
    ],
)
def test_a_run_is_named_by_what_it_is(changes, name):
    assert name_of(cifar(**changes)) == name


def test_a_record_older_than_a_choice_is_rerun_as_it_was(tmp_path):
    """Tables were trained by SGD before Adam became their default."""
    file = tmp_path / "train-wine.json"
    file.write_text(json.dumps({"schema": 1, "kind": "train", "config": {"dataset": "wine", "lr": 0.05}}))
    again = cli.parse(TrainOptions, "", ["--config", str(file)])
    assert resolve(again.asked, "wine", "table", None).optimizer == "sgd"


def test_precision_is_in_the_name():
    assert name_of(cifar(), "bf16") == "cifar10-preactresnet18-erm-bf16-seed0"


@settings(deadline=None)
@given(st.sets(st.sampled_from(sorted(ANOTHER))), st.sets(st.sampled_from(sorted(ANOTHER))))
def test_two_configurations_never_share_a_name(one, two):
    def changed(fields):
        config = dataclasses.replace(cifar(mixup=True), **{field: ANOTHER[field] for field in fields})
        return config if config.mixup else dataclasses.replace(config, **OF_MIXUP)

    a, b = changed(one), changed(two)
    assert (a == b) == (name_of(a) == name_of(b))
    assert set(ANOTHER) == {field.name for field in dataclasses.fields(TrainConfig)}


def test_a_name_that_a_file_system_would_not_take_ends_in_a_mark():
    """255 bytes, of which the kind of a record, what stands behind it and what is written first take their part."""
    config = attack.resolve(AttackConfig())
    two = [f"cifar10-{'2' * 150}-seed{seed}" for seed in (0, 1)]
    made = [attack_name(*pair, config) for pair in itertools.product(two, two)]
    assert len({*made}) == 4
    assert all(len(f".attack-{name}.json.{10**7}.part") <= 255 for name in made)
    assert attack_name("a", "b", config) == "a--b"
    for letter, times in (("a", LONGEST), ("é", LONGEST // 2)):
        assert joined([letter * times]) == letter * times
        assert len(joined([letter * times, ""]).encode()) <= LONGEST
    long = dataclasses.replace(cifar(mixup=True), drop=tuple("abcdefgh" * 5), target="t" * 250)
    assert name_of(long) != name_of(dataclasses.replace(long, seed=1))
    assert len(name_of(long)) == LONGEST


def test_names_of_many_seeds_are_shortened_too():
    seeds = tuple(range(100))
    of_gan = gan.resolve(GanOptions(training=GanTrainingOptions(seeds=seeds)))
    of_border = boundary.resolve(BoundaryOptions(training=ToyTrainingOptions(seeds=seeds)), "moons")
    for name in (gan.record_name(of_gan), boundary.record_name(of_border, "bf16")):
        assert len(name) == LONGEST

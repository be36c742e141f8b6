"""Recipes are named sets of defaults."""

import pytest

from common import cli
from common.errors import UserError
from common.options import TrainOptions, check, resolve
from common.options.defaults import ELSEWHERE, RECIPES
from common.options.names import command_words
from scripts import train
from tests.options.configurations import asked, cifar, name_of
from tests.refusal import refused

OVERRIDES = {
    "model": "preactresnet18",
    "epochs": 20,
    "batch_size": 512,
    "optimizer": "sgd",
    "lr": 0.3,
    "schedule": "drops",
    "momentum": 0.8,
    "weight_decay": 1e-3,
    "bias_lr": 1.0,
    "label_smoothing": 0.0,
    "lookahead": 0,
    "augment": "crop-flip",
}


def test_a_recipe_is_a_named_set_of_defaults():
    config = cifar(recipe="fast")
    assert name_of(config) == "cifar10-fastnet-fast-erm-seed0"
    assert {name: getattr(config, name) for name in RECIPES["fast"]} == RECIPES["fast"]
    assert set(OVERRIDES) == set(RECIPES["fast"])
    assert (config.lr_drops, cifar(recipe="fast", schedule="drops").lr_drops) == ((), (0.5, 0.75))
    assert resolve(asked(recipe="fast").asked, "digits", "images", 8).augment == "none"  # a flipped digit is another
    assert resolve(asked(recipe="fast").asked, "digits", "images", 8).model == "smallcnn"
    elsewhere = cifar(recipe="fast", model="preactresnet18")
    assert {name: getattr(elsewhere, name) for name in ELSEWHERE} == ELSEWHERE
    assert name_of(elsewhere) == "cifar10-preactresnet18-fast-erm-seed0"


@pytest.mark.parametrize("mixup", [False, True])
@pytest.mark.parametrize("option", OVERRIDES)
def test_each_default_of_a_recipe_is_overridden_by_its_option(option, mixup):
    config = cifar(recipe="fast", mixup=mixup, **{option: OVERRIDES[option]})
    assert getattr(config, option) == OVERRIDES[option]
    assert name_of(config) != name_of(cifar(recipe="fast", mixup=mixup))
    words_again = command_words(config, "images", 32)
    again = cli.parse(TrainOptions, "", words_again)
    check(again)
    assert resolve(again.asked, "cifar10", "images", 32) == config


def test_drops_mean_nothing_under_the_triangle():
    with pytest.raises(UserError, match=r"--lr-drops 0\.5: .*--schedule drops"):
        cifar(recipe="fast", lr_drops=(0.5,))


def test_a_training_too_short_for_its_average_is_refused(tmp_path):
    """It would end with the weights that it began with."""
    argv = ["--dataset", "digits", "--recipe", "fast", "--subset", "100", "--epochs", "4", "--plan"]
    argv += ["--results-dir", str(tmp_path), "--checkpoint-dir", str(tmp_path)]
    refused(lambda: train.main(argv), "--lookahead 5: the training has 4 steps", "--lookahead 0")
    assert train.main([*argv, "--lookahead", "4"]) is None

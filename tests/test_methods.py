"""Methods as values: their fields, names and order."""

from dataclasses import replace
from typing import get_args

import pytest
from ways import MIX

from analysis.methods import BASELINES, ERM, LOSSES, MIXUP, MORE, NAMES, OF_ALL, Method, in_order
from common.options.baseline import METHODS
from common.options.gan import GanTrainingOptions, LossName
from common.options.train import OF_MIXUP, Mix


@pytest.mark.parametrize(
    ("config", "method", "name"),
    [
        ({"mixup": False}, ERM, "ERM"),
        ({"mixup": False, "alpha": None, "dropout": 0.5}, Method(dropout=0.5), "dropout p=0.5"),
        ({"mixup": True, "alpha": 1.0, "dropout": 0.3}, Method(1.0, dropout=0.3), "mixup + dropout p=0.3"),
        (
            {"mixup": True, "alpha": 8.0, "lam_per": "row", "dropout": 0.3},
            Method(8.0, per_row=True, dropout=0.3),
            "mixup α=8, λ per row + dropout p=0.3",
        ),
        (
            {"mixup": True, "alpha": 0.2, "warmup_epochs": 5},
            Method(0.2, warmup_epochs=5),
            "mixup α=0.2 after 5 epochs of ERM",
        ),
        ({"mixup": True, "alpha": 1.0, "warmup_epochs": 1}, Method(1.0, warmup_epochs=1), "mixup after 1 epoch of ERM"),
        ({"mixup": True, "alpha": 1.0, "warmup_epochs": 0, "dropout": 0.0}, MIXUP, "mixup"),
        ({"mixup": True, "alpha": 1.0, "mix": "patches"}, Method(1.0, mix="patches"), "CutMix"),
        ({"mixup": True, "alpha": 2.0, "mix": "hidden"}, Method(2.0, mix="hidden"), "manifold mixup α=2"),
        (
            {"mixup": True, "alpha": 1.0, "pairs": "same-class", "neighbours": 5, "targets": "heavier"},
            Method(1.0, more=(("pairs", "same-class"), ("neighbours", 5), ("targets", "heavier"))),
            "mixup, same-class pairs, 5 neighbours, inputs only",
        ),
        ({"mixup": False, "label_smoothing": 0.1}, Method(more=(("label_smoothing", 0.1),)), "label smoothing 0.1"),
        ({"mixup": False, "label_smoothing": 0.2, "recipe": "fast"}, ERM, "ERM"),
        (
            {"mixup": False, "label_smoothing": 0.0, "recipe": "fast"},
            Method(more=(("label_smoothing", 0.0),)),
            "no label smoothing",
        ),
        (
            {"mixup": False, "dropout": 0.5, "noise": 0.05},
            Method(dropout=0.5, more=(("noise", 0.05),)),
            "dropout p=0.5, noise 0.05",
        ),
        (
            {"mixup": True, "alpha": 1.0, "targets": "heavier", "label_smoothing": 0.4},
            Method(1.0, more=(("targets", "heavier"), ("label_smoothing", 0.4))),
            "mixup, inputs only, label smoothing 0.4",
        ),
    ],
)
def test_a_method_is_what_a_configuration_says(config, method, name):
    assert Method.of(config) == method
    assert str(method) == name


def test_alpha_one_is_the_same_method_whether_it_is_said_or_not():
    said = replace(MIXUP, says_one=True)
    assert (str(said), said, said.is_the_papers) == ("mixup α=1", MIXUP, True)
    assert str(replace(MIXUP, says_one=True, dropout=0.3)) == "mixup α=1 + dropout p=0.3"


def test_their_order():
    dropped = [Method(dropout=0.5), Method(dropout=0.8)]
    mixed = [Method(8.0), Method(32.0), Method(8.0, dropout=0.3)]
    assert in_order(reversed([ERM, *dropped, MIXUP, *mixed])) == [ERM, MIXUP, *dropped, *mixed]
    kin = [Method(more=(("noise", 0.1),)), Method(1.0, mix="patches")]
    assert in_order([*reversed(kin), *mixed, ERM]) == [ERM, *mixed, *kin]
    assert [method.is_kin for method in [ERM, *dropped, MIXUP, *mixed, *kin]] == [False] * 7 + [True] * 2
    assert not any(method.is_mixup for method in kin)
    one = replace(MIXUP, says_one=True)
    assert in_order([Method(8.0), one, Method(0.2), ERM]) == [ERM, Method(0.2), one, Method(8.0)]


def test_every_way_of_mixing_is_a_method_of_its_own():
    usual = {"mixup": True, "alpha": 1.0, "lam_per": "batch", "dropout": 0.0}
    found = [Method.of(OF_MIXUP | usual | options) for options in MIX.values()]
    assert len({*found}) == len({*map(str, found)}) == len(MIX)
    assert [method for method in found if method.is_mixup] == [Method(1.0)]


def test_every_value_of_an_option_has_a_name_and_one_without_is_called_by_its_word():
    assert {*NAMES} == {*get_args(Mix)}
    assert {*BASELINES} == {*METHODS}
    assert {*LOSSES} == {*get_args(LossName)} - {"mixup"}
    assert {*OF_MIXUP} == {"alpha", "mix", "lam_per", "warmup_epochs"} | {*MORE} - {*OF_ALL}
    assert str(Method(1.0, mix="new")) == "mixup (new)"
    assert str(Method.of_gan({"loss": "new", "discriminator_steps": GanTrainingOptions.discriminator_steps})) == "new"

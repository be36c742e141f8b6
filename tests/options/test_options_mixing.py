"""The options of mixing."""

import json

import pytest
from ways import WAYS

from common import cli
from common.errors import UserError
from common.options import TrainConfig, TrainOptions, check, resolve
from common.options.fields import as_json, earlier, of_json
from common.options.names import command_words
from common.options.train import OF_MIXUP
from tests.options.configurations import ANOTHER, asked, cifar, name_of, table


@pytest.mark.parametrize("name", WAYS)
def test_every_way_of_mixing_has_a_name_of_its_own_and_is_typed_as_it_is_recorded(name):
    config = cifar(model="preactresnet18", **WAYS[name])
    assert name_of(config) == f"cifar10-preactresnet18-{name}-seed0"
    again = of_json(TrainConfig, json.loads(json.dumps(as_json(config))))
    assert again == config
    typed = cli.parse(TrainOptions, "", command_words(config, "images", 32))
    check(typed)
    assert resolve(typed.asked, "cifar10", "images", 32) == config


def test_old_records_are_of_runs_that_were_mixed_as_mixup_is():
    new = {"mix", "partners", "pairs", "neighbours", "targets", "cooldown_epochs", "mixup_prob", "regmixup", "noise"}
    for config in (cifar(), cifar(mixup=True, alpha=0.3, lam_per="row")):
        old = {name: value for name, value in as_json(config).items() if name not in new}
        assert of_json(TrainConfig, earlier(TrainConfig) | old) == config


@pytest.mark.parametrize("option", [name for name in OF_MIXUP if ANOTHER[name] is not None])
def test_without_mixup_nothing_of_it_means_anything(option):
    flag = "--" + option.replace("_", "-")
    with pytest.raises(UserError, match=f"{flag} {ANOTHER[option]}: means nothing without --mixup"):
        check(asked(**{option: ANOTHER[option]}))
    check(asked(**{option: OF_MIXUP[option]}))  # as a record of ERM says


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mix": "patches", "partners": 2}, "--partners 2: .*--mix patches"),
        ({"partners": 0}, "--partners 0"),
        ({"mixup_prob": 1.5}, "--mixup-prob"),
        ({"regmixup": -1.0}, "--regmixup"),
        ({"neighbours": 0}, "--neighbours"),
        ({"noise": -0.1}, "--noise"),
    ],
)
def test_ways_that_do_not_go_together_are_refused(changes, said):
    with pytest.raises(UserError, match=said):
        check(asked(mixup=True, **changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"mix": "layer4", "model": "smallcnn"},
            "--mix layer4: smallcnn has 3 .*layer3, hidden, --model preactresnet18",
        ),
        ({"mix": "hidden", "model": "vgg11"}, "--mix hidden: vgg11 has no hidden layers .*of: --model preactresnet18"),
        ({"epochs": 5, "warmup_epochs": 3, "cooldown_epochs": 2}, "--cooldown-epochs 2: .*--epochs 5 .*at most 1"),
    ],
)
def test_ways_that_the_rest_does_not_allow_are_refused(changes, said):
    with pytest.raises(UserError, match=said):
        cifar(mixup=True, **changes)
    with pytest.raises(UserError, match=r"--mix patches: .*wine is a table"):
        table("wine", mixup=True, mix="patches")

import ast
import dataclasses
import json
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ways import WAYS

from common import cli
from common.errors import UserError
from common.options import TrainConfig, TrainOptions, check, resolve, run_name, train
from common.options.defaults import ELSEWHERE, RECIPES
from common.options.fields import OPEN, Fact, Open, described, earlier, own, pieces, schema, words
from common.options.names import command_words
from common.options.networks import NETWORKS
from common.options.train import OF_MIXUP, OF_ROWS

ROOT = Path(__file__).resolve().parent.parent


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


def sounds(**changes):
    return resolve(asked(**changes).asked, "spoken_digits", "sounds", None)


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


ANOTHER = {
    "subset": 100,
    "holdout": 100,
    "test_subset": 100,
    "corrupt_labels": 0.7,
    "data_seed": 7,
    "target": "kind",
    "drop": ("id", "kind of"),
    "distinct": True,
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


@settings(deadline=None)
@given(st.sets(st.sampled_from(sorted(ANOTHER))), st.sets(st.sampled_from(sorted(ANOTHER))))
def test_two_configurations_never_share_a_name(one, two):
    def changed(fields):
        config = dataclasses.replace(cifar(mixup=True), **{field: ANOTHER[field] for field in fields})
        return config if config.mixup else dataclasses.replace(config, **OF_MIXUP)

    a, b = changed(one), changed(two)
    assert (a == b) == (name_of(a) == name_of(b))
    assert set(ANOTHER) == {field.name for field in dataclasses.fields(TrainConfig)}


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"alpha": 1.0}, "--alpha"),
        ({"lam_per": "row"}, "--lam-per"),
        ({"warmup_epochs": 3}, "--warmup-epochs"),
        ({"mixup": True, "alpha": 0.0}, "--alpha"),
        ({"mixup": True, "alpha": float("nan")}, "--alpha"),
        ({"lr": float("inf")}, "--lr"),
        ({"lr": 0.0}, "--lr"),
        ({"momentum": 1.0}, "--momentum"),
        ({"weight_decay": -1e-4}, "--weight-decay"),
        ({"batch_size": 1}, "--batch-size"),
        ({"accumulate": 0}, "--accumulate"),
        ({"epochs": 0}, "--epochs"),
        ({"width": 0}, "--width"),
        ({"subset": 0}, "--subset"),
        ({"holdout": -1}, "--holdout"),
        ({"seed": -1}, "--seed"),
        ({"data_seed": -1}, "--data-seed"),
        ({"threads": 0}, "--threads"),
        ({"weight_decay": -1e-4, "optimizer": "adam"}, "--weight-decay"),
        ({"lr_drops": (0.5, 1.0)}, "--lr-drops"),
        ({"lr_drops": (0.75, 0.5)}, "--lr-drops"),
        ({"lr_drops": (0.5, 0.5)}, "--lr-drops"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(changes, flag):
    with pytest.raises(UserError, match=flag):
        check(asked(**changes))


def test_the_edges_of_the_ranges_pass():
    check(asked(momentum=0.0, weight_decay=0.0, batch_size=2, epochs=1, lr_drops=(), seed=0, mixup=True, alpha=1e-9))


def test_a_model_that_does_not_take_the_data_is_refused():
    with pytest.raises(UserError, match=r"--model mlp.*preactresnet18"):
        cifar(model="mlp")
    with pytest.raises(UserError, match=r"--model smallcnn: takes images, .*sounds.*vgg11, lenet"):
        sounds(model="smallcnn")
    assert {sounds(model=model).model for model in NETWORKS if "sounds" in NETWORKS[model].takes} == {*NETWORKS} - {
        "fastnet",
        "smallcnn",
        "mlp",
    }
    with pytest.raises(UserError, match=r"--width 32: resnet50 is of one width"):
        cifar(model="resnet50", width=32)
    with pytest.raises(UserError, match=r"--model smallcnn.*mlp"):
        resolve(asked(model="smallcnn").asked, "wine", "table", None)


def table(name, **changes):
    return resolve(asked(**changes).asked, name, "table", None)


def test_the_test_part_of_a_table():
    """A CSV file has none of its own; the embedded tables have one, and give it up when asked."""
    found = [(table(name).target, table(name).test_share) for name in ("abalone", "mine", "wine")]
    assert found == [("label", 0.2), ("label", 0.2), (None, None)]
    assert table("wine", test_share=0.2).test_share == 0.2
    names = [
        run_name(config, "table", None, "no")
        for config in (
            table("abalone"),
            table("abalone", test_share=0.2, target="label"),
            table("abalone", test_share=0.3, target="kind of", data_seed=1),
            table("abalone", drop=("sex", "id", "sex")),
            table("abalone", drop=()),
            table("abalone", drop=tuple(f"column{number}" for number in range(9))),
            table("wine"),
            table("wine", test_share=0.2),
        )
    ]
    assert names == [
        "abalone-mlp-erm-seed0",
        "abalone-mlp-erm-seed0",
        "abalone-rows1-targetkindof+297529-test0.3-mlp-erm-seed0",
        "abalone-dropidsex+b7143e-mlp-erm-seed0",
        "abalone-drop-mlp-erm-seed0",
        "abalone-drop9+62501e-mlp-erm-seed0",
        "wine-mlp-erm-seed0",
        "wine-test0.2-mlp-erm-seed0",
    ]


@pytest.mark.parametrize(
    ("name", "kind", "changes", "said"),
    [
        ("cifar10", "images", {"test_share": 0.3}, r"--test-share 0\.3: cifar10 has a test part; leave it out\."),
        ("digits", "images", {"target": "label"}, "--target label: digits is no CSV file.*leave it out"),
        ("digits", "images", {"size": 64}, "--size 64: digits has no images of several sizes; leave it out"),
        ("wine", "table", {"size": 64}, "--size 64: wine has no images of several sizes; leave it out"),
        ("wine", "table", {"drop": ("id",)}, "--drop id: wine is no CSV file.*leave it out"),
        ("wine", "table", {"distinct": True}, "--distinct: wine is no CSV file.*leave it out"),
        ("wine", "table", {"target": "label"}, "--target label: wine is no CSV file.*leave it out"),
    ],
)
def test_options_of_a_csv_file_mean_nothing_elsewhere(name, kind, changes, said):
    with pytest.raises(UserError, match=said):
        resolve(asked(**changes).asked, name, kind, 32)


def test_momentum_means_nothing_under_adam():
    with pytest.raises(UserError, match=r"--momentum 0.9.*--optimizer sgd"):
        cifar(optimizer="adam", momentum=0.9)
    with pytest.raises(UserError, match="--momentum"):
        resolve(asked(momentum=0.9).asked, "wine", "table", None)
    assert resolve(asked(momentum=0.5, optimizer="sgd").asked, "wine", "table", None).lr == 0.1


def options_declared():
    return {f.name for group in dataclasses.fields(TrainOptions) for f in dataclasses.fields(group.type)}


def test_every_option_is_read():
    read = set()
    for file in (*ROOT.glob("scripts/*.py"), *ROOT.glob("common/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                read.add(node.attr)
    declared = options_declared()
    assert len(declared) > 20
    read |= set(OF_ROWS)  # by these names
    assert declared <= read, declared - read


def test_every_option_has_a_help_of_one_or_two_lines():
    tree = ast.parse(Path(train.__file__).read_text())
    tree.body += ast.parse((ROOT / "common" / "options" / "machine.py").read_text()).body
    seen = set()
    for group in (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name != "TrainConfig"):
        for field, text in zip(group.body, group.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and group.name not in ("TrainOptions", "Defaults"):
                assert isinstance(text, ast.Expr), f"{group.name}.{field.target.id} has no help"
                assert len(text.value.value.splitlines()) <= 2, field.target.id
                seen.add(field.target.id)
    assert seen == options_declared()


@pytest.mark.parametrize(("changes", "most"), [({"accumulate": 65}, 64), ({"accumulate": 2, "batch_size": 3}, 1)])
def test_pieces_of_fewer_than_two_rows_are_refused(changes, most):
    with pytest.raises(UserError, match=f"--accumulate {changes['accumulate']}: .*; at most {most}"):
        cifar(**changes)


@dataclasses.dataclass(frozen=True)
class Config:
    """One line for each kind of option that there is."""

    size: Annotated[Open[int], own("N", "8"), Fact("[1, 9]", "s{}")] = OPEN
    share: Annotated[float | None, Fact("(0, 1)", "share{}", since=None)] = None
    kind: Annotated[Literal["a", "b"], Fact(piece=lambda it: it.upper())] = "a"
    steps: Annotated[tuple[float, ...], Fact("[0, 1e6]", "steps{}", since=())] = ()
    on: bool = False


def test_all_that_is_known_of_an_option_follows_from_its_line():
    usual = Config(size=8)
    config = Config(size=9, share=0.5, kind="b", steps=(1.0, 2.5), on=True)
    assert [option.may_be_none for option in described(Config).values()] == [False, True, False, False, False]
    assert list(pieces(config, usual).values()) == ["s9", "share0.5", "B", "steps1.0+2.5"]
    assert pieces(usual, config)["steps"] == "stepsnone"
    assert pieces(usual, usual) == {}
    assert words(config, usual) == ["--size", "9", "--share", "0.5", "--kind", "b", "--steps", "1.0", "2.5", "--on"]
    assert earlier(Config) == {"share": None, "steps": ()}
    found = schema(Config)
    assert found["required"] == ["size", "kind", "on"]
    assert found["properties"] == {
        "size": {"type": "integer", "minimum": 1, "maximum": 9},
        "share": {"anyOf": [{"type": "null"}, {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}]},
        "kind": {"enum": ["a", "b"]},
        "steps": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1e6}},
        "on": {"type": "boolean"},
    }


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (Config(size=0), r"--size 0: must lie in \[1, 9\]"),
        (Config(size=10), "--size 10"),
        (Config(share=0.0), "--share 0"),
        (Config(share=1.0), "--share 1"),
        (Config(share=float("nan")), "--share nan"),
        (Config(steps=(1.0, -2.0)), "--steps -2"),
    ],
)
def test_a_number_out_of_the_range_of_its_line_is_refused(config, said):
    with pytest.raises(UserError, match=said):
        check(config)
    check(Config())


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


@pytest.mark.parametrize("name", WAYS)
def test_every_way_of_mixing_has_a_name_of_its_own_and_is_typed_as_it_is_recorded(name):
    config = cifar(model="preactresnet18", **WAYS[name])
    assert name_of(config) == f"cifar10-preactresnet18-{name}-seed0"
    again = TrainConfig.from_json(json.loads(json.dumps(config.to_json())))
    assert again == config
    typed = cli.parse(TrainOptions, "", command_words(config, "images", 32))
    check(typed)
    assert resolve(typed.asked, "cifar10", "images", 32) == config


def test_old_records_are_of_runs_that_were_mixed_as_mixup_is():
    new = {"mix", "partners", "pairs", "neighbours", "targets", "cooldown_epochs", "mixup_prob", "regmixup", "noise"}
    for config in (cifar(), cifar(mixup=True, alpha=0.3, lam_per="row")):
        old = {name: value for name, value in config.to_json().items() if name not in new}
        assert TrainConfig.from_json(earlier(TrainConfig) | old) == config


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

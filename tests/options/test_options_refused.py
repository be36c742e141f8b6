"""What makes no sense is refused by name."""

import pytest

from common.errors import UserError
from common.options import check, resolve, run_name
from common.options.networks import NETWORKS
from tests.options.configurations import asked, cifar, sounds, table


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
        ("wine", "table", {"per_utterance": True}, "--per-utterance: wine has no sounds; leave it out"),
        ("abalone", "table", {"per_utterance": True}, "--per-utterance: abalone has no sounds; leave it out"),
        ("digits", "images", {"per_utterance": True}, "--per-utterance: digits has no sounds; leave it out"),
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


@pytest.mark.parametrize(("changes", "most"), [({"accumulate": 65}, 64), ({"accumulate": 2, "batch_size": 3}, 1)])
def test_pieces_of_fewer_than_two_rows_are_refused(changes, most):
    with pytest.raises(UserError, match=f"--accumulate {changes['accumulate']}: .*; at most {most}"):
        cifar(**changes)

"""Options that are none, out of range, or clash: on the command line and in files."""

import dataclasses
import math
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from common.options import TrainOptions
from common.options.fields import described
from tests.bad_input.runs import DIGITS, IRIS


def options():
    """Name and type of every option, over all groups."""
    for group in dataclasses.fields(TrainOptions):
        yield from get_type_hints(group.type).items()


def flag(name):
    return "--" + name.replace("_", "-")


def parts(kind):
    """A type, and all that it is made of: of `tuple[float, ...] | None` the tuple, float and None."""
    return [kind, *(part for inner in get_args(kind) for part in parts(inner))]


def wrong_types():
    for name, kind in options():
        kinds = parts(kind)
        if bool in kinds:
            yield [f"{flag(name)}=maybe"]
        elif int in kinds:
            yield from ([flag(name), word] for word in ("many", "1.5", "", "1e3"))
        elif float in kinds:  # alone, or a tuple of them
            yield from ([flag(name), word] for word in ("fast", "0,1"))
        elif any(get_origin(k) is Literal for k in kinds):
            yield [flag(name), "nonsense"]
        if bool not in kinds and tuple not in map(get_origin, kinds):
            yield [flag(name)]


def limited():
    """The range of every option that has one, over all groups."""
    groups = [described(group.type) for group in dataclasses.fields(TrainOptions)]
    return {name: option.fact.within for group in groups for name, option in group.items() if option.fact.within}


def wrong_ranges():
    """A number just outside each limit, and those that are none."""
    types = dict(options())
    for name, limits in limited().items():
        low, high = limits[1:-1].split(", ")
        whole = int in [types[name], *get_args(types[name])]
        numbers = [str(int(low) - 1) if limits[0] == "[" else low]
        above = str(int(float(high)) + 1) if whole else repr(math.nextafter(float(high), math.inf))
        numbers.append(high if limits[-1] == ")" else above)
        for number in numbers + ([str(2**63), "9" * 4000] if whole else ["nan", "inf", "1e308"]):
            yield [*(["--mixup"] if name == "alpha" else []), f"{flag(name)}", number]


CLASHES = [
    (["--alpha", "0.5"], "--mixup"),
    (["--lam-per", "row"], "--mixup"),
    (["--lam-per", "batch", "--no-mixup"], "--mixup"),
    (["--mixup", "--no-mixup", "--alpha", "1"], "--mixup"),
    (["--lr-drops", "0.5", "0.5"], "--lr-drops"),
    (["--lr-drops", "0.7", "0.2"], "--lr-drops"),
    (["--accumulate", "65"], "--accumulate"),
    (["--batch-size", "7", "--accumulate", "4"], "--accumulate"),
    (["--model", "vgg11"], "--model vgg11"),
    (["--model", "lenet"], "--model lenet"),
    (["--mixp"], "--mixp"),
    (["train"], "train"),
    (["--model", "resnet51"], "--model"),
    (["--dataset", "mnist"], "--dataset"),
    (["--dataset", "digit"], "digits"),
    (["--dataset", ""], "--dataset"),
    (["--dataset", "./nowhere"], "nowhere"),
    (["--dataset", "/dev/null"], "/dev/null"),
    (["--data-dir", "nowhere"], "--data-dir"),
    (["--model", "mlp"], "--model"),
    (["--subset", "9"], "--subset"),
    (["--subset", "1439"], "--subset"),
    (["--subset", "99999999999999999999999"], "--subset"),
    (["--holdout", "9"], "--holdout"),
    (["--holdout", "1438"], "--holdout"),
    (["--holdout", "9999"], "--holdout"),
    (["--holdout", "1000", "--subset", "500"], "--subset"),
    (["--results-dir", "afile"], "afile"),
    (["--checkpoint-dir", "afile"], "afile"),
    (["--results-dir", "afile/deeper"], "afile"),
    (["--checkpoint-dir", "x" * 300], "x" * 300),
    (["--checkpoint-dir", "/proc/nowhere"], "/proc"),
    (["--threads", "100000"], "--threads"),
    (["--tracker", "wandb"], "--tracker"),
    (["--config", "nowhere.yaml"], "nowhere.yaml"),
    (["--config", "."], "--config"),
    (["--config", "/dev/null", "--alpha", "1"], "--mixup"),
    (["--test-share", "0.001"], "--test-share 0.001 leaves digits without a test part"),
    (["--target", "label"], "--target label"),
    (["--dataset", "nowhere.csv"], "nowhere.csv is not a file"),
    (["--dataset", "abalone", "--data-dir", "results"], "abalone.csv"),
]
TABLE_CLASHES = [
    (["--model", "smallcnn"], "--model"),
    (["--model", "preactresnet18"], "--model"),
    (["--augment", "crop-flip"], "--augment"),
    (["--subset", "2"], "--subset"),
    (["--holdout", "120"], "--holdout"),
    (["--test-share", "0.001"], "--test-share 0.001 leaves iris without a test part"),
    (["--target", "species"], "--target species"),
]
CONFIGS = [
    ("epochs: many\n", "epochs"),
    ("epoch: 3\n", "epochs"),
    ("epochs: [1, 2]\n", "epochs"),
    ("epochs: {a: 1}\n", "epochs"),
    ("epochs: 0\n", "--epochs"),
    ("mixup: maybe\n", "mixup"),
    ("alpha: 1\n", "--mixup"),
    ("lr: .nan\n", "lr"),
    ("lr_drops: [0.5, x]\n", "lr_drops"),
    ("plan: true\n", "plan"),
    ("model: mlp\n", "--model"),
    ("1: 2\n", "'1'"),
    ("- a\n", "must hold lines"),
    ("just words\n", "must hold lines"),
    ("a: b: c\n", "neither YAML nor a record"),
    ("a: [\n", "neither YAML nor a record"),
    ("!!python/object/apply:os.system [touch sprung]\n", "must hold lines"),
    (b"\xff\xfe\x00", "neither YAML nor a record"),
    ('results_dir: "a\\0b"\n', "results_dir"),
]
JSON_CONFIGS = [
    ("", "neither YAML nor a record"),
    ("[" * 50000, "neither YAML nor a record"),
    ("[1]", "must hold lines"),
    ('{"schema": 1, "kind": "attack", "config": {}}', "only a train record"),
    ('{"schema": 1, "kind": "train", "config": 3}', "only a train record"),
    ('{"schema": 1, "kind": "train", "config": {"mixup": "perhaps"}}', "mixup"),
    ('{"schema": 1, "kind": "train", "config": {"seed": -1}}', "--seed"),
    ('{"schema": 1, "kind": "train", "config": {"colour": "red"}}', "colour"),
]


def one_of_each(cases):
    """Every word and number for an option of each kind; for the others, which are read and checked in the same place,
    one word, and the numbers just outside their limits: the rest take long."""
    told = {"many", "", "1e3", "0,1", str(2**63), "9" * 4000, "nan", "inf", "1e308"}
    for argv in cases:
        takes_long = argv[-1] in told and not {"--epochs", "--lr", "--lr-drops"} & {*argv}
        yield pytest.param(argv, marks=[pytest.mark.long] if takes_long else [], id=" ".join(argv)[:50])


@pytest.mark.parametrize("argv", [*one_of_each(wrong_types())])
def test_wrong_types(refused, argv):
    refused(argv, argv[0].split("=")[-1])  # of a flag tyro names the value


def test_every_number_has_limits():
    numbers = {name for name, kind in options() if {int, float} & {*parts(kind)}}
    assert numbers == set(limited())


@pytest.mark.parametrize("argv", [*one_of_each(wrong_ranges())])
def test_wrong_ranges(refused, argv):
    refused(argv, argv[-2])


@pytest.mark.parametrize(("argv", "named"), CLASHES, ids=lambda value: " ".join(value)[:50])
def test_options_that_clash_or_do_not_fit(refused, argv, named):
    refused([*DIGITS, "--seed", "1", *argv], named)


@pytest.mark.parametrize(("argv", "named"), TABLE_CLASHES, ids=lambda value: " ".join(value))
def test_options_that_do_not_fit_a_table(refused, argv, named):
    refused([*IRIS, "--seed", "1", *argv], named)


@pytest.mark.parametrize(
    ("content", "named", "ending"),
    [*((*case, "yaml") for case in CONFIGS), *((*case, "json") for case in JSON_CONFIGS)],
)
def test_files_of_options(refused, tmp_path, content, named, ending):
    file = tmp_path / f"run.{ending}"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    refused([*(DIGITS if named != "--epochs" else DIGITS[:2]), "--config", str(file)], named)

"""Whatever is wrong with what a user gives is answered by a status that is not 0, one sentence that names it and the
way out, and no traceback; what was there before is as it was."""

import dataclasses
import gzip
import hashlib
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import endurance
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from common import cli
from common.options import TrainOptions
from common.options.fields import described
from scripts import train

ROOT = Path(__file__).resolve().parent.parent
DIGITS = ["--dataset", "digits", "--subset", "40", "--epochs", "1", "--width", "4", "--threads", "1"]
IRIS = ["--dataset", "iris", "--epochs", "1", "--width", "4", "--threads", "1"]


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
    (["--lr-drops", *(f"0.{n}" for n in range(101, 199))], "name too long"),
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


def image(path, side=8, mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((side, side, 3), 7, np.uint8)).convert(mode).save(path)


def folders(root):
    for part in ("train", "test"):
        for label in ("a", "b"):
            for number in range(3):
                image(root / part / label / f"{number}.png")


def table(root, part, **columns):
    root.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), root / f"{part}.parquet")


def parquet(root):
    image(root.parent / "one.png")
    pixels = (root.parent / "one.png").read_bytes()
    for part in ("train", "test"):
        table(root, part, img=[pixels] * 4, label=[0, 1, 0, 1])


def cut(path):
    path.write_bytes(path.read_bytes()[:-30])


# Each damages a good set at ./own, and says what must be named.
FOLDER_DAMAGE = {
    "no test": (lambda own: shutil.rmtree(own / "test"), "no test part"),
    "no train": (lambda own: shutil.rmtree(own / "train"), "no train/"),
    "empty class": (lambda own: [file.unlink() for file in (own / "train/a").iterdir()], "train/a is empty"),
    "one class": (lambda own: [shutil.rmtree(own / part / "b") for part in ("train", "test")], "one class only"),
    "another class in test": (lambda own: (own / "test/b").rename(own / "test/c"), "classes"),
    "a cut image": (lambda own: cut(own / "train/a/1.png"), "train/a/1.png"),
    "no image": (lambda own: (own / "train/a/1.png").write_text("hello"), "train/a/1.png"),
    "an empty image": (lambda own: (own / "train/a/1.png").write_bytes(b""), "train/a/1.png"),
    "a loose file": (lambda own: image(own / "train/1.png"), "train/1.png"),
    "a folder in a class": (lambda own: (own / "train/a/more").mkdir(), "train/a/more"),
    "both layouts": (lambda own: parquet(own), "leave one of the two"),
    "16 bits": (lambda own: Image.new("I;16", (8, 8)).save(own / "test/a/0.png"), "test/a/0.png"),
}
PARQUET_DAMAGE = {
    "no test": (lambda own: (own / "test.parquet").unlink(), "no test part"),
    "cut": (lambda own: cut(own / "train.parquet"), "train.parquet"),
    "no parquet": (lambda own: (own / "train.parquet").write_bytes(b"PAR1"), "train.parquet"),
    "a folder": (lambda own: ((own / "test.parquet").unlink(), (own / "test.parquet").mkdir()), "test.parquet"),
    "no label": (lambda own: table(own, "train", img=[b"x"]), "label column"),
    "no image": (lambda own: table(own, "train", label=[1]), "image column"),
    "two labels": (lambda own: table(own, "train", img=[b"x"], label=[1], fine=[2]), "label column"),
    "nulls": (lambda own: table(own, "train", img=[b"x", None], label=[0, 1]), "empty in 1 rows"),
    "no image in a row": (lambda own: table(own, "train", img=[b"x", b"y"], label=[0, 1]), "row 0"),
    "no rows": (lambda own: table(own, "train", img=pa.array([], pa.binary()), label=pa.array([], pa.int64())), "rows"),
    "other classes": (lambda own: table(own, "train", img=[b"x"] * 3, label=[0, 1, 2]), "classes"),
}
SIZES = {n: n * n % 37 if n != 7 else 7 for n in range(20)}
TABLE = "size,colour,label\n" + "".join(f"{SIZES[n]},{'red' if n % 3 else 'blue'},{'ab'[n % 2]}\n" for n in range(20))
# Each a damaged TABLE, and what must be named.
CSV_DAMAGE = {
    "empty": ("", "is empty"),
    "blank": ("\n\n", "is empty"),
    "a header alone": ("size,colour,label\n", "no rows"),
    "no header": (TABLE.replace("size,colour,label", "1,2,3"), "first line holds numbers"),
    "spaces": (TABLE.replace(",", " "), "separated by spaces ('size colour label')"),
    "a row in the header's place": (TABLE.partition("\n")[2], "its first line holds numbers (0) and no column 'label'"),
    "decimal commas": (
        TABLE.replace(",", ";").replace("\n", ",5\n", 0).replace(";red", ",5;red"),
        "size is '1,5', a number with a comma",
    ),
    "percent signs": (TABLE.replace(",red", " %,red"), "line 3: size is '1 %', a number with a percent sign"),
    "a currency": (TABLE.replace(",red", " €,red"), "line 3: size is '1 €', a number with a currency"),
    "cut": (TABLE[:-5], "line 21 has 2 cells and the header 3"),
    "a cell too many": (TABLE.replace("7,red,b", "7,red,b,c"), "line 9 has 4 cells"),
    "an open quote": (TABLE.replace("7,red", '7,"red'), "not CSV"),
    "a column twice": (TABLE.replace("colour", "size"), "2 columns are called 'size'"),
    "a column without a name": (TABLE.replace("colour", ""), "column 2 has no name"),
    "no such column": (TABLE.replace("label", "class"), "--target label"),
    "the class alone": ("label\n" + "a\nb\n" * 9, "no column but 'label'"),
    "no class in a row": (TABLE.replace("7,red,b", "7,red,"), "line 9 has no label"),
    "one class": (TABLE.replace(",b", ",a"), "one class only, 'a'"),
    "a class a row": ("x,label\n1,a\n2,b\n3,c\n", "holds 3 values in 3 rows"),
    "numbers to predict": ("x,label\n" + "1,0.5\n2,1.5\n" * 9, "regression"),
    "as many numbers as rows": ("x,label\n" + "".join(f"{n},{n}\n" for n in range(20)), "regression"),
    "a text among numbers": (TABLE.replace("\n7,red", "\nseven,red"), "line 9: size is 'seven'"),
    "too large": (TABLE.replace("7,red", "7e99,red"), "line 9: size is 7e99"),
    "infinite": (TABLE.replace("7,red", "-inf,red"), "line 9: size is -inf"),
    "names": (
        "who,label\n" + "".join(f"anna{n},{'ab'[n % 2]}\n" for n in range(40)),
        "'who' is another text in each row",
    ),
    "too few rows to test on": ("x,label\n1,a\n2,a\n3,b\n4,b\n", "--test-share 0.2 leaves own without a test part"),
    "bytes": (b"\xff\xfe\x00size", "not text in UTF-8"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00", "not text in UTF-8"),
}
GZIP_DAMAGE = {
    "not compressed": lambda packed: TABLE.encode(),
    "cut": lambda packed: packed[:-20],
    "empty": lambda packed: b"",
    "another byte": lambda packed: packed[:-40] + bytes([packed[-40] ^ 255]) + packed[-39:],
}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A folder with finished runs: what must not change."""
    folder = tmp_path_factory.mktemp("good")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for argv in (DIGITS, IRIS):
            train.main(argv)
    (folder / "afile").write_text("a file")
    return folder


def contents(folder):
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in endurance.files(folder)}


@pytest.fixture
def refused(good, monkeypatch, capsys):
    """``refused(argv, named)``: runs it beside the finished runs."""
    monkeypatch.chdir(good)
    before = contents(good)

    def run(argv, named, status=2, box=True):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["scripts/train.py", *argv])
        try:
            ended = cli.run(train.main)
        except SystemExit as end:  # tyro's box
            assert box
            ended = end.code
            said = capsys.readouterr().err
            assert "--help" in said
        else:
            said = capsys.readouterr().err
            lines = [line for line in said.splitlines() if ": decoding " not in line]
            assert len(lines) <= 2, said  # the second a command line to copy
            assert lines[0].endswith((".", ":")), said
        assert ended == status, said
        assert "Traceback" not in said
        assert named in said
        assert contents(good) == before
        return said

    return run


@pytest.mark.parametrize("argv", [*wrong_types()], ids=" ".join)
def test_wrong_types(refused, argv):
    refused(argv, argv[0].split("=")[-1])  # of a flag tyro names the value


def test_every_number_has_limits():
    numbers = {name for name, kind in options() if {int, float} & {*parts(kind)}}
    assert numbers == set(limited())


@pytest.mark.parametrize("argv", [*wrong_ranges()], ids=" ".join)
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


@pytest.mark.parametrize("make", ["folders", "parquet"])
def test_the_sets_that_are_damaged_below_are_good(good, tmp_path, monkeypatch, make):
    globals()[make](tmp_path / "own")
    monkeypatch.chdir(tmp_path)
    assert cli.run(lambda: train.main(["--dataset", "./own", "--plan", "--width", "4", "--threads", "1"])) == 0


@pytest.mark.parametrize(
    ("make", "damage", "named"),
    [
        *((folders, *case) for case in FOLDER_DAMAGE.values()),
        *((parquet, *case) for case in PARQUET_DAMAGE.values()),
    ],
    ids=[*FOLDER_DAMAGE, *PARQUET_DAMAGE],
)
def test_files_of_data(refused, tmp_path, make, damage, named):
    make(tmp_path / "own")
    damage(tmp_path / "own")
    refused(["--dataset", str(tmp_path / "own"), "--width", "4", "--threads", "1"], named)


def test_the_table_that_is_damaged_below_is_good(tmp_path, monkeypatch):
    (tmp_path / "own.csv").write_text(TABLE)
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(TABLE.encode()))
    monkeypatch.chdir(tmp_path)
    for name in ("own.csv", "packed.csv.gz"):
        assert cli.run(lambda name=name: train.main(["--dataset", name, "--plan", "--threads", "1"])) == 0


@pytest.mark.parametrize(("content", "named"), CSV_DAMAGE.values(), ids=CSV_DAMAGE)
def test_files_of_tables(refused, tmp_path, content, named):
    (tmp_path / "own.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(["--dataset", str(tmp_path / "own.csv"), "--threads", "1"], named)


@pytest.mark.parametrize("damage", GZIP_DAMAGE.values(), ids=GZIP_DAMAGE)
def test_packed_files_of_tables(refused, tmp_path, damage):
    (tmp_path / "own.csv.gz").write_bytes(damage(gzip.compress(TABLE.encode())))
    refused(["--dataset", str(tmp_path / "own.csv.gz"), "--threads", "1"], "own.csv.gz")


@pytest.mark.parametrize(
    ("file", "name"), [("my own.csv", "my own"), ("..csv", "."), ("...csv", ".."), (".a.csv", ".a"), ("-a.csv", "-a")]
)
def test_a_table_whose_name_no_run_can_have(refused, tmp_path, file, name):
    """Below results/ a set called '..' would have its records beside them."""
    (tmp_path / file).write_text(TABLE)
    refused(["--dataset", str(tmp_path / file)], f"the file's name '{name}'")


def test_images_too_small_to_crop(refused, tmp_path):
    for part in ("train", "test"):
        for label in ("a", "b"):
            image(tmp_path / "own" / part / label / "0.png", side=5)
    refused(["--dataset", str(tmp_path / "own"), "--augment", "crop-flip", "--threads", "1"], "--augment")


@pytest.mark.parametrize("content", [b"", b"\x80\x04cposix\nsystem\n(S'touch sprung'\ntR."])
def test_an_archive_of_somebody_else(refused, tmp_path, content):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name in ("data_batch_1", "test_batch", "batches.meta"):
        (folder / name).write_bytes(content)
    refused(["--data-dir", str(tmp_path)], "cifar-10-batches-py")
    assert not Path("sprung").exists()


def test_nothing_at_all_in_the_data_folder(refused, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert "--dataset digits" in refused(["--data-dir", str(tmp_path)], "cifar10")


def undigested(text):
    """A record as those were that were written before there were digests."""
    return re.sub(r',\n "digest": "[0-9a-f]{64}"', "", text)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda text: "", "not a record"),
        (lambda text: text[:-9], "not a record"),
        (lambda text: text.replace('"schema": 1', '"schema": 2'), "update the code"),
        (lambda text: text.replace('"seed": 0', '"seed": 1'), "digest"),
        (lambda text: undigested(text).replace('"seed": 0', '"seed": 1'), "$.run"),
        (lambda text: text.replace('"lr": 0.1', '"lr": NaN'), "not a record"),
        (lambda text: undigested(text).replace('"epochs": 1', '"epochs": "1"', 1), "$.config.epochs"),
        (lambda text: "[" * 50000, "not a record"),
    ],
)
def test_damaged_records(refused, good, tmp_path, damage, named):
    for name in endurance.files(good):
        if "digits" in name:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(good / name, tmp_path / name)
    (record,) = tmp_path.rglob("*.json")
    record.write_text(damage(record.read_text()))
    before = contents(tmp_path)
    places = ["--results-dir", str(tmp_path / "results"), "--checkpoint-dir", str(tmp_path / "checkpoints")]
    assert str(record) in refused([*DIGITS, *places], named)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("what", ["record", "weights", "state"])
def test_a_folder_where_a_file_should_be(refused, good, tmp_path, what):
    (record,) = (good / "results/digits").iterdir()
    (weights,) = (good / "checkpoints").glob("digits*.safetensors")
    paths = {
        "record": tmp_path / "results/digits" / record.name,
        "weights": tmp_path / "checkpoints" / weights.name,
        "state": tmp_path / "checkpoints" / weights.with_suffix(".state").name,
    }
    paths[what].mkdir(parents=True)
    places = ["--results-dir", str(tmp_path / "results"), "--checkpoint-dir", str(tmp_path / "checkpoints")]
    refused([*DIGITS, *places], str(paths[what]))


def test_foreign_weights_under_the_name_of_a_run(refused, good, tmp_path):
    shutil.copytree(good / "checkpoints", tmp_path / "checkpoints")
    one, other = sorted((tmp_path / "checkpoints").glob("*.safetensors"))
    shutil.copy(other, one)
    refused([*DIGITS, "--checkpoint-dir", str(tmp_path / "checkpoints")], "SHA-256 differs")


@pytest.mark.parametrize(
    "argv", [["--lr", "1e30"], ["--lr", "1e38", "--mixup"], ["--weight-decay", "1e30"], ["--lr", "1e300"]]
)
def test_a_loss_that_is_no_longer_finite(refused, argv):
    said = refused([*DIGITS, "--batch-size", "8", "--seed", "1", *argv], "no longer finite", status=3)
    assert "--lr" in said


def test_a_cache_that_cannot_be_used_is_said_and_done_without(good, tmp_path, monkeypatch, capsys):
    folders(tmp_path / "own")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIXUP_CACHE_DIR", str(good / "afile"))
    assert cli.run(lambda: train.main(["--dataset", "./own", "--plan", "--width", "4", "--threads", "1"])) == 0
    assert "afile" in capsys.readouterr().err


SHELL = [
    ([*DIGITS[:2], "--epochs", "0"], "--epochs"),
    (["--dataset", "nowhere"], "--dataset"),
    ([*DIGITS, "--subset", "5"], "--subset"),
    ([*DIGITS, "--lr", "1e30"], "no longer finite"),
]


@pytest.mark.parametrize(("argv", "named"), SHELL, ids=lambda value: " ".join(value)[:30])
def test_by_python(good, script, argv, named):
    done = script("train.py", *argv)
    assert done.returncode == (3 if "finite" in named else 2)
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_by_accelerate(tmp_path):
    launch = [str(Path(sys.executable).with_name("accelerate")), "launch", str(ROOT / "scripts" / "train.py")]
    done = subprocess.run([*launch, *SHELL[2][0]], cwd=tmp_path, capture_output=True, text=True, timeout=200)
    assert done.returncode != 0
    assert done.stderr.count("--subset 5 is fewer") == 1
    assert not list(tmp_path.iterdir())


def test_there_are_a_hundred_cases(request):
    cases = [item for item in request.session.items if item.fspath == request.node.fspath]
    chosen = len(cases) < 90  # by -k or by name
    assert chosen or len(cases) >= 100

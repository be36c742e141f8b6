"""The studies that there are, and by what any is judged."""

import hashlib
import pickle
import shlex
from pathlib import Path

import pytest

from _study import file, members
from common import records
from common.errors import UserError
from scripts import gan, study, train
from tests.study.asked import INTERPOLATE, SMALL, names, refused, run

STUDIES = {  # runs, and all that is in it
    "ablation": (480, 480),
    "ablation-best": (35, 35),
    "ablation-cifar": (400, 400),
    "budgets": (60, 60),
    "corrupted": (40, 40),
    "corrupted-digits": (192, 192),
    "deck": (10, 24),
    "demo": (3, 8),
    "fast": (24, 47),
    "few-cifar": (32, 56),
    "few-digits": (332, 383),
    "gan": (0, 18),
    "imagenet": (85, 85),
    "imagenet-attack": (10, 13),
    "paper-ablation": (220, 220),
    "paper-cifar": (60, 70),
    "paper-corrupted": (60, 60),
    "paper-gan": (0, 6),
    "paper-speech": (30, 30),
    "speech": (100, 100),
    "tables": (882, 952),
    "tables-embedded": (60, 90),
}


@pytest.mark.parametrize(("name", "runs", "all_of_it"), [(name, *numbers) for name, numbers in STUDIES.items()])
def test_the_studies_that_there_are(name, runs, all_of_it):
    found = members.read(name, None).members
    assert (sum(member.script == "train" for member in found), len(found)) == (runs, all_of_it)
    scripts = [member.script for member in found]
    assert scripts == sorted(scripts, key=list(file.OPTIONS).index)
    if name == "deck":
        assert found[1].name == "cifar10-preactresnet18-mixup1.0-seed0"
    if name == "speech":
        vgg11, lenet = "perutterance-vgg11-w16-every30-b50", "perutterance-lenet_large-every30-b25-lr0.001"
        assert [found[number].name for number in (0, 21, 40, 81)] == [
            f"spoken_digits-300-test0.4-{vgg11}-erm-seed0",
            f"spoken_digits-300-rows1-test0.4-{vgg11}-mixup0.2-seed1",
            f"spoken_digits-300-test0.4-{lenet}-erm-seed0",
            f"spoken_digits-300-rows1-test0.4-{vgg11.removeprefix('perutterance-')}-erm-seed1",
        ]
        assert {member.config.warmup_epochs for member in found if member.config.mixup} == {5}


def test_a_study_may_say_the_precision_of_its_trainings(write, script):
    refused(f"train: {{{SMALL}, mixed_precision: fp8}}", write, "mixed_precision: 'fp8' must be one of no, bf16, fp16")
    content = f"train: {{{SMALL}, mixed_precision: bf16}}\ninterpolate: {{threads: 1}}"
    assert names(content, write)[0] == "digits-smallcnn-w8-3ep-erm-bf16-seed0"
    line = run(script, "own.yaml", "--print").stdout.splitlines()[1]
    assert line.startswith("env ACCELERATE_MIXED_PRECISION=bf16 python ")
    assert line.endswith("scripts/train.py --dataset digits --width 8 --epochs 3 --threads 1")
    run(script, "own.yaml", "--jobs", "1")
    record = records.read(Path("results/digits/train-digits-smallcnn-w8-3ep-erm-bf16-seed0.json"))
    assert record["environment"]["precision"] == "bf16"


def test_a_machine_may_have_another_precision_than_the_study_says(write, script):
    """Its probes and attacks go by the names that the study gives its trainings, and are of those that are trained."""
    content = (
        f"train: {{{SMALL}, mixed_precision: bf16}}\n"
        "interpolate: {runs: digits-smallcnn-w8-3ep-erm-bf16-seed0, pairs: 20, points: 3, threads: 1}"
    )
    write(content)
    lines = run(script, "own.yaml", "--print", "--mixed-precision", "no", ACCELERATE_MIXED_PRECISION="bf16").stdout
    training, probe = (line for line in lines.splitlines() if not line.startswith("#"))
    assert training.startswith("env ACCELERATE_MIXED_PRECISION=no python ")
    assert " digits-smallcnn-w8-3ep-erm-seed0 " in probe
    run(script, "own.yaml", "--jobs", "1", "--mixed-precision", "no")
    assert {path.name for path in Path("results/digits").iterdir()} == {
        "train-digits-smallcnn-w8-3ep-erm-seed0.json",
        f"interpolate-digits-smallcnn-w8-3ep-erm-seed0{INTERPOLATE}.json",
    }
    assert "--mixed-precision" in run(script, "own.yaml", "--mixed-precision", "fp8", status=2).stderr


PAIRS = f"train: {{{SMALL}, mixup: [no, yes], alpha: [0.2, 8], seed: [SEEDS]}}"
APART = f"train: [{{{SMALL}, seed: [0, 1, 2, 3, 4]}}, {{{SMALL}, mixup: yes, seed: [4, 5, 6, 7, 8]}}]"


def test_a_study_of_too_few_pairs_is_refused_unless_it_says_that_it_decides_nothing(tmp_path, monkeypatch):
    """A pair is of one setting, one seed and one draw of the rows."""
    monkeypatch.chdir(tmp_path)
    four, five = PAIRS.replace("SEEDS", "0, 1, 2, 3"), PAIRS.replace("SEEDS", "0, 1, 2, 3, 4")
    for content, said in (
        (four, r"than 4, and a verdict takes 5: list at least 5 seeds, or say 'judged: no' in it"),
        (four.replace("width: 8", "width: [8, 9]"), "than 4, "),
        (APART, "than 1, "),
        (f"{four}\njudged: perhaps", "judged: 'perhaps' must be yes or no"),
    ):
        Path("own.yaml").write_text(content)
        with pytest.raises(UserError, match=rf"own\.yaml.*{said}.*\."):
            members.read("./own.yaml", None)
    for content, runs in ((five, 15), (f"{four}\njudged: no", 12), (f"train: {{{SMALL}, seed: [0, 1]}}", 2)):
        Path("own.yaml").write_text(content)
        assert len(members.read("./own.yaml", None).members) == runs


def test_a_study_of_gans_is_judged_by_their_seeds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = "gan: [{loss: saturating, seeds: [0, 1, 2, 3, 4]}, {loss: mixup, SEEDS}]"
    for seeds, said in (("seeds: [0, 1, 2, 3]", "than 4, "), ("seeds: [4, 5, 6, 7, 8]", "than 1, ")):
        Path("own.yaml").write_text(asked.replace("SEEDS", seeds))
        with pytest.raises(UserError, match=rf"pairs of mixup and another loss {said}and a verdict takes 5"):
            members.read("./own.yaml", None)
    for content in (asked.replace("SEEDS", "alpha: [0.2, 1]"), "gan: {loss: [saturating, r3gan], seeds: [0]}"):
        Path("own.yaml").write_text(content)
        assert members.read("./own.yaml", None).members
    Path("mine.csv").write_text("x,y\n1,2\n3,4\n")
    Path("own.yaml").write_text("gan: {csv: mine.csv, loss: r3gan, penalty: 0.5, iterations: 3, seeds: [1]}")
    (member,) = members.read("./own.yaml", None).members
    assert member.name == "gan-csv-mine-r3gan0.5-3it-seeds1"
    assert " ".join(member.words) == "--csv mine.csv --loss r3gan --penalty 0.5 --iterations 3 --seeds 1"
    assert member.wanted[0].path == Path("toy/gan-csv-mine-r3gan0.5-3it-seeds1.json")
    assert len(member.wanted[0].config["points"]) == 64


def test_a_study_of_gans_is_done_and_found_done(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("own.yaml").write_text("gan: {width: 4, iterations: 3, batch-size: 4, seeds: [1], target: [ring, grid]}")
    words = ["./own.yaml", "--checkpoint-dir", "elsewhere"]
    study.main([*words, "--print"])
    lines = [shlex.split(line) for line in capsys.readouterr().out.splitlines() if not line.startswith("#")]
    assert len(lines) == 2
    for line in lines:
        assert "--checkpoint-dir" in line
        assert "--data-dir" not in line
        gan.main([*line[2:], "--threads", "1"])
    capsys.readouterr()
    study.main([*words, "--plan"])
    assert "All 2 are done" in capsys.readouterr().out
    Path("elsewhere/ring-saturating-w4-3it-b4-seeds1.state").touch()  # --overwrite began it, and was stopped
    study.main([*words, "--print"])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("#")]
    assert "--target ring" in line


def test_every_study_file_is_tested():
    assert {path.stem for path in file.STUDIES.iterdir()} == set(STUDIES)


def test_the_papers_study_has_the_papers_settings():
    """Section 3.2, Fig. 3: every network on both sets under ERM and mixup, at each seed once."""
    configs = [member.wanted[0].config for member in members.read("paper-cifar", None).members[:60]]
    networks = {"preactresnet18": 64, "wideresnet28": 10, "densenet190": 40}
    found = {tuple(config[name] for name in ("dataset", "model", "width", "alpha", "seed")) for config in configs}
    assert found == {
        (dataset, model, width, alpha, seed)
        for dataset in ("cifar10", "cifar100")
        for model, width in networks.items()
        for alpha in (None, 1.0)
        for seed in range(5)
    }
    for config in configs:
        drops = [60, 120, 180] if config["model"] == "wideresnet28" else [100, 150]
        assert [round(config["epochs"] * drop) for drop in config["lr_drops"]] == drops
        assert {name: config[name] for name in ("batch_size", "accumulate", "epochs", "lr", "weight_decay")} == {
            "batch_size": 128,
            "accumulate": 1,
            "epochs": 200,
            "lr": 0.1,
            "weight_decay": 1e-4,
        }
        assert (config["optimizer"], config["momentum"], config["augment"]) == ("sgd", 0.9, "crop-flip")


CHEAPEST = {"preactresnet18": "8", "wideresnet28": "1", "densenet190": "2"}  # widths


def original_cifar(root, monkeypatch):
    """Small files of noise in the original form of both sets, whose MD5 are the published ones."""
    import numpy as np
    from torchvision.datasets import CIFAR10, CIFAR100

    random = np.random.default_rng(0)
    for theirs, classes in ((CIFAR10, 10), (CIFAR100, 100)):
        folder = root / theirs.base_folder
        folder.mkdir()
        for name, _ in (*theirs.train_list, *theirs.test_list):
            labels = random.permutation(200 if name == "train" else 100) % classes
            pixels = random.integers(0, 256, (len(labels), 3 * 32 * 32), dtype=np.uint8)
            batch = {"data": pixels, "labels": labels.tolist(), "fine_labels": labels.tolist()}
            (folder / name).write_bytes(pickle.dumps(batch))
        names = [str(number) for number in range(classes)]
        (folder / theirs.meta["filename"]).write_bytes(pickle.dumps({theirs.meta["key"]: names}))
        md5 = {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in folder.iterdir()}
        for part in ("train_list", "test_list"):
            monkeypatch.setattr(theirs, part, [[name, md5[name]] for name, _ in getattr(theirs, part)])
        monkeypatch.setattr(theirs, "meta", theirs.meta | {"md5": md5[theirs.meta["filename"]]})


@pytest.mark.long
def test_the_smallest_members_of_the_papers_study_take_a_few_steps(tmp_path, monkeypatch):
    """A run of each network on both sets, under ERM and mixup in turn, by the study's own options and in small."""
    monkeypatch.chdir(tmp_path)
    original_cifar(tmp_path, monkeypatch)
    study_ = members.read("paper-cifar", None).members
    chosen = {}
    for member in study_:
        if member.script == "train" and member.config.seed == 0:
            chosen.setdefault((member.config.dataset, member.config.model), []).append(member)
    assert len(chosen) == 6
    for number, ((dataset, model), pair) in enumerate(chosen.items()):
        member = pair[number % 2]
        small = ["--width", CHEAPEST[model], "--epochs", "1", "--threads", "1", "--data-dir", str(tmp_path)]
        subset = ["--subset", "160" if dataset == "cifar10" else "200"]
        record = records.read(train.main([*member.words, *small, *subset]))
        rows = int(subset[1])
        assert record["data"]["train"] == rows
        assert len(record["data"]["classes"]) == (10 if dataset == "cifar10" else 100)
        assert record["final"]["last_epoch"]["n"] == 100
        assert {**record["config"], "width": 0, "epochs": 0, "subset": 0} == {
            **member.wanted[0].config,
            "width": 0,
            "epochs": 0,
            "subset": 0,
        }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("demos", f"No study is called demos; perhaps you meant demo. There are {', '.join(sorted(STUDIES))};"),
        ("./demo.yaml", "./demo.yaml: no such file."),
    ],
)
def test_a_study_that_is_not_there(script, name, said):
    done = run(script, name, status=2)
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1

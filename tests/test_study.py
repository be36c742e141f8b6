"""Studies: read, listed, priced, printed, run, stopped and gone on with."""

import hashlib
import os
import pickle
import re
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from _study import crew, file, forecast, members, standing
from _study.forecast import Answer
from analysis import measures
from common import cores, files, records
from common.cores import physical_cores, usable_cores
from common.errors import UnfinishedError, UserError
from common.options.attack import AttackConfig, passes, resolve
from scripts import gan, study, train
from tests import fixtures, refusal

ROOT = Path(__file__).resolve().parent.parent
COMMAND = [sys.executable, str(ROOT / "scripts" / "study.py")]
JUDGED_NOT = "\njudged: no\n"
SMALL = "dataset: digits, width: 8, epochs: 3, threads: 1"
THREE = f"""
judged: no
train:
  - {{{SMALL}, seed: [0, 1]}}
  - {{{SMALL}, mixup: yes}}
"""
PROBES = """
interpolate: {pairs: 20, points: 3, threads: 1}
attack: {attacks: [fgsm], rows: 30, threads: 1}
boundary: {sets: moons, points: 20, epochs: 2, seeds: [0], alphas: [1.0], grid: 5}
"""
INTERPOLATE = "-pairs20-points3"
BOUNDARY = "boundary-moons-points20-alphas1.0-2ep-seeds0-grid5"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """``write("train: …")`` is a study of this content in an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def make(content, name="own.yaml"):
        Path(name).write_text(content + (JUDGED_NOT if "mixup: [no, yes]" in content else ""))
        return f"./{name}"

    return make


def names(content, write):
    return [member.name for member in members.read(write(content), None).members]


def words(content, write):
    return [" ".join(member.words) for member in members.read(write(content), None).members]


def refused(content, write, *named):
    with pytest.raises(UserError) as error:
        members.read(write(content), None)
    said = str(error.value)
    assert said.startswith("own.yaml"), said
    assert said.endswith("."), said
    assert "\n" not in said
    for word in named:
        assert word in said


def run(script, *argv, status=0, **environment):
    done = script("study.py", *argv, **environment)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


# what a file stands for


def test_lists_stand_for_a_run_each_and_pairs_come_seed_by_seed(write):
    content = f"train: {{{SMALL}, mixup: [no, yes], seed: [0, 1]}}"
    assert names(content, write) == [
        "digits-smallcnn-w8-3ep-erm-seed0",
        "digits-smallcnn-w8-3ep-mixup1.0-seed0",
        "digits-smallcnn-w8-3ep-erm-seed1",
        "digits-smallcnn-w8-3ep-mixup1.0-seed1",
    ]
    assert words(content, write)[1] == "--dataset digits --width 8 --epochs 3 --threads 1 --mixup --seed 0"
    assert "mixup" not in words(content, write)[0]


def test_a_pair_differs_in_lambda_alone(write):
    """What ERM and mixup of one seed share: `test_plan.py` shows that the plan then does so too."""
    found = members.read(write(f"train: {{{SMALL}, mixup: [no, yes], seed: 4}}"), None).members
    erm, mixup = (member.wanted[0].config for member in found)
    assert {name for name in erm if erm[name] != mixup[name]} == {"mixup", "alpha", "lam_per"}


def test_what_means_nothing_without_mixup_is_left_out_of_erm(write):
    content = "train: {dataset: wine, mixup: [no, yes], alpha: [0.2, 1.0], lam_per: row, warmup_epochs: 3}"
    assert names(content, write) == [
        "wine-mlp-erm-seed0",
        "wine-mlp-mixup0.2-perrow-warm3-seed0",
        "wine-mlp-mixup1.0-perrow-warm3-seed0",
    ]


def test_rows_can_be_drawn_anew_for_each_seed(write):
    content = "train: {dataset: wine, subset: 50, mixup: [no, yes], seed: [0, 3], data-seed: seed}"
    assert names(content, write) == [
        "wine-50-mlp-erm-seed0",
        "wine-50-mlp-mixup1.0-seed0",
        "wine-50-rows3-mlp-erm-seed3",
        "wine-50-rows3-mlp-mixup1.0-seed3",
    ]


def test_what_an_option_takes_several_of_is_no_list_of_runs(write):
    content = "train: {dataset: wine, lr-drops: [0.3, 0.6]}\nboundary: {seeds: [0, 1], sets: [moons, circles]}"
    assert words(content, write) == ["--dataset wine --lr-drops 0.3 0.6", "--seeds 0 1 --sets moons circles"]


def test_probes_and_attacks_are_of_all_runs_or_of_those_named(write):
    content = THREE + "interpolate:\nattack:\n- runs: [digits-smallcnn-w8-3ep-erm-seed1]\n- rows: 9\nboundary:\n"
    found = members.read(write(content), None).members
    assert [member.name for member in found[3:]] == [
        "interpolate-digits-smallcnn-w8-3ep-erm-seed0",
        "interpolate-digits-smallcnn-w8-3ep-erm-seed1",
        "interpolate-digits-smallcnn-w8-3ep-mixup1.0-seed0",
        "attack-digits-1x1",
        "attack-digits-3x3-rows9",
        "boundary-circles-paper+moons",
    ]
    assert [len(member.wanted) for member in found] == [1, 1, 1, 1, 1, 1, 1, 9, 2]
    assert found[7].needs == tuple(member.name for member in found[:3])
    assert found[8].needs == ()


def test_matrices_of_as_many_models_have_names_of_their_own(write):
    content = THREE + "attack:\n- runs: digits-smallcnn-w8-3ep-erm-seed0\n- runs: digits-smallcnn-w8-3ep-erm-seed1\n"
    assert names(content, write)[3:] == ["attack-digits-1x1", "attack-digits-1x1-2"]


def test_blocks_of_attacks_may_share_a_model(write):
    """Each asks for what it lacks; the same block twice is refused."""
    runs = (("erm", 0), ("erm", 1), ("mixup1.0", 0))
    names = [f"digits-smallcnn-w8-3ep-{method}-seed{seed}" for method, seed in runs]
    blocks = [f"- runs: [{', '.join(block)}]\n" for block in (names[:2], names[:1] + names[2:])]
    found = members.read(write(THREE + "attack:\n" + "".join(blocks)), None).members
    assert [len(one.wanted) for one in found if one.script == "attack"] == [4, 4]
    with pytest.raises(UserError, match="a second time; leave it out once"):
        members.read(write(THREE + "attack:\n" + blocks[0] * 2), None)


def test_a_set_of_images_of_the_users_own_is_looked_at(write, tmp_path):
    from PIL import Image

    for part in ("train", "test"):
        for label in ("a", "b"):
            (tmp_path / "own" / part / label).mkdir(parents=True)
            Image.new("L", (8, 8)).save(tmp_path / "own" / part / label / "0.png")
    assert names("train: {dataset: ./own}", write) == ["own-smallcnn-erm-seed0"]


def test_sounds_are_known_unread(write, tmp_path):
    for part in ("train", "test"):
        (tmp_path / "own").mkdir(exist_ok=True)
        pq.write_table(pa.table({"audio": [b"unread"], "label": [0]}), tmp_path / "own" / f"{part}.parquet")
    for dataset, name in (("./own", "own"), ("spoken_digits", "spoken_digits")):
        assert names(f"train: {{dataset: {dataset}, mixup: yes}}", write) == [f"{name}-lenet-mixup1.0-seed0"]


STUDIES = {  # runs, and all that is in it
    "ablation": (480, 480),
    "ablation-cifar": (400, 400),
    "corrupted": (60, 60),
    "corrupted-digits": (192, 192),
    "deck": (10, 24),
    "demo": (3, 8),
    "fast": (24, 47),
    "few-cifar": (32, 56),
    "few-digits": (332, 383),
    "gan": (0, 18),
    "imagenet": (85, 85),
    "imagenet-attack": (10, 13),
    "paper-cifar": (60, 70),
    "speech": (30, 30),
    "tables": (120, 180),
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
        assert [member.name for member in found[:4]] == [
            "spoken_digits-1000-lenet-w10-60ep-erm-seed0",
            "spoken_digits-1000-lenet-w10-60ep-mixup0.1-seed0",
            "spoken_digits-1000-lenet-w10-60ep-mixup0.2-seed0",
            "spoken_digits-1000-lenet-w10-60ep-erm-seed1",
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


@pytest.mark.parametrize(("name", "sets"), [("tables", 6), ("tables-embedded", 3)])
def test_pairs_of_tables_and_their_baselines_see_the_same_rows(name, sets):
    """Ten pairs a set, each of another split; what decides the rows is the same for ERM, mixup and the baselines."""
    rows = ("dataset", "test_share", "target", "subset", "holdout", "data_seed")
    seen = {}
    for member in members.read(name, None).members:
        for wanted in member.wanted:
            config = wanted.config
            assert config["seed"] == config["data_seed"]
            seen.setdefault(tuple(config[option] for option in rows), []).append(
                config.get("method") or ("mixup" if config["mixup"] else "erm")
            )
    assert len(seen) == 10 * sets
    assert len({key[0] for key in seen}) == sets
    assert {key[1] for key in seen} == {0.2}
    for methods in seen.values():
        assert sorted(methods) == ["erm", "gradient_boosting", "logistic_regression", "mixup", "mlp"]


BASELINES = """
train: {dataset: wine, test-share: 0.2, data-seed: 1, epochs: 1, threads: 1}
baseline:
  - {dataset: wine, test-share: 0.2, data-seed: [1, 2], methods: [logistic_regression]}
  - {dataset: abalone, threads: 1}
"""


def test_baselines_are_members(write, monkeypatch):
    monkeypatch.delenv("MIXUP_DATA_DIR", raising=False)
    found = members.read(write(BASELINES), None).members
    assert [member.name for member in found] == [
        "wine-rows1-test0.2-mlp-1ep-erm-seed0",
        "baseline-wine-rows1-test0.2-logistic_regression-seed0",
        "baseline-wine-rows2-test0.2-logistic_regression-seed0",
        "baseline-abalone-logistic_regression+gradient_boosting+mlp-seed0",
    ]
    assert [len(member.wanted) for member in found] == [1, 1, 1, 3]
    assert not any(member.needs for member in found)
    assert (
        " ".join(found[2].words) == "--dataset wine --test-share 0.2 --data-seed 2 --methods logistic_regression"
    )  # in the file's order
    asked = []
    monkeypatch.setattr(forecast, "_asked", lambda command: asked.append(command) or Answer({"seconds": 3.0}, "", 0.0))
    costs = forecast.of_all(found[1:], found, lambda member: member.words)
    assert [cost.seconds for cost in costs.values()] == [3.0] * 3
    assert len(asked) == 2  # seeds cost the same


def test_a_study_of_baselines_from_runs_to_done(script, write):
    content = BASELINES.split("  - {dataset: abalone")[0]
    done = run(script, write(content), "--jobs", "2")
    _, came_out = done.stdout.split("All 3 are done. The records are in results.\n")
    lines = re.sub(r"[\d.]+ (± [\d.]+ )?%", "E %", came_out).splitlines()
    assert lines == [
        "wine-test0.2-mlp-1ep",
        "  test error  ERM E % (n = 1)",
        "wine",
        "  test error  logistic regression E % (n = 2)",
        measures.SPREAD,
        "All of it on one page: python -m analysis.report",
    ]
    assert sorted(path.name for path in Path("results/wine").glob("baseline-*")) == [
        f"baseline-wine-rows{seed}-test0.2-logistic_regression-seed0.json" for seed in (1, 2)
    ]
    assert run(script, "own.yaml", "--print").stdout == "# all 3 of own are done\n"


def test_a_table_of_the_users_own_is_not_read(write, tmp_path):
    (tmp_path / "mine.csv").write_text("no table at all")
    content = "train: {dataset: mine.csv, target: kind}\nbaseline: {dataset: mine.csv, target: kind, methods: mlp}"
    assert names(content, write) == ["mine-targetkind-mlp-erm-seed0", "baseline-mine-targetkind-mlp-seed0"]


# what is wrong with a file


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("", "holds nothing to do"),
        ("# nothing\n", "holds nothing to do"),
        ("train: []\n", "holds nothing to do"),
        ("train: [", "not YAML"),
        ("\x00", "not YAML"),
        ("train:\n  seed: 0\ntrain:\n  seed: 1\n", "not YAML (train stands there twice, in line 3 again)"),
        ("- train\n", "parts named after the scripts"),
        ("trian:\n  seed: 0\n", "unknown script 'trian'; perhaps you meant train"),
        ("benchmark:\n", "unknown script 'benchmark'"),
        ("train:\n  epoch: 3\n", "unknown option 'epoch'; perhaps you meant epochs"),
        ("train:\n  plan: yes\n", "unknown option 'plan'"),
        ("train: {dataset: wine, epochs: many}\n", "epochs: 'many' is no value for --epochs"),
        ("train: {dataset: wine, seed: [0, x]}\n", "seed: 'x' is no value"),
        ("train: {dataset: wine, seed: []}\n", "seed: an empty list"),
        ("train: {dataset: wine, lr: -1}\n", "--lr -1"),
        ("train: {dataset: wine, alpha: 1}\n", "--alpha 1.0: means nothing without --mixup"),
        ("train: {dataset: wine, mixup: perhaps}\n", "mixup: 'perhaps' is neither true nor false"),
        ("train: {dataset: wine, seed: [0, 0]}\ninterpolate: {pairs: 0}\n", "--pairs 0"),
        ("train: {dataset: wine, results_dir: there}\n", "--results-dir"),
        ("train: wine\n", "'wine' is no option"),
        ("train:\n- {dataset: wine}\n- {dataset: wine, seed: 0}\n", "wine-mlp-erm-seed0 a second time"),
        ("train: {dataset: nowhere}\n", "--dataset nowhere"),
        ("interpolate:\n", "there is no run to measure"),
        ("train: {dataset: wine}\nattack: {runs: wine-mlp-erm-seed1}\n", "perhaps you meant wine-mlp-erm-seed0"),
        ("train: {dataset: [wine, iris]}\nattack:\n", "runs of different data sets (iris, wine)"),
        ("train: {dataset: wine}\nattack: {attacks: noise, sample: 3}\n", "--sample"),
        ("baseline: {dataset: digits}\n", "--dataset digits: is images"),
        ("baseline: {dataset: wine, methods: [mlp, mlp]}\n", "--methods mlp mlp"),
        ("baseline: {dataset: wine, epochs: 3}\n", "unknown option 'epochs'"),
        ("train: {dataset: nowhere.csv}\n", "nowhere.csv is not a file"),
        ("train: {dataset: wine, target: x}\n", "--target x"),
        ("boundary: {sets: [moons, moons]}\n", "--sets"),
    ],
)
def test_what_is_wrong_with_a_file(write, content, named):
    refused(content, write, named)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("demos", f"No study is called demos. Did you mean demo? There are {', '.join(sorted(STUDIES))};"),
        ("./demo.yaml", "./demo.yaml: no such file."),
    ],
)
def test_a_study_that_is_not_there(script, name, said):
    done = run(script, name, status=2)
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1


def test_an_unknown_option_by_the_shell(script, tmp_path):
    (tmp_path / "own.yaml").write_text("train:\n  dataset: wine\n  epoch: 3\n")
    done = run(script, "own.yaml", status=2)
    assert done.stderr == "own.yaml, train: unknown option 'epoch'; perhaps you meant epochs.\n"


# what it prints


LINE_OF_IT = 'bash -c "$(sed -n ${SLURM_ARRAY_TASK_ID}p own.sh)"'


def test_the_commands(script, digits, tmp_path):
    (tmp_path / "own.yaml").write_text(THREE + PROBES)
    Path("checkpoints", f"{digits[1]}.safetensors").unlink()
    done = run(script, "own.yaml", "--print", "--data-dir", "my data")
    scripts = f"python {ROOT / 'scripts'}"
    data = "--threads 1 --data-dir 'my data'"
    assert done.stdout.splitlines() == [
        "# stage 1 of own: 2 that need nothing of each other",
        f"{scripts}/train.py --dataset digits --width 8 --epochs 3 --threads 1 --seed 1 --data-dir 'my data'",
        f"{scripts}/boundary.py --sets moons --points 20 --epochs 2 --seeds 0 --alphas 1.0 --grid 5",
        "# stage 2 of own: 4 that need the runs above",
        *(f"{scripts}/interpolate.py {name} --pairs 20 --points 3 {data}" for name in digits),
        f"{scripts}/attack.py {' '.join(digits)} --attacks fgsm --rows 30 {data}",
        "# Saved as own.sh, all of it by SLURM; add what your cluster wants, such as --gpus 1:",
        f"#   job=$(sbatch --parsable --array 2-3 --wrap '{LINE_OF_IT}')",
        f"#   job=$(sbatch --parsable --dependency afterany:$job --array 5-8 --wrap '{LINE_OF_IT}')",
        "# or by GNU parallel, on this machine:",
        "#   sed -n 2,3p own.sh | parallel --jobs 4",
        "#   sed -n 5,8p own.sh | parallel --jobs 4",
    ]
    assert done.stderr == ""


def test_no_line_feed_makes_a_second_command_of_one(write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for argv in (
        [write('train: {dataset: "wine\\ntouch sprung"}', "first.yaml"), "--print"],
        [write("train: {dataset: wine}"), "--print", "--data-dir", "x\ntouch sprung"],
        ["./own\ntouch sprung.yaml", "--print"],
    ):
        refusal.refused(partial(study.main, argv), r"\ntouch sprung")


def test_the_commands_share_the_cores_where_the_jobs_are_known(capsys, write, monkeypatch):
    monkeypatch.setattr(cores, "usable_cores", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    study.main([write("train: {dataset: wine, seed: [0, 1, 2]}"), "--print", "--jobs", "2"])
    assert capsys.readouterr().out.count("--threads 4") == 3
    study.main([write("train: {dataset: wine, seed: 0}"), "--print", "--jobs", "2"])
    assert capsys.readouterr().out.count("--threads 8") == 1
    study.main([write("train: {dataset: wine, seed: 0}"), "--print"])
    assert "--threads" not in capsys.readouterr().out


def test_the_commands_that_are_printed_make_the_study(script, tmp_path):
    (tmp_path / "own.yaml").write_text(f"train: {{{SMALL}}}\nboundary: {{sets: moons, epochs: 1, seeds: [0], grid: 5}}")
    lines = run(script, "own.yaml", "--print", "--results-dir", "out of/here").stdout
    for line in lines.splitlines():
        words = shlex.split(line, comments=True)
        assert words[:1] in ([], ["python"])
        if words:
            subprocess.run([sys.executable, *words[1:]], cwd=tmp_path, check=True, capture_output=True)
    assert run(script, "own.yaml", "--print", "--results-dir", "out of/here").stdout == "# all 2 of own are done\n"


def a_plan(seconds, rate, device="CPU x86_64"):
    """What `train.py --plan --json` says, as far as a study reads it."""
    return {"seconds": seconds, "rows_per_second": rate, "measured_rows": 300, "device": device}


def test_the_plan(capsys, write, digits, monkeypatch):
    asked = []

    def said(command):
        asked.append(command)
        if "boundary.py" in command[1]:
            return Answer({"seconds": 12.0}, "", 0.0)
        return Answer(a_plan(240.0, 2.0), "", 0.0)

    monkeypatch.setattr(forecast, "_asked", said)
    monkeypatch.setattr(cores, "usable_cores", lambda: 2)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    Path("checkpoints", f"{digits[1]}.safetensors").unlink()
    Path("checkpoints", f"{digits[2]}.state").write_bytes(b"")
    study.main([write(THREE + PROBES), "--plan", "--jobs", "1"])
    # Interpolated: 3 x 20 forward and 3 x 20 pairs of gradients, (60 / 3 + 60 x 2 / 3) / 2 rows a second. Attacked: 30
    # rows forward 3 (clean) + 9 x 5 (epsilons) times, and 3 gradients, (1440 / 3 + 90 x 2 / 3) / 2.
    width = len(f"interpolate-{digits[2]}{INTERPOLATE}")
    assert capsys.readouterr().out.splitlines() == [
        "own: 1 of 8 done (own.yaml)",
        f"  done     {digits[0]}",
        f"  missing  {digits[1]:<{width}}     4 min  its record is there, its weights are not",
        f"  missing  {digits[2]:<{width}}     4 min  begun, goes on",
        *(f"  missing  {f'interpolate-{name}{INTERPOLATE}':<{width}}      30 s" for name in digits),
        f"  missing  {'attack-digits-3x3-fgsm-rows30':<{width}}     4 min",
        f"  missing  {BOUNDARY:<{width}}      12 s",
        "cost  about 14 min with --jobs 1 (14 min one after the other), from trials on CPU x86_64 with 2 threads",
    ]
    assert len(asked) == 2


def test_what_a_trial_cannot_say_is_said(capsys, write):
    study.main([write(f"train: {{{SMALL}, subset: 5}}"), "--plan", "--jobs", "1"])
    out = capsys.readouterr().out
    (member,) = members.read("./own.yaml", None).members
    assert out.splitlines()[1:3] == [f"  missing  {member.name}         ?", "cost  not known"]
    assert out.splitlines()[3].startswith(f"      without {member.name}: --subset 5")


def test_of_data_that_cannot_be_had_the_plan_says_all_that_their_script_said(capsys, write, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    study.main([write("train: {seed: [0, 1]}"), "--plan", "--data-dir", "."])
    *_, cost, reason, line = capsys.readouterr().out.splitlines()
    assert cost == "cost  not known"
    assert reason.startswith("      without cifar10-preactresnet18-erm-seed0: The data set cifar10 cannot be had: ")
    assert line == f"          python {ROOT / 'scripts' / 'train.py'} --dataset digits --mixup"


def test_the_start_of_each_process_is_part_of_its_cost(write, monkeypatch):
    """Of two networks' trials the shorter start counts: the first one may have decoded the files for both."""
    starts = iter([50.0, 7.0, 3.0])

    def answer(command):
        if command[0] == "boundary":
            return Answer({"seconds": 12.0}, "", next(starts))
        return Answer(a_plan(2.0, 900.0), "", next(starts))

    monkeypatch.setattr(forecast, "_asked", answer)
    content = f"train: {{{SMALL}, width: [8, 4], seed: [0, 1]}}\nattack: {{attacks: noise, epsilons: 4, rows: 300}}"
    found = members.read(write(content.replace("width: 8, ", "") + "\nboundary:"), None).members
    costs = forecast.of_all(found, found, lambda member: [member.script])
    # Attacked: 300 rows forward, of each of four models clean and with noise, 2700 rows a second.
    assert [cost.seconds for cost in costs.values()] == pytest.approx([9, 9, 9, 9, 7 + 2400 / 2700, 15])


def test_a_real_trial(capsys, write):
    study.main([write(THREE + PROBES), "--plan", "--jobs", "2"])
    out = capsys.readouterr().out
    assert "?" not in out
    assert " with --jobs 2 (" in out
    assert "from trials on CPU" in out


def test_on_a_gpu_one_job(capsys, write, monkeypatch):
    monkeypatch.setattr(forecast, "_asked", lambda command: Answer(a_plan(4.0, 9.0, "NVIDIA H100"), "", 0.0))
    study.main([write("train: {dataset: wine, seed: [0, 1]}"), "--plan"])
    assert "about 8 s with --jobs 1" in capsys.readouterr().out
    study.main([write("train: {dataset: wine, seed: [0, 1]}"), "--plan", "--jobs", "2"])
    assert "about 4 s with --jobs 2" in capsys.readouterr().out


# what counts as done


def standings(content, write):
    found = members.read(write(content), None).members
    return [(one.is_done, one.why) for one in standing.of_all(found, Path("results"), Path("checkpoints")).values()]


def edit(path, **fields):
    record = records.read(path)
    for field, changes in fields.items():
        record[field] |= changes
    records.write(path, fixtures.with_config(record))


def test_what_is_of_another_configuration_or_other_weights_is_not_done(write, digits):
    assert standings(THREE, write) == [(True, "")] * 3
    first, second, third = (Path("results", "digits", f"train-{name}.json") for name in digits)
    edit(first, config={"momentum": 0.8})
    edit(second, environment={"precision": "bf16"})
    shutil.copy(f"checkpoints/{digits[0]}.safetensors", f"checkpoints/{digits[2]}.safetensors")
    found = standings(THREE, write)
    assert [is_done for is_done, _ in found] == [False] * 3
    assert "momentum is 0.8 there and 0.9 here" in found[0][1]
    assert "precision is 'bf16' there and 'no' here" in found[1][1]
    assert "not the weights that results/digits/" in found[2][1]
    third.write_text("{")
    assert "not a record" in standings(THREE, write)[2][1]


def test_runs_of_other_data_are_refused(write, digits):
    path = Path("results", "digits", f"train-{digits[1]}.json")
    edit(path, data={"fingerprint": "0" * 64})
    with pytest.raises(UserError, match=f"train-{digits[0]}.* and .*train-{digits[1]}.json are of different data"):
        standings(THREE, write)


def test_points_of_the_users_own_may_change(script, write):
    name = write("boundary: {csv: mine.csv, epochs: 1, seeds: [0], alphas: [1.0], grid: 5}")
    points = "x,y,label\n" + "".join(f"{k},{k * k},{'ab'[k % 2]}\n" for k in range(8))
    Path("mine.csv").write_text(points)
    run(script, name)
    assert "All 1 are done" in run(script, name).stdout
    Path("mine.csv").write_text(points.replace("7,49", "7,50"))
    assert "data is" in run(script, name, "--plan").stdout


# what runs


def test_a_study_from_runs_to_done_again_and_of_other_weights(script, write, digits):
    content = THREE + PROBES.replace("interpolate: {", f"interpolate: {{runs: {digits[1]}, ")
    name = write(content)
    Path("results/digits", f"train-{digits[0]}.json").unlink()
    assert [is_done for is_done, _ in standings(content, write)] == [False, True, True] + [False] * 3
    done = run(script, name, "--jobs", "2")
    events = [line for line in done.stdout.splitlines() if line.startswith(("started", "done"))]
    assert len(events) == 2 * 4
    assert events[:2] == [f"started  {digits[0]}", f"started  interpolate-{digits[1]}{INTERPOLATE}"]
    _, came_out = done.stdout.split("All 6 are done. The records are in results.\n")
    final = {name: records.read(Path("results/digits", f"train-{name}.json"))["final"]["last_epoch"] for name in digits}
    error = {name: 100 * one["errors"] / one["n"] for name, one in final.items()}
    mean = statistics.mean([error[digits[0]], error[digits[1]]])
    deviation = statistics.stdev([error[digits[0]], error[digits[1]]])
    assert came_out.splitlines()[1].split("  ", 1)[1].split("  ", 1)[1].strip() == (
        f"ERM {mean:.1f} ± {deviation:.1f} % (n = 2)   mixup {error[digits[2]]:.1f} % (n = 1)"
    )
    assert "misses at λ = 0.5" in came_out
    assert "white-box FGSM error at ε = 4/255" in came_out
    assert "moons\n  border: grid in .1 < p < .9" in came_out
    made = contents()
    assert sum(name.endswith(".json") for name in made) == 3 + 1 + 9 + 1
    again = run(script, name)
    assert again.stdout.endswith(f"All 6 are done. The records are in results.\n{came_out}")
    assert "started" not in again.stdout
    assert contents() == made
    assert not Path("results/.study.lock").exists()
    assert standings(content, write) == [(True, "")] * 6
    path = Path("results", "digits", f"attack-{digits[0]}--{digits[1]}-fgsm-rows30.json")
    record = records.read(path)
    record["parents"][1]["weights"] = "0" * 64
    records.write(path, record)
    assert standings(content, write)[4] == (False, "8 of 9 records are there")
    Path("checkpoints", f"{digits[2]}.safetensors").unlink()
    assert [is_done for is_done, _ in standings(content, write)] == [True, True, False, True, False, True]


def test_a_run_that_fails_does_not_lose_the_rest(script, write):
    content = f"""
train:
  - {{{SMALL}}}
  - {{{SMALL}, lr: 1e30}}
interpolate: {{pairs: 5, points: 2}}
attack: {{attacks: noise, rows: 5}}
"""
    done = run(script, write(content), "--jobs", "1", status=1)
    bad, good = "digits-smallcnn-w8-3ep-lr1e+30-erm-seed0", "digits-smallcnn-w8-3ep-erm-seed0"
    lines = done.stderr.splitlines()
    assert "3 of 5 are missing still; the same command tries again." in lines
    (failure,) = (line for line in lines if line.startswith(f"  {bad}: "))
    assert "status 3" in failure
    assert "no longer finite" in failure
    assert failure.endswith(f"what it said: checkpoints/logs/{bad}.log")
    assert f"  attack-digits-2x2-noise-rows5: not run, since it needs {bad}" in lines
    log = Path("checkpoints/logs", f"{bad}.log").read_text()
    assert log.startswith("$ ")
    assert "no longer finite" in log
    assert Path(f"results/digits/interpolate-{good}-pairs5-points2.json").exists()


def contents():
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file() and path.suffix != ".log"}


def await_(condition, seconds=300):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)


def children(process):
    """The processes that this one started, by the script that they run."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            if parent == process.pid:
                found[int(status.parent.name)] = (status.parent / "cmdline").read_bytes().decode().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


LONG, SHORT = "digits-smallcnn-w8-4000ep-erm-seed0", "digits-smallcnn-w8-3ep-mixup1.0-seed0"
UNEVEN = """
judged: no
train:
  - {dataset: digits, width: 8, epochs: 4000, threads: 1}
  - {dataset: digits, width: 8, epochs: 3, threads: 1, mixup: yes}
"""


@pytest.fixture
def begun(write):
    """A study whose first run is long, and has finished an epoch."""
    process = subprocess.Popen(
        [*COMMAND, write(UNEVEN), "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's & ignores it
    )
    await_(Path(f"checkpoints/{LONG}.state").exists)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def trainings(process):
    return {
        words[words.index("--epochs") + 1]: pid for pid, words in children(process).items() if "--plan" not in words
    }


def is_begun():
    """Whether the long run is there by half, so that the same command goes on with it."""
    found = members.read("own.yaml", None).members
    return standing.of_all(found, Path("results"), Path("checkpoints"))[LONG] == standing.Standing(
        False, "begun, goes on"
    )


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="children are found through /proc")
@pytest.mark.long
@pytest.mark.by_python
class TestStopped:
    def test_a_killed_child_is_named_the_rest_goes_on_and_it_does_so_later(self, begun, script):
        second = run(script, "own.yaml", status=2)  # two at once
        assert f"process {begun.pid}) is at a study of these results: results/.study.lock is locked" in second.stderr
        assert second.stderr.endswith("or name another --results-dir.\n")
        os.kill(trainings(begun)["4000"], signal.SIGKILL)
        out, err = begun.communicate(timeout=240)
        assert begun.returncode == 1
        assert f"done     {SHORT}" in out
        assert f"failed   {LONG}" in out
        (failure,) = (line for line in err.splitlines() if line.startswith(f"  {LONG}: "))
        assert "killed by SIGKILL" in failure
        assert is_begun()
        again = subprocess.Popen([*COMMAND, "own.yaml", "--jobs", "1"], stdout=subprocess.DEVNULL)
        log = Path(f"checkpoints/logs/{LONG}.log")
        await_(lambda: "Goes on after epoch " in log.read_text())
        again.terminate()
        assert again.wait(60) == 128 + signal.SIGTERM
        assert log.read_text().count("$ ") == 2

    def test_told_to_stop_it_stops_the_others(self, begun):
        pids = list(children(begun))
        begun.send_signal(signal.SIGINT)
        _, err = begun.communicate(timeout=60)
        assert begun.returncode == 128 + signal.SIGINT
        assert err.splitlines()[-1] == "Stopped. The same command goes on from what is finished."
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        assert "Stopped." in Path(f"checkpoints/logs/{LONG}.log").read_text()
        assert not Path("results/.study.lock").exists()
        assert is_begun()

    def test_killed_itself_it_goes_on_when_started_again(self, begun, script):
        pids = list(children(begun))
        begun.kill()
        begun.wait()
        assert Path("results/.study.lock").exists()  # which locks nothing
        await_(lambda: not [pid for pid in pids if _lives(pid)], 60)
        assert is_begun()
        Path("own.yaml").write_text(UNEVEN.replace("4000", "3"))
        done = run(script, "own.yaml", "--jobs", "2")
        assert "All 2 are done. The records are in results.\n" in done.stdout


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_what_does_not_listen_is_ended_by_force(tmp_path, monkeypatch):
    monkeypatch.setattr(crew, "PATIENCE", 0.3)
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(99)"
    )
    hand = crew.start([sys.executable, "-c", code], tmp_path / "logs" / "one.log")
    await_(lambda: hand.last_words() == "deaf")
    crew.stop([hand])
    assert hand.process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone ends a child with its parent")
@pytest.mark.parametrize("start", ["crew.start(sleeper, folder / 'log')", "forecast._asked(sleeper)"])
def test_what_was_started_ends_with_who_started_it(start, tmp_path):
    """A member of a study, and the trial of one."""
    code = f"""
import time
from pathlib import Path
from _study import crew, forecast
folder = Path({str(tmp_path)!r})
sleeper = ["sh", "-c", f"echo $$ > {{folder}}/new && mv {{folder}}/new {{folder}}/pid && exec sleep 99"]
{start}
time.sleep(99)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT / "scripts")
    await_(lambda: (tmp_path / "pid").exists(), 60)
    child = int((tmp_path / "pid").read_text())
    assert _lives(child)
    parent.kill()
    parent.communicate()
    await_(lambda: not _lives(child), 20)


def test_a_log_tells_how_far_its_script_is(tmp_path):
    log = tmp_path / "one.log"
    log.write_text('{"done": 9, "steps": 10, "said": "of an earlier start", "seconds_left": 1.0}\n')
    code = """
import sys
from common import progress
progress.LINE_EVERY = 0.0, 0.0
with progress.Progress(5, 0, True, as_json=True) as shown:
    shown.say("epoch 2/5, test error 9.00% (9 of 100)")
    shown.step()
    shown.step()
print("the last line")
"""
    hand = crew.start([sys.executable, "-c", code], log)
    assert hand.progress() == (0.0, "")
    assert hand.process.wait(120) == 0
    assert hand.progress() == (0.4, "epoch 2/5, test error 9.00% (9 of 100)")
    assert hand.last_words() == "the last line"


def test_data_that_cannot_be_had_are_said_before_anything_runs(script, tmp_path):
    (tmp_path / "own.yaml").write_text("train: {seed: [0, 1]}")
    done = run(script, "own.yaml", "--data-dir", str(tmp_path), HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path), status=2)
    assert done.stderr.startswith("The data set cifar10 cannot be had")
    assert not Path(tmp_path, "checkpoints").exists()


def test_cores():
    assert 1 <= physical_cores() <= usable_cores() <= (os.cpu_count() or 1)


def test_a_probe_counts_as_its_script_does():
    """What the forecast of an attack counts is what attack.py counts: `test_matrix.py` holds the latter."""
    config = resolve(AttackConfig())
    assert passes(config, 100, 10, {0: [0]}) == (100 * (1 + 5 + 5) + 10 * (2 + 2), 100 + 10 * (2 * 10 + 2 * 20))


def test_a_lock_of_the_study_is_not_that_of_a_run(tmp_path):
    with files.alone(tmp_path / ".study.lock", (), what="a study of these results", option="--results-dir"):
        assert (tmp_path / ".study.lock").exists()
    with pytest.raises(UnfinishedError):
        raise UnfinishedError("one")

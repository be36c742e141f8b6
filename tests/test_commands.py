"""The commands that make what is missing."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from analysis import commands, measures, methods
from analysis.collect import collect
from analysis.questions import show
from analysis.setting import Setting
from analysis.typed import again as again_
from analysis.typed import options as typed_in
from common import cli, records
from common.options import TrainOptions, resolve, run_name
from common.records import ROOT
from tests import fixtures

CORRUPTED = {"corrupt_labels": 0.5, "test_subset": 2000, "subset": 5000}


@pytest.mark.parametrize(
    "options",
    [{}, {"subset": 5000, "width": 8, "epochs": 60, "lr": 0.05, "lr_drops": (0.3,)}, CORRUPTED, {"accumulate": 2}],
)
@pytest.mark.parametrize("dataset", ["cifar10", "digits"])
def test_a_command_makes_the_very_run_that_is_missing(tmp_path, dataset, options):
    fixtures.train(tmp_path, dataset=dataset, options=options)
    fixtures.train(tmp_path, dataset=dataset, options=options, seed=1)
    results = collect(tmp_path)
    (setting,) = results.settings()
    lines = commands.seeds(Setting(results, setting), methods.MIXUP, 3)
    side = 8 if dataset == "digits" else 32
    made = []
    for line in lines:
        program, script, *words = shlex.split(line)
        assert (program, script) == ("python", f"{ROOT}/scripts/train.py")
        asked = cli.parse(TrainOptions, "", words)
        assert asked.run.results_dir == tmp_path
        made.append(run_name(resolve(asked.asked, dataset, "images", side), "images", side, "no"))
    other = tmp_path / "other"
    wanted = [fixtures.train(other, dataset=dataset, options=options, alpha=1.0, seed=s).stem[6:] for s in range(3)]
    wanted.append(fixtures.train(other, dataset=dataset, options=options, seed=2).stem[6:])
    assert sorted(made) == sorted(wanted)
    probe = commands.probe(Setting(results, setting), "attack", 3)
    names = [f"{setting}-erm-seed{seed}" for seed in range(3)]
    assert shlex.split(probe)[2:] == [*names, "--results-dir", str(tmp_path)]


def test_a_run_in_another_precision_is_made_again_in_it(tmp_path):
    """Else it would be another run, by name and numbers; a probe of it is in fp32, as all are."""
    path = fixtures.train(tmp_path, dataset="digits")
    record = records.read(path)
    half = path.with_name(path.name.replace("-seed0", "-bf16-seed0"))
    run = record["run"].replace("-seed0", "-bf16-seed0")
    records.write(half, record | {"run": run, "environment": record["environment"] | {"precision": "bf16"}})
    path.unlink()
    results = collect(tmp_path)
    start = ["env", "ACCELERATE_MIXED_PRECISION=bf16", "python", f"{ROOT}/scripts/train.py"]
    (record,) = results.records.values()
    (setting,) = results.settings()
    for line in (again_(tmp_path, record), *commands.seeds(Setting(results, setting), methods.MIXUP, 1)):
        assert shlex.split(line)[:4] == start
    assert shlex.split(commands.probe(Setting(results, setting), "attack", 1))[0] == "python"


@pytest.mark.parametrize(
    ("folder", "typed", "script", "folders"),
    [
        (ROOT / "results", "", "scripts", ""),
        (ROOT / "results", "--results-dir results --checkpoint-dir=./checkpoints", "scripts", ""),
        (
            ROOT / "demo/results",
            "--threads 1 --results-dir demo/results --checkpoint-dir=demo/weights",
            "scripts",
            "--threads 1 --results-dir demo/results --checkpoint-dir demo/weights",
        ),
        # in another directory, where the folders' options were relative or left out
        (
            "/x/own_r",
            "--results-dir own_r --data-dir=../sets",
            f"{ROOT}/scripts",
            "--results-dir /x/own_r --checkpoint-dir /x/checkpoints --data-dir /x/../sets",
        ),
        ("/x/results", "", f"{ROOT}/scripts", "--results-dir /x/results --checkpoint-dir /x/checkpoints"),
        # moved since: where the weights are cannot be told
        ("/y/moved", "--results-dir own_r", f"{ROOT}/scripts", "--results-dir /y/moved"),
    ],
)
def test_commands_find_the_folders_of_their_records_wherever_they_are_typed(tmp_path, folder, typed, script, folders):
    record = records.read(fixtures.train(tmp_path))
    record["environment"]["command"] = f"scripts/train.py --seed 0 {typed}"
    results = replace(collect(tmp_path), folder=Path(folder), records={"cifar10/train-x.json": record})
    folders = shlex.split(folders)
    own = folders[2:] if folders[:1] == ["--threads"] else folders
    python, path, *words = shlex.split(commands.train(results, record, {"seed": 4}))
    assert ([python, path], words[-2 - len(folders) :]) == (
        ["python", f"{script}/train.py"],
        ["--seed", "4", *folders],
    )
    assert shlex.split(commands.study("demo", results)) == ["python", f"{script}/study.py", "demo", *own]
    assert shlex.split(commands.boundary(results, 2)) == [
        "python",
        f"{script}/boundary.py",
        "--seeds",
        "0",
        "1",
        *own[:2],
    ]
    again = ["python", f"{script}/train.py", "--seed", "0", *folders]
    assert shlex.split(again_(Path(folder), record)) == again


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("--target 'Kind of animal' --seed 2", ["--target", "Kind of animal", "--seed", "2"]),
        ("--target it's --seed 2", ["--target", "it's", "--seed", "2"]),  # of before they were quoted
    ],
)
def test_commands_are_read_as_a_shell_does(tmp_path, command, words):
    record = records.read(fixtures.train(tmp_path))
    record["environment"]["command"] = f"scripts/train.py {command}"
    assert shlex.split(again_(Path("/x/results"), record))[2:6] == words
    assert typed_in(record)["--target"] == words[1]


def test_data_sets_by_path_are_named_from_wherever_they_are_typed(tmp_path):
    record = records.read(fixtures.train(tmp_path, dataset="digits"))
    record["environment"]["command"] = "scripts/train.py --dataset my/photos --results-dir r --seed 2"
    results = replace(collect(tmp_path), folder=Path("/x/r"))
    assert "--dataset /x/my/photos " in commands.train(results, record, {})
    assert " --dataset /x/my/photos --seed 2 --results-dir /x/r " in again_(Path("/x/r"), record)


def test_files_of_networks_and_weights_are_named_as_they_were_typed(tmp_path):
    record = records.read(fixtures.train(tmp_path, dataset="digits"))
    record["config"] |= {"model": "Net@0123456789ab", "width": 1, "weights": "ba9876543210"}
    record["environment"]["command"] = "scripts/train.py --model my/net.py:Net --weights=w.pth --results-dir r"
    results = replace(collect(tmp_path), folder=Path("/x/r"))
    words = shlex.split(commands.train(results, record, {}))
    assert words[words.index("--model") + 1] == "/x/my/net.py:Net"
    assert words[words.index("--weights") + 1] == "/x/w.pth"
    record["environment"]["command"] = "scripts/train.py --config old.json --results-dir r"
    assert "--weights FILE" in commands.train(results, record, {})


def test_a_pair_shares_its_rows_and_a_new_seed_brings_its_own(tmp_path):
    """Subsets drawn anew for each seed are one setting; a fixed subset stays what it is."""
    for seed in (0, 1):
        for alpha in (None, 1.0):
            options = {"subset": 1000, "data_seed": seed}
            fixtures.train(tmp_path, dataset="cifar10", options=options, alpha=alpha, seed=seed)
            fixtures.train(tmp_path, dataset="cifar10", options={"subset": 2000}, alpha=alpha, seed=seed)
    results = collect(tmp_path)
    drawn, fixed = "cifar10-1000-preactresnet18", "cifar10-2000-preactresnet18"
    assert sorted(results.settings()) == [drawn, fixed]
    for setting, splits in ((drawn, [0, 1]), (fixed, [0, 0])):
        found = measures.pair(measures.of_runs(results.of(setting), "error", "test error"), methods.MIXUP)
        assert (found.seeds, found.unlike) == ([0, 1], ())
        assert sorted(results.of(setting).runs["split"].unique()) == sorted(set(splits))
    (erm, mixup) = commands.seeds(Setting(results, drawn), methods.MIXUP, 3)
    assert "--data-seed 2 " in erm
    assert "--seed 2 --results-dir" in erm
    assert "--data-seed 2 " in mixup
    assert "--seed 2 --mixup --results-dir" in mixup
    assert all("--data-seed" not in line for line in commands.seeds(Setting(results, fixed), methods.MIXUP, 3))


def test_what_was_not_asked_yet_is_asked_as_the_others_were(tmp_path):
    """Else what is there would be measured again, and averaged with nothing."""
    runs = [fixtures.train(tmp_path, alpha=alpha) for alpha in (None, 1.0)]
    for run in runs:
        fixtures.interpolate(tmp_path, run, split="test")
    fixtures.attack(tmp_path, runs[0], runs[0], {("fgsm", 4.0): 9000})
    results = collect(tmp_path)
    (setting,) = results.settings()
    for script, typed, asked in (
        ("interpolate", "interpolate", "--split test"),
        ("interpolate", "interpolate --beyond 0.5", "--beyond 0.5"),  # of which there is none
        ("attack", "attack", "--attacks fgsm --epsilons 4.0"),
    ):
        probe = commands.probe(Setting(results, setting), typed, 1)
        assert f"scripts/{script}.py {setting}-erm-seed0 {setting}-mixup1.0-seed0 {asked} --results-dir" in probe


def test_pairs_are_of_one_draw_of_rows(tmp_path):
    """Runs of one seed that see other rows are no pair, whatever is compared, and draws of one seed are a pair each."""
    for data_seed, seed, alpha in ((0, 0, None), (7, 0, 1.0), (8, 0, None), (8, 0, 1.0), (9, 0, None), (9, 0, 1.0)):
        options = {"subset": 1000, "data_seed": data_seed}
        run = fixtures.train(tmp_path, alpha=alpha, seed=seed, step=data_seed, options=options)
        fixtures.interpolate(tmp_path, run, step=data_seed)
    results = collect(tmp_path)
    (setting,) = results.settings()
    here = results.of(setting)
    for measure in (measures.test_error(here), measures.in_between(here, "missed", 0.5, "misses", "%")):
        found = measures.pair(measure, methods.MIXUP)
        assert (found.places, found.names) == ([(0, 8), (0, 9)], ["0, split 8", "0, split 9"])
        assert list(found.by_place) == found.places
    table = show("table-paired", results)
    assert [row["seed"] for row in table.frame.to_dict("records")] == ["0, split 8", "0, split 9", "mean"]
    lines = commands.seeds(Setting(results, setting), methods.MIXUP, 4)
    asked = [cli.parse(TrainOptions, "", shlex.split(line)[2:]) for line in lines]
    assert [(one.asked.data_seed, one.asked.mixup) for one in asked] == [(0, True), (7, False)]
    figure = show("misses", results)
    assert {"seed 0, split 8", "seed 0, split 0"} <= set(figure.data["line"])


def test_a_path_behind_an_equals_sign_is_a_path_and_a_name_of_the_hubs_is_none(tmp_path):
    record = records.read(fixtures.train(tmp_path, dataset="digits"))
    line = "scripts/train.py --dataset hub:owner/name --weights=my/w.pth --model timm:timm/resnet18 --results-dir r"
    record["environment"]["command"] = line
    assert shlex.split(again_(Path("/x/r"), record))[2:] == [
        *("--dataset", "hub:owner/name", "--weights=/x/my/w.pth", "--model", "timm:timm/resnet18"),
        *("--results-dir", "/x/r", "--checkpoint-dir", "/x/checkpoints"),
    ]
    assert "--dataset hub:owner/name " in commands.train(replace(collect(tmp_path), folder=Path("/x/r")), record, {})


def test_the_state_of_a_gan_stays_where_it_was(tmp_path):
    record = records.read(fixtures.gan(tmp_path))
    record["environment"]["command"] = "scripts/gan.py --target ring --results-dir r --checkpoint-dir w"
    assert again_(Path("/x/r"), record).endswith(" --results-dir /x/r --checkpoint-dir /x/w")

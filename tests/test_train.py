import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import fixtures
import pytest
import torch
from ways import WAYS, words

from common import checkpoints, records, runs, training
from common.costs import Cost
from common.errors import UserError
from common.models import Blueprint, build
from scripts import train

ROOT = Path(__file__).resolve().parent.parent
# Sizes that divide nothing: 103 rows in batches of 17 leave a single one, which joins the last batch.
SMALL = ["--dataset", "digits", "--subset", "103", "--holdout", "37", "--batch-size", "17", "--epochs", "4"]
SMALL += ["--width", "4", "--threads", "1"]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    """Where the state is kept after every epoch, however short it is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "SELDOM", 0)


def run(*argv):
    path = train.main([*SMALL, *map(str, argv)])
    return path and records.read(path)


def measured(record):
    """All but when, where and how fast."""
    return {key: record[key] for key in ("run", "config", "data", "weights", "curve", "final")}


def test_the_bar_says_of_which_epoch_its_error_is():
    curve = [{"epoch": 2, "test": {"errors": 9, "n": 100}}]
    assert train._reached(0, 5, []) == "first epoch"
    assert train._reached(1, 5, []) == "epoch 1/5"
    assert train._reached(2, 5, curve) == "epoch 2/5, test error 9.00% (9 of 100)"
    assert train._reached(3, 5, curve) == "epoch 3/5, test error 9.00% (9 of 100) after epoch 2"


@pytest.mark.parametrize("method", [[], ["--mixup"], ["--mixup", "--alpha", "0.3", "--lam-per", "row"]])
def test_the_whole_chain(method):
    record = run(*method)
    assert record["data"]["train"] == 103
    assert record["final"]["last_epoch"]["n"] == record["data"]["measured"] == 37
    assert record["data"]["measured_on"] == "holdout"
    assert record["final"]["clean_train"]["n"] == 103
    assert [row["epoch"] for row in record["curve"]] == [1, 2, 3, 4]
    assert [round(row["lr"], 6) for row in record["curve"]] == [0.1, 0.1, 0.01, 0.001]
    assert os.listdir("checkpoints") == [f"{record['run']}.safetensors"]
    assert (record["environment"]["threads"], record["environment"]["processes"]) == (1, 1)
    assert all(record["environment"]["cpu"].values())
    assert record["config"]["mixup"] is bool(method)
    errors = [row["test"]["errors"] for row in record["curve"]]
    final = record["final"]
    assert final["best_epoch"] == {"epoch": errors.index(min(errors)) + 1, "errors": min(errors)}
    assert final["median_of_last_ten"] == {"epochs": 4, "errors": sorted(errors)[1] / 2 + sorted(errors)[2] / 2}
    assert final["last_epoch"]["errors"] == errors[-1]
    assert sum(bin["n"] for bin in final["last_epoch"]["bins"]) == 37
    assert final["tempered"]["cross_entropy"] > 0


def test_of_a_single_held_out_row_no_temperature_is_fitted():
    """Halves of it are one row, and none."""
    rows = [f"{number**2}.25,{number * 5 % 14}.5,{'ab'[number > 9]}" for number in range(14)]
    Path("few.csv").write_text("\n".join(["x,y,label", *rows]))
    asked = ["--dataset", "few.csv", "--epochs", "1", "--threads", "1", "--holdout-share"]
    for share, held in (("0.07", 1), ("0.2", 3)):
        record = records.read(train.main([*asked, share]))
        assert record["data"]["measured"] == held
        assert ("tempered" in record["final"]) == (held > 1)


def test_pieces_of_a_batch_are_in_the_record_and_the_name():
    whole, pieces = run("--mixup"), run("--mixup", "--accumulate", "2")
    assert pieces["run"] == "digits-103-holdout37-smallcnn-w4-4ep-b17-acc2-mixup1.0-seed0"
    assert (whole["config"]["accumulate"], pieces["config"]["accumulate"]) == (1, 2)
    assert pieces["weights"] != whole["weights"]  # BatchNorm measures over a piece
    assert measured(run("--mixup", "--accumulate", "2", "--overwrite")) == measured(pieces)


def test_the_weights_are_those_of_the_record_and_tell_how_to_build_the_model():
    record = run("--mixup")
    weights, header = checkpoints.load_weights(
        Path("checkpoints", f"{record['run']}.safetensors"), sha256=record["weights"]
    )
    model = build(Blueprint.from_json(header)).eval()
    model.load_state_dict(weights)
    asked = train.cli.parse(train.TrainOptions, "", [*SMALL, "--mixup"])
    test = runs.describe(asked.asked, asked.source()).data.test
    with torch.no_grad():
        predicted = model(test.inputs / 255).argmax(dim=1)
    assert (predicted != test.labels).sum().item() == record["final"]["last_epoch"]["errors"]
    assert header["classes"] == record["data"]["classes"]


def test_a_finished_run_is_not_run_again_unless_asked(capsys):
    first = run()
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*.*") if path.is_file()}
    assert run() == first
    assert "is finished" in capsys.readouterr().out
    run("--plan")
    planned = capsys.readouterr().out
    assert "is finished" in planned
    assert "  cost  " in planned  # of training it again, and of what is measured on it
    assert {path: path.stat().st_mtime_ns for path in before} == before
    again = run("--overwrite")
    assert again["environment"]["started"] >= first["environment"]["started"]
    assert measured(again) == measured(first)


def test_a_record_without_its_weights_is_made_again():
    first = run()
    shutil.rmtree("checkpoints")
    assert measured(run()) == measured(first)
    assert os.listdir("checkpoints")


@pytest.mark.parametrize("method", [[], ["--mixup"], ["--mixup", "--optimizer", "adam"]])
@pytest.mark.parametrize("epochs", [1, 3, 4])
def test_stopped_after_any_epoch_it_ends_as_if_undisturbed(stopped, epochs, method):
    whole = run(*method, "--results-dir", "whole", "--checkpoint-dir", "whole")
    stopped(epochs, lambda: run(*method))
    assert not Path("results").exists()
    assert measured(run(*method)) == measured(whole)
    assert [path.suffix for path in Path("checkpoints").iterdir()] == [".safetensors"]


WITHIN = [["--mixup", "--dropout", "0.5"], ["--recipe", "fast", "--model", "smallcnn", "--optimizer", "adam"]]


@pytest.mark.parametrize("method", WITHIN)
@pytest.mark.parametrize("saves", [1, 8])
def test_stopped_within_an_epoch_it_ends_as_if_undisturbed(monkeypatch, stopped, capsys, saves, method):
    """Of six steps an epoch: after the first, and after the second of the second epoch."""
    whole = run(*method, "--results-dir", "whole", "--checkpoint-dir", "whole")
    monkeypatch.setattr(train, "LONG", 0)
    stopped(saves, lambda: run(*method))
    capsys.readouterr()
    assert measured(run(*method)) == measured(whole)
    place = {1: "1 of 6 steps of epoch 1", 8: "2 of 6 steps of epoch 2"}[saves]
    assert f"Goes on after {place} of 4.\n" in capsys.readouterr().out


def test_within_an_epoch_the_clock_says_when_it_is_kept(monkeypatch):
    """Of 1,000 batches of a second each every 600 seconds, by looking at few of them."""
    clock, looks = [5000.0], []
    monkeypatch.setattr(train.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(train.processes, "from_main", lambda _, look: looks.append(1) or look())
    keeper, kept = train.Keeper(None), []
    keeper.begin(0)
    for batch in range(1, 1001):
        clock[0] += 1
        if keeper.is_due_within(batch):
            kept.append(batch)
            with keeper.keeping("here"):
                clock[0] += 10
    assert kept == [600]
    assert len(looks) < 15
    keeper.begin(0)  # the next epoch, which is as long
    clock[0] += 200
    assert keeper.is_due_within(1)


def test_the_state_of_short_epochs_is_kept_seldom(monkeypatch):
    """Not again until the training took a multiple of what keeping it takes."""
    kept, real = [], checkpoints.Checkpoint.save
    monkeypatch.setattr(checkpoints.Checkpoint, "save", lambda one, **state: kept.append(real(one, **state)))
    for seldom, times in ((0, 4), (1e9, 1)):
        monkeypatch.setattr(train, "SELDOM", seldom)
        run("--results-dir", str(seldom), "--checkpoint-dir", str(seldom))
        assert len(kept) == times
        kept.clear()


@pytest.mark.parametrize("method", [[], ["--mixup", "--corrupt-labels", "0.5"]])
def test_measured_every_third_epoch_and_the_last_the_numbers_are_those_of_every_one(method):
    whole = run(*method)
    record = run(*method, "--measure-every", "3")
    assert record["run"] == whole["run"].replace("-4ep", "-4ep-every3")
    assert record["weights"] == whole["weights"]
    assert record["curve"] == [whole["curve"][2], whole["curve"][3]]
    final, other = record["final"], whole["final"]
    assert all(final[part] == other[part] for part in ("last_epoch", "clean_train"))
    errors = {row["epoch"]: row["test"]["errors"] for row in record["curve"]}
    assert final["median_of_last_ten"] == {"epochs": 2, "errors": (errors[3] + errors[4]) / 2}
    assert final["best_epoch"]["errors"] == min(errors.values())


@pytest.mark.parametrize("epochs", [1, 2, 3, 4])
def test_stopped_between_measurements_it_ends_as_if_undisturbed(stopped, epochs):
    argv = ["--mixup", "--measure-every", "3"]
    whole = run(*argv, "--results-dir", "whole", "--checkpoint-dir", "whole")
    stopped(epochs, lambda: run(*argv))
    assert measured(run(*argv)) == measured(whole)


def test_the_median_of_the_last_ten_epochs_is_of_those_that_were_measured():
    def final(epochs):
        return train._final([{"epoch": epoch, "test": {"errors": epoch}} for epoch in epochs])

    assert final(range(1, 41))["median_of_last_ten"] == {"epochs": 10, "errors": 35.5}
    assert final([20, 40])["median_of_last_ten"] == {"epochs": 1, "errors": 40}
    assert final([12, 16, 20, 24, 25])["median_of_last_ten"] == {"epochs": 4, "errors": 22}


def test_a_killed_process_goes_on_by_the_same_command():
    argv = ["--dataset", "digits", "--epochs", "30", "--width", "4", "--threads", "1", "--mixup"]
    whole = records.read(train.main([*argv, "--results-dir", "whole", "--checkpoint-dir", "whole"]))
    command = [sys.executable, str(ROOT / "scripts" / "train.py"), *argv]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(Path().glob("checkpoints/*.state")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not Path("results").exists()
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "Goes on after epoch" in done.stdout
    record = records.read(Path("results/digits/train-digits-smallcnn-w4-30ep-mixup1.0-seed0.json"))
    assert measured(record) == measured(whole)


def test_a_record_is_its_run_again():
    first = run("--mixup", "--alpha", "0.4", "--seed", "3")
    path = records.path_of(Path("results"), "digits", "train", first["run"])
    again = train.main(["--config", str(path), "--threads", "1", "--results-dir", "again", "--checkpoint-dir", "again"])
    assert measured(records.read(again)) == measured(first)


@pytest.mark.parametrize(
    ("has_bf16", "rates", "said"),
    [
        (True, [100.0, 250.0], "faster   1 thread in fp32: 100 rows a second, 1 thread in bf16: 250 rows a second; "),
        (True, [100.0, 250.0], "accelerate launch --mixed_precision bf16 scripts/train.py … is 2.5 times as fast here"),
        (True, [100.0, 105.0], "faster   none of 1 thread in fp32: 100 rows a second, 1 thread in bf16: 105 rows"),
        (False, [], None),
    ],
)
def test_a_plan_tries_the_other_precision_where_the_machine_has_it(has_bf16, rates, said, monkeypatch, capsys):
    monkeypatch.setattr(train.processes, "has_bf16", lambda device: has_bf16)
    monkeypatch.setattr(train.costs, "rates", lambda *asked: dict(zip(asked[3], rates, strict=True)))
    run("--plan")
    printed = capsys.readouterr().out
    assert said in printed if said else "faster" not in printed


def test_a_plan_says_what_is_in_force_and_leaves_nothing(capsys, tmp_path):
    assert run("--plan", "--mixup") is None
    out = capsys.readouterr().out
    assert "digits-103-holdout37-smallcnn-w4-4ep-b17-mixup1.0-seed0" in out
    assert "6 an epoch, 24 in all" in out
    assert "augment=none" in out
    assert "(not there yet)" in out
    assert not list(tmp_path.iterdir())


def test_another_configuration_or_other_data_under_the_same_name_is_refused_by_field():
    record = run()
    path = records.path_of(Path("results"), "digits", "train", record["run"])
    records.write(path, fixtures.with_config(record, momentum=0.8))
    with pytest.raises(UserError, match=r"momentum is 0.8 there and 0.9 here.*--overwrite"):
        run()
    records.write(path, record | {"data": record["data"] | {"fingerprint": "0" * 64}})
    with pytest.raises(UserError, match="data is '000"):
        run()
    assert measured(run("--overwrite")) == measured(record)


def test_a_state_of_another_run_or_a_damaged_one_is_named(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Checkpoint, "save", _save_then_stop)
        with pytest.raises(KeyboardInterrupt):
            run()
    (state,) = Path("checkpoints").glob("*.state")
    shutil.copy(state, str(state).replace("seed0", "seed1"))
    with pytest.raises(UserError, match="seed is 0 there and 1 here"):
        run("--seed", "1")
    state.write_bytes(state.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"damaged.*--overwrite"):
        run()
    assert run("--overwrite")["final"]["last_epoch"]["n"] == 37


def _save_then_stop(self, **state):
    checkpoints.save_state(
        self.state_path,
        {
            "config": json.dumps(self.one.config.to_json()),
            "fingerprint": self.one.data["fingerprint"],
            "precision": "no",
        }
        | state,
    )
    raise KeyboardInterrupt


def test_tensorboard_gets_true_values_under_true_names():
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    record = run("--mixup", "--tracker", "tensorboard")
    events = EventAccumulator(str(Path("runs", record["run"])))
    events.Reload()
    tags = {"train acc, lambda-weighted", "val acc", "val loss", "error"}
    assert tags <= set(events.Tags()["scalars"])
    errors = [row["test"]["errors"] / 37 for row in record["curve"]]
    assert [event.value for event in events.Scalars("error")] == pytest.approx(errors)
    assert [event.value for event in events.Scalars("val acc")] == pytest.approx([1 - error for error in errors])
    losses = [row["test"]["cross_entropy"] for row in record["curve"]]
    assert [event.value for event in events.Scalars("val loss")] == pytest.approx(losses)


@pytest.mark.parametrize(
    "config", [pytest.param([], marks=pytest.mark.long), ["--config_file", str(ROOT / "accelerate_config.yaml")]]
)
def test_the_users_own_lines_use_every_core(config):  # of a network that is worth it
    launch = [str(Path(sys.executable).with_name("accelerate")), "launch", *config, str(ROOT / "scripts" / "train.py")]
    done = subprocess.run(
        [*launch, "--dataset", "iris", "--width", "1500", "--epochs", "1", "--mixup"],
        capture_output=True,
        text=True,
        timeout=200,
        env={key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"},
    )
    assert done.returncode == 0, done.stderr
    record = records.read(Path("results/iris/train-iris-mlp-w1500-1ep-mixup1.0-seed0.json"))
    if not torch.accelerator.is_available():
        assert record["environment"]["threads"] == len(os.sched_getaffinity(0))


def test_without_network_and_data_the_first_line_says_which_lines_work(script):
    begun = time.monotonic()
    done = script("train.py", "--mixup", HF_HUB_OFFLINE="1", MIXUP_DATA_DIR="", HF_HOME="/nowhere")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "--dataset digits --mixup" in done.stderr
    assert "--data-dir" in done.stderr
    assert "Traceback" not in done.stderr
    assert time.monotonic() - begun < 60  # two seconds on a free machine; a busy one is no error


needs_cifar = pytest.mark.skipif("MIXUP_DATA_DIR" not in os.environ, reason="MIXUP_DATA_DIR is not set: no CIFAR-10")


@needs_cifar
@pytest.mark.skipif(torch.accelerator.is_available(), reason="an accelerator does not take days")
def test_on_a_cpu_the_decks_run_is_warned_of(capsys, monkeypatch):
    monkeypatch.setattr("common.costs.images_per_second", lambda *_: 40.0)
    assert train.main(["--mixup", "--plan", "--threads", "1"]) is None
    out = capsys.readouterr().out
    assert "cifar10-preactresnet18-mixup1.0-seed0\n" in out
    assert "391 an epoch, 78,200 in all; 11,171,146 parameters" in out
    assert "days on a CPU" in out
    assert "--dataset digits" in out


@pytest.mark.skipif(torch.accelerator.is_available(), reason="an accelerator does not take days")
@pytest.mark.parametrize(
    ("model", "named"),
    [
        ("preactresnet18", "the same network in small"),
        ("wideresnet28", "--model preactresnet18 in small"),
        ("densenet190", "--model preactresnet18 in small"),
    ],
)
def test_what_is_named_in_a_long_runs_place_trains_on_a_cpu(capsys, monkeypatch, model, named):
    monkeypatch.setattr("common.costs.predict", lambda *_: Cost(1, 1, 1, 1.0, 24 * 3600.0))
    monkeypatch.setattr("common.costs.images_per_second", lambda *_: 1.0)
    monkeypatch.setattr("common.costs.flops_per_row", lambda *_: 1)
    assert train.main(["--dataset", "digits", "--model", model, "--plan", "--threads", "1"]) is None
    assert named in capsys.readouterr().out


@needs_cifar
@pytest.mark.long
def test_a_short_training_on_real_cifar10_beats_chance_by_far():
    size = ["--subset", "2000", "--holdout", "500", "--width", "8", "--epochs", "6", "--batch-size", "32"]
    record = records.read(train.main([*size, "--lr", "0.02", "--threads", "1", "--mixup"]))
    assert record["final"]["last_epoch"]["errors"] < 0.75 * 500  # chance: 450; 321 when this was written
    assert record["final"]["last_epoch"]["errors_top5"] < 0.3 * 500  # chance: 250


def test_a_warm_up_is_erm_to_the_bit_and_then_mixup():
    """Of one seed, whatever alpha: after the epochs of ERM the weights are ERM's, and what is drawn then is what a run
    without them draws."""
    from accelerate import Accelerator

    def described(*argv):
        asked = train.cli.parse(train.TrainOptions, "", [*SMALL, *argv])
        return runs.describe(asked.asked, asked.source())

    def weights_after(run, epochs):
        accelerator = Accelerator(cpu=True)
        network = build(run.blueprint, run.config.seed)
        learning = training.begin(
            accelerator, network, 1, optimizer="sgd", lr=0.1, lr_drops=(), momentum=0.9, weight_decay=1e-4
        )
        for epoch in range(1, epochs + 1):
            rows, plan = run.data.train, run.plan(epoch)
            training.train_epoch(accelerator, learning, run.method(epoch), rows, plan, lambda: None)
        return network.state_dict()

    erm, mixup = described(), described("--mixup")
    warm = described("--mixup", "--warmup-epochs", "2")
    assert [bool((warm.plan(epoch).lam < 1).any()) for epoch in (1, 2, 3, 4)] == [False, False, True, True]
    assert torch.equal(warm.plan(3).lam, mixup.plan(3).lam)
    after = {epochs: [weights_after(run, epochs) for run in (erm, warm)] for epochs in (2, 3)}
    assert all(torch.equal(after[2][0][name], after[2][1][name]) for name in after[2][0])
    assert not all(torch.equal(after[3][0][name], after[3][1][name]) for name in after[3][0])


def test_the_curves_of_a_warm_up_are_those_of_erm():
    erm, warm = run(), run("--mixup", "--alpha", "0.3", "--warmup-epochs", "3")
    assert warm["run"].endswith("4ep-b17-mixup0.3-warm3-seed0")
    assert warm["curve"][:3] == erm["curve"][:3]
    assert warm["curve"][3] != erm["curve"][3]
    assert (erm["config"]["warmup_epochs"], warm["config"]["warmup_epochs"]) == (0, 3)


QUICK = ("mixup1.0-patches", "mixup1.0-hidden", "smooth0.2-noise0.3-mixup1.0-hidden")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.long) for n in WAYS])
def test_stopped_under_any_way_of_mixing_it_ends_as_if_undisturbed(stopped, name):
    argv = [*words(WAYS[name]), "--epochs", "3"]
    whole = run(*argv, "--results-dir", "whole", "--checkpoint-dir", "whole")
    assert whole["run"] == f"digits-103-holdout37-smallcnn-w4-3ep-b17-{name}-seed0"
    stopped(2, lambda: run(*argv))
    assert measured(run(*argv)) == measured(whole)


def test_a_cooldown_is_the_last_epochs_by_erm():
    def described(*argv):
        asked = train.cli.parse(train.TrainOptions, "", [*SMALL, "--mixup", *argv])
        return runs.describe(asked.asked, asked.source())

    cool, mixup = described("--cooldown-epochs", "1"), described()
    assert [bool((cool.plan(epoch).lam < 1).any()) for epoch in (1, 2, 3, 4)] == [True, True, True, False]
    assert torch.equal(cool.plan(3).lam, mixup.plan(3).lam)
    assert torch.equal(cool.plan(4).partner, mixup.plan(4).partner)


def test_more_neighbours_than_rows_are_refused_before_anything_is_done():
    with pytest.raises(UserError, match="--neighbours 103: a row has 102 others"):
        run("--mixup", "--neighbours", "103")
    assert not list(Path().iterdir())

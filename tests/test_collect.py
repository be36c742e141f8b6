"""Of records with known answers: what the tables hold, and what is named rather than used."""

import json
import math
import shutil
import subprocess
import sys

import pytest

from analysis import collect, measures, methods, rows
from analysis.columns import OF
from analysis.methods import Method
from common import records
from tests import fixtures


def test_a_whole_study(tmp_path):
    fixtures.study(tmp_path, options={"subset": 5000, "width": 8, "epochs": 60})
    results = collect.collect(tmp_path)
    assert results.problems == []
    assert len(results.records) == 6 + 12 + 36 + 1
    assert results.settings() == ["cifar10-5000-preactresnet18-w8-60ep"] == [results.headline()]
    lengths = {name: len(getattr(results, name)) for name in OF}
    attacks = 36 * (1 + 2 * 5 + 2 * 2)
    assert (lengths.pop("baselines"), lengths.pop("gans")) == (0, 0)
    assert lengths == {
        "runs": 6,
        "curves": 6 * 60,
        "bins": 6 * 15,
        "between": 12 * 21,
        "attacks": attacks,
        "borders": 6,
    }
    for name, types in OF.items():
        frame = getattr(results, name)
        assert list(frame.columns) == list(types)
        assert {str(frame[c].dtype) for c, kind in types.items() if kind == "int64"} <= {"int64"}


def test_the_numbers_of_a_run(tmp_path):
    path = fixtures.train(tmp_path, fixtures.MIXUP, alpha=1.0, step=3, seed=2, options={"width": 8, "epochs": 4})
    results = collect.collect(tmp_path)
    (run,) = results.runs.to_dict("records")
    key = {"record": "cifar10/" + path.name, "run": "cifar10-preactresnet18-w8-4ep-mixup1.0-seed2", "seed": 2}
    key |= {"setting": "cifar10-preactresnet18-w8-4ep", "method": methods.MIXUP, "alpha": 1.0, "dataset": "cifar10"}
    assert {name: run[name] for name in key} == key
    counts = {"n_test": 10_000, "errors": 423, "errors_top5": 20, "n_train": 50_000, "width": 8, "epochs": 4}
    assert {name: run[name] for name in counts} == counts
    percent = {"error": 4.23, "error_top5": 0.2, "best_error": 4.23, "clean_train_error": 2.03}
    assert {name: run[name] for name in percent} == pytest.approx(percent)
    assert math.isnan(run["median10_error"])  # of four
    assert (run["best_epoch"], run["measured_on"], run["commit"]) == (4, "test", fixtures.COMMIT)
    third = results.curves.iloc[2]
    assert (third["epoch"], third["error"], third["accuracy"]) == (3, pytest.approx(8.03), pytest.approx(91.97))
    assert third["lr"] == pytest.approx(0.01)
    assert third["train_accuracy"] == pytest.approx(100 - 50 / 3)
    empty, full = results.bins.iloc[0], results.bins.iloc[14]
    assert (empty["n"], math.isnan(empty["confidence"]), math.isnan(empty["accuracy"])) == (0, True, True)
    assert (full["accuracy"], full["confidence"]) == (pytest.approx(0.9577), pytest.approx(0.98773))


def test_the_numbers_in_between_and_under_attack(tmp_path):
    erm = fixtures.train(tmp_path, seed=1)
    mixup = fixtures.train(tmp_path, fixtures.MIXUP, alpha=0.3)
    fixtures.interpolate(tmp_path, mixup, fixtures.MIXUP)
    fixtures.attack(tmp_path, erm, mixup, {("fgsm", 4.0): 4600, ("pgd", 8.0): 9900})
    results = collect.collect(tmp_path)
    assert results.problems == []
    (half,) = results.between[results.between["lam"] == 0.5].to_dict("records")
    assert (half["method"], half["part"], half["misses"], half["missed"]) == (Method(0.3), "train", 590, 5.9)
    assert (half["missed_different"], half["loss_norm"], half["loss_norm_q90"]) == (pytest.approx(5.9), 4.0, 8.0)
    assert (half["p_i"], half["p_rest"]) == (0.45, 0.1)
    clean, fgsm, pgd = results.attacks.to_dict("records")
    assert [row["attack"] for row in (clean, fgsm, pgd)] == ["clean", "fgsm", "pgd"]
    target = {"run": "cifar10-preactresnet18-mixup0.3-seed0", "method": Method(0.3), "alpha": 0.3, "seed": 0}
    source = {"source": "cifar10-preactresnet18-erm-seed1", "source_method": methods.ERM, "source_seed": 1}
    for row in (clean, fgsm, pgd):
        assert {name: row[name] for name in target | source} == target | source
        assert not row["white_box"]
    assert (clean["epsilon"], clean["errors"], clean["error"]) == (0, 420, 4.2)
    assert math.isnan(clean["n_both_right"])
    assert (fgsm["n"], fgsm["error"], fgsm["errors_clean"], fgsm["zero_gradients"]) == (10_000, 46.0, 420, 0)
    assert (pgd["n"], pgd["errors"], pgd["error"], pgd["errors_clean"]) == (1000, 990, 99.0, 42)


def test_borders(tmp_path):
    fixtures.boundary(tmp_path, {None: (0.1, 0.2), 0.2: (0.4, 0.6), 1.0: (0.8, 0.8)})
    fixtures.boundary(tmp_path, name="moons")
    borders = collect.collect(tmp_path).borders
    ours = borders[borders["set"] == "circles-paper"]
    assert list(map(str, ours["method"])) == ["ERM", "mixup α=0.2", "mixup α=1"] * 2
    assert list(ours["seed"]) == [0, 0, 0, 1, 1, 1]
    assert list(ours["band_width"]) == [0.1, 0.4, 0.8, 0.2, 0.6, 0.8]
    assert list(ours["points_in_band"]) == [20.0, 20.0, 60.0, 4.0, 16.0, 20.0]
    assert borders.loc[borders["set"] == "moons", "band_width"].isna().all()
    assert set(ours["train_error"]) == {1.0}


def test_what_shares_a_setting(tmp_path):
    for alpha, lam_per in ((None, None), (1.0, None), (1.0, "row"), (0.2, None), (8.0, None)):
        fixtures.train(tmp_path, alpha=alpha, lam_per=lam_per, seed=0, options={"width": 8})
    fixtures.train(tmp_path, alpha=0.2, seed=1, options={"width": 8})
    fixtures.train(tmp_path, seed=1, options={"width": 8})
    results = collect.collect(tmp_path)
    setting = "cifar10-preactresnet18-w8"
    assert results.settings() == [setting]
    names = ["ERM", "mixup α=0.2", "mixup α=1", "mixup α=1, λ per row", "mixup α=8"]
    assert list(map(str, results.methods(setting))) == names
    assert results.paired_seeds(setting, Method(0.2)) == [0, 1]
    assert results.mixup_of(setting) == Method(0.2)  # of two seeds; of as many, alpha = 1
    fixtures.train(tmp_path, alpha=1.0, seed=1, options={"width": 8})
    assert collect.collect(tmp_path).mixup_of(setting) == methods.MIXUP


def test_the_best_setting_comes_first(tmp_path):
    for dataset in ("wine", "digits"):
        fixtures.study(tmp_path, dataset=dataset, seeds=4, probes=())
    fixtures.study(tmp_path, seeds=1, options={"width": 32}, probes=())
    fixtures.study(tmp_path, seeds=2, options={"width": 8}, probes=())
    fixtures.study(tmp_path, seeds=1, options={"width": 16}, probes=())
    fixtures.study(tmp_path, seeds=4, options={"holdout": 5000}, probes=())
    results = collect.collect(tmp_path)
    assert results.settings() == [
        "cifar10-preactresnet18-w8",
        "cifar10-preactresnet18-w32",
        "cifar10-preactresnet18-w16",
        "digits-smallcnn",
        "wine-mlp",
    ]
    assert "cifar10-holdout5000-preactresnet18" in set(results.runs["setting"])
    only = results.of("digits-smallcnn")
    assert set(only.runs["dataset"]) == set(only.curves["dataset"]) == {"digits"}
    assert only.headline() == "digits-smallcnn"
    assert only.records == results.records


def test_corrupted_labels_are_settings_of_their_own_and_never_the_headline(tmp_path):
    fixtures.corrupted(tmp_path, shares=(0.5,), seeds=4, options={})
    setting = "cifar10-corrupt0.5-preactresnet18"
    results = collect.collect(tmp_path)
    assert (results.settings(), results.headline()) == ([setting], None)
    assert list(map(str, results.methods(setting))) == [
        "ERM",
        "dropout p=0.7",
        "mixup α=8",
        "mixup α=4 + dropout p=0.5",
    ]
    assert results.mixup_of(setting) == Method(8.0)
    fixtures.train(tmp_path, options={"width": 8, "test_subset": 2000})
    fixtures.train(tmp_path, dataset="digits")
    results = collect.collect(tmp_path)
    assert results.settings() == ["cifar10-test2000-preactresnet18-w8", "digits-smallcnn", setting]
    assert results.headline() == "cifar10-test2000-preactresnet18-w8"
    fixtures.train(tmp_path)
    assert collect.collect(tmp_path).headline() == "cifar10-preactresnet18"  # the whole test part first


def test_errors_by_label_and_by_class(tmp_path):
    model = fixtures.Model(curve=(900, 500), labels=(100, 4000, 500))
    fixtures.train(tmp_path, model, options={"corrupt_labels": 0.5, "dropout": 0.8})
    fixtures.train(tmp_path, by_class={"errors": [140, 420], "n": [2000, 8000]}, seed=1)
    results = collect.collect(tmp_path)
    corrupted, clean = results.runs.sort_values("corrupt_labels", ascending=False).to_dict("records")
    assert (corrupted["method"], corrupted["dropout"], corrupted["corrupt_labels"]) == (Method(dropout=0.8), 0.8, 0.5)
    assert [corrupted[f"{kind}_error"] for kind in ("real", "corrupted", "restored")] == [2.0, 80.0, 10.0]
    assert math.isnan(corrupted["balanced_error"])
    assert clean["balanced_error"] == pytest.approx((7 + 5.25) / 2)
    assert math.isnan(clean["real_error"])
    curve = results.curves[results.curves["corrupted_error"].notna()]
    assert curve["corrupted_error"].tolist() == 100 * [90.0] + 100 * [80.0]


def test_what_is_no_part_of_a_setting(tmp_path):
    """Method and seeds, and the draw where rows are drawn. (A name may hold what looks like a method.)"""
    drawn = {"seed": 4, "data_seed": 7, "test_share": 0.2, "dropout": 0.0, "epochs": 20}
    path = fixtures.train(tmp_path, alpha=8.0, lam_per="row", dataset="dropout0.5", kind="table", options=drawn)
    record = records.read(path)
    assert record["run"] == "dropout0.5-rows7-mlp-20ep-mixup8.0-perrow-seed4"
    assert rows.setting_of(record) == "dropout0.5-mlp-20ep"
    assert not {"seed", "data_seed", "mixup", "alpha", "lam_per", "dropout"} & set(rows.shared(record))
    record["environment"]["precision"] = "bf16"
    assert rows.shared(record)["precision"] == "bf16"  # what was rounded otherwise is another setting
    assert rows.setting_of(record) == "dropout0.5-mlp-20ep-bf16"
    record["config"]["test_share"] = None  # the data seed draws a subset alone: other rows, another setting
    assert "data_seed" in rows.shared(record)
    other = records.read(fixtures.train(tmp_path, options={"dropout": 0.7, "data_seed": 3}))
    assert rows.setting_of(other) == "cifar10-rows3-preactresnet18"


def test_smoothed_labels_and_noise_are_methods_in_the_setting_of_erm(tmp_path):
    """but for the share of smoothing that a recipe brings, which is what ERM and mixup share."""
    arms = ({}, {"label_smoothing": 0.1}, {"noise": 0.05})
    for options in arms:
        fixtures.train(tmp_path, options={"epochs": 2, **options})
    fixtures.train(tmp_path, alpha=1.0, options={"epochs": 2, "targets": "heavier", "label_smoothing": 0.1})
    for alpha in (None, 1.0):
        fixtures.train(tmp_path, alpha=alpha, options={"recipe": "fast", "schedule": "drops"})
    results = collect.collect(tmp_path)
    fast, plain = results.settings()
    assert (fast, plain) == ("cifar10-fastnet-fast-drops-drops0.5+0.75", "cifar10-preactresnet18-2ep")
    names = ["ERM", "label smoothing 0.1", "noise 0.05", "mixup, inputs only, label smoothing 0.1"]
    assert list(map(str, results.methods(plain))) == names
    assert list(map(str, results.methods(fast))) == ["ERM", "mixup"]
    assert results.mixup_of(plain) is None
    for setting in (fast, plain):
        assert not {"label_smoothing", "noise"} & results.config(setting).keys()


def test_one_is_said_of_an_alpha_beside_another_of_the_same_kind_alone(tmp_path):
    for alpha, mix in ((1.0, "inputs"), (8.0, "inputs"), (1.0, "patches"), (1.0, "hidden"), (2.0, "hidden")):
        fixtures.train(tmp_path, alpha=alpha, options={"epochs": 2, "mix": mix})
    names = ["mixup α=1", "mixup α=8", "CutMix", "manifold mixup α=1", "manifold mixup α=2"]
    assert list(map(str, collect.collect(tmp_path).methods("cifar10-preactresnet18-2ep"))) == names


def test_splits_that_are_drawn_are_one_setting_and_a_pair_is_of_one_split(tmp_path):
    fixtures.tabular(tmp_path, gains={"abalone": 100}, seeds=4)
    again = {"dataset": "abalone", "kind": "table", "by_class": {"errors": [100, 460], "n": [2000, 8000]}}
    fixtures.train(tmp_path, alpha=1.0, seed=0, options={"data_seed": 9}, rows=1009, **again)  # ERM has no such split
    results = collect.collect(tmp_path)
    assert results.problems == []
    assert results.settings() == ["abalone-mlp"] == [results.headline()]
    assert results.paired_seeds("abalone-mlp", methods.MIXUP) == [0, 1, 2, 3]
    pairs = measures.pair(measures.of_runs(results.of("abalone-mlp"), "error", "error"), methods.MIXUP)
    assert (pairs.seeds, len(pairs.records)) == ([0, 1, 2, 3], 8)
    assert pairs.differences == pytest.approx([-1 + (step // 2 - step) / 100 for step in fixtures.STEP[:4]])
    assert set(map(str, results.baselines["method"])) == {
        "logistic regression",
        "gradient boosting",
        "scikit-learn's MLP",
    }
    first = results.baselines.iloc[0]
    assert (first["dataset"], first["split"], str(first["method"])) == ("abalone", 0, "gradient boosting")
    assert (first["error"], first["balanced_error"]) == (
        pytest.approx(19),
        pytest.approx(100 * (950 / 2000 + 950 / 8000) / 2),
    )
    fixtures.train(tmp_path, seed=5, options={"data_seed": 9}, rows=999, **again)
    assert "rows9-mlp-mixup1.0-seed0.json: saw other rows than abalone/train-abalone-rows9-" in only_problem(tmp_path)


def test_the_median_of_the_last_ten_epochs(tmp_path):
    fixtures.train(tmp_path, options={"epochs": 20})
    results = collect.collect(tmp_path)
    assert results.runs["median10_error"].item() == pytest.approx(results.curves["error"].tail(10).median())


@pytest.mark.parametrize("is_there", [True, False])
def test_nothing_at_all(tmp_path, is_there):
    results = collect.collect(tmp_path if is_there else tmp_path / "none")
    assert len(results.problems) == (0 if is_there else 1)
    assert (results.records, results.settings(), results.headline()) == ({}, [], None)
    for name, types in OF.items():
        assert list(getattr(results, name).columns) == list(types)
        assert len(getattr(results.of("none"), name)) == 0
    assert results.runs["seed"].dtype == "int64"
    assert results.runs["error"].dtype == "float64"
    assert len(collect.one_protocol(results.attacks)) == 0


def only_problem(folder):
    (problem,) = collect.collect(folder).problems
    return problem


def test_a_newer_schema_and_a_damaged_file_are_named_and_the_rest_is_read(tmp_path):
    path = fixtures.train(tmp_path)
    newer = fixtures.train(tmp_path, seed=1)
    newer.write_text(json.dumps(records.read(newer) | {"schema": 2}))
    (tmp_path / "cifar10" / "torn.json").write_text(path.read_text()[:-40])
    torn, too_new = collect.collect(tmp_path).problems
    assert torn.startswith("cifar10/torn.json: not a record")
    assert too_new.startswith(f"cifar10/{newer.name}: schema 2 is newer")
    assert list(collect.collect(tmp_path).runs["seed"]) == [0]


def test_a_bad_record_is_named_and_never_stops_the_rest(tmp_path):
    fixtures.train(tmp_path)
    changes = [
        ('"seed": 1', f'"seed": {2**63}'),
        ('"epochs": 200', '"epochs": 1e999'),
        ('"n": 10000', '"n": ' + "9" * 400),
    ]
    changes += [('"errors": 560', '"errors": 999999'), ('"train": 50000', f'"train": {2**64}'), ("{", "[" * 100_000)]
    for seed, (now, then) in enumerate(changes, 1):
        path = fixtures.train(tmp_path, seed=seed)
        text = "\n".join(path.read_text().splitlines()[:-2]).removesuffix(",") + "\n}"
        changed = text.replace(now.replace("1", str(seed)) if "seed" in now else now, then, 1)
        assert changed != text
        path.write_text(changed)
    results = collect.collect(tmp_path)
    assert list(results.runs["seed"]) == [0]
    assert len(results.problems) == len(changes)
    for seed, problem in enumerate(results.problems, 1):
        assert problem.startswith(f"cifar10/train-cifar10-preactresnet18-erm-seed{seed}.json: not a record (")


def test_two_records_of_one_run_are_named_and_one_is_used(tmp_path):
    path = fixtures.train(tmp_path)
    shutil.copy(path, path.with_name("train-copy.json"))
    assert only_problem(tmp_path).startswith(f"cifar10/train-copy.json: a second record of what cifar10/{path.name}")
    path.with_name("train-copy.json").unlink()
    (tmp_path / "old").mkdir()
    shutil.copy(path, tmp_path / "old" / path.name)
    assert only_problem(tmp_path).startswith(f"old/{path.name}: a second record")
    assert len(collect.collect(tmp_path).runs) == 1


def test_a_file_whose_name_is_not_its_runs_is_named(tmp_path):
    path = fixtures.train(tmp_path)
    path.rename(path.with_name("train-mine.json"))
    assert only_problem(tmp_path).endswith(f"its name is not its run's; left out. Move it to cifar10/{path.name}.")
    assert len(collect.collect(tmp_path).runs) == 0


def test_what_was_made_from_other_weights_is_stale(tmp_path):
    run, other = fixtures.train(tmp_path), fixtures.train(tmp_path, seed=1)
    probe = fixtures.interpolate(tmp_path, run)
    attacked = fixtures.attack(tmp_path, other, run, fixtures.ERM.black)
    assert collect.collect(tmp_path).problems == []
    fixtures.train(tmp_path, weights="trained again")
    results = collect.collect(tmp_path)
    assert len(results.problems) == 2
    for path, script, problem in zip((attacked, probe), ("attack", "interpolate"), results.problems, strict=True):
        assert problem.startswith(f"cifar10/{path.name}: stale: made from weights {fixtures.sha(run.stem[6:])[:8]}…")
        assert f"To measure again: python {records.ROOT}/scripts/{script}.py" in problem
        assert f"cifar10/{path.name}" in results.records
    assert (len(results.runs), len(results.between), len(results.attacks)) == (2, 0, 0)


def test_a_measurement_without_its_run_is_named(tmp_path):
    run = fixtures.train(tmp_path)
    fixtures.interpolate(tmp_path, run)
    run.unlink()
    assert f"the record of its run, cifar10/{run.name}, is missing" in only_problem(tmp_path)
    assert len(collect.collect(tmp_path).between) == 0


def test_runs_of_one_setting_that_saw_other_rows_are_named(tmp_path):
    """Those that are fewer are left out, with what was measured of them."""
    runs = [fixtures.train(tmp_path, seed=seed, rows=49_999 if seed == 1 else 50_000) for seed in range(3)]
    for run in runs:
        fixtures.interpolate(tmp_path, run)
    first, other, _ = (f"cifar10/{run.name}" for run in runs)
    assert only_problem(tmp_path) == f"{other}: saw other rows than {first}, of the same setting; left out."
    results = collect.collect(tmp_path)
    assert set(results.runs["seed"]) == set(results.between["seed"]) == {0, 2}


def test_rows_that_were_measured_otherwise_are_kept_apart(tmp_path):
    runs = [fixtures.train(tmp_path, seed=seed) for seed in range(2)]
    for run in runs:
        fixtures.attack(tmp_path, run, run, fixtures.ERM.white)
        fixtures.interpolate(tmp_path, run)
        fixtures.interpolate(tmp_path, run, split="test")
    fixtures.attack(tmp_path, runs[0], runs[0], fixtures.ERM.white, pgd_steps=40)
    results = collect.collect(tmp_path)
    assert set(results.attacks["protocol"]) == {"--", "---pgd40"}
    assert set(results.between["protocol"]) == {"", "-test"}
    assert set(collect.one_protocol(results.attacks)["protocol"]) == {"--"}
    assert set(collect.one_protocol(results.between)["protocol"]) == {""}  # as many of each: the defaults
    assert len(collect.one_protocol(results.between)) == 2 * 21


def test_the_committed_records_are_collected_whole(committed):
    assert committed.problems == []
    assert committed.headline()


def test_opens_without_torch():
    code = "import sys, analysis.collect; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=records.ROOT).returncode == 0


def test_alpha_one_is_said_beside_other_alphas_and_stands_among_them(tmp_path):
    alphas = {8.0: fixtures.MIXUP, 1.0: fixtures.MIXUP, 0.2: fixtures.MIXUP}
    fixtures.study(tmp_path, seeds=1, mixup=alphas)
    fixtures.study(tmp_path, seeds=1, dataset="digits", probes=())
    fixtures.boundary(tmp_path, {None: (0.1,), 1.0: (0.2,), 8.0: (0.3,)}, name="spirals")
    results = collect.collect(tmp_path)
    names = ["ERM", "mixup α=0.2", "mixup α=1", "mixup α=8"]
    several, alone = results.settings()
    found = results.methods(several)
    assert found == methods.in_order(reversed(found))
    assert list(map(str, found)) == names
    assert list(map(str, results.methods(alone))) == ["ERM", "mixup"]
    for frame in (results.curves, results.bins):
        assert set(map(str, frame.loc[frame["setting"] == several, "method"])) == set(names)
    for column in (results.between["method"], results.attacks["method"], results.attacks["source_method"]):
        assert set(map(str, column)) == set(names)
    assert set(map(str, results.borders["method"])) == {"ERM", "mixup α=1", "mixup α=8"}
    assert results.mixup_of(several) == methods.MIXUP

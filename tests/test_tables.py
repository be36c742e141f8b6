"""Of records with known answers: what the tables show, and what they say where something is missing."""

import io
import math
import re
import shlex
import statistics
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import commands, groups, measures, paper, tables
from analysis.claims.verdict import said
from analysis.collect import collect
from analysis.sentences import code, to_markdown, to_text
from analysis.tables.outcome import outcome
from analysis.tables.table import Table
from analysis.typed import again as again_
from common import cli, records
from common.options import TrainOptions, resolve, run_name
from common.records import ROOT
from tests import fixtures
from tests.fixtures import ERM, MIXUP

OF_SETTINGS = [
    tables.methods,
    tables.paired,
    tables.attacks,
    tables.transfer,
    tables.misses,
    tables.cost,
    tables.deck,
    tables.deck_under_attack,
]
OTHERS = [tables.corrupted, tables.tabular, tables.speech]
ALL = [*OF_SETTINGS, *OTHERS, tables.borders, tables.holdout, tables.problems]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    fixtures.study(folder, options={"subset": 5000, "width": 8, "epochs": 60})
    return collect(folder)


def column(table, name, **where):
    frame = table.frame
    for key, value in where.items():
        frame = frame[frame[key] == value]
    return list(frame[name])


# Statistics


@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_intervals_are_scipys(n):
    drawn = np.random.default_rng(n)
    one, other = drawn.normal(5, 1, n), drawn.normal(4, 1, n)
    found = measures.interval((other - one).tolist())
    theirs = stats.ttest_rel(other, one).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    assert (found.mean, found.n) == (pytest.approx((other - one).mean()), n)


def test_there_is_no_interval_of_less_than_two():
    one = measures.interval([0.5])
    assert (one.mean, one.n) == (0.5, 1)
    assert math.isnan(one.low)
    assert math.isnan(one.high)
    assert measures.interval([]).n == 0


def test_one_seed_more_lies_where_it_is_expected_to():
    """95 in 100 times, of 4,000 drawings of four seeds."""
    drawn = np.random.default_rng(0).normal(50, 1, (4000, 4))
    hits = 0
    for values in drawn:
        found = measures.next_seed(values[:3].tolist())
        hits += found.low <= values[3] <= found.high
    assert hits / 4000 == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize(("value", "text"), [(-1.4, "−1.40"), (0.256, "+0.26"), (-1e-9, "0.00"), (0.0, "0.00")])
def test_differences_have_a_sign(value, text):
    assert measures.signed(value, 2) == text


def test_pairs_are_of_the_same_seed_and_source(tmp_path):
    runs = {s: fixtures.train(tmp_path, seed=s) for s in (0, 1, 5)}
    mixed = {s: fixtures.train(tmp_path, MIXUP, alpha=1.0, seed=s) for s in (0, 1, 7)}
    results = collect(tmp_path)
    assert measures.pair(measures.of_runs(results, "error", "error"), "mixup").seeds == [0, 1]
    for source, target, errors in (
        (runs[5], runs[0], 5000),
        (runs[1], runs[0], 9000),  # there is no such example on mixup, so it is not averaged
        (runs[5], mixed[0], 4000),
        (runs[0], mixed[0], 1),  # of its own seed: no source
        (runs[0], runs[0], 9900),  # nor here: that is white-box
        (mixed[1], mixed[0], 1),  # no ERM model: no source
        (mixed[1], runs[0], 1),
    ):
        fixtures.attack(tmp_path, source, target, {("fgsm", 4.0): errors})
    results = collect(tmp_path)
    setting = results.headline()
    found = measures.pair(measures.under_attack(results.of(setting), setting, "black", "fgsm", 4.0), "mixup")
    assert (found.seeds, found.base, found.other) == ([0], [50.0], [40.0])
    assert len(found.records) == 2


# Tables of a whole study


def test_methods(study):
    table = tables.methods(study)
    assert column(table, "method") == ["ERM", "mixup"]
    errors = [5.60, 5.67, 5.56]
    cell = f"{statistics.mean(errors):.2f} ± {statistics.stdev(errors):.2f}"
    assert column(table, "error, last epoch (%)", method="ERM") == [cell]
    assert column(table, "n") == ["3", "3"]
    bold = {(row, name) for row, name in table.bold if name in ("error, last epoch (%)", "clean training error (%)")}
    assert bold == {(1, "error, last epoch (%)"), (0, "clean training error (%)")}
    assert set(table.records) == set(study.runs["record"])
    assert f"**{column(table, 'error, last epoch (%)', method='mixup')[0]}**" in table.to_markdown()


def test_paired(study):
    table = tables.paired(study)
    assert column(table, "seed") == ["0", "1", "2", "mean"]
    erm, mixup = np.array([5.60, 5.67, 5.56]), np.array([4.20, 4.23, 4.18])
    theirs = stats.ttest_rel(mixup, erm).confidence_interval(0.95)
    expected = ["−1.40 points", "−1.44 points", "−1.38 points"]
    mean = f"{(mixup - erm).mean():+.2f} points [{theirs.low:+.2f}, {theirs.high:+.2f}]".replace("-", "−")
    assert column(table, "test error") == [*expected, mean]
    assert column(table, "misses at λ = 0.5")[0] == "−10.50 points"
    assert column(table, "white-box FGSM error at ε = 4/255")[0] == "−15.50 points"
    assert column(table, "black-box I-FGSM error at ε = 4/255")[0] == "−16.40 points"
    assert column(table, "gradient norm of the loss at λ = 0.5")[0] == "−4.000"
    error = statistics.mean(erm) / 100
    assert (
        f"binomial standard error of {100 * math.sqrt(error * (1 - error) / 10_000):.2f} points" in table.to_markdown()
    )
    assert any("--seed 3" in note for note in table.notes)  # three pairs are not enough to judge by


def test_one_pair_has_no_interval_and_says_so(tmp_path):
    fixtures.study(tmp_path, seeds=1)
    table = tables.paired(collect(tmp_path))
    assert column(table, "test error") == ["−1.40 points", "−1.40 points"]
    assert "One pair: no interval." in table.notes
    assert any("1 paired seed: too few to judge by. What makes it: `python" in to_text(note) for note in table.notes)


def test_the_decks_comparison(study):
    table = tables.deck(study)
    assert column(table, "experiment") == [row.experiment for row in paper.SLIDE_20]
    assert column(table, "deck") == ["4.21", "5.37", "49.25", "49.76", "53.7", "55.07"]
    assert column(table, "ours")[1] == "5.61 [5.47, 5.75] (n = 3)"
    assert [cell.split(" ")[0] for cell in column(table, "ours")] == [
        "4.20",
        "5.61",
        "75.20",
        "46.00",
        "90.71",
        "57.01",
    ]
    why = column(table, "why they differ")
    departures = "5,000 training images for 50,000, width 8 for 64, 60 epochs for 200, 3 seeds for one"
    assert why[0] == why[1] == f"from the deck: {departures}; from the paper: the same"
    attacked = "from the paper: cifar10 for ImageNet, preactresnet18 for ResNet-101, 3 seeds for one"
    assert why[2:] == [f"from the deck: {departures}; {attacked}"] * 4


def test_why_they_differ_is_what_the_records_say(tmp_path):
    def why(name, **options):
        folder = tmp_path / name
        fixtures.train(folder, alpha=options.pop("alpha", 1.0), **options)
        return column(tables.deck(collect(folder)), "why they differ")[0]

    alone = "seed, software and what it is silent on"
    assert why("same") == f"from the deck: {alone}; from the paper: the same"
    assert why("batch", options={"batch_size": 64}) == f"from the deck: {alone}; from the paper: batches of 64 for 128"
    assert why("wd", options={"weight_decay": 5e-4}).startswith("from the deck: weight decay 0.0005 for 0.0001;")
    assert why("lr", options={"lr": 0.05}).startswith("from the deck: rate 0.05 for 0.1;")
    assert why("alpha", alpha=0.2).endswith("from the paper: α = 0.2 for 1")
    assert why("crops", options={"augment": "none"}).endswith("from the paper: augmentation none for crop-flip")


@pytest.mark.parametrize("dataset", ["digits", "photos", "iris"])
def test_other_data_is_not_held_against_numbers_of_cifar(tmp_path, dataset):
    fixtures.study(tmp_path, seeds=2, dataset=dataset)
    results = collect(tmp_path)
    for make in (tables.deck, tables.deck_under_attack):
        table = make(results)
        assert table.frame.empty
        assert "is held against none of them" in table.notes[0]
    assert not any("paper" in method for method in column(tables.misses(results), "method"))


def test_an_interval_of_errors_is_possible_and_of_three_at_least():
    assert measures.error_interval([2.0, 70.0, 80.0]).low == 0
    assert measures.next_seed([2.0, 70.0, 80.0]).high == 100
    assert math.isnan(measures.error_interval([14.0, 57.0]).low)
    pairs = measures.Measure("error", "%", pd.DataFrame(), overlap=0.0)
    assert pairs.show_range(-206.3, 262.77) == "[−100.00, +100.00]"


def test_the_decks_attack_rows_are_read_both_ways_over_epsilon(tmp_path):
    black, white = {("fgsm", 2.0): 2000, ("fgsm", 8.0): 9000}, {("fgsm", 2.0): 3000, ("fgsm", 8.0): 8000}
    others = {("ifgsm", 4.0): 9000, ("pgd", 4.0): 9000, ("noise", 4.0): 600}
    fixtures.study(tmp_path, seeds=2, erm=fixtures.Model(white=white | others, black=black | others), mixup=MIXUP)
    table = tables.deck_under_attack(collect(tmp_path))
    errors = table.frame[table.frame["read as"] == "errors (%)"].set_index("row")
    rights = table.frame[table.frame["read as"] == "accuracies (%)"].set_index("row")
    assert list(errors["deck"]) == list(rights["deck"]) == ["49.25", "49.76", "53.7", "55.07"]
    assert errors.loc["White Box FGSM (ERM)", ["ε = 2", "ε = 4", "ε = 8"]].tolist() == ["30.0", "30.0", "80.0"]
    assert rights.loc["White Box FGSM (ERM)", ["ε = 2", "ε = 8"]].tolist() == ["70.0", "20.0"]
    order = table.frame[table.frame["read as"] == "order of the errors"].set_index("row")
    own, transferred = "own examples (white-box)", "transferred (black-box)"
    assert order.loc["ERM: which hurts more", ["ε = 2", "ε = 4", "ε = 8"]].tolist() == [own, own, transferred]
    assert order.loc["ERM: which hurts more", "deck"] == f"{transferred} if errors, {own} if accuracies"
    assert order.loc["white-box: who errs more", "deck"] == "ERM if errors, mixup if accuracies"


def test_attacks(study):
    table = tables.attacks(study)
    seen = table.frame.set_index(["attack", "method"])
    assert seen.loc[("FGSM, white-box", "mixup"), "ε = 4"] == "75.2 ± 0.0"
    assert seen.loc[("I-FGSM, black-box", "ERM"), "ε = 4"] == "57.3 ± 0.1"
    assert seen.loc[("noise of the same size", "ERM"), "ε = 4"] == "6.0 ± 0.1"
    assert seen.loc[("PGD, white-box", "ERM"), "ε = 0"] == "5.6 ± 0.1"
    assert "FGSM 10,000, I-FGSM 1,000, PGD 1,000, noise 10,000" in table.to_markdown()
    assert "ε in 1/255 of the pixels' range" in table.to_markdown()


def test_transfer(study):
    table = tables.transfer(study)
    names = [f"{method}, seed {seed}" for method in ("ERM", "mixup") for seed in range(3)]
    assert list(table.frame.columns) == ["source", *names]
    assert column(table, "source") == names
    assert column(table, "ERM, seed 0") == ["90.7", "57.0", "57.0", "57.0", "57.0", "57.0"]
    assert table.bold == {(place, name) for place, name in enumerate(names)}
    assert len(table.links) == 36
    assert all((study.folder / path).exists() for path in table.links.values())
    assert f"[**90.7**](results/{table.links[0, names[0]]})" in table.to_markdown("results")
    assert "](" not in table.to_markdown()


def test_misses(study):
    table = tables.misses(study)
    assert column(table, "λ = 0.5", measure="misses (%)") == ["16.4 ± 0.1", "5.9 ± 0.0", "16.4", "5.9"]
    assert column(table, "λ = 0", measure="gradient of the loss") == ["1.00 ± 0.01", "0.50 ± 0.00"]
    assert "10,000 pairs of train rows" in table.to_markdown()


def test_borders(study):
    table = tables.borders(study)
    assert column(table, "method") == ["ERM", "mixup"]
    widths = [0.80, 0.82, 0.83]
    assert (
        column(table, "radius in .1 < p < .9")[1] == f"{statistics.mean(widths):.2f} ± {statistics.stdev(widths):.2f}"
    )


def test_cost_counts_an_attack_once_a_source(study):
    table = tables.cost(study)
    kinds = [cell.partition(" ")[0] for cell in column(table, "record")]
    assert kinds == ["train"] * 6 + ["interpolate"] * 6 + ["attack"] * 6
    assert column(table, "record")[-1] == "attack mixup1.0-seed2 on 6 targets"
    minutes = 6 * 10 + 6 * 1 + 6 * 0.5
    assert f"48 records, {minutes / 60:.1f} hours" in table.notes[0]
    assert column(table, "images a second")[0] == "400"


def test_holdout(tmp_path):
    for alpha, model in ((None, ERM), (1.0, MIXUP)):
        for seed, step in enumerate((0, 10)):
            fixtures.train(tmp_path, model, alpha=alpha, seed=seed, step=step, options={"holdout": 5000, "width": 8})
    table = tables.holdout(collect(tmp_path))
    assert column(table, "method") == ["ERM", "mixup"]
    assert column(table, "error (%)")[0] == "5.70 ± 0.14"
    assert (column(table, "training rows")[0], column(table, "held out")[0]) == ("45,000", "5,000")
    assert tables.methods(collect(tmp_path)).frame.empty  # the test part was not looked at


def test_problems(tmp_path):
    assert tables.problems(collect(tmp_path)).frame.empty
    path = fixtures.train(tmp_path)
    path.write_text("{")
    assert column(tables.problems(collect(tmp_path)), "what")[0].startswith(f"cifar10/{path.name}: not a record")


def test_tables_speak_of_tables_too(tmp_path):
    fixtures.study(tmp_path, dataset="wine", seeds=2)
    results = collect(tmp_path)
    assert "hundredths of a feature's standard deviation" in tables.attacks(results).to_markdown()
    assert any("/100 of a standard deviation" in name for name in tables.paired(results).frame.columns)


# Studies with settings of their own


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    folder = tmp_path_factory.mktemp("others")
    fixtures.others(folder)
    return collect(folder)


def test_corrupted(others):
    table = tables.corrupted(others)
    assert column(table, "method") == ["ERM", "dropout p=0.7", "mixup α=8", "mixup α=4 + dropout p=0.5"]
    assert set(column(table, "corrupted")) == {"50 %"}
    (mixup,) = table.frame[table.frame["method"] == "mixup α=8"].to_dict("records")
    errors = [(1240 + fixtures.STEP[seed] // 2) / 100 for seed in range(3)]
    assert mixup["last epoch (%)"] == f"{statistics.mean(errors):.2f} ± {statistics.stdev(errors):.2f}"
    assert mixup["best epoch (%)"].startswith("11.90 ± ")
    assert [mixup[name] for name in table.frame.columns[6:9]] == ["2.2 ± 0.0", "86.3 ± 0.0", "10.0 ± 0.0"]
    low, high = stats.ttest_rel(errors, [(2260 + step) / 100 for step in fixtures.STEP[:3]]).confidence_interval(0.95)
    assert mixup["last less ERM (points)"] == f"−10.21 [{low:.2f}, {high:.2f}]".replace("-", "−")
    theirs = ["18.8 / 44.6 (0.26* / 0.64*)", "14.1 / 15.5 (12.71* / 86.98*), dropout p=0.8"]
    theirs += ["11.3 / 12.7 (5.84* / 85.71*), mixup α=32", "10.9 / 10.9 (7.56* / 87.9*), mixup α=8 + dropout p=0.3"]
    assert column(table, "paper's") == theirs
    assert table.bold == {(2, "best epoch (%)"), (3, "last epoch (%)")}
    assert table.lead[2] == (
        "Error after the last epoch, mixup α=8 against dropout p=0.7, 3 pairs: too few pairs to tell (one seed is "
        "an anecdote) on 1 of 1 (50 %: −4.00 points [−4.00, −4.00])."
    )
    assert "about 90 %" in table.notes[1]
    assert table.to_markdown().startswith(table.lead[0])


def test_tabular(others):
    table = tables.tabular(others)
    named = ["ERM", "mixup", "logistic regression", "gradient boosting", "scikit-learn's MLP"]
    assert column(table, "method") == named * 3
    of = table.frame.set_index(["set", "method"])
    assert of.loc[("arcene", "mixup"), "error less ERM (points)"] == "+0.49 [+0.07, +0.92]"
    assert of.loc[("arcene", "logistic regression"), "error less ERM (points)"] == "+4.00 [+4.00, +4.00]"
    balanced = [100 * (errors // 2 / 2000 + (errors - errors // 2) / 8000) / 2 for errors in (2000, 2007, 1996)]
    assert of.loc[("iris", "ERM"), "balanced error (%)"].startswith(f"{statistics.mean(balanced):.2f} [")
    assert of.loc[("iris", "ERM"), "paper's error"] == "21.3"
    assert of.loc[("arcene", "mixup"), "paper's error"] == "48*"
    assert {(row, name) for row, name in table.bold if name == "error (%)"} == {(1, "error (%)")} | {
        (row, "error (%)") for row in (8, 13)
    }
    assert table.lead[0].startswith("Error, mixup against ERM, 3 pairs: too few pairs to tell")
    assert table.lead[2] == "The lowest mean error of all: mixup on abalone; gradient boosting on arcene, iris."
    folded = table.folded("results")
    assert folded.index(table.lead[2]) < folded.index("<details><summary>Tables: 15 rows") < folded.index("| abalone |")
    assert folded.endswith("</details>\n")


def test_what_tables_come_to_is_said_from_five_pairs_on(tmp_path):
    fixtures.tabular(tmp_path, gains={"abalone": 100, "arcene": -50, "iris": 3}, seeds=5)
    assert re.fullmatch(
        r"Error, mixup against ERM, 5 pairs: less error on 1 of 3 \(abalone: −1.01 points .*\); more error on 1 of 3 "
        r"\(arcene: \+0.49 points .*\); no difference shown on 1 of 3 \(iris: −0.04 points .*\)\.",
        tables.tabular(collect(tmp_path)).lead[0],
    )


def test_differences_are_corrected_for_overlap(tmp_path):
    """Nadeau and Bengio: the variance of the mean is (1/n + test rows / training rows) times that of the values."""
    fixtures.tabular(tmp_path, gains={"arcene": -50}, seeds=5)
    of = tables.tabular(collect(tmp_path)).frame.set_index("method")
    differences = [(50 + step // 2 - step) / 100 for step in fixtures.STEP]
    overlap = statistics.mean(fixtures.N / (1000 + seed) for seed in range(5))
    half = stats.t.ppf(0.975, 4) * statistics.stdev(differences) * math.sqrt(1 / 5 + overlap)
    mean = statistics.mean(differences)
    shown = f"{mean:+.2f} [{mean - half:+.2f}, {mean + half:+.2f}]".replace("-", "−")
    assert of.loc["mixup", "error less ERM (points)"] == shown


def test_one_table_of_several_that_differs_by_chance_is_no_difference():
    """p is .03 for one alone, and .06 for one of two."""

    def pairs(*values):
        measure = measures.Measure("error", "%", pd.DataFrame(), overlap=0.0)
        return measures.Pairs(measure, "mixup", list(range(len(values))), [0.0] * len(values), list(values), [])

    one, other = pairs(1.0, 3.2, 0.6, 2.0, 0.5), pairs(1.0, -1.0, 0.5, -0.5, 0.1)
    assert 0.025 < one.interval.p < 0.05
    assert outcome("Error", [("a", one)]).startswith("Error, mixup against ERM, 5 pairs: less error on none of 1; more")
    assert "no difference shown on 2 of 2" in outcome("Error", [("a", one), ("b", other)])


def test_models_of_other_rows_are_not_beside_ours(tmp_path):
    fixtures.tabular(tmp_path, gains={"iris": 100}, seeds=2)
    fixtures.baseline(tmp_path, "iris", "mlp", 1, split=7)  # no run of ours has this split
    path = fixtures.baseline(tmp_path, "iris", "mlp", 1, split=1)
    record = records.read(path)
    path.unlink()
    record["config"]["test_share"], record["run"] = 0.5, "iris-rows1-test0.5-mlp-seed0"
    fixtures.written(records.path_of(tmp_path, "iris", "baseline", record["run"]), record)
    assert column(tables.tabular(collect(tmp_path)), "n", method="scikit-learn's MLP") == ["1"]


def test_speech(others):
    table = tables.speech(others)
    assert list(dict.fromkeys(column(table, "network"))) == ["lenet, width 20", "vgg11, width 64"]
    assert set(column(table, "parameters")) == {"11,000,000"}
    assert column(table, "paper's test error") == ["10.3*", "10.8*", "11.3*", "4.6", "3.8*", "3.4"]
    assert column(table, "less ERM (points)", network="vgg11, width 64")[2] == "−1.21 [−1.28, −1.13]"
    assert table.lead[0].startswith(
        "Test error of lenet, 3 pairs: too few pairs to tell (one seed is an anecdote) on 2 of 2 (mixup α=0.1"
    )
    assert "2,700 training" in table.notes[0]


def test_one_seed_is_an_anecdote(tmp_path):
    fixtures.corrupted(tmp_path, shares=(0.2, 0.8), seeds=1)
    table = tables.corrupted(collect(tmp_path))
    assert table.lead[0] == (
        "Error after the last epoch, mixup α=8 against ERM, 1 pair: too few pairs to tell (one seed is an anecdote) on "
        "2 of 2 (20 %: −10.20 points; 80 %: −10.20 points)."
    )
    assert column(table, "last less ERM (points)")[:2] == ["", "−6.20"]
    assert "nan" not in table.to_markdown().lower()


def test_the_method_to_hold_against_others_is_not_chosen_by_test_error(tmp_path):
    arms = {(None, 0.0): ERM} | {(alpha, 0.0): fixtures.Model(curve=(9, 10 * int(alpha))) for alpha in (2.0, 8.0, 32.0)}
    fixtures.corrupted(tmp_path, shares=(0.2, 0.5, 0.6), seeds=1, arms=arms)
    results = collect(tmp_path)
    chosen = {share: groups.large_alpha(results, one) for share, one in groups.corrupted(results).items()}
    assert chosen == {0.2: "mixup α=8", 0.5: "mixup α=32", 0.6: "mixup α=32"}  # the paper's; else the largest


# Partial and empty results


@pytest.mark.parametrize("make", [t for t in ALL if t is not tables.problems])
def test_of_nothing_each_table_says_what_makes_it(tmp_path, make):
    table = make(collect(tmp_path / "none"))
    assert table.frame.empty
    (note,) = table.notes
    script = re.search(rf"What makes it: `python {ROOT}/(scripts/\w+[.]py)", to_text(note))
    assert script
    assert (records.ROOT / script[1]).exists()
    assert to_markdown(note) in table.to_markdown()
    assert f"<code>python {ROOT}/scripts/" in table.to_html()


def partial(folder, kind):
    """Folders that lack something, by what they have."""
    if kind == "one ERM run":
        fixtures.train(folder)
    elif kind == "mixup alone":
        fixtures.train(folder, MIXUP, alpha=1.0)
    elif kind == "no pair":
        fixtures.train(folder)
        fixtures.train(folder, MIXUP, alpha=1.0, seed=1)
    elif kind == "no probes":
        fixtures.study(folder, probes=())
    elif kind == "ERM probed alone":
        run = fixtures.train(folder)
        fixtures.train(folder, MIXUP, alpha=0.3)
        fixtures.interpolate(folder, run)
        fixtures.attack(folder, run, run, ERM.white)
    elif kind == "transfer alone":
        source, target = fixtures.train(folder), fixtures.train(folder, MIXUP, alpha=1.0, seed=1)
        fixtures.attack(folder, source, target, {("fgsm", 8.0): 5000})
    elif kind == "test pairs":
        fixtures.interpolate(folder, fixtures.train(folder), split="test")
    elif kind == "other settings":
        source = fixtures.train(folder, options={"width": 8})
        fixtures.attack(folder, source, fixtures.train(folder), ERM.black)
    elif kind == "border alone":
        fixtures.boundary(folder, {None: (0.1,), 8.0: (0.5,)}, name="moons")
    elif kind == "held out alone":
        fixtures.train(folder, options={"holdout": 5000})


PARTIAL = [
    "one ERM run",
    "mixup alone",
    "no pair",
    "no probes",
    "ERM probed alone",
    "transfer alone",
    "test pairs",
    "other settings",
    "border alone",
    "held out alone",
]


@pytest.mark.parametrize("kind", PARTIAL)
def test_of_parts_each_table_shows_what_there_is(tmp_path, kind):
    partial(tmp_path, kind)
    results = collect(tmp_path)
    assert results.problems == []
    for make in ALL:
        table = make(results)
        assert len(table.frame) or table.notes
        if table.frame.empty and make is not tables.problems:
            assert "What makes it: `python " in to_text(table.notes[0]), make
        assert "nan" not in table.to_markdown().lower(), make
        assert "nan" not in table.to_html().lower(), make


def test_numbers_without_a_pair_are_shown_and_what_makes_the_pair(tmp_path):
    partial(tmp_path, "no pair")
    results = collect(tmp_path)
    assert column(tables.methods(results), "error, last epoch (%)") == ["5.60", "4.20"]
    note = tables.paired(results).notes[0]
    assert note.startswith("cifar10-preactresnet18 has no seed under both ERM and mixup.")
    assert "scripts/train.py --mixup --results-dir" in to_text(note)  # at seed 0


# The commands that make what is missing


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
    lines = commands.seeds(results, setting, "mixup", 3)
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
    probe = commands.probe(results, setting, "attack", 3)
    names = [f"{setting}-erm-seed{seed}" for seed in range(3)]
    assert shlex.split(probe)[2:] == [*names, "--results-dir", str(tmp_path)]


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


def test_data_sets_by_path_are_named_from_wherever_they_are_typed(tmp_path):
    record = records.read(fixtures.train(tmp_path, dataset="digits"))
    record["environment"]["command"] = "scripts/train.py --dataset my/photos --results-dir r --seed 2"
    results = replace(collect(tmp_path), folder=Path("/x/r"))
    assert "--dataset /x/my/photos " in commands.train(results, record, {})
    assert " --dataset /x/my/photos --seed 2 --results-dir /x/r " in again_(Path("/x/r"), record)


# What a table looks like


def test_a_table_as_text_page_and_file():
    frame = pd.DataFrame({"a|b": ["1 < 2", "x|y"], "c": ["", "3"]})
    table = Table(
        "A & B", frame, [f"Made by {code('python x.py')}."], bold=frozenset({(1, "c")}), links={(0, "a|b"): "r.json"}
    )
    expected = "| a\\|b | c |\n|---|---|\n| [1 < 2](results/r.json) |  |\n| x\\|y | **3** |\n\nMade by `python x.py`.\n"
    assert table.to_markdown("results/") == expected
    page = table.to_html()
    assert page == table.to_html() == table._repr_html_()
    assert "1 &lt; 2" in page
    assert "A &amp; B" in page
    assert "<code>python x.py</code>" in page
    assert page.count("font-weight: bold") == 1
    assert "color" not in page
    assert pd.read_csv(io.StringIO(table.to_csv()), dtype="str").fillna("").equals(frame)


def test_tables_of_the_committed_records():
    results = collect()
    for make in ALL:
        table = make(results)
        assert "nan" not in table.to_markdown().lower()
        assert set(table.records) <= set(results.records)


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
        found = measures.pair(measures.of_runs(results.of(setting), "error", "test error"), "mixup")
        assert (found.seeds, found.unlike) == ([0, 1], ())
        assert sorted(results.of(setting).runs["split"].unique()) == sorted(set(splits))
    (erm, mixup) = commands.seeds(results, drawn, "mixup", 3)
    assert "--data-seed 2 " in erm
    assert "--seed 2 --results-dir" in erm
    assert "--data-seed 2 " in mixup
    assert "--seed 2 --mixup --results-dir" in mixup
    assert all("--data-seed" not in line for line in commands.seeds(results, fixed, "mixup", 3))


def test_a_pair_of_two_kinds_of_machine_is_marked(tmp_path):
    for seed, machines in enumerate([("EPYC", "EPYC"), ("EPYC", "Xeon"), (None, "Xeon")]):
        for alpha, model in zip((None, 1.0), machines, strict=True):
            path = fixtures.train(tmp_path, dataset="cifar10", alpha=alpha, seed=seed)
            if model:
                record = records.read(path)
                record["environment"]["cpu"] = {"model": model, "instructions": "AVX512"}
                records.write(path, record)
    results = collect(tmp_path)
    found = measures.pair(measures.of_runs(results, "error", "test error"), "mixup")
    assert (found.seeds, found.unlike) == ([0, 1, 2], (1,))
    assert "(the two runs of seed 1 are of two kinds of machine)" in said(found)

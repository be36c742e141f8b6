"""Tables, beside scikit-learn's models."""

import math
import re
import statistics

import numpy as np
import pytest
from scipy import stats

from analysis import measures, methods
from analysis.collect import collect
from analysis.methods import MIXUP
from analysis.questions import show
from analysis.questions import tabular as tabular_question
from analysis.sentences import to_text
from analysis.verdict import of_pairs
from common import records
from tests import fixtures
from tests.asking import SEEDS, column, tabular, verdicts
from tests.fixtures import STEP


def test_tabular(whole):
    table = show("table-tabular", whole)
    named = ["ERM", "mixup", "logistic regression", "gradient boosting", "scikit-learn's MLP"]
    assert column(table, "method") == named * 3
    of = table.frame.set_index(["set", "method"])
    assert of.loc[("arcene", "mixup"), "error minus ERM (points)"] == "+0.49 [+0.07, +0.92]"
    assert of.loc[("arcene", "logistic regression"), "error minus ERM (points)"] == "+4.00 [+4.00, +4.00]"
    balanced = [100 * (errors // 2 / 2000 + (errors - errors // 2) / 8000) / 2 for errors in (2000, 2007, 1996)]
    assert of.loc[("iris", "ERM"), "balanced error (%)"].startswith(f"{statistics.mean(balanced):.2f} [")
    assert of.loc[("iris", "ERM"), "paper's error"] == "21.3"
    assert of.loc[("arcene", "mixup"), "paper's error"] == "48*"
    assert {(row, name) for row, name in table.bold if name == "error (%)"} == {(1, "error (%)")} | {
        (row, "error (%)") for row in (8, 13)
    }
    assert table.lead[0].startswith("Error, mixup against ERM, 3 pairs: too few pairs to tell")
    assert table.lead[2] == "The lowest mean error of all: mixup on abalone; gradient boosting on arcene, iris."


def test_what_tables_come_to_is_said_from_five_pairs_on(tmp_path):
    fixtures.tabular(tmp_path, gains={"abalone": 100, "arcene": -50, "iris": 3}, seeds=5)
    assert re.fullmatch(
        r"Error, mixup against ERM, 5 pairs: less error on 1 of 3 \(abalone: −1.01 points .*\); more error on 1 of 3 "
        r"\(arcene: \+0.49 points .*\); no difference shown on 1 of 3 \(iris: −0.04 points .*\)\.",
        show("table-tabular", collect(tmp_path)).lead[0],
    )


def test_differences_are_corrected_for_overlap(tmp_path):
    """Nadeau and Bengio: the variance of the mean is (1/n + test rows / training rows) times that of the values."""
    fixtures.tabular(tmp_path, gains={"arcene": -50}, seeds=5)
    of = show("table-tabular", collect(tmp_path)).frame.set_index("method")
    differences = [(50 + step // 2 - step) / 100 for step in fixtures.STEP]
    overlap = statistics.mean(fixtures.N / (1000 + seed) for seed in range(5))
    half = stats.t.ppf(0.975, 4) * statistics.stdev(differences) * math.sqrt(1 / 5 + overlap)
    mean = statistics.mean(differences)
    shown = f"{mean:+.2f} [{mean - half:+.2f}, {mean + half:+.2f}]".replace("-", "−")
    assert of.loc["mixup", "error minus ERM (points)"] == shown


def test_models_of_other_rows_are_not_beside_ours(tmp_path):
    fixtures.tabular(tmp_path, gains={"iris": 100}, seeds=2)
    fixtures.baseline(tmp_path, "iris", "mlp", 1, split=7)  # no run of ours has this split
    path = fixtures.baseline(tmp_path, "iris", "mlp", 1, split=1)
    record = records.read(path)
    path.unlink()
    record["config"]["test_share"], record["run"] = 0.5, "iris-rows1-test0.5-mlp-seed0"
    fixtures.written(records.path_of(tmp_path, "iris", "baseline", record["run"]), record)
    assert column(show("table-tabular", collect(tmp_path)), "n", method="scikit-learn's MLP") == ["1"]


def of_two_lengths(folder, held=(300, 200), seeds=5):
    """Arcene after 10 and 100 epochs under ERM and mixup of two alphas, which gain a point, and lose one; their errors
    of 1,000 on rows that were held out after 100 epochs; and phishing without what stands there twice."""
    for seed in range(seeds):
        for epochs in (10, 100):
            for alpha, count in ((None, 2000), (0.2, 1900), (1.0, 2100)):
                options = {"data_seed": seed, "epochs": epochs}
                model = fixtures.Model(curve=(count + 10 * STEP[seed] * (alpha is None),))
                fixtures.train(folder, model, alpha=alpha, seed=seed, dataset="arcene", kind="table", options=options)
        for alpha in (None, 1.0):
            options = {"data_seed": seed, "distinct": True}
            fixtures.train(folder, alpha=alpha, seed=seed, dataset="phishing", kind="table", options=options)
    for alpha, count in zip((0.2, 1.0), held, strict=True):
        options = {"holdout": 1000, "epochs": 100}
        model = fixtures.Model(curve=(10 * count,))
        fixtures.train(folder, model, alpha=alpha, dataset="arcene", kind="table", options=options)
    return collect(folder)


def test_alpha_is_that_of_least_error_on_held_out_rows_for_each_length(tmp_path):
    results = of_two_lengths(tmp_path)
    settings = tabular_question.sets(results)
    assert list(settings) == ["10 epochs", "to convergence"]
    assert list(settings["to convergence"]) == ["arcene", "phishing, no row twice"]
    assert [str(of["arcene"].chosen) for of in settings.values()] == ["mixup α=1"] * 2
    table = show("table-tabular", results)
    methods = list(zip(column(table, "set"), column(table, "epochs"), column(table, "method"), strict=True))
    assert methods[:6] == [
        ("arcene", "10", "ERM"),
        ("arcene", "10", "mixup α=0.2"),
        ("arcene", "10", "mixup α=1"),
        ("arcene", "100", "ERM"),
        ("arcene", "100", "mixup α=0.2"),
        ("arcene", "100", "mixup α=1, chosen"),
    ]
    assert "Held-out errors: arcene, 100 epochs: α=0.2 30.00 %, α=1 20.00 %." in to_text(table.notes[2])
    verdict = verdicts(tmp_path, ids=["P21"])["P21"]
    assert [part.says.partition(":")[0] for part in verdict.parts] == ["10 epochs"] * 2 + ["to convergence"] * 2
    (paired,) = (one for one in verdict.closing.split("; ") if one.startswith("to convergence"))
    assert "arcene, 5 paired seeds: test error: ERM 20.10 %, mixup α=1 21.00 %" in paired
    figure = show("tabular", results)
    assert {*figure.data["panel"]} == {"mixup − ERM, 10 epochs", "mixup − ERM, to convergence"}


def test_another_alpha_is_chosen_by_other_held_out_rows(tmp_path):
    results = of_two_lengths(tmp_path, held=(200, 300))
    of = tabular_question.sets(results)["to convergence"]["arcene"]
    assert str(of.chosen) == "mixup α=0.2"
    assert of.held_out == {methods.Method(0.2): 20.0, MIXUP: 30.0}
    lead = show("table-tabular", results).lead
    assert lead[2].startswith("Error, to convergence")
    assert "mixup α=0.2 against ERM" in lead[2]


def test_of_two_alphas_with_as_many_errors_on_held_out_rows_it_is_the_smaller_and_that_is_said(tmp_path):
    results = of_two_lengths(tmp_path, seeds=1, held=(300, 300))
    assert str(tabular_question.sets(results)["to convergence"]["arcene"].chosen) == "mixup α=0.2"
    assert "α=0.2 30.00 %, α=1 30.00 %, equal." in to_text(show("table-tabular", results).notes[2])


def test_differences_to_erm_and_their_whiskers(whole):
    figure = show("tabular", whole)
    mixup, others = figure.picture.axes
    assert [label.get_text() for label in mixup.get_yticklabels()] == ["abalone", "arcene", "iris"]
    dots = [line for line in mixup.get_lines() if line.get_label() == "_error"]
    whiskers = [line for line in mixup.get_lines() if line.get_label() == "_error, interval"]
    for dot, whisker, gain in zip(dots, whiskers, (1.0, -0.5, 0.03), strict=True):
        values = [(step // 2 - step) / 100 - gain for step in STEP[:SEEDS]]
        assert list(dot.get_xdata()) == pytest.approx([np.mean(values)])
        # of test parts that overlap: Nadeau and Bengio's variance
        overlap = np.mean([fixtures.N / (1000 + seed) for seed in range(SEEDS)])
        half = stats.t.ppf(0.975, SEEDS - 1) * np.std(values, ddof=1) * np.sqrt(1 / SEEDS + overlap)
        assert list(whisker.get_xdata()) == pytest.approx([np.mean(values) - half, np.mean(values) + half])
        assert dot.get_ydata()[0] == whisker.get_ydata()[0]
    assert all(dot.get_markerfacecolor() == "white" for dot in dots)  # of three pairs nothing is shown
    marks = {line.get_label() for line in others.get_lines() if line.get_marker() not in (".", "None")}
    assert marks == {"_logistic regression", "_gradient boosting", "_scikit-learn's MLP"}
    assert "3 pairs per dot" in figure.caption
    assert "abalone −1.01 points; arcene +0.49 points" in figure.alt


@pytest.mark.parametrize(
    ("gains", "status"),
    [
        ((100, 100, 100, 100, 3, 3), "holds"),
        ((100, 100, 100, 3, 3, 3), "holds in part"),
        ((100, 100, 100, 100, 100, -100), "fails"),
        ((100, 100, 100, 100, 100), "too few runs"),  # five of the six
        ((-100,), "fails"),  # worse on one is enough
    ],
)
def test_better_on_four_of_six_tables(tmp_path, gains, status):
    tabular(tmp_path, gains=dict(zip(fixtures.TABLES, gains, strict=False)), baselines=False)
    found = verdicts(tmp_path, ids=["P21"])["P21"]
    assert found.status == status
    better, worse = sum(gain == 100 for gain in gains) or "none", sum(gain < 0 for gain in gains) or "none"
    assert re.match(
        rf"better on {better}( \(.*\))? of 6.*; worse on {worse}( \(.*\))?, no worse by 1 point", found.sentence
    )
    assert bool(found.commands) == (len(gains) < 6)


def test_a_table_of_four_splits_asks_for_a_fifth(tmp_path):
    tabular(tmp_path, seeds=4, baselines=False)
    found = verdicts(tmp_path, ids=["P21"])["P21"]
    assert found.status == "too few runs"
    assert found.sentence.startswith("better on none of 6: too few runs; worse on none, ")
    assert any("--dataset iris" in line and "--data-seed 4" in line and "--seed 4" in line for line in found.commands)


def test_margins_too_are_corrected_where_test_parts_overlap(tmp_path):
    """Mixup is 0.5 points worse on a table, for sure below the margin of 1: by Nadeau and Bengio's t."""
    tabular(tmp_path, gains={"abalone": -50}, baselines=False)
    results = collect(tmp_path)
    own = results.of(results.settings()[0])
    pairs = measures.pair(measures.of_runs(own, "error", ""), MIXUP)
    overlap = (own.runs["n_test"] / own.runs["n_train"]).mean()
    values = np.array(pairs.differences) - 1
    t = values.mean() / (values.std(ddof=1) * math.sqrt(1 / 5 + overlap))
    assert of_pairs(pairs, -1, bound=1).p == pytest.approx(2 * stats.t.sf(abs(t), 4))
    assert of_pairs(pairs, -1, bound=1).p > 10 * stats.ttest_1samp(values, 0).pvalue

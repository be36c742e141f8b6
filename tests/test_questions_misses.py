"""Misses in between."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis import methods
from analysis.collect import collect
from analysis.questions import show
from tests import fixtures
from tests.asking import SEEDS, at, column, drawn, of_study
from tests.fixtures import MIXUP, STEP


def test_misses(small):
    table = show("table-misses", small)
    assert column(table, "λ = 0.5", measure="misses (%)") == ["16.4 ± 0.1", "5.9 ± 0.0", "16.4", "5.9"]
    assert column(table, "λ = 0", measure="gradient of the loss") == ["1.00 ± 0.01", "0.50 ± 0.00"]
    assert "10,000 pairs of train rows" in table.to_markdown()


def test_misses_and_their_band(whole):
    figure = show("misses", whole)
    (ax,) = figure.picture.axes
    found = drawn(ax)
    seeds = {method: {f"_{method}, seed {seed}" for seed in range(SEEDS)} for method in ("ERM", "mixup")}
    assert set(found) == {"_ERM", "_mixup"} | seeds["ERM"] | seeds["mixup"]
    each = {"ERM": [16.40 + step / 100 for step in STEP[:SEEDS]]}
    each["mixup"] = [5.90 + step // 2 / 100 for step in STEP[:SEEDS]]
    for method, values in each.items():
        assert [at(found[f"_{method}, seed {seed}"], 0.5) for seed in range(SEEDS)] == pytest.approx(values)
        assert at(found[f"_{method}"], 0.5) == pytest.approx(np.mean(values))
    assert at(found["_ERM"], 0) == pytest.approx(1.40 + np.mean(STEP[:SEEDS]) / 100)
    for band, values in zip(ax.collections, each.values(), strict=True):
        expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
        (path,) = band.get_paths()
        heights = path.vertices[np.isclose(path.vertices[:, 0], 0.5), 1]
        assert (heights.min(), heights.max()) == pytest.approx(tuple(expected))
    assert "95 % t interval" in figure.caption
    assert "ERM 3 seeds, mixup 3 seeds" in figure.caption
    row = figure.data[
        (figure.data["line"] == "mean") & (figure.data["x"] == 0.5) & (figure.data["method"] == methods.ERM)
    ]
    assert row["y"].item() == pytest.approx(np.mean(each["ERM"]))


def test_two_seeds_have_no_band_and_one_no_thin_line(tmp_path):
    fixtures.study(tmp_path, seeds=2, probes=("interpolate",))
    results = collect(tmp_path)
    figure = show("misses", results)
    (ax,) = figure.picture.axes
    assert len(drawn(ax)) == 2 * 3
    assert not ax.collections
    assert "No interval: fewer than 3 seeds" in figure.caption
    fixtures.study(tmp_path / "one", seeds=1, probes=("interpolate",))
    figure = show("misses", collect(tmp_path / "one"))
    assert set(drawn(figure.picture.axes[0])) == {"_ERM", "_mixup"}
    assert "ERM 1 seed, mixup 1 seed" in figure.caption


def test_misses_must_peak_in_the_middle(tmp_path):
    assert of_study(tmp_path, "P4", probes=["interpolate"], mixup=replace(MIXUP, missed=(700, 590))) == ["fails"]


def test_runs_beyond_those_that_a_verdict_takes_are_named_and_not_asked_for(tmp_path):
    fixtures.study(tmp_path, seeds=5, probes=("interpolate",))
    for alpha, model in ((None, fixtures.ERM), (1.0, MIXUP)):
        fixtures.train(tmp_path, model, alpha=alpha, seed=5)
    missing = show("misses", collect(tmp_path)).missing
    names = "cifar10-preactresnet18-erm-seed5, cifar10-preactresnet18-mixup1.0-seed5"
    assert missing == f"Not measured: {names}, beyond the 5 pairs that are."

"""What the pictures hold, read from their axes; and what is said where there is nothing to draw."""

import base64
import io
import math
import shlex

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image
from scipy import stats

from analysis import collect, figures
from analysis.figures import lines, pairs
from analysis.sentences import to_markdown, to_text
from common import records
from tests import fixtures
from tests.fixtures import STEP

SEEDS = 3


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    fixtures.study(folder, seeds=SEEDS)
    fixtures.others(folder)
    return collect.collect(folder)


def drawn(ax):
    """The lines of an axes by label: "_ERM" is a mean, "_ERM, seed 0" one seed."""
    return {line.get_label(): line for line in ax.get_lines()}


def at(line, x):
    places = np.flatnonzero(np.isclose(np.asarray(line.get_xdata(), dtype=float), x))
    assert len(places) == 1
    return float(line.get_ydata()[places[0]])


@pytest.mark.parametrize("draw", figures.ALL, ids=lambda draw: draw.__name__)
def test_every_figure_of_a_whole_study(study, draw):
    figure = draw(study, None)
    assert figure.name == draw.__name__
    assert figure.missing == ""
    assert figure.picture is not None
    assert "seed" in figure.caption
    assert len(figure.alt) > 40
    assert len(figure.data) > 0
    assert figure.records
    assert set(figure.records) <= set(study.records)
    png = figure.png()
    assert len(png) < 100_000
    assert png == draw(study, None).png()
    assert figure.csv().count("\n") == len(figure.data) + 1


@pytest.mark.parametrize("draw", figures.ALL, ids=lambda draw: draw.__name__)
def test_every_figure_of_nothing_says_what_makes_it(tmp_path, draw):
    figure = draw(collect.collect(tmp_path), None)
    assert figure.picture is None
    assert f"`python {records.ROOT}/scripts/" in to_text(figure.missing)
    assert to_markdown(figure.missing) in figure.text()
    assert to_markdown(figure.missing) in figure.to_markdown("results/figures")


@pytest.mark.parametrize("draw", figures.ALL, ids=lambda draw: draw.__name__)
def test_every_figure_of_two_untested_erm_runs(tmp_path, draw):
    """Nothing but training was done, and under one method: ERM is drawn, and what is missing has a command."""
    for seed in range(2):
        fixtures.train(tmp_path, seed=seed)
    figure = draw(collect.collect(tmp_path), None)
    if draw in (figures.curves, figures.calibration, figures.cost, figures.headline):
        assert figure.picture is not None
        assert "mixup" not in set(figure.data["method"])
    else:
        assert figure.picture is None
    if draw in (figures.curves, figures.calibration, figures.cost):
        assert "no mixup run yet" in figure.missing
        assert "--mixup" in shlex.split(to_text(figure.missing).split("`")[1])
    else:
        scripts = {"boundaries": "boundary", "epsilon": "attack", "transfer": "attack"}
        scripts |= dict.fromkeys(("corrupted", "tabular", "speech"), "study")
        script = scripts.get(figure.name, "interpolate")
        assert f"`python {records.ROOT}/scripts/{script}.py" in to_text(figure.missing)


def test_the_look_of_matplotlib_stays_the_users(study):
    before = dict(mpl.rcParams)
    figures.misses(study).png()
    assert dict(mpl.rcParams) == before


def test_methods_are_told_apart_in_colour_and_in_grey():
    looks = list(lines.LOOKS.values())
    assert len({(dashes, mark, color) for color, dashes, mark in looks}) == len(looks)
    (erm, erm_dashes, erm_mark), (mixup, mixup_dashes, mixup_mark) = looks[:2]
    grey = [np.dot(mpl.colors.to_rgb(color), [0.299, 0.587, 0.114]) for color in (erm, mixup)]
    assert abs(grey[0] - grey[1]) > 0.2
    assert erm_dashes != mixup_dashes
    assert erm_mark != mixup_mark


def test_misses_and_their_band(study):
    figure = figures.misses(study)
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
    row = figure.data[(figure.data["line"] == "mean") & (figure.data["x"] == 0.5) & (figure.data["method"] == "ERM")]
    assert row["y"].item() == pytest.approx(np.mean(each["ERM"]))


def test_two_seeds_have_no_band_and_one_no_thin_line(tmp_path):
    fixtures.study(tmp_path, seeds=2, probes=("interpolate",))
    results = collect.collect(tmp_path)
    figure = figures.misses(results)
    (ax,) = figure.picture.axes
    assert len(drawn(ax)) == 2 * 3
    assert not ax.collections
    assert "No interval: fewer than 3 seeds" in figure.caption
    fixtures.study(tmp_path / "one", seeds=1, probes=("interpolate",))
    figure = figures.misses(collect.collect(tmp_path / "one"))
    assert set(drawn(figure.picture.axes[0])) == {"_ERM", "_mixup"}
    assert "ERM 1 seed, mixup 1 seed" in figure.caption


def test_both_gradients(study):
    loss, logit = figures.gradients(study).picture.axes
    means = [np.mean(STEP[:SEEDS]) / 1000, np.mean([step // 2 for step in STEP[:SEEDS]]) / 1000]
    for ax, norms in ((loss, (8, 4)), (logit, (10, 5))):
        assert at(drawn(ax)["_ERM"], 0.5) == pytest.approx(norms[0] + means[0])
        assert at(drawn(ax)["_mixup"], 0.5) == pytest.approx(norms[1] + means[1])


def test_probability_beside_the_line_that_mixup_trains_for(study):
    erm, mixup = figures.probability(study).picture.axes
    assert [ax.get_title() for ax in (erm, mixup)] == ["ERM", "mixup"]
    ideal = drawn(mixup)
    assert at(ideal["_λ"], 1) == at(ideal["_1 − λ"], 0) == 1
    first, second, rest = (line for line in mixup.get_lines() if line.get_label() == "_mixup")
    assert [at(line, 0.25) for line in (first, second, rest)] == pytest.approx([0.225, 0.675, 0.1])


def test_curves(study):
    figure = figures.curves(study)
    training, accuracy, loss, error = figure.picture.axes
    assert "λ-weighted" in training.get_title()
    assert "not comparable" in figure.caption
    assert list(drawn(error)["_ERM, seed 1"].get_ydata()[::50]) == pytest.approx([30.07, 20.07, 9.07, 5.67])
    assert at(drawn(error)["_mixup"], 200) == pytest.approx(4.20 + np.mean([step // 2 for step in STEP[:SEEDS]]) / 100)
    assert at(drawn(accuracy)["_ERM"], 200) == pytest.approx(100 - at(drawn(error)["_ERM"], 200))
    assert at(drawn(training)["_ERM"], 2) == pytest.approx(75)
    assert at(drawn(loss)["_ERM, seed 0"], 1) == pytest.approx(0.30)
    assert not any(ax.collections for ax in figure.picture.axes)


def test_held_out_runs_are_in_no_curve(tmp_path):
    fixtures.train(tmp_path, options={"holdout": 5000})
    assert figures.curves(collect.collect(tmp_path)).picture is None


def test_black_box_is_another_erm_model_of_another_seed(tmp_path):
    """Those of the same seed, and those made on mixup models, are measured too, and have other numbers here."""
    runs = fixtures.study(tmp_path, seeds=2)
    strange = {("fgsm", 4.0): 10_000, ("noise", 4.0): 10_000}
    for source, target in [((None, 0), (1.0, 0)), ((1.0, 0), (None, 1)), ((1.0, 1), (1.0, 0))]:
        fixtures.attack(tmp_path, runs[source], runs[target], strange)
    figure = figures.epsilon(collect.collect(tmp_path))
    white, black = (drawn(ax) for ax in figure.picture.axes)
    fgsm = {
        (box, label): next(line for line in ax.get_lines() if line.get_label() == label and len(line.get_xdata()) > 1)
        for box, ax in zip(("white", "black"), figure.picture.axes, strict=True)
        for label in ("_ERM", "_mixup")
    }
    assert at(fgsm["white", "_ERM"], 4) == pytest.approx(90.70 + np.mean(STEP[:2]) / 100)
    assert at(fgsm["white", "_mixup"], 4) == pytest.approx(75.20 + np.mean([0, STEP[1] // 2]) / 100)
    assert at(fgsm["black", "_ERM"], 4) == pytest.approx(57.00 + np.mean(STEP[:2]) / 100)
    assert at(fgsm["black", "_mixup"], 4) == pytest.approx(46.00 + np.mean([0, STEP[1] // 2]) / 100)
    assert at(fgsm["black", "_ERM"], 0) == pytest.approx(5.60 + np.mean(STEP[:2]) / 100)
    assert at(white["_mixup, pgd"], 4) == pytest.approx(99.9, abs=0.1)
    assert at(black["_mixup, ifgsm"], 4) == pytest.approx(40.9, abs=0.1)
    assert "95 %" not in figure.caption


def test_noise_is_dotted_and_starts_at_the_clean_error(study):
    ax = figures.epsilon(study).picture.axes[0]
    noise = [line for line in ax.get_lines() if line.get_label() == "_ERM" and at(line, 4) < 10]
    assert len(noise) == 1
    assert at(noise[0], 4) == pytest.approx(6.00 + np.mean(STEP[:SEEDS]) / 100)
    assert at(noise[0], 0) == pytest.approx(5.60 + np.mean(STEP[:SEEDS]) / 100)
    assert not noise[0].is_dashed() or noise[0].get_marker() == "None"


def test_one_model_has_no_black_box(tmp_path):
    run = fixtures.train(tmp_path)
    fixtures.attack(tmp_path, run, run, fixtures.ERM.white)
    ax = figures.epsilon(collect.collect(tmp_path)).picture.axes[1]
    assert [text.get_text() for text in ax.texts] == ["no such pair of models yet"]
    assert not ax.get_lines()


def test_transfer_holds_every_source_and_target(study):
    figure = figures.transfer(study)
    ax = figure.picture.axes[0]
    names = [f"{method} {seed}" for method in ("ERM", "mixup") for seed in range(SEEDS)]
    assert [text.get_text() for text in ax.get_xticklabels()] == names
    assert [text.get_text() for text in ax.get_yticklabels()] == names
    cells = np.array([float(text.get_text()) for text in ax.texts]).reshape(6, 6)
    assert cells[0, 0] == 90.7
    assert cells[0, 1] == 57.1
    assert cells[0, 3] == cells[3, 4] == 46.0
    assert cells[3, 3] == 75.2
    assert "ε = 4 (1/255)" in figure.caption


def test_the_border_lies_where_p_is_one_half(study):
    figure = figures.boundaries(study)
    *maps, bar = figure.picture.axes
    assert [ax.get_title() for ax in maps] == ["ERM", "mixup α=1"]
    for ax in maps:
        (border,) = (one for one in ax.collections if isinstance(one, mpl.contour.ContourSet) and not one.filled)
        assert list(border.levels) == [0.1, 0.5, 0.9]
        middle = border.get_paths()[1].vertices
        assert middle[:, 0] == pytest.approx(np.zeros(len(middle)), abs=1e-9)  # p rises with x
        assert middle[:, 1].min() == -1.5
        assert middle[:, 1].max() == 1.5
        points = [tuple(one.get_offsets()[0]) for one in ax.collections if not isinstance(one, mpl.contour.ContourSet)]
        assert points == [(1, 1), (0, 0)]  # class 0, class 1
    assert bar.get_ylabel() == "p(class 1)"
    assert "mean of 3 seeds" in figure.caption


def test_calibration_pools_the_seeds(study):
    figure = figures.calibration(study)
    above, _ = figure.picture.axes
    line = drawn(above)["_ERM"]
    right = np.mean([(10_000 - 560 - step) / 100 for step in STEP[:SEEDS]])
    assert list(line.get_ydata()) == pytest.approx([right])
    assert list(line.get_xdata()) == pytest.approx([right + 5], abs=0.01)
    assert figure.data["n"].max() == SEEDS * 10_000


def test_corrupted_labels_over_epochs(study):
    figure = figures.corrupted(study)
    test, real, corrupted = figure.picture.axes
    assert test.get_title() == "50 % corrupted"
    assert list(drawn(test)["_ERM, seed 1"].get_ydata()[::50]) == pytest.approx([46.07, 18.77, 21.07, 22.67])
    assert at(drawn(real)["_mixup α=8"], 200) == pytest.approx(2.26, abs=0.03)
    assert at(drawn(corrupted)["_mixup α=8"], 200) == pytest.approx(86.32, abs=0.03)
    assert at(drawn(corrupted)["_ERM"], 100) == pytest.approx(50.14, abs=0.03)
    assert {label.split(",")[0] for label in drawn(test)} == {
        "_ERM",
        "_dropout p=0.7",
        "_mixup α=8",
        "_mixup α=4 + dropout p=0.5",
    }
    assert "3 a line" in figure.caption
    assert "50 % corrupted, ERM 22.6 %" in figure.alt


def test_differences_to_erm_and_their_whiskers(study):
    figure = figures.tabular(study)
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
    assert [dot.get_markerfacecolor() == "white" for dot in dots] == [False, False, True]  # hollow where 0 is in it
    marks = {line.get_label() for line in others.get_lines() if line.get_marker() not in (".", "None")}
    assert marks == {"_logistic regression", "_gradient boosting", "_scikit-learn's MLP"}
    assert "3 pairs a dot" in figure.caption
    assert "abalone −1.01 points; arcene +0.49 points" in figure.alt


def test_speech_by_network_and_alpha(study):
    figure = figures.speech(study)
    (ax,) = figure.picture.axes
    means = figure.data[figure.data["line"] == "mean"].set_index(["row", "mark"])["difference"]
    for network, alpha, difference in (("lenet", 0.2, 1.0), ("vgg11", 0.2, -1.2), ("vgg11", 0.1, -0.8)):
        found = means[network, f"mixup α={alpha} after 5 epochs of ERM"]
        assert found == pytest.approx(difference + np.mean([step // 2 - step for step in STEP[:SEEDS]]) / 100)
    colors = {line.get_label(): line.get_color() for line in ax.get_lines()}
    assert colors["_mixup α=0.1 after 5 epochs of ERM"] == lines.look_of("mixup α=0.1")[0]


def test_one_pair_has_a_dot_and_no_whisker(tmp_path):
    fixtures.speech(tmp_path, seeds=1)
    figure = figures.speech(collect.collect(tmp_path))
    assert "1 pair a dot" in figure.caption
    assert figure.data.loc[figure.data["line"] == "mean", "low"].isna().all()
    assert figure.png()
    fixtures.speech(tmp_path / "erm", errors={"lenet": {None: 1000}})
    missing = figures.speech(collect.collect(tmp_path / "erm")).missing
    assert f"`python {records.ROOT}/scripts/study.py speech" in to_text(missing)


def test_methods_with_dropout_have_looks_of_their_own():
    methods = ["ERM", "dropout p=0.5", "dropout p=0.8", "mixup", "mixup α=8", "mixup α=32", "mixup α=8 + dropout p=0.3"]
    assert len({lines.look_of(method) for method in methods}) == len(methods)
    mixed = ["ERM", "mixup", "dropout p=0.5", "dropout p=0.8", "mixup α=8", "mixup α=32", "mixup α=8 + dropout p=0.3"]
    assert lines.in_order(reversed(methods)) == mixed


def test_cost_has_a_mark_for_each_run(study):
    minutes, rate = figures.cost(study).picture.axes
    assert list(drawn(minutes)["_mixup"].get_xdata()) == [10] * SEEDS
    assert list(drawn(rate)["_ERM"].get_xdata()) == [400] * SEEDS


def test_the_headline_holds_pairs_and_their_difference(study):
    figure = figures.headline(study)
    left, right = figure.picture.axes
    erm = [5.60 + step / 100 for step in STEP[:SEEDS]]
    mixup = [4.20 + step // 2 / 100 for step in STEP[:SEEDS]]
    for seed in range(SEEDS):
        assert list(drawn(left)[f"_seed {seed}"].get_ydata()) == pytest.approx([erm[seed], mixup[seed]])
    low, high = stats.ttest_rel(mixup, erm).confidence_interval(0.95)
    said = (
        f"mixup − ERM: {np.mean(mixup) - np.mean(erm):+.2f} points (3 pairs)\n95 % t interval [{low:+.2f}, {high:+.2f}]"
    )
    assert left.get_xlabel() == said.replace("-", "−")
    assert np.ptp(left.get_ylim()) >= 1
    assert at(drawn(right)["_mixup"], 0.5) == pytest.approx(5.90 + np.mean([step // 2 for step in STEP[:SEEDS]]) / 100)


def test_the_headline_stands_without_a_probe(tmp_path):
    fixtures.study(tmp_path, seeds=1, probes=())
    figure = figures.headline(collect.collect(tmp_path))
    (left,) = figure.picture.axes
    assert left.get_xlabel() == "mixup − ERM: −1.40 points (one pair)"
    assert "scripts/interpolate.py" in figure.missing


def png(value):
    file = io.BytesIO()
    Image.fromarray(np.full((32, 32, 3), value, dtype=np.uint8)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_the_example_is_mixed_as_the_scripts_mix(tmp_path):
    run = fixtures.train(tmp_path)
    path = fixtures.interpolate(tmp_path, run)
    record = records.read(path)
    record["final"]["examples"][0] |= {"x_i": png(200), "x_j": png(100)}
    records.write(path, record)
    results = collect.collect(tmp_path)
    classes, (pair,), used = pairs.shared(results, results.headline())
    assert (classes[0], pair.labels, used) == ("airplane", (0, 1), [f"cifar10/{path.name}"])
    for lam, value in ((0, 100), (0.25, 125), (1, 200)):
        assert pairs.mixed(pair, lam) == pytest.approx(np.full((32, 32, 3), value / 255))
    strip = figures.example(results).picture.subfigs[0].axes
    assert [ax.get_title() for ax in strip] == ["λ = 0", "λ = 0.25", "λ = 0.5", "λ = 0.75", "λ = 1"]
    (image,) = strip[1].get_images()
    assert np.asarray(image.get_array()) == pytest.approx(np.full((32, 32, 3), 125 / 255))
    (ax,) = figures.example(results).picture.subfigs[1].axes
    assert at(drawn(ax)["airplane"], 0.75) == 0.75
    assert at(drawn(ax)["automobile"], 0.75) == 0.25


def test_only_pairs_that_every_method_was_shown_are_compared(tmp_path):
    runs = fixtures.study(tmp_path, seeds=1, probes=("interpolate",))
    path = tmp_path / "cifar10" / f"interpolate-{records.read(runs[1.0, 0])['run']}.json"
    record = records.read(path)
    record["final"]["examples"][0]["rows"] = [3, 6]
    records.write(path, record)
    results = collect.collect(tmp_path)
    assert pairs.shared(results, results.headline())[1] == []
    assert figures.example(results).picture is None


def test_tables_have_no_picture_to_mix(tmp_path):
    fixtures.study(tmp_path, seeds=1, dataset="wine", probes=("interpolate",))
    for path in tmp_path.glob("wine/interpolate-*.json"):
        record = records.read(path)
        record["final"]["examples"][0] |= {"x_i": [0.0] * 13, "x_j": [1.0] * 13}
        records.write(path, record)
    figure = figures.example(collect.collect(tmp_path))
    assert figure.picture is None
    assert "no images" in figure.missing


def test_an_interval_of_less_than_two_is_none(tmp_path):
    frame = collect.collect(tmp_path).between.reindex([0]).assign(method="ERM", seed=0, lam=0.5, missed=1.0)
    mean = lines.lines(frame, "lam", "missed", "misses").query("line == 'mean'")
    assert mean["y"].item() == 1
    assert math.isnan(mean["low"].item())


def test_what_is_shown_in_a_notebook_has_words_for_the_picture(study, capsys):
    figure = figures.misses(study)
    figure._ipython_display_()
    assert figure.alt in capsys.readouterr().out
    assert f"From {len(figure.records)} records" in figure.text()
    assert figure.to_markdown("results/figures").startswith(f"![{figure.alt}](results/figures/misses.png)")

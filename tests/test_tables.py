"""Of records with known answers: what the tables show, and what they say where something is missing."""

import io
import math
import re
import shlex
import statistics

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import commands, measures, paper, tables
from analysis.collect import collect
from analysis.tables.table import Table
from common import cli, records
from common.options import TrainOptions, resolve, run_name
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
ALL = [*OF_SETTINGS, tables.borders, tables.holdout, tables.problems]


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
    drawn = np.random.default_rng(0).normal(0, 1, (4000, 4))
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
    assert (found.seeds, found.erm, found.other) == ([0], [50.0], [40.0])
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
    assert not any("What makes it" in note for note in table.notes)


def test_one_pair_has_no_interval_and_says_so(tmp_path):
    fixtures.study(tmp_path, seeds=1)
    table = tables.paired(collect(tmp_path))
    assert column(table, "test error") == ["−1.40 points", "−1.40 points"]
    assert "One pair: no interval." in table.notes
    assert any(note.startswith("1 paired seed: too few to judge by. What makes it: `python") for note in table.notes)


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
    assert why("digits", dataset="digits").startswith("from the deck: digits for cifar10, smallcnn for preactresnet18;")


def test_the_decks_attack_rows_are_read_both_ways_over_epsilon(tmp_path):
    black, white = {("fgsm", 2.0): 2000, ("fgsm", 8.0): 9000}, {("fgsm", 2.0): 3000, ("fgsm", 8.0): 8000}
    fixtures.study(tmp_path, seeds=2, erm=fixtures.Model(white=white, black=black), mixup=MIXUP)
    table = tables.deck_under_attack(collect(tmp_path))
    errors = table.frame[table.frame["read as"] == "errors (%)"].set_index("row")
    rights = table.frame[table.frame["read as"] == "accuracies (%)"].set_index("row")
    assert list(errors["deck"]) == list(rights["deck"]) == ["49.25", "49.76", "53.7", "55.07"]
    assert errors.loc["White Box FGSM (ERM)", ["ε = 2", "ε = 4", "ε = 8"]].tolist() == ["30.0", "", "80.0"]
    assert rights.loc["White Box FGSM (ERM)", ["ε = 2", "ε = 8"]].tolist() == ["70.0", "20.0"]
    order = table.frame[table.frame["read as"] == "order of the errors"].set_index("row")
    own, transferred = "own examples (white-box)", "transferred (black-box)"
    assert order.loc["ERM: which hurts more", ["ε = 2", "ε = 4", "ε = 8"]].tolist() == [own, "", transferred]
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


# Partial and empty results


@pytest.mark.parametrize("make", [t for t in ALL if t is not tables.problems])
def test_of_nothing_each_table_says_what_makes_it(tmp_path, make):
    table = make(collect(tmp_path / "none"))
    assert table.frame.empty
    (note,) = table.notes
    script = re.search(r"What makes it: `python (scripts/\w+[.]py)", note)
    assert script
    assert (records.ROOT / script[1]).exists()
    assert note in table.to_markdown()
    assert "<code>python scripts/" in table.to_html()


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
            assert "What makes it: `python " in table.notes[0], make
        assert "nan" not in table.to_markdown().lower(), make
        assert "nan" not in table.to_html().lower(), make


def test_numbers_without_a_pair_are_shown_and_what_makes_the_pair(tmp_path):
    partial(tmp_path, "no pair")
    results = collect(tmp_path)
    assert column(tables.methods(results), "error, last epoch (%)") == ["5.60", "4.20"]
    note = tables.paired(results).notes[0]
    assert note.startswith("cifar10-preactresnet18 has no seed under both ERM and mixup.")
    assert "--seed 1" in note or "--seed 0" in note


# The commands that make what is missing


@pytest.mark.parametrize("options", [{}, {"subset": 5000, "width": 8, "epochs": 60, "lr": 0.05, "lr_drops": (0.3,)}])
@pytest.mark.parametrize("dataset", ["cifar10", "digits"])
def test_a_command_makes_the_very_run_that_is_missing(tmp_path, dataset, options):
    fixtures.train(tmp_path, dataset=dataset, options=options)
    fixtures.train(tmp_path, dataset=dataset, options=options, seed=1)
    results = collect(tmp_path)
    lines = commands.seeds(results, results.headline(), "mixup", 3)
    side = 8 if dataset == "digits" else 32
    made = []
    for line in lines:
        program, script, *words = shlex.split(line)
        assert (program, script) == ("python", "scripts/train.py")
        asked = cli.parse(TrainOptions, "", words)
        made.append(run_name(resolve(asked, dataset, "images", side), "images", side, "no"))
    other = tmp_path / "other"
    wanted = [fixtures.train(other, dataset=dataset, options=options, alpha=1.0, seed=s).stem[6:] for s in range(3)]
    wanted.append(fixtures.train(other, dataset=dataset, options=options, seed=2).stem[6:])
    assert sorted(made) == sorted(wanted)
    probe = commands.probe(results, results.headline(), "attack")
    assert shlex.split(probe)[2:] == [f"{results.headline()}-erm-seed{seed}" for seed in range(3)]


def test_commands_keep_the_folders_of_their_records(tmp_path):
    path = fixtures.train(tmp_path)
    record = records.read(path)
    typed = "scripts/train.py --threads 1 --results-dir demo/results --checkpoint-dir=demo/checkpoints"
    record["environment"]["command"] = typed
    line = commands.train(record, {"seed": 4})
    assert line.endswith("--seed 4 --threads 1 --checkpoint-dir demo/checkpoints --results-dir demo/results")


# What a table looks like


def test_a_table_as_text_page_and_file():
    frame = pd.DataFrame({"a|b": ["1 < 2", "x|y"], "c": ["", "3"]})
    table = Table("A & B", frame, ["Made by `python x.py`."], bold=frozenset({(1, "c")}), links={(0, "a|b"): "r.json"})
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

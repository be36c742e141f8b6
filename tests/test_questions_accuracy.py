"""Clean test error: what each method reaches, in pairs, and whether mixup's is less."""

import math
import statistics
from dataclasses import replace

import numpy as np
from scipy import stats

from analysis.collect import collect
from analysis.questions import show
from analysis.sentences import to_text
from common.records import ROOT
from tests import fixtures
from tests.asking import column, partial, study, verdicts
from tests.fixtures import ERM, MIXUP


def test_methods(small):
    table = show("table-methods", small)
    assert column(table, "method") == ["ERM", "mixup"]
    errors = [5.60, 5.67, 5.56]
    cell = f"{statistics.mean(errors):.2f} ± {statistics.stdev(errors):.2f}"
    assert column(table, "error, last epoch (%)", method="ERM") == [cell]
    assert column(table, "n") == ["3", "3"]
    bold = {(row, name) for row, name in table.bold if name in ("error, last epoch (%)", "clean training error (%)")}
    assert bold == {(1, "error, last epoch (%)"), (0, "clean training error (%)")}
    assert set(table.records) == set(small.runs["record"])
    assert f"**{column(table, 'error, last epoch (%)', method='mixup')[0]}**" in table.to_markdown()


def test_paired(small):
    table = show("table-paired", small)
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
    table = show("table-paired", collect(tmp_path))
    assert column(table, "test error") == ["−1.40 points", "−1.40 points"]
    assert "1 pair: no interval." in table.notes
    assert any("1 paired seed: too few to judge by. What makes it: `python" in to_text(note) for note in table.notes)


def test_numbers_without_a_pair_are_shown_and_what_makes_the_pair(tmp_path):
    partial(tmp_path, "no pair")
    results = collect(tmp_path)
    assert column(show("table-methods", results), "error, last epoch (%)") == ["5.60", "4.20"]
    note = show("table-paired", results).notes[0]
    assert note.startswith("cifar10-preactresnet18 has no seed under both ERM and mixup.")
    assert "scripts/train.py --mixup --results-dir" in to_text(note)  # at seed 0


def test_differences_that_scatter_are_undecided(tmp_path):
    for seed, (erm, mixup) in enumerate([(500, 480), (500, 540), (500, 470), (500, 530), (500, 490)]):
        fixtures.train(tmp_path, replace(ERM, curve=(900, erm)), seed=seed)
        fixtures.train(tmp_path, replace(MIXUP, curve=(900, mixup)), alpha=1.0, seed=seed)
    assert verdicts(tmp_path, ids=["D1"])["D1"].status == "undecided"


def test_networks_are_judged_together(tmp_path):
    study(tmp_path, probes=())
    study(tmp_path, probes=(), dataset="wine", erm=MIXUP, mixup=ERM)
    assert verdicts(tmp_path, ids=["P1"])["P1"].status == "holds"  # another data set
    digits = {"dataset": "digits", "probes": ()}
    study(tmp_path, **digits)
    assert verdicts(tmp_path, "digits-smallcnn", ["P1"])["P1"].status == "holds"


def test_cifar100_is_judged_wherever_it_is(tmp_path):
    """Whatever the headline is; a network on which mixup loses leaves it undecided."""
    study(tmp_path, probes=())
    found = verdicts(tmp_path, ids=["P2"])["P2"]
    assert (found.status, found.commands) == (
        "not run",
        [f"python {ROOT}/scripts/study.py paper-cifar --results-dir {tmp_path}"],
    )
    study(tmp_path, probes=(), dataset="cifar100")
    found = verdicts(tmp_path, ids=["P2"])["P2"]
    assert (found.status, found.sentence[:30]) == ("holds", "on cifar100-preactresnet18, 5 ")
    other = {"model": "wideresnet28"}
    study(tmp_path, probes=(), dataset="cifar100", options=other, erm=MIXUP, mixup=ERM)
    found = verdicts(tmp_path, ids=["P2"])["P2"]
    assert found.status != "holds"
    assert "of each network the setting of most pairs" in found.sentence
    assert verdicts(tmp_path, ids=["P1"])["P1"].status == "holds"

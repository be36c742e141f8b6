"""Verdicts flip when numbers do, and say what they are from."""

import math
import re
import subprocess
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import stats

from analysis import claims, measures
from analysis.claims import __main__ as listing
from analysis.claims.verdict import Part, Verdict, above, of_pairs, side, together, within
from analysis.collect import collect
from analysis.intervals import interval
from common import records
from common.errors import UserError
from common.records import ROOT
from tests import fixtures
from tests.fixtures import ERM, MIXUP
from tests.test_tables import PARTIAL
from tests.test_tables import partial as partial_study

SETTING = "cifar10-preactresnet18"
SMALL = {"subset": 5000, "width": 8, "epochs": 60}

# Of a study whose numbers are the paper's; what no script asks, or no second setting, is not run.
HOLD = {"D1", "D2", "D3", "D4", "D5", "D6", "D8", "P1", "P3", "P4", "P5", "P6", "P17", "P18", "P19", "P20", "L1", "L4"}
OF_THE_PAPERS = dict.fromkeys(HOLD, "holds") | {"D7": "fails"}

# Five pairs are what a verdict takes.
study, corrupted_labels, speech, tabular = (
    partial(of, seeds=5) for of in (fixtures.study, fixtures.corrupted, fixtures.speech, fixtures.tabular)
)

BY_ID = {claim.id: claim for claim in claims.CLAIMS}


def verdicts(folder, setting=None, ids=tuple(BY_ID)):
    results = collect(folder)
    return {one: claims.judge(BY_ID[one], results, setting) for one in ids}


def of_study(tmp_path, *ids, **numbers):
    """The statuses of some claims after a study with these numbers."""
    study(tmp_path, **numbers)
    return [verdict.status for verdict in verdicts(tmp_path, ids=ids).values()]


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers")
    study(folder)
    return folder


def test_every_claim_is_a_row():
    ids = [claim.id for claim in claims.CLAIMS]
    assert ids == [f"{letter}{n}" for letter, last in (("D", 8), ("P", 30), ("L", 4)) for n in range(1, last + 1)]
    for claim in claims.CLAIMS:
        assert (claim.judge is None) == bool(claim.needs or claim.same_as), claim.id


def test_numbers_like_the_papers_hold(papers):
    found = verdicts(papers)
    assert {claim: verdict.status for claim, verdict in found.items()} == {
        claim: OF_THE_PAPERS.get(claim, "not run") for claim in found
    }
    assert found["D1"].sentence == (
        f"on {SETTING}, 5 paired seeds: test error: ERM 5.61 %, mixup 4.20 %, difference −1.41 points [−1.46, −1.36], "
        "p < .001"
    )
    assert "2.67 times as many" in found["P17"].sentence  # the paper's 2.7
    assert "1.26 times as many" in found["P18"].sentence
    assert "21 of 21 λ" in found["P5"].sentence
    results = collect(papers)
    for claim, verdict in found.items():
        assert set(verdict.records) <= set(results.records), claim
        assert bool(verdict.records) == bool(verdict.rows), claim
        if verdict.status != "not run":
            assert verdict.records, claim
            assert re.match(f"on ({SETTING}|circles-paper)[,:]", verdict.sentence), claim
            assert not verdict.commands, claim


def test_verdicts_flip_with_the_numbers(tmp_path):
    study(tmp_path, erm=MIXUP, mixup=ERM)
    fixtures.boundary(tmp_path, {None: (0.8, 0.82, 0.83, 0.8, 0.81), 1.0: (0.08, 0.09, 0.085, 0.08, 0.09)})
    found = verdicts(tmp_path)
    flipped = ["D1", "D3", "D5", "D6", "P1", "P4", "P5", "P6", "P17", "P18", "P19", "L1"]
    assert {claim: found[claim].status for claim in flipped} == dict.fromkeys(flipped, "fails")


def test_differences_that_scatter_are_undecided(tmp_path):
    for seed, (erm, mixup) in enumerate([(500, 480), (500, 540), (500, 470), (500, 530), (500, 490)]):
        fixtures.train(tmp_path, replace(ERM, curve=(900, erm)), seed=seed)
        fixtures.train(tmp_path, replace(MIXUP, curve=(900, mixup)), alpha=1.0, seed=seed)
    assert verdicts(tmp_path, ids=["D1"])["D1"].status == "undecided"


def test_equal_numbers_are_undecided(tmp_path):
    ids = ("D1", "P5", "P17", "P19", "L1")
    assert of_study(tmp_path, *ids, mixup=ERM) == ["undecided"] * 5


def test_four_pairs_are_too_few_and_their_numbers_are_shown(tmp_path):
    study(tmp_path, seeds=4, options=SMALL)
    found = verdicts(tmp_path)
    for claim in OF_THE_PAPERS.keys() - {"D2", "D7", "P6"}:
        assert found[claim].status == "too few runs", claim
        assert found[claim].rows, claim
        assert "--seed 4" in found[claim].commands[0], claim
    assert "4 paired seeds: test error: ERM 5.63 %, mixup 4.21 %, difference −1.42 points [−" in found["D1"].sentence
    scripts = [line.split()[1].removeprefix(f"{ROOT}/") for line in found["P4"].commands]
    assert scripts == ["scripts/train.py"] * 2 + ["scripts/interpolate.py"]
    assert found["P17"].commands[-1].startswith(f"python {ROOT}/scripts/attack.py")


def test_runs_that_were_not_probed_ask_for_the_probe_alone(tmp_path):
    study(tmp_path, probes=())
    found = verdicts(tmp_path)
    assert found["D1"].status == "holds"
    for claim, script in (("P4", "interpolate"), ("P5", "interpolate"), ("P17", "attack"), ("P20", "attack")):
        assert found[claim].status == "not run"
        (line,) = found[claim].commands
        assert line.startswith(f"python {ROOT}/scripts/{script}.py {SETTING}-erm-seed0 ")
    assert found["P6"].commands[0].startswith(f"python {ROOT}/scripts/boundary.py")


@pytest.mark.parametrize("kind", ["nothing", *PARTIAL])
def test_of_parts_no_verdict_is_made_up(tmp_path, kind):
    partial_study(tmp_path, kind)
    for claim, verdict in claims.judged(collect(tmp_path)):
        assert verdict.status in ("not run", "too few runs", "holds" if kind == "no probes" else ""), claim.id
        assert verdict.sentence
        assert "nan" not in verdict.sentence.lower(), (claim.id, verdict.sentence)
        assert claim.judge is None or verdict.commands or kind == "no probes", claim.id
    listing.main(["--results-dir", str(tmp_path)])


def test_a_small_run_is_not_the_decks(tmp_path):
    study(tmp_path, options=SMALL)
    found = verdicts(tmp_path)
    small = "5,000 training images for 50,000, width 8 for 64, 60 epochs for 200"
    for claim in ("D2", "D7"):
        assert found[claim].status == "not run"
        assert (
            f"asks for the deck's configuration; here {small}. on cifar10-5000-preactresnet18-w8-60ep"
            in found[claim].sentence
        )
        assert "fails" not in found[claim].sentence  # nor "holds": it is not asked here
    assert found["D1"].status == "holds"
    assert found["D1"].sentence.startswith("on cifar10-5000-preactresnet18-w8-60ep, 5 paired seeds: ")


# One claim at a time


def test_the_decks_errors_lie_among_ours_or_do_not(tmp_path):
    assert of_study(tmp_path, "D2", probes=(), mixup=replace(MIXUP, curve=(900, 470))) == ["fails"]


@pytest.mark.parametrize(
    ("erm", "mixup", "status"),
    [((3000, 500), (3300, 420), "holds"), ((3300, 500), (3000, 420), "fails"), ((3000, 420), (3300, 500), "fails")],
)
def test_who_leads_early_and_late(tmp_path, erm, mixup, status):
    early_and_late = {
        "erm": (erm[0], *[erm[1]] * 4),
        "mixup": (mixup[0], *[mixup[1]] * 4),
    }  # a fifth of the epochs each
    arms = {"erm": replace(ERM, curve=early_and_late["erm"]), "mixup": replace(MIXUP, curve=early_and_late["mixup"])}
    assert of_study(tmp_path, "D3", probes=(), **arms) == [status]


@pytest.mark.parametrize(("curve", "status"), [((900, 900, 500, 450), "holds"), ((900, 900, 850, 450), "fails")])
def test_the_jump_is_at_the_first_drop(tmp_path, curve, status):
    arms = {"erm": replace(ERM, curve=curve), "mixup": replace(MIXUP, curve=curve)}
    assert of_study(tmp_path, "D4", probes=(), **arms) == [status]


@pytest.mark.parametrize(("best", "status"), [(200, "holds"), (185, "holds"), (150, "fails")])
def test_similar_speed(tmp_path, best, status):
    curve = [900 - epoch if epoch <= best else 900 for epoch in range(1, 201)]
    arms = {"erm": replace(ERM, curve=curve), "mixup": replace(MIXUP, curve=range(900, 700, -1))}
    assert of_study(tmp_path, "P3", probes=(), **arms) == [status]


def test_misses_must_peak_in_the_middle(tmp_path):
    assert of_study(tmp_path, "P4", probes=["interpolate"], mixup=replace(MIXUP, missed=(700, 590))) == ["fails"]


@pytest.mark.parametrize(
    ("norms", "status"),
    [({"logit_norm": (9.0, 30.0)}, "fails"), ({"loss_norm": ERM.loss_norm}, "holds in part"), ({}, "holds")],
)
def test_gradients_must_be_smaller_for_loss_and_logit(tmp_path, norms, status):
    assert of_study(tmp_path, "P5", probes=["interpolate"], mixup=replace(MIXUP, **norms)) == [status]


def test_a_border_off_the_round_is_judged_by_the_grid(tmp_path):
    fixtures.train(tmp_path)
    fixtures.boundary(tmp_path, {None: (0.16, 0.32, 0.16, 0.16, 0.32), 8.0: (1.6, 1.76, 1.6, 1.6, 1.76)}, name="moons")
    found = verdicts(tmp_path, ids=["P6"])["P6"]
    assert (found.status, found.sentence[:44]) == ("holds", "on moons, 5 paired seeds: grid in .1 < p < .")


def test_of_several_records_of_a_border_that_of_most_seeds_is_asked(tmp_path):
    fixtures.train(tmp_path)
    for seeds in (3, 5):
        fixtures.boundary(tmp_path, fixtures.of_bands(seeds))
    found = verdicts(tmp_path, ids=["P6"])["P6"]
    assert (found.status, found.n, len(found.records)) == ("holds", 5, 1)
    assert verdicts(tmp_path, ids=["P6"])["P6"].commands == ()


def test_few_borders_ask_for_seeds_that_are_enough(tmp_path):
    fixtures.train(tmp_path)
    fixtures.boundary(tmp_path, fixtures.of_bands(4))
    (line,) = verdicts(tmp_path, ids=["P6"])["P6"].commands
    assert line.startswith(f"python {ROOT}/scripts/boundary.py --seeds 0 1 2 3 4")


def attacked(model, white=None, black=None):
    return replace(model, white={**model.white, **(white or {})}, black={**model.black, **(black or {})})


@pytest.mark.parametrize(
    ("erm", "mixup", "statuses"),
    [
        (ERM, MIXUP, ["holds", "holds"]),  # gain under FGSM, none under PGD
        (ERM, attacked(MIXUP, {("pgd", 4.0): 9000}), ["holds", "fails"]),  # it stays
        (ERM, attacked(MIXUP, {("fgsm", 4.0): 9070}), ["undecided", "holds in part"]),  # there was none
        (attacked(ERM, {("pgd", 4.0): 9000}), MIXUP, ["holds", "holds"]),  # it turns
    ],
)
def test_what_becomes_of_the_gain(tmp_path, erm, mixup, statuses):
    assert of_study(tmp_path, "P17", "L4", probes=["attack"], erm=erm, mixup=mixup) == statuses


@pytest.mark.parametrize(("errors", "status"), [(9950, "holds"), (9300, "holds"), (8500, "fails")])
def test_who_resists(tmp_path, errors, status):
    assert of_study(tmp_path, "P20", probes=["attack"], mixup=attacked(MIXUP, {("pgd", 4.0): errors})) == [status]


def test_transfer_that_hurts_more(tmp_path):
    assert of_study(tmp_path, "D8", probes=["attack"], erm=attacked(ERM, black={("fgsm", 4.0): 9500})) == ["fails"]


@pytest.mark.parametrize("reading", ["errors", "accuracies"])
def test_an_epsilon_that_yields_the_decks_four(tmp_path, reading):
    """Half-way between 2 and 6 all four come out, in one of both readings."""

    def model(of, white, black):
        def ends(value):
            middle = value if reading == "errors" else 100 - value
            return {("fgsm", 2.0): round(100 * middle) - 2000, ("fgsm", 6.0): round(100 * middle) + 2000}

        return replace(of, white=ends(white), black=ends(black))

    erm, mixup = model(ERM, 53.7, 55.07), model(MIXUP, 49.25, 49.76)
    study(tmp_path, erm=erm, mixup=mixup, probes=["attack"])
    found = verdicts(tmp_path, ids=["D7"])["D7"]
    assert found.status == "holds"
    assert f"as {reading}, the nearest ε is 4, off by up to 0.0 points" in found.sentence


def test_the_gain_over_epochs_and_width(tmp_path):
    study(tmp_path, probes=(), options={"epochs": 50}, mixup=replace(MIXUP, curve=(900, 600)))
    study(tmp_path, probes=())
    found = verdicts(tmp_path, SETTING, ["P8"])["P8"]
    assert (found.status, len(found.records)) == ("holds", 20)
    assert "epochs 50 to 200" in found.sentence
    study(tmp_path, probes=(), options={"width": 16}, mixup=replace(MIXUP, curve=(900, 300)))
    assert verdicts(tmp_path, SETTING, ["P8"])["P8"].status == "fails"  # the narrower one gains more


def test_weight_decays(tmp_path):
    study(tmp_path, probes=())
    arms = {"erm": replace(ERM, curve=(900, 518)), "mixup": replace(MIXUP, curve=(900, 468))}
    study(tmp_path, probes=(), options={"weight_decay": 5e-4}, **arms)
    assert verdicts(tmp_path, SETTING, ["P24"])["P24"].status == "holds"
    study(tmp_path, probes=(), options={"weight_decay": 5e-4}, erm=ERM, mixup=replace(MIXUP, curve=(9, 400)))
    assert verdicts(tmp_path, SETTING, ["P24"])["P24"].status == "fails"


def test_training_error_over_alpha(tmp_path):
    few, more = replace(MIXUP, clean=150, curve=(900, 500)), replace(MIXUP, clean=250, curve=(900, 450))
    assert of_study(tmp_path / "up", "P29", mixup={0.2: few, 8.0: more}, probes=()) == ["holds"]
    down = {0.2: replace(few, clean=90), 8.0: replace(more, clean=50)}
    assert of_study(tmp_path / "down", "P29", mixup=down, probes=()) == ["fails"]


def test_short_trainings(tmp_path):
    study(tmp_path, probes=())
    assert verdicts(tmp_path, ids=["L2"])["L2"].status == "not run"
    study(tmp_path, probes=(), options=SMALL)
    found = verdicts(tmp_path, SETTING, ["L2"])["L2"]
    assert (found.status, found.sentence[:40]) == ("fails", "on cifar10-5000-preactresnet18-w8-60ep, ")
    study(tmp_path, probes=(), options=SMALL, erm=MIXUP, mixup=ERM)
    assert verdicts(tmp_path, SETTING, ["L2"])["L2"].status == "holds"


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
    assert "networks: preactresnet18, wideresnet28" in " ".join(found.rows) + found.sentence
    assert verdicts(tmp_path, ids=["P1"])["P1"].status == "holds"


# Studies with settings of their own

OTHERS = ("P10", "P11", "P12", "P13", "P14", "P15", "P16", "P21")


def of_others(folder, *ids):
    return [verdict.status for verdict in verdicts(folder, ids=ids).values()]


def test_the_papers_numbers_hold_on_corrupted_labels_and_speech(tmp_path):
    corrupted_labels(tmp_path)
    speech(tmp_path)
    found = verdicts(tmp_path, ids=OTHERS)
    expected = dict.fromkeys(("P10", "P11", "P12", "P13", "P14", "P15"), "holds")
    assert {claim: verdict.status for claim, verdict in found.items()} == {
        claim: expected.get(claim, "not run") for claim in OTHERS
    }
    at_20 = "at 20 %, 5 paired seeds: best epoch: ERM 12.71 %, mixup α=8 5.90 %, difference −6.81 points"
    assert at_20 in found["P12"].sentence
    assert "dropout p=0.7 10.40 %, mixup α=8 6.40 %, difference −4.00 points" in found["P13"].sentence
    assert "at 80 %, ERM +3.90 points [+3.90, +3.90] (n = 5), mixup α=8 +0.50 points" in found["P14"].sentence
    assert (
        "on real labels 2.24 %, learnt is at most 20 %; on the corrupted rows' true labels 10.00 %"
        in found["P15"].sentence
    )
    for verdict in found.values():
        assert bool(verdict.records) == bool(verdict.rows) == (verdict.status != "not run")
        assert bool(verdict.commands) == (verdict.status == "not run")
    assert found["P21"].commands == [f"python {ROOT}/scripts/study.py tables --results-dir {tmp_path}"]


def test_they_are_asked_whatever_the_setting(tmp_path):
    study(tmp_path, probes=())
    before = verdicts(tmp_path)
    corrupted_labels(tmp_path, shares=(0.5,), options={})
    tabular(tmp_path)
    after = verdicts(tmp_path)
    for claim in BY_ID.keys() - set(OTHERS):
        assert after[claim] == before[claim], claim  # runs on corrupted labels change no other verdict
    assert verdicts(tmp_path, "abalone-mlp", ["P12"])["P12"] == after["P12"]
    assert after["P12"].sentence.startswith("on cifar10-corrupt0.5-preactresnet18 and its like: at 50 %, 5 paired")


def corrupted(folder, erm=None, mixup=None, both=None, **study):
    """The paper's numbers, but for these."""
    arms = dict(fixtures.CORRUPTED)
    for arm, changes in (((None, 0.0), erm), ((8.0, 0.0), mixup), ((4.0, 0.5), both)):
        arms[arm] = replace(arms[arm], **(changes or {}))
    corrupted_labels(folder, arms=arms, **study)


@pytest.mark.parametrize(
    ("mixup", "statuses"),
    [
        ({"curve": (4500, 590, 1900)}, ["fails", "fails"]),  # the best epoch is not enough
        ({"curve": (4500, 950, 1000)}, ["holds", "fails"]),  # no better than dropout's best
        ({"curve": (4500, 590, 1040)}, ["holds", "holds in part"]),
    ],
)
def test_best_and_last_epoch_against_erm_and_dropout(tmp_path, mixup, statuses):
    corrupted(tmp_path, mixup=mixup)
    assert of_others(tmp_path, "P12", "P13") == statuses


def test_one_share_that_fails_is_enough(tmp_path):
    corrupted(tmp_path, shares=(0.2, 0.5))
    corrupted(tmp_path, shares=(0.8,), mixup={"curve": (4500, 4000)})
    assert of_others(tmp_path, "P12", "P15") == ["fails", "holds"]


@pytest.mark.parametrize(("last", "status"), [(700, "holds"), (703, "fails"), (1200, "fails")])
def test_how_near_the_last_epoch_is_to_the_best(tmp_path, last, status):
    corrupted(tmp_path, both={"curve": (4500, 900, 621, last)})
    assert of_others(tmp_path, "P14") == [status]


@pytest.mark.parametrize(
    ("erm", "mixup", "status"),
    [
        ({}, {"labels": (5, 14, 4500)}, "holds in part"),  # it learnt as many of the corrupted as ERM
        ({"labels": (2, 4500, 500)}, {}, "fails"),  # and more
        ({}, {"labels": (4400, 4316, 4000)}, "fails"),  # it learnt nothing at all
    ],
)
def test_what_is_learnt_of_real_and_corrupted_labels(tmp_path, erm, mixup, status):
    corrupted(tmp_path, erm=erm, mixup=mixup)
    assert of_others(tmp_path, "P15") == [status]


@pytest.mark.parametrize(
    ("best", "status"),
    [((2, 8, 32), "holds"), ((8, 8, 8), "undecided"), ((32, 8, 2), "fails"), ((2, 32, 8), "holds")],
)
def test_the_best_alpha_over_shares(tmp_path, best, status):
    for share, alpha in zip((0.2, 0.5, 0.8), best, strict=True):
        arms = {(a, 0.0): fixtures.Model(curve=(4000, 1000 if a == alpha else 1500)) for a in (2.0, 8.0, 32.0)}
        corrupted_labels(tmp_path, shares=(share,), arms=arms)
    found = verdicts(tmp_path, ids=["P16"])["P16"]
    assert found.status == status
    assert f"lowest mean error at 20 %: α = {best[0]}, 50 %: α = {best[1]}, 80 %: α = {best[2]}" in found.sentence
    assert found.rows[0] == f"seed 0, best at 20 %: α = {best[0]}, 50 %: α = {best[1]}, 80 %: α = {best[2]}"


def test_one_alpha_has_no_best_and_four_seeds_are_too_few(tmp_path):
    corrupted_labels(tmp_path, seeds=4)
    found = verdicts(tmp_path, ids=OTHERS)
    assert {claim: verdict.status for claim, verdict in found.items() if verdict.status != "not run"} == dict.fromkeys(
        ("P12", "P13", "P14", "P15"), "too few runs"
    )
    assert "4 paired seeds" in found["P12"].sentence
    assert any("--corrupt-labels 0.8" in line and "--seed 4" in line for line in found["P12"].commands)
    assert any("--dropout 0.7" in line and "--mixup" not in line for line in found["P13"].commands)
    assert any("--dropout 0.5" in line and "--alpha 4.0" in line for line in found["P14"].commands)
    assert all("--mixup" in line and "--corrupt-labels" in line for line in found["P16"].commands)
    more = {(alpha, 0.0): fixtures.CORRUPTED[8.0, 0.0] for alpha in (2.0, 32.0)}
    corrupted_labels(tmp_path, seeds=4, arms=more)
    assert of_others(tmp_path, "P16") == ["too few runs"]


def test_a_network_that_gains_and_one_that_loses(tmp_path):
    turned = {"lenet": {None: 1030, 0.1: 900, 0.2: 950}, "vgg11": {None: 460, 0.1: 380, 0.2: 480}}
    speech(tmp_path, errors=turned)
    assert of_others(tmp_path, "P10", "P11") == ["fails", "fails"]  # of two αs, one that is worse
    speech(tmp_path / "equal", errors={"vgg11": {None: 460, 0.1: 380, 0.2: 460}})
    assert of_others(tmp_path / "equal", "P10", "P11") == ["holds in part", "not run"]
    speech(tmp_path / "four", seeds=4)
    found = verdicts(tmp_path / "four", ids=["P10"])["P10"]
    assert found.status == "too few runs"
    assert any(
        "--dataset spoken_digits" in line and "--mixup" in line for line in found.commands
    )  # 5 epochs of ERM first


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
    pairs = measures.pair(measures.of_runs(own, "error", ""), "mixup")
    overlap = (own.runs["n_test"] / own.runs["n_train"]).mean()
    values = np.array(pairs.differences) - 1
    t = values.mean() / (values.std(ddof=1) * math.sqrt(1 / 5 + overlap))
    assert of_pairs(pairs, -1, bound=1).p == pytest.approx(2 * stats.t.sf(abs(t), 4))
    assert of_pairs(pairs, -1, bound=1).p > 10 * stats.ttest_1samp(values, 0).pvalue


def test_how_parts_make_a_whole():
    assert together(["holds", "holds"]) == "holds"
    assert together(["holds", "undecided"]) == together(["holds", "too few runs"]) == "holds in part"
    assert together(["undecided", "fails", "too few runs", "holds"]) == "fails"
    assert together(["undecided", "too few runs"]) == together(["undecided", "not run"]) == "too few runs"
    assert together(["not run", "not run"]) == together([]) == "not run"


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ((1.0, 1.1, 0.9, 1.0, 1.2), "holds"),
        ((-1.0, -1.1, -0.9, -1.0, -1.2), "fails"),
        ((1.0, -1.1, 0.9, -1.0, 1.2), "undecided"),
        ((1.0, 1.1, 0.9, 1.0), "too few runs"),
        ((), "not run"),
        ((1e-15,) * 5, "undecided"),
        ((1.0,) * 5, "holds"),
    ],
)
def test_the_side_of_a_mean(values, status):
    assert side("", interval(values), 1).status == status
    assert side("", interval([-value for value in values]), -1).status == status


def test_p_is_that_of_scipy():
    values = [0.3, 1.1, 0.2, 0.9, 0.4]
    assert above("", values, 0.1).p == pytest.approx(stats.ttest_1samp(values, 0.1).pvalue)


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ((0.01, 0.03, -0.02, 0.0, 0.01), "holds"),
        ((0.21, 0.23, 0.22, 0.2, 0.21), "fails"),
        ((-0.21, -0.23, -0.22, -0.2, -0.21), "fails"),
        ((0.09, 0.12, 0.08, 0.11, 0.1), "undecided"),  # on the margin itself
        ((0.3, -0.3, 0.2, -0.2, 0.0), "undecided"),
    ],
)
def test_similar_is_within_a_margin_stated_beforehand(values, status):
    part = within("", values, 0.1)
    assert part.status == status
    low, high = (stats.ttest_1samp(values, end, alternative=of) for end, of in ((-0.1, "greater"), (0.1, "less")))
    if status == "holds":  # two tests of one side each, at 2.5 %
        assert part.p == pytest.approx(2 * max(low.pvalue, high.pvalue))


def test_similar_is_found_as_seldom_as_it_should_be():
    """Of means that lie on the margin itself, at most one in forty is called similar, and one in forty outside."""
    draw = np.random.default_rng(0)
    found = [within("", list(draw.normal(0.1, 0.02, 6)), 0.1).status for _ in range(2000)]
    assert 0.015 < found.count("holds") / 2000 < 0.035
    assert 0.015 < found.count("fails") / 2000 < 0.035


def test_a_section_is_corrected_together(papers, monkeypatch):
    """By Holm, as statsmodels and scipy have it: a claim of p = .03 stands alone, and not beside another of .04."""
    results = collect(papers)

    def asks(**ps):
        judged = {one: Verdict("", [Part("", 5, p, agrees=True)]) for one, p in ps.items()}
        listed = [claims.Claim(one, "", "", "", lambda asked, one=one: judged[one], section="s") for one in ps]
        monkeypatch.setattr(claims, "CLAIMS", listed)
        return [(verdict.status, verdict.parts[0].p) for _, verdict in claims.judged(results)]

    assert asks(A=0.03) == [("holds", 0.03)]
    assert asks(A=0.03, B=0.04) == [("undecided", 0.06), ("undecided", 0.06)]
    assert asks(A=0.04, B=0.001) == [("holds", 0.04), ("holds", 0.002)]


def test_what_is_decided_stays_said_when_another_part_is_not(tmp_path):
    """Calibration error is lower for sure, cross-entropy scatters."""
    for seed, nats in enumerate((0.1, 0.5, 0.1, 0.6, 0.3)):
        fixtures.train(tmp_path, ERM, seed=seed)
        fixtures.train(tmp_path, replace(MIXUP, cross_entropy=nats), alpha=1.0, seed=seed)
    found = verdicts(tmp_path, ids=["L1"])["L1"]
    assert found.status == "holds in part"
    assert [part.status for part in found.parts] == ["undecided", "holds"]
    assert re.search(r"cross-entropy: .*: undecided; calibration error: .*: holds", found.sentence)


def test_one_question_is_counted_once(papers):
    judged = claims.judged(collect(papers))
    same = {claim.id: claim.same_as for claim, _ in judged if claim.same_as}
    assert same == {"P1": "D1", "P17": "D5", "P18": "D6"}
    of = {claim.id: verdict for claim, verdict in judged}
    assert all(of[one] == of[other] for one, other in same.items())
    numbers = [int(n) for n in re.findall(r"\d+", claims.counted(judged))]
    assert sum(numbers) == len(judged) - len(same)


# The command


def test_the_list_fits_a_terminal(papers, capsys):
    listing.main(["--results-dir", str(papers)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Asked of {SETTING}, the deck's own."
    assert max(len(line) for line in lines[:-1] if not line.startswith("    python ")) <= 100
    assert {line[:18].rstrip() for line in lines} >= {"D1   holds", "D7   fails", "P12  not run", "L4   holds"}
    assert lines[-1] == f"Why, of any of them: python -m analysis.claims --why D1 --results-dir {papers}"
    assert lines[-2].startswith("15 hold, 0 in part, 1 fail, 0 undecided, 0 with too few runs, 23 not run.")


def test_why_walks_back_to_weights_commit_and_commands(papers, capsys):
    listing.main(["--results-dir", str(papers), "--why", "p4"])
    said = capsys.readouterr().out
    assert "misses at λ = 0.5, seed 2: ERM 16.36 %, mixup 5.88 %, difference −10.48 points" in said
    results = collect(papers)
    runs = results.runs
    for row in runs.itertuples():
        assert re.search(
            rf"^  {re.escape(row.record)}\n    commit   {fixtures.COMMIT}\n    weights  {row.weights}$", said, re.M
        )
        probe = f"cifar10/interpolate-{row.run}.json"
        assert re.search(
            rf"^  {re.escape(probe)}\n.*\n    of       {row.weights}  {re.escape(row.record)}$", said, re.M
        )
        assert f"    again    python {ROOT}/scripts/interpolate.py {row.run}" in said
    assert f"again    python {ROOT}/scripts/train.py --seed 2 --mixup" in said
    assert "P5" not in said


def test_what_was_not_used_is_named(tmp_path, capsys):
    fixtures.train(tmp_path).write_text("{")
    listing.main(["--results-dir", str(tmp_path)])
    assert f"Not used: cifar10/train-{SETTING}-erm-seed0.json: not a record" in capsys.readouterr().out


def test_another_setting_can_be_asked(tmp_path, capsys):
    fixtures.train(tmp_path)
    study(tmp_path, dataset="digits", probes=())
    listing.main(["--results-dir", str(tmp_path), "--setting", "digits-smallcnn"])
    assert "on digits-smallcnn, 5 paired seeds" in capsys.readouterr().out
    with pytest.raises(UserError, match=f"--setting wine: no such setting in .*There are {SETTING}, digits-smallcnn"):
        listing.main(["--results-dir", str(tmp_path), "--setting", "wine"])


def test_the_command_as_a_user_types_it():
    def run(*words):
        command = [sys.executable, "-m", "analysis.claims", *words]
        return subprocess.run(command, cwd=records.ROOT, capture_output=True, text=True, timeout=120)

    unknown = run("--why", "D9")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr.startswith("--why D9: no such claim; there are D1, D2, ")
    assert len(unknown.stderr.splitlines()) == 1
    found = run("--why", "D1")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("D1   ")


def test_claims_as_a_table(papers):
    table = claims.table(collect(papers))
    assert len(table.frame) == len(claims.CLAIMS)
    statuses = list(table.frame["verdict"])
    assert statuses == sorted(statuses, key=lambda status: status == "not run")
    assert table.notes[0].startswith("15 hold, 0 in part, 1 fail,")
    assert "**holds**" in table.to_markdown()
    assert set(table.records) <= set(collect(papers).records)


def test_opens_without_torch():
    code = "import sys, analysis.claims.__main__, analysis.tables; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=records.ROOT).returncode == 0

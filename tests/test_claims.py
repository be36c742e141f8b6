"""Verdicts flip when numbers do, and say what they are from."""

import re
import subprocess
import sys
from dataclasses import replace

import pytest

from analysis import claims
from analysis.claims import __main__ as listing
from analysis.claims.verdict import side, together
from analysis.collect import collect
from analysis.measures import Interval
from common import records
from common.errors import UserError
from tests import fixtures
from tests.fixtures import ERM, MIXUP
from tests.test_tables import PARTIAL, partial

SETTING = "cifar10-preactresnet18"
SMALL = {"subset": 5000, "width": 8, "epochs": 60}

# Of a study whose numbers are the paper's; what no script asks, or no second setting, is not run.
HOLD = {"D1", "D2", "D3", "D4", "D5", "D6", "D8", "P1", "P3", "P4", "P5", "P6", "P17", "P18", "P19", "P20", "L1", "L4"}
OF_THE_PAPERS = dict.fromkeys(HOLD, "holds") | {"D7": "fails"}

BY_ID = {claim.id: claim for claim in claims.CLAIMS}


def verdicts(folder, setting=None, ids=tuple(BY_ID)):
    results = collect(folder)
    return {one: claims.judge(BY_ID[one], results, setting) for one in ids}


def of_study(tmp_path, *ids, **study):
    """The statuses of some claims after a study with these numbers."""
    fixtures.study(tmp_path, **study)
    return [verdict.status for verdict in verdicts(tmp_path, ids=ids).values()]


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers")
    fixtures.study(folder)
    return folder


def test_every_claim_is_a_row():
    ids = [claim.id for claim in claims.CLAIMS]
    assert ids == [f"{letter}{n}" for letter, last in (("D", 8), ("P", 30), ("L", 4)) for n in range(1, last + 1)]
    for claim in claims.CLAIMS:
        assert (claim.judge is None) == bool(claim.needs), claim.id


def test_numbers_like_the_papers_hold(papers):
    found = verdicts(papers)
    assert {claim: verdict.status for claim, verdict in found.items()} == {
        claim: OF_THE_PAPERS.get(claim, "not run") for claim in found
    }
    assert found["D1"].sentence == (
        f"on {SETTING}, 3 paired seeds: test error: ERM 5.61 %, mixup 4.20 %, difference −1.41 points [−1.48, −1.33]"
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
    fixtures.study(tmp_path, erm=MIXUP, mixup=ERM)
    fixtures.boundary(tmp_path, {None: (0.8, 0.82, 0.83), 1.0: (0.08, 0.09, 0.085)})
    found = verdicts(tmp_path)
    flipped = ["D1", "D3", "D5", "D6", "P1", "P4", "P5", "P6", "P17", "P18", "P19", "L1"]
    assert {claim: found[claim].status for claim in flipped} == dict.fromkeys(flipped, "fails")


def test_differences_that_scatter_are_undecided(tmp_path):
    for seed, (erm, mixup) in enumerate([(500, 480), (500, 540), (500, 470)]):
        fixtures.train(tmp_path, replace(ERM, curve=(900, erm)), seed=seed)
        fixtures.train(tmp_path, replace(MIXUP, curve=(900, mixup)), alpha=1.0, seed=seed)
    assert verdicts(tmp_path, ids=["D1"])["D1"].status == "undecided"


def test_equal_numbers_are_undecided(tmp_path):
    assert of_study(tmp_path, "D1", "P4", "P5", "P17", "P19", "L1", mixup=ERM, seeds=3) == ["undecided"] * 6


def test_two_pairs_are_too_few_and_their_numbers_are_shown(tmp_path):
    fixtures.study(tmp_path, seeds=2, options=SMALL)
    found = verdicts(tmp_path)
    for claim in OF_THE_PAPERS.keys() - {"D2", "D7", "P6"}:
        assert found[claim].status == "too few runs", claim
        assert found[claim].rows, claim
        assert "--seed 2" in found[claim].commands[0], claim
    assert "2 paired seeds: test error: ERM 5.63 %, mixup 4.21 %, difference −1.42 points [−" in found["D1"].sentence
    assert [line.split()[1] for line in found["P4"].commands] == ["scripts/train.py"] * 2 + ["scripts/interpolate.py"]
    assert found["P17"].commands[-1].startswith("python scripts/attack.py")


def test_runs_that_were_not_probed_ask_for_the_probe_alone(tmp_path):
    fixtures.study(tmp_path, probes=())
    found = verdicts(tmp_path)
    assert found["D1"].status == "holds"
    for claim, script in (("P4", "interpolate"), ("P5", "interpolate"), ("P17", "attack"), ("P20", "attack")):
        assert found[claim].status == "not run"
        (line,) = found[claim].commands
        assert line.startswith(f"python scripts/{script}.py {SETTING}-erm-seed0 ")
    assert found["P6"].commands[0].startswith("python scripts/boundary.py")


@pytest.mark.parametrize("kind", ["nothing", *PARTIAL])
def test_of_parts_no_verdict_is_made_up(tmp_path, kind):
    partial(tmp_path, kind)
    for claim, verdict in claims.judged(collect(tmp_path)):
        assert verdict.status in ("not run", "too few runs", "holds" if kind == "no probes" else ""), claim.id
        assert verdict.sentence
        assert "nan" not in verdict.sentence.lower(), (claim.id, verdict.sentence)
        assert claim.judge is None or verdict.commands or kind == "no probes", claim.id
    listing.main(["--results-dir", str(tmp_path)])


def test_a_small_run_is_not_the_decks(tmp_path):
    fixtures.study(tmp_path, options=SMALL)
    found = verdicts(tmp_path)
    small = "5,000 training images for 50,000, width 8 for 64, 60 epochs for 200"
    for claim in ("D2", "D7"):
        assert found[claim].status == "not run"
        assert (
            f"asks for the deck's configuration; here {small}. on cifar10-5000-preactresnet18-w8-60ep"
            in found[claim].sentence
        )
    assert found["D1"].status == "holds"
    assert found["D1"].sentence.startswith("on cifar10-5000-preactresnet18-w8-60ep, 3 paired seeds: ")


# One claim at a time


def test_the_decks_errors_lie_among_ours_or_do_not(tmp_path):
    assert of_study(tmp_path, "D2", probes=(), mixup=replace(MIXUP, curve=(900, 470))) == ["fails"]


@pytest.mark.parametrize(
    ("erm", "mixup", "status"),
    [((3000, 500), (3300, 420), "holds"), ((3300, 500), (3000, 420), "fails"), ((3000, 420), (3300, 500), "fails")],
)
def test_who_leads_early_and_late(tmp_path, erm, mixup, status):
    arms = {"erm": replace(ERM, curve=erm), "mixup": replace(MIXUP, curve=mixup)}
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
    [({"logit_norm": (1.0, 11.0)}, "fails"), ({"loss_norm": (1.0, 4.0)}, "undecided"), ({}, "holds")],
)
def test_gradients_must_be_smaller_at_every_lambda_for_loss_and_logit(tmp_path, norms, status):
    assert of_study(tmp_path, "P5", probes=["interpolate"], mixup=replace(MIXUP, **norms)) == [status]


def test_a_border_off_the_round_is_judged_by_the_grid(tmp_path):
    fixtures.train(tmp_path)
    fixtures.boundary(tmp_path, {None: (0.16, 0.32, 0.16), 8.0: (1.6, 1.76, 1.6)}, name="moons")
    found = verdicts(tmp_path, ids=["P6"])["P6"]
    assert (found.status, found.sentence[:44]) == ("holds", "on moons, 3 paired seeds: grid in .1 < p < .")


def attacked(model, white=None, black=None):
    return replace(model, white={**model.white, **(white or {})}, black={**model.black, **(black or {})})


@pytest.mark.parametrize(
    ("erm", "mixup", "statuses"),
    [
        (ERM, MIXUP, ["holds", "holds"]),  # gain under FGSM, none under PGD
        (ERM, attacked(MIXUP, {("pgd", 4.0): 9000}), ["holds", "fails"]),  # it stays
        (ERM, attacked(MIXUP, {("fgsm", 4.0): 9070}), ["undecided", "undecided"]),  # there was none
        (attacked(ERM, {("pgd", 4.0): 9000}), MIXUP, ["holds", "holds"]),  # it turns
    ],
)
def test_what_becomes_of_the_gain(tmp_path, erm, mixup, statuses):
    assert of_study(tmp_path, "P17", "L4", probes=["attack"], erm=erm, mixup=mixup) == statuses


@pytest.mark.parametrize(("errors", "status"), [(9950, "holds"), (9800, "fails")])
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
    fixtures.study(tmp_path, erm=erm, mixup=mixup, probes=["attack"])
    found = verdicts(tmp_path, ids=["D7"])["D7"]
    assert found.status == "holds"
    assert f"as {reading}, the nearest ε is 4, off by up to 0.0 points" in found.sentence


def test_the_gain_over_epochs_and_width(tmp_path):
    fixtures.study(tmp_path, probes=(), options={"epochs": 50}, mixup=replace(MIXUP, curve=(900, 600)))
    fixtures.study(tmp_path, probes=())
    found = verdicts(tmp_path, SETTING, ["P8"])["P8"]
    assert (found.status, len(found.records)) == ("holds", 12)
    assert "epochs 50 to 200" in found.sentence
    fixtures.study(tmp_path, probes=(), options={"width": 16}, mixup=replace(MIXUP, curve=(900, 300)))
    assert verdicts(tmp_path, SETTING, ["P8"])["P8"].status == "fails"  # the narrower one gains more


def test_weight_decays(tmp_path):
    fixtures.study(tmp_path, probes=())
    arms = {"erm": replace(ERM, curve=(900, 518)), "mixup": replace(MIXUP, curve=(900, 468))}
    fixtures.study(tmp_path, probes=(), options={"weight_decay": 5e-4}, **arms)
    assert verdicts(tmp_path, SETTING, ["P24"])["P24"].status == "holds"
    fixtures.study(tmp_path, probes=(), options={"weight_decay": 5e-4}, erm=ERM, mixup=replace(MIXUP, curve=(9, 400)))
    assert verdicts(tmp_path, SETTING, ["P24"])["P24"].status == "fails"


def test_training_error_over_alpha(tmp_path):
    few, more = replace(MIXUP, clean=150, curve=(900, 500)), replace(MIXUP, clean=250, curve=(900, 450))
    assert of_study(tmp_path / "up", "P29", mixup={0.2: few, 8.0: more}, probes=()) == ["holds"]
    down = {0.2: replace(few, clean=90), 8.0: replace(more, clean=50)}
    assert of_study(tmp_path / "down", "P29", mixup=down, probes=()) == ["fails"]


def test_short_trainings(tmp_path):
    fixtures.study(tmp_path, probes=())
    assert verdicts(tmp_path, ids=["L2"])["L2"].status == "not run"
    fixtures.study(tmp_path, probes=(), options=SMALL)
    found = verdicts(tmp_path, SETTING, ["L2"])["L2"]
    assert (found.status, found.sentence[:40]) == ("fails", "on cifar10-5000-preactresnet18-w8-60ep, ")
    fixtures.study(tmp_path, probes=(), options=SMALL, erm=MIXUP, mixup=ERM)
    assert verdicts(tmp_path, SETTING, ["L2"])["L2"].status == "holds"


def test_networks_are_judged_together(tmp_path):
    fixtures.study(tmp_path, probes=())
    fixtures.study(tmp_path, probes=(), dataset="wine", erm=MIXUP, mixup=ERM)
    assert verdicts(tmp_path, ids=["P1"])["P1"].status == "holds"  # another data set
    digits = {"dataset": "digits", "probes": ()}
    fixtures.study(tmp_path, **digits)
    assert verdicts(tmp_path, "digits-smallcnn", ["P1"])["P1"].status == "holds"


def test_how_parts_make_a_whole():
    assert together(["holds", "holds"]) == "holds"
    assert together(["holds", "undecided"]) == "undecided"
    assert together(["undecided", "fails", "too few runs"]) == "fails"
    assert together(["holds", "too few runs"]) == together(["holds", "not run"]) == "too few runs"
    assert together(["not run", "not run"]) == together([]) == "not run"


@pytest.mark.parametrize(
    ("low", "high", "n", "status"),
    [
        (0.1, 0.3, 3, "holds"),
        (-0.3, -0.1, 3, "fails"),
        (-0.1, 0.3, 3, "undecided"),
        (0.1, 0.3, 2, "too few runs"),
        (0.0, 0.0, 0, "not run"),
        (1e-15, 1e-15, 3, "undecided"),
    ],
)
def test_the_side_of_an_interval(low, high, n, status):
    assert side(Interval((low + high) / 2, low, high, n), 1) == status
    assert side(Interval(-(low + high) / 2, -high, -low, n), -1) == status


# The command


def test_the_list_fits_a_terminal(papers, capsys):
    listing.main(["--results-dir", str(papers)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Asked of {SETTING}, the deck's own."
    assert max(len(line) for line in lines if not line.startswith("    python ")) <= 100
    assert {line[:18].rstrip() for line in lines} >= {"D1   holds", "D7   fails", "P12  not run", "L4   holds"}
    assert lines[-2].startswith("18 hold, 1 fail, 0 undecided, 0 with too few runs, 23 not run.")


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
        assert f"    again    python scripts/interpolate.py {row.run}" in said
    assert "again    python scripts/train.py --seed 2 --mixup" in said
    assert "P5" not in said


def test_what_was_not_used_is_named(tmp_path, capsys):
    fixtures.train(tmp_path).write_text("{")
    listing.main(["--results-dir", str(tmp_path)])
    assert f"Not used: cifar10/train-{SETTING}-erm-seed0.json: not a record" in capsys.readouterr().out


def test_another_setting_can_be_asked(tmp_path, capsys):
    fixtures.train(tmp_path)
    fixtures.study(tmp_path, dataset="digits", probes=())
    listing.main(["--results-dir", str(tmp_path), "--setting", "digits-smallcnn"])
    assert "on digits-smallcnn, 3 paired seeds" in capsys.readouterr().out
    with pytest.raises(UserError, match=f"--setting wine: no such setting in .*; there are {SETTING}, digits-smallcnn"):
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
    assert table.notes[0].startswith("18 hold, 1 fail,")
    assert "**holds**" in table.to_markdown()
    assert set(table.records) <= set(collect(papers).records)


def test_opens_without_torch():
    code = "import sys, analysis.claims.__main__, analysis.tables; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=records.ROOT).returncode == 0

"""What holds for every question: of a whole study, of parts of one, and of nothing."""

import re
import shlex
from pathlib import Path

import matplotlib as mpl
import pytest

from analysis import claims, methods
from analysis.collect import collect
from analysis.figure import Figure
from analysis.judging import judged
from analysis.questions import CLAIMS, QUESTIONS, SHOWN, show
from analysis.sentences import to_markdown, to_text
from common import records
from common.records import ROOT
from tests import fixtures
from tests.asking import OTHERS, PARTIAL, SETTING, SMALL, corrupted_labels, of_study, partial, speech, study, verdicts
from tests.fixtures import ERM, MIXUP

# Of a study whose numbers are the paper's; what no script asks, or no second setting, is not run.
HOLD = {"D1", "D2", "D3", "D4", "D5", "D6", "D8", "P1", "P3", "P4", "P5", "P6", "P17", "P18", "P19", "P20", "P32"}
OF_THE_PAPERS = dict.fromkeys(HOLD | {"D10", "L1", "L4"}, "holds") | {"D7": "fails", "D9": "fails", "P31": "undecided"}
FIGURES = [name for name, make in SHOWN.items() if isinstance(make(collect(Path("none"))), Figure)]
TABLES = [name for name in SHOWN if name not in FIGURES and name != "table-claims"]


def test_every_question_is_a_file_and_a_line():
    files = {path.stem for path in (ROOT / "analysis" / "questions").iterdir()} - {"__init__", "__pycache__"}
    assert set(QUESTIONS) == files
    assert len(SHOWN) == sum(len(question.shown) for question in QUESTIONS.values())
    assert all(re.fullmatch("[a-z0-9-]+", name) for name in SHOWN)  # as README's marks and the files are called


def test_every_claim_is_a_row():
    ids = [claim.id for claim in CLAIMS]
    assert ids == [f"{letter}{n}" for letter, last in (("D", 10), ("P", 35), ("L", 7)) for n in range(1, last + 1)]
    for claim in CLAIMS:
        assert (claim.judge is None) == bool(claim.same_as), claim.id


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
    flipped = ["D1", "D3", "D5", "D6", "D10", "P1", "P4", "P5", "P6", "P17", "P18", "P19", "P32", "L1"]
    assert {claim: found[claim].status for claim in flipped} == dict.fromkeys(flipped, "fails")


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
    partial(tmp_path, kind)
    for claim, verdict in judged(CLAIMS, collect(tmp_path)):
        assert verdict.status in ("not run", "too few runs", "holds" if kind == "no probes" else ""), claim.id
        assert verdict.sentence
        assert "nan" not in verdict.sentence.lower(), (claim.id, verdict.sentence)
        assert claim.judge is None or verdict.commands or kind == "no probes", claim.id
    claims.main(["--results-dir", str(tmp_path)])


def test_the_papers_numbers_hold_on_corrupted_labels_and_speech(tmp_path):
    corrupted_labels(tmp_path)
    speech(tmp_path)
    found = verdicts(tmp_path, ids=OTHERS)
    expected = dict.fromkeys(("P10", "P11", "P12", "P13", "P15", "P35"), "holds")
    expected["P14"] = "undecided"  # of differences that are all the same
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


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_of_a_whole_study(whole, name):
    figure = show(name, whole)
    assert figure.name == name
    assert figure.missing == ""
    assert figure.picture is not None
    assert "seed" in figure.caption
    assert len(figure.alt) > 40
    assert len(figure.data) > 0
    assert figure.records
    assert set(figure.records) <= set(whole.records)
    assert len(figure.png()) < 100_000
    assert figure.csv().count("\n") == len(figure.data) + 1


QUICK = ("headline", "example", "boundaries")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.long) for n in FIGURES])
def test_a_figure_of_the_same_numbers_is_the_same_to_the_byte(whole, name):
    assert show(name, whole).png() == show(name, whole).png()


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_of_nothing_says_what_makes_it(tmp_path, name):
    figure = show(name, collect(tmp_path))
    assert figure.picture is None
    assert f"`python {records.ROOT}/scripts/" in to_text(figure.missing)
    assert to_markdown(figure.missing) in figure.text()
    assert to_markdown(figure.missing) in figure.to_markdown()


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_of_two_untested_erm_runs(tmp_path, name):
    """Nothing but training was done, and under one method: ERM is drawn, and what is missing has a command."""
    for seed in range(2):
        fixtures.train(tmp_path, seed=seed)
    figure = show(name, collect(tmp_path))
    if name in ("curves", "calibration", "cost", "flops", "headline"):
        assert figure.picture is not None
        assert set(figure.data["method"]) == {methods.ERM}
    else:
        assert figure.picture is None
    if name in ("curves", "calibration", "cost", "flops"):
        assert "no mixup run yet" in figure.missing
        assert "--mixup" in shlex.split(to_text(figure.missing).split("`")[1])
    else:
        scripts = {"boundaries": "boundary", "epsilon": "attack", "transfer": "attack"}
        of_studies = ("corrupted", "tabular", "speech", "ablation", "ablation-2", "gan-ring", "gan-grid", "gan-modes")
        of_studies += ("flops-few", "examples", "ablation-best")
        scripts |= dict.fromkeys(of_studies, "study")
        script = scripts.get(figure.name, "interpolate")
        assert f"`python {records.ROOT}/scripts/{script}.py" in to_text(figure.missing)


def test_the_look_of_matplotlib_stays_the_users(whole):
    before = dict(mpl.rcParams)
    show("misses", whole).png()
    assert dict(mpl.rcParams) == before


def test_what_is_shown_in_a_notebook_has_words_for_the_picture(whole, capsys):
    figure = show("misses", whole)
    figure._ipython_display_()
    assert figure.alt in capsys.readouterr().out
    assert f"From {len(figure.records)} records" in figure.text()
    assert figure.to_markdown().startswith(f"![{figure.alt}](results/figures/misses.png)")


@pytest.mark.parametrize("name", [name for name in TABLES if name != "table-problems"])
def test_of_nothing_each_table_says_what_makes_it(tmp_path, name):
    table = show(name, collect(tmp_path / "none"))
    assert table.frame.empty
    (note,) = table.notes
    script = re.search(rf"What makes it: `python {ROOT}/(scripts/\w+[.]py)", to_text(note))
    assert script
    assert (records.ROOT / script[1]).exists()
    assert to_markdown(note) in table.to_markdown()
    assert f"<code>python {ROOT}/scripts/" in table.to_html()


@pytest.mark.parametrize("kind", PARTIAL)
def test_of_parts_each_table_shows_what_there_is(tmp_path, kind):
    partial(tmp_path, kind)
    results = collect(tmp_path)
    assert results.problems == []
    for name in TABLES:
        table = show(name, results)
        assert len(table.frame) or table.notes
        if table.frame.empty and name != "table-problems":
            assert "What makes it: `python " in to_text(table.notes[0]), name
        assert "nan" not in table.to_markdown().lower(), name
        assert "nan" not in table.to_html().lower(), name


def test_tables_of_the_committed_records(committed):
    for name in TABLES:
        table = show(name, committed)
        assert "nan" not in table.to_markdown().lower()
        assert set(table.records) <= set(committed.records)

"""The verdicts on all claims together, and the command that prints them."""

import re
import subprocess
import sys

import pytest

from analysis import claims
from analysis.collect import collect
from analysis.judging import counted, judged
from analysis.question import Claim
from analysis.questions import CLAIMS, show
from analysis.verdict import Part, Verdict
from common import records
from common.errors import UserError
from common.records import ROOT
from tests import fixtures
from tests.asking import SETTING, study


def test_a_section_is_corrected_together(papers):
    """By Holm, as statsmodels and scipy have it: a claim of p = .03 stands alone, and not beside another of .04."""
    results = collect(papers)

    def asks(**ps):
        found = {one: Verdict("", [Part("", 5, p, agrees=True)]) for one, p in ps.items()}
        listed = [Claim(one, "", "", "", "s", lambda setting, one=one: found[one]) for one in ps]
        return [(verdict.status, verdict.parts[0].p) for _, verdict in judged(listed, results)]

    assert asks(A=0.03) == [("holds", 0.03)]
    assert asks(A=0.03, B=0.04) == [("undecided", 0.06), ("undecided", 0.06)]
    assert asks(A=0.04, B=0.001) == [("holds", 0.04), ("holds", 0.002)]


def test_one_question_is_counted_once(papers):
    found = judged(CLAIMS, collect(papers))
    same = {claim.id: claim.same_as for claim, _ in found if claim.same_as}
    assert same == {"P1": "D1", "P17": "D5", "P18": "D6"}
    of = {claim.id: verdict for claim, verdict in found}
    assert all(of[one] == of[other] for one, other in same.items())
    numbers = [int(n) for n in re.findall(r"\d+", counted(found))]
    assert sum(numbers) == len(found) - len(same)


def test_the_list_fits_a_terminal(papers, capsys):
    claims.main(["--results-dir", str(papers)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Asked of {SETTING}, the deck's own."
    assert max(len(line) for line in lines[:-1] if not line.startswith("    python ")) <= 100
    assert {line[:18].rstrip() for line in lines} >= {"D1   holds", "D7   fails", "P12  not run", "L4   holds"}
    assert lines[-1] == f"Why, of any of them: python -m analysis.claims --why D1 --results-dir {papers}"
    assert (
        "P11  not run       speech: mixup makes the paper's small LeNet worse (Fig. 4; 10.3 to 10.8, 11.3 %*)" in lines
    )
    assert any(line.startswith("* from memory: not checked against the paper's text.") for line in lines)
    assert lines[-2].startswith("17 hold, 0 in part, 2 fail, 1 undecided, 0 with too few runs, 29 not run.")


def test_why_walks_back_to_weights_commit_and_commands(papers, capsys):
    claims.main(["--results-dir", str(papers), "--why", "p4"])
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
    claims.main(["--results-dir", str(tmp_path)])
    assert f"Not used: cifar10/train-{SETTING}-erm-seed0.json: not a record" in capsys.readouterr().out


def test_another_setting_can_be_asked(tmp_path, capsys):
    fixtures.train(tmp_path)
    study(tmp_path, dataset="digits", probes=())
    claims.main(["--results-dir", str(tmp_path), "--setting", "digits-smallcnn"])
    assert "on digits-smallcnn, 5 paired seeds" in capsys.readouterr().out
    with pytest.raises(UserError, match=f"--setting wine: no such setting in .*There are {SETTING}, digits-smallcnn"):
        claims.main(["--results-dir", str(tmp_path), "--setting", "wine"])


def test_the_command_as_a_user_types_it():
    def run(*words):
        command = [sys.executable, "-m", "analysis.claims", *words]
        return subprocess.run(command, cwd=records.ROOT, capture_output=True, text=True, timeout=120)

    unknown = run("--why", "D99")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr.startswith("--why D99: no such claim; there are D1, D2, ")
    assert len(unknown.stderr.splitlines()) == 1
    found = run("--why", "D1")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("D1   ")


def test_claims_as_a_table(papers):
    table = show("table-claims", collect(papers))
    assert len(table.frame) == len(CLAIMS)
    statuses = list(table.frame["verdict"])
    assert statuses == sorted(statuses, key=lambda status: status == "not run")
    assert table.notes[0].startswith("17 hold, 0 in part, 2 fail,")
    assert "**holds**" in table.to_markdown()
    assert set(table.records) <= set(collect(papers).records)


def test_opens_without_torch():
    code = "import sys, analysis.claims; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=records.ROOT).returncode == 0

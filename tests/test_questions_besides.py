"""Top-5 errors under attack, and errors among what both models had right."""

from analysis.collect import collect
from analysis.questions import show
from common import records
from tests import fixtures
from tests.asking import column, study, verdicts


def test_in_numbers(tmp_path):
    fixtures.study(tmp_path, seeds=1, probes=("attack",))
    table = show("table-attacks-besides", collect(tmp_path))
    of_white = {"attack": "FGSM, white-box", "method": "ERM"}
    assert column(table, "ε = 4", what="top-5 error (%)", **of_white) == ["20.0"]
    clean, wrong = 560, 9070  # of 10,000
    both = f"{100 * (wrong - clean) / (10_000 - clean):.1f}"
    assert column(table, "ε = 4", what="of those that both had right (%)", **of_white) == [both]


def test_the_first_five_under_ten_steps(tmp_path):
    study(tmp_path, probes=("attack",))
    assert verdicts(tmp_path, ids=["P31"])["P31"].status == "undecided"  # a fifth for both
    for path in (tmp_path / "cifar10").glob("attack-*-mixup*--*-mixup*.json"):
        record = records.read(path)
        for row in record["final"]["attacks"]:
            if row["attack"] == "ifgsm":
                row["errors_top5"] = min(row["errors"], row["n"] // 2)
        records.write(path, record)
    found = verdicts(tmp_path, ids=["P31"])["P31"]
    assert found.status == "holds"
    assert "white-box I-FGSM top-5 error at ε = 4/255: ERM 20.00 %, mixup 50.00 %" in found.sentence

"""What runs and measurements cost."""

import statistics

import pytest

from analysis.collect import collect
from analysis.questions import show
from common import records
from common.options.benchmark import MeasuredConfig, record_name
from common.options.fields import as_json
from tests import fixtures
from tests.asking import SEEDS, column, drawn, verdicts


def test_cost_counts_an_attack_once_a_source(small):
    table = show("table-cost", small)
    kinds = [cell.partition(" ")[0] for cell in column(table, "record")]
    assert kinds == ["train"] * 6 + ["interpolate"] * 12 + ["attack"] * 6
    assert column(table, "record")[-1] == "attack mixup, seed 2 on 6 targets"
    minutes = 6 * 10 + 12 * 1 + 6 * 0.5
    assert f"54 records, {minutes / 60:.1f} hours" in table.notes[0]
    assert column(table, "images a second")[0] == "400"


def test_cost_has_a_mark_for_each_run(whole):
    minutes, rate = show("cost", whole).picture.axes
    assert list(drawn(minutes)["_mixup"].get_xdata()) == [10] * SEEDS
    assert list(drawn(rate)["_ERM"].get_xdata()) == [400] * SEEDS


@pytest.mark.parametrize(("dearer", "status"), [(1.01, "holds"), (1.2, "fails")])
def test_next_to_no_time_is_judged_by_turns_in_alternation(tmp_path, dearer, status):
    seconds = {"erm": [2.0, 2.2, 1.9, 2.1, 2.0, 3.0]}
    seconds["mixup"] = [dearer * second for second in seconds["erm"]]
    timed = MeasuredConfig("mixup", width=64, batch_size=128, steps=1, repeats=6)
    like = records.read(next((records.ROOT / "results" / "benchmark").glob("*-train-*-w64-*.json")))
    final = {"ratio_mixup": statistics.median([dearer] * 6), "seconds": seconds}
    name = record_name(timed, like["environment"]["threads"], like["environment"]["device"])
    record = like | {"run": name, "config": as_json(timed), "final": final}
    records.write(records.path_of(tmp_path, "benchmark", "benchmark", name), record)
    verdict = verdicts(tmp_path, ids=["P34"])["P34"]
    assert verdict.status == status
    times = f"{dearer:.3f} [{dearer:.3f}, {dearer:.3f}] times ERM"
    assert f"6 turns: {times}" in verdict.sentence
    fixtures.train(tmp_path)
    assert show("table-cost", collect(tmp_path)).lead[0].endswith(f"under ERM: {name} {times}.")

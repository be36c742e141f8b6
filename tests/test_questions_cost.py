"""What runs and measurements cost."""

from analysis.questions import show
from tests.asking import SEEDS, column, drawn


def test_cost_counts_an_attack_once_a_source(small):
    table = show("table-cost", small)
    kinds = [cell.partition(" ")[0] for cell in column(table, "record")]
    assert kinds == ["train"] * 6 + ["interpolate"] * 6 + ["attack"] * 6
    assert column(table, "record")[-1] == "attack mixup, seed 2 on 6 targets"
    minutes = 6 * 10 + 6 * 1 + 6 * 0.5
    assert f"48 records, {minutes / 60:.1f} hours" in table.notes[0]
    assert column(table, "images a second")[0] == "400"


def test_cost_has_a_mark_for_each_run(whole):
    minutes, rate = show("cost", whole).picture.axes
    assert list(drawn(minutes)["_mixup"].get_xdata()) == [10] * SEEDS
    assert list(drawn(rate)["_ERM"].get_xdata()) == [400] * SEEDS

"""The deck's attack rows, read both ways."""

from dataclasses import replace

import pytest

from analysis.collect import collect
from analysis.questions import show
from tests import fixtures
from tests.asking import study, verdicts
from tests.fixtures import ERM, MIXUP


def test_the_decks_attack_rows_are_read_both_ways_over_epsilon(tmp_path):
    black, white = {("fgsm", 2.0): 2000, ("fgsm", 8.0): 9000}, {("fgsm", 2.0): 3000, ("fgsm", 8.0): 8000}
    whole = {("ifgsm", 4.0): 9000, ("pgd", 4.0): 9000, ("noise", 4.0): 600}
    fixtures.study(tmp_path, seeds=2, erm=fixtures.Model(white=white | whole, black=black | whole), mixup=MIXUP)
    table = show("table-deck-under-attack", collect(tmp_path))
    errors = table.frame[table.frame["read as"] == "errors (%)"].set_index("row")
    rights = table.frame[table.frame["read as"] == "accuracies (%)"].set_index("row")
    assert list(errors["deck"]) == list(rights["deck"]) == ["49.25", "49.76", "53.7", "55.07"]
    assert errors.loc["White Box FGSM (ERM)", ["ε = 2", "ε = 4", "ε = 8"]].tolist() == ["30.0", "30.0", "80.0"]
    assert rights.loc["White Box FGSM (ERM)", ["ε = 2", "ε = 8"]].tolist() == ["70.0", "20.0"]
    order = table.frame[table.frame["read as"] == "order of the errors"].set_index("row")
    own, transferred = "own examples (white-box)", "transferred (black-box)"
    assert order.loc["ERM: which hurts more", ["ε = 2", "ε = 4", "ε = 8"]].tolist() == [own, own, transferred]
    assert order.loc["ERM: which hurts more", "deck"] == f"{transferred} if errors, {own} if accuracies"
    assert order.loc["white-box: who errs more", "deck"] == "ERM if errors, mixup if accuracies"


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

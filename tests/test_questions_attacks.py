"""Error under attack over ε, white-box and black-box."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.collect import collect
from analysis.measures import TITLES, attacked
from analysis.questions import show
from analysis.questions.attacks import MARKS
from analysis.setting import Setting
from common.options.attack import ATTACKS
from tests import fixtures
from tests.asking import SEEDS, at, drawn
from tests.fixtures import STEP


def test_attacks(small):
    table = show("table-attacks", small)
    seen = table.frame.set_index(["attack", "method"])
    assert seen.loc[("FGSM, white-box", "mixup"), "ε = 4"] == "75.2 ± 0.0"
    assert seen.loc[("I-FGSM, black-box", "ERM"), "ε = 4"] == "57.3 ± 0.1"
    assert seen.loc[("noise of the same size", "ERM"), "ε = 4"] == "6.0 ± 0.1"
    assert seen.loc[("PGD, white-box", "ERM"), "ε = 0"] == "5.6 ± 0.1"
    assert "FGSM 10,000, I-FGSM 1,000, PGD 1,000, noise 10,000" in table.to_markdown()
    assert "ε in 1/255 of the pixels' range" in table.to_markdown()


def test_tables_speak_of_tables_too(tmp_path):
    fixtures.study(tmp_path, dataset="wine", seeds=2)
    results = collect(tmp_path)
    assert "hundredths of a feature's standard deviation" in show("table-attacks", results).to_markdown()
    assert any("/100 of a standard deviation" in name for name in show("table-paired", results).frame.columns)


def test_black_box_is_another_erm_model_of_another_seed(tmp_path):
    """Those of the same seed, and those made on mixup models, are measured too, and have other numbers here."""
    runs = fixtures.study(tmp_path, seeds=2)
    strange = {("fgsm", 4.0): 10_000, ("noise", 4.0): 10_000}
    for source, target in [((None, 0), (1.0, 0)), ((1.0, 0), (None, 1)), ((1.0, 1), (1.0, 0))]:
        fixtures.attack(tmp_path, runs[source], runs[target], strange)
    figure = show("epsilon", collect(tmp_path))
    white, black = (drawn(ax) for ax in figure.picture.axes)
    fgsm = {
        (box, label): next(line for line in ax.get_lines() if line.get_label() == label and len(line.get_xdata()) > 1)
        for box, ax in zip(("white", "black"), figure.picture.axes, strict=True)
        for label in ("_ERM", "_mixup")
    }
    assert at(fgsm["white", "_ERM"], 4) == pytest.approx(90.70 + np.mean(STEP[:2]) / 100)
    assert at(fgsm["white", "_mixup"], 4) == pytest.approx(75.20 + np.mean([0, STEP[1] // 2]) / 100)
    assert at(fgsm["black", "_ERM"], 4) == pytest.approx(57.00 + np.mean(STEP[:2]) / 100)
    assert at(fgsm["black", "_mixup"], 4) == pytest.approx(46.00 + np.mean([0, STEP[1] // 2]) / 100)
    assert at(fgsm["black", "_ERM"], 0) == pytest.approx(5.60 + np.mean(STEP[:2]) / 100)
    beside = 0.02 * max(fgsm["white", "_ERM"].get_xdata())
    assert at(white["_mixup, pgd"], 4 + beside) == pytest.approx(99.9, abs=0.1)
    assert at(black["_mixup, ifgsm"], 4 - beside) == pytest.approx(40.9, abs=0.1)
    assert "95 %" not in figure.caption


def test_noise_is_dotted_and_starts_at_the_clean_error(whole):
    ax = show("epsilon", whole).picture.axes[0]
    noise = [line for line in ax.get_lines() if line.get_label() == "_ERM" and at(line, 4) < 10]
    assert len(noise) == 1
    assert at(noise[0], 4) == pytest.approx(6.00 + np.mean(STEP[:SEEDS]) / 100)
    assert at(noise[0], 0) == pytest.approx(5.60 + np.mean(STEP[:SEEDS]) / 100)
    assert not noise[0].is_dashed() or noise[0].get_marker() == "None"


def test_one_model_has_no_black_box(tmp_path):
    run = fixtures.train(tmp_path)
    fixtures.attack(tmp_path, run, run, fixtures.ERM.white)
    ax = show("epsilon", collect(tmp_path)).picture.axes[1]
    assert [text.get_text() for text in ax.texts] == ["no such pair of models yet"]
    assert not ax.get_lines()


def test_of_other_attacks_than_these_nothing_is_drawn(tmp_path):
    """An attack that is new, and known to no figure yet."""
    fixtures.study(tmp_path, seeds=1)
    known = collect(tmp_path)
    frame = known.attacks.assign(attack=known.attacks["attack"].where(known.attacks["attack"] == "clean", "new"))
    figure = show("epsilon", replace(known, attacks=frame))
    assert figure.picture is None
    assert "was attacked by none of those that are drawn: FGSM, I-FGSM, PGD, noise" in figure.missing
    assert "test rows attacked: new 10,000" in show("table-attacks", replace(known, attacks=frame)).to_markdown()


def test_an_attack_that_was_made_alone_is_shown_beside_the_others(tmp_path):
    """Each attack has a protocol of its own: the records of another are no reason to leave it out."""
    run = fixtures.train(tmp_path)
    fixtures.attack(tmp_path, run, run, fixtures.ERM.white)
    known = collect(tmp_path)
    alone = known.attacks.query("attack == 'pgd'").assign(attack="ifgsm", protocol="ifgsm", record="another")
    others = known.attacks.query("attack != 'ifgsm'")
    both = pd.concat([others, alone], ignore_index=True)
    seen = attacked(Setting(replace(known, attacks=both), known.settings()[0]))
    assert {*seen["attack"]} == {"clean", "fgsm", "noise", "ifgsm", "pgd"}


def test_every_attack_has_a_title_and_a_mark():
    assert {*TITLES} == {*ATTACKS, "clean"}
    assert {*MARKS} | {"fgsm", "noise"} == {*ATTACKS}

"""Networks on sounds."""

import numpy as np
import pytest

from analysis import lines
from analysis.collect import collect
from analysis.methods import Method
from analysis.questions import show
from analysis.sentences import to_text
from common import records
from tests import fixtures
from tests.asking import SEEDS, column, of_others, speech, verdicts
from tests.fixtures import STEP


def test_speech(whole):
    table = show("table-speech", whole)
    assert list(dict.fromkeys(column(table, "network"))) == ["lenet, width 20", "vgg11, width 64"]
    assert set(column(table, "parameters")) == {"11,000,000"}
    assert column(table, "paper's test error") == ["10.3*", "10.8*", "11.3*", "4.6", "3.8*", "3.4"]
    assert column(table, "minus ERM (points)", network="vgg11, width 64")[2] == "−1.21 [−1.28, −1.13]"
    assert table.lead[0].startswith(
        "Test error of lenet, 3 pairs: too few pairs to tell (one seed is an anecdote) on 2 of 2 (mixup α=0.1"
    )
    assert "2,700 training" in table.notes[0]


def test_speech_by_network_and_alpha(whole):
    figure = show("speech", whole)
    (ax,) = figure.picture.axes
    means = figure.data[figure.data["line"] == "mean"].set_index(["row", "mark"])["difference"]
    for network, alpha, difference in (("lenet", 0.2, 1.0), ("vgg11", 0.2, -1.2), ("vgg11", 0.1, -0.8)):
        found = means[network, Method(alpha, warmup_epochs=5)]
        assert found == pytest.approx(difference + np.mean([step // 2 - step for step in STEP[:SEEDS]]) / 100)
    colors = {line.get_label(): line.get_color() for line in ax.get_lines()}
    assert colors["_mixup α=0.1 after 5 epochs of ERM"] == lines.look_of(Method(0.1))[0]


def test_one_pair_has_a_dot_and_no_whisker(tmp_path):
    fixtures.speech(tmp_path, seeds=1)
    figure = show("speech", collect(tmp_path))
    assert "1 pair per dot" in figure.caption
    assert figure.data.loc[figure.data["line"] == "mean", "low"].isna().all()
    assert figure.png()
    fixtures.speech(tmp_path / "erm", errors={"lenet": {None: 1000}})
    missing = show("speech", collect(tmp_path / "erm")).missing
    assert f"`python {records.ROOT}/scripts/study.py speech" in to_text(missing)


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


def test_the_lenet_of_most_pairs_is_asked(tmp_path):
    fixtures.speech(tmp_path, seeds=3, errors={"lenet": {None: 1030, 0.2: 900}})
    fixtures.speech(tmp_path, seeds=5, errors={"lenet_large": {None: 1030, 0.2: 1130}})
    found = verdicts(tmp_path, ids=["P11"])["P11"]
    assert (found.status, found.n) == ("holds", 5)
    assert "lenet_large" in found.opening
    table = show("table-speech", collect(tmp_path))
    assert column(table, "paper's test error", network="lenet_large, width 20") == ["10.3*", "11.3*"]


def test_what_normalising_each_utterance_changes_is_said_by_method(tmp_path):
    """Half as many errors under ERM, as many under mixup; the two settings are rows of their own."""
    fixtures.speech(tmp_path, seeds=5, errors={"vgg11": {None: 460, 0.2: 340}})
    fixtures.speech(tmp_path, seeds=5, errors={"vgg11": {None: 230, 0.2: 340}}, per_utterance=True)
    results = collect(tmp_path)
    table = show("table-speech", results)
    names = list(dict.fromkeys(column(table, "network")))
    assert names == ["vgg11, width 64", "vgg11, width 64, each utterance normalised"]
    said = [line for line in table.lead if "each utterance normalised, " in line and "n = 5" in line]
    assert [line.split(": ")[1].split(" [")[0] for line in said] == ["−2.30 points", "0.00 points"]
    assert len(show("speech", results).picture.axes[0].get_yticks()) == 2
    fixtures.speech(tmp_path / "erm", seeds=5, errors={"vgg11": {None: 460, 0.2: 340}})
    fixtures.speech(tmp_path / "erm", seeds=5, errors={"vgg11": {None: 230}}, per_utterance=True)
    assert len(show("speech", collect(tmp_path / "erm")).picture.axes[0].get_yticks()) == 1

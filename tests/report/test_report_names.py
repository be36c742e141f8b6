"""What strangers call their classes is shown as it is, and runs nothing."""

import pytest
from PIL import Image

from analysis.collect import collect
from common import records
from scripts import train
from tests.report.names import FIRST, OTHERS, PLAY, READY, SECOND, needs_browser


@needs_browser
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_names_are_seen_as_they_are_and_run_nothing(browser, made, scripts):
    browser.open(made / "results" / "report.html", 1280, scripts=scripts)
    assert browser.ask("document.title") == "Does mixup beat ERM?"
    assert (
        browser.ask("document.querySelectorAll('main h2').length")
        == browser.ask("document.querySelectorAll('nav li').length")
        > 10
    )
    assert browser.ask("document.querySelectorAll('img[src=x], svg, b[onclick], main a[href^=javascript]').length") == 0
    captions = browser.ask("[...document.querySelectorAll('.caption')].map(one => one.textContent).join(' ')")
    assert f"({FIRST}, λ = 1)" in captions
    assert f"({SECOND}, λ = 0)" in captions
    if scripts:
        browser.ask(READY)
        rows = browser.ask(f"[...{PLAY}.querySelectorAll('tbody th')].map(one => one.textContent)")
        assert rows[:7] == [FIRST, SECOND, *OTHERS[:-1], r"a|b\u202e"]
    assert browser.complaints == []


def test_a_training_keeps_the_names_of_its_classes(tmp_path, monkeypatch):
    names = [FIRST, SECOND.replace("/", ""), "title\x1b]0;evil\x07\n"]
    for part in ("train", "test"):
        for number, name in enumerate(names):
            (tmp_path / "photos" / part / name).mkdir(parents=True)
            for copy in range(4):
                image = Image.new("RGB", (8, 8), (60 * number, 10 * copy, 0))
                image.save(tmp_path / "photos" / part / name / f"{copy}.png")
    monkeypatch.chdir(tmp_path)
    asked = ["--dataset", "photos", "--model", "smallcnn", "--width", "2", "--epochs", "1", "--threads", "1"]
    train.main([*asked, "--batch-size", "4", "--augment", "none"])
    (path,) = tmp_path.glob("results/photos/train-*.json")
    assert records.read(path)["data"]["classes"] == sorted(names)
    (record,) = collect(tmp_path / "results").records.values()
    assert record["data"]["classes"] == [*sorted(names)[:2], r"title\x1b]0;evil\x07\n"]

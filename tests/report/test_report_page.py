"""The page, as it is seen in a browser."""

import re

import nbformat
import pytest

from analysis import notebook, report
from analysis.collect import asked as collect_asked
from analysis.collect import collect
from analysis.questions import show
from tests.report.names import FIGURES, FIRST, PLAY, READY, SECOND, needs_browser


def test_the_page_asks_for_nothing_from_outside(made):
    text = (made / "results" / "report.html").read_text()
    assert set(re.findall(r'\ssrc="(.{11})', text)) == {"data:image/"}
    assert not re.findall(r"<link|@import|url\(|<iframe|fetch\(|XMLHttpRequest|import\(", text)
    assert set(re.findall(r'href="(\w+:|#)', text)) == {"https:", "#"}  # to be followed by hand


# What is wider than the window, but for what scrolls by itself.
TOO_WIDE = """[...document.querySelectorAll('main *')].filter(one => !one.closest('.table, pre, details')
    && one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 80))"""


WIDTHS = f"[...{PLAY}.querySelectorAll('.bar span')].map(bar => parseFloat(bar.style.width))"


PIXEL = f"[...{PLAY}.querySelectorAll('canvas')[1].getContext('2d').getImageData(0, 0, 1, 1).data]"


@needs_browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_figure_is_seen(browser, made, width, dark):
    browser.open(made / "results" / "report.html", width, dark=dark)
    browser.ask(READY)
    images = browser.ask(
        "[...document.querySelectorAll('main > figure img')]"
        ".map(one => [one.naturalWidth, one.getBoundingClientRect().width, one.alt])"
    )
    assert len(images) == len(FIGURES) - 1  # one is played with
    for natural, shown, alt in images:
        assert natural > 300
        assert 250 < shown < width
        assert len(alt) > 40
    assert browser.ask("document.documentElement.scrollWidth <= innerWidth")
    assert browser.ask(TOO_WIDE) == []
    paper = [int(part) for part in re.findall(r"\d+", browser.ask("getComputedStyle(document.body).backgroundColor"))]
    ink = [int(part) for part in re.findall(r"\d+", browser.ask("getComputedStyle(document.body).color"))]
    assert (sum(paper) < sum(ink)) == dark
    assert browser.complaints == []
    assert [url for url in browser.requests if not url.startswith(("file:", "data:"))] == []


@needs_browser
def test_tables_fit_or_show_that_they_scroll(browser, made):
    page = made / "results" / "report.html"
    browser.open(page, 1280)
    wide = "[...document.querySelectorAll('.table')].filter(one => one.scrollWidth > one.clientWidth + 1)"
    assert browser.ask(f"{wide}.map(one => one.ariaLabel)") == []
    browser.open(page, 390)
    assert set(browser.ask(f"{wide}.map(one => one.className)")) == {"table numbers"}
    stays = f"{wide}.map(one => getComputedStyle(one.querySelector('td')).position)"
    assert set(browser.ask(stays)) == {"sticky"}
    claims = "document.querySelector('[aria-label^=\"What they claim\"]')"
    said = f"getComputedStyle({claims}.querySelector('td:nth-child(2)'), '::before').content"
    assert browser.ask(said) == '"claim"'


@needs_browser
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_figure_opens_larger_and_closes(browser, made, width, scripts):
    browser.open(made / "results" / "report.html", width, scripts=scripts)
    image = "document.querySelector('.larger img')"
    place = f"(box => [box.x + 9, box.y + 9, box.width])({image}.getBoundingClientRect())"
    browser.ask(f"{image}.scrollIntoView()")
    x, y, small = browser.ask(place)
    browser.click(x, y)
    x, y, large = browser.ask(place)
    assert large > 1.2 * small
    assert large >= 850  # its letters are read at a telephone's width, too
    browser.click(max(x, 30), max(y, 30))
    assert browser.ask(place)[2] == small


@needs_browser
def test_every_setting_is_listed_and_opens(browser, made):
    page = made / "results" / "report.html"
    browser.open(page, 1280)
    first = "[...document.querySelectorAll('[aria-label=\"Every setting\"] td:first-child')]"
    listed = browser.ask(f"{first}.map(one => one.innerText.trim())")
    settings = collect(made / "results").settings()
    assert sorted(listed) == sorted(settings)
    opened = browser.ask("[...document.querySelectorAll('.setting > summary')].map(one => one.textContent)")
    assert opened == settings[1:]
    shown = browser.ask("[...document.querySelectorAll('.setting')].map(one => one.querySelectorAll('img').length)")
    assert min(shown) >= 2


def test_one_setting_has_a_page_of_its_own(repository, monkeypatch):
    results = collect(repository / "results")
    asked = []
    monkeypatch.setattr(
        notebook, "executed", lambda folder, setting: asked.append(setting) or nbformat.v4.new_notebook()
    )
    before = {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()}
    setting = results.settings()[-1]
    path = report.main(["--results-dir", str(repository / "results"), "--setting", setting])
    assert (path.name, asked) == (f"report-{setting}.html", [setting])
    path.unlink()
    assert {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()} == before
    assert show("headline", collect_asked(repository / "results", setting)).records[0].startswith(
        "spoken_digits/"
    ) == setting.startswith("spoken")


@needs_browser
def test_lambda_moves_image_and_bars_by_keyboard_and_touch(browser, made):
    browser.open(made / "results" / "report.html", 390)
    browser.ask(READY)
    assert browser.ask(f"{PLAY}.querySelectorAll('tbody tr').length") == 10
    # ERM and mixup of the fixture say λ for the first class and 1 - λ for the second.
    assert browser.ask(WIDTHS)[:4] == [50, 50, 50, 50]
    browser.ask(f"{PLAY}.querySelector('input').focus()")
    browser.press("Home")
    assert browser.ask(WIDTHS)[:4] == [0, 0, 100, 100]
    for _ in range(3):
        browser.press("ArrowRight")
    assert browser.ask(f"{PLAY}.querySelector('output').textContent") == "0.03"
    assert browser.ask(WIDTHS)[:4] == [3, 3, 97, 97]  # between λ = 0 and .05 by a straight line
    said = f"ERM says {SECOND} (97 %); mixup says {SECOND} (97 %)."
    assert browser.ask(f"{PLAY}.querySelector('[role=status]').textContent") == said
    assert browser.ask(PIXEL) == [255, 0, 0, 255]
    browser.ask(f"{PLAY}.querySelector('input').scrollIntoView({{block: 'center'}})")
    box = browser.ask(f"JSON.parse(JSON.stringify({PLAY}.querySelector('input').getBoundingClientRect()))")
    assert box["height"] >= 40  # a thumb finds it
    browser.touch(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
    assert browser.ask(WIDTHS)[0] > 80
    valued = browser.ask(f"{PLAY}.querySelector('input').getAttribute('aria-valuetext')")
    assert re.fullmatch(rf"λ 0\.\d\d: \d\d % {re.escape(FIRST)}, \d+ % {re.escape(SECOND)}", valued)


@needs_browser
def test_a_picture_stands_where_scripts_are_off(browser, made):
    browser.open(made / "results" / "report.html", 1280, scripts=False)
    assert browser.ask("document.querySelectorAll('figure img:not(.setting *)').length") == len(FIGURES)
    assert browser.ask(f"getComputedStyle({PLAY}).display") == "none"

"""From records to notebook, README and page: what is made, what the check finds, and how the page is in a browser."""

import ast
import dataclasses
import html
import itertools
import json
import re
import shutil

import mistune
import nbformat
import pytest
from PIL import Image

from analysis import claims, notebook, readme, report
from analysis.collect import asked as collect_asked
from analysis.collect import collect
from analysis.page import page
from analysis.questions import QUESTIONS, SHOWN, show
from common import records
from common.errors import UserError
from common.records import ROOT
from scripts import train
from tests import fixtures
from tests.browser import CHROMIUM, Browser
from tests.refusal import refused

# What a stranger may call things. The first two are the classes of the pair of images that is shown.
FIRST, SECOND = """<img src=x onerror="document.title='run'">""", "<!--<script>document.title='run'"
OTHERS = [
    "</script><svg onload=document.title='run'>",
    "*a* **b** _c_",
    "`d` [e](javascript:f) ![g](x)",
    "$h^2$",
    "a|b\u202e",
]
FIGURES = [name for name in SHOWN if not name.startswith("table-")]
MARKS = "# Title\n\n<!-- result:headline -->\n<!-- /result:headline -->\n\nBy hand.\n\n"
MARKS += "<!-- result:table-deck -->\nold\n<!-- /result:table-deck -->\n"
MARKS += "<!-- result:table-tabular -->\n<!-- /result:table-tabular -->\n"
MARKS += "<!-- result:example -->\n<!-- /result:example -->\n"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder that stands for the repository, in which the report was made once of a whole study; and that report."""
    folder = tmp_path_factory.mktemp("made")
    names = [FIRST, SECOND, *OTHERS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fixtures.trained, "CLASSES", [*names, *fixtures.CLASSES[len(names) :]])
        fixtures.study(folder / "results", seeds=5, evenly=True)
    for seed, alpha in itertools.product(range(5), (None, 1.0)):  # so that nothing is missing
        held = {"holdout": 5000}
        fixtures.train(folder / "results", alpha=alpha, seed=seed, options=held, tempered=(1.5, 0.28, 0.01))
    fixtures.others(folder / "results")
    fixtures.tabular(folder / "results", gains={"own": 3}, seeds=1, baselines=False)
    (folder / "README.md").write_text(MARKS)
    shutil.copy(notebook.PATH, folder / "results.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        _stands_for_the_repository(patch, folder)
        make, kept = report.made, []
        patch.setattr(report, "made", lambda results: kept.append(make(results)) or kept[0])
        assert report.main(["--results-dir", str(folder / "results")]) == folder / "results" / "report.html"
    return folder, kept[0]


@pytest.fixture(scope="module")
def made(whole):
    return whole[0]


def _stands_for_the_repository(patch, folder):
    patch.setattr(report, "OWN", folder / "results")
    patch.setattr(report, "README", folder / "README.md")
    patch.setattr(notebook, "PATH", folder / "results.ipynb")


@pytest.fixture
def repository(made, tmp_path, monkeypatch):
    """A copy of it."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    _stands_for_the_repository(monkeypatch, tmp_path)
    return tmp_path


@pytest.fixture
def found(whole, repository):
    """What the records of the copy give: what those of the whole gave, in its place."""
    folder, one = whole
    texts = {repository / path.relative_to(folder): text for path, text in one.texts.items()}
    return dataclasses.replace(one, folder=repository / "results", texts=texts)


def test_marks_are_filled_once_and_the_rest_stays():
    made = {"headline": "a *b*\n\n", "table-deck": "| x |", "table-tabular": "", "example": "", "cost": "unused"}
    filled = readme.filled(MARKS, made)
    assert filled == (
        "# Title\n\n<!-- result:headline -->\na *b*\n<!-- /result:headline -->\n\nBy hand.\n\n"
        "<!-- result:table-deck -->\n| x |\n<!-- /result:table-deck -->\n"
        "<!-- result:table-tabular -->\n\n<!-- /result:table-tabular -->\n"
        "<!-- result:example -->\n\n<!-- /result:example -->\n"
    )
    assert readme.filled(filled, made) == filled


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("<!-- result:nothing -->\n<!-- /result:nothing -->\n", "result:nothing -->: nothing has that name"),
        ("<!-- result:headline -->\nno end\n", "without its"),
        ("<!-- /result:headline -->\n", "without its"),
        ("<!-- result:headline -->\n<!-- /result:cost -->\n", "without its"),
    ],
)
def test_a_mark_that_is_wrong_is_named(text, named):
    with pytest.raises(UserError, match=re.escape(named)):
        readme.filled(text, {"headline": "", "cost": ""})


def test_the_check_passes_on_what_was_just_made_and_writes_nothing(repository):
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in repository.rglob("*") if path.is_file()}
    assert report.main(["--results-dir", str(repository / "results"), "--check"]) is None
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in repository.rglob("*") if path.is_file()}
    assert after == before


def test_a_changed_digit_in_readme_or_numbers_is_found(repository, found):
    texts = {
        repository / "README.md": "ERM 16.4 %",
        repository / "results" / "figures" / "misses.csv": "16.41",
        repository / "results" / "figures" / "table-deck.csv": "5.6",
    }
    for path, digit in texts.items():
        text = path.read_text()
        assert digit in text
        path.write_text(text.replace(digit, digit.replace("6", "7"), 1))
        (sentence,) = report.differing(found)
        assert path.name in sentence
        assert digit in sentence
        path.write_text(text)
    assert list(report.differing(found)) == []


def test_a_changed_record_is_found_in_all_that_shows_it(repository):
    path = next((repository / "results" / "cifar10").glob("train-*-mixup1.0-seed0.json"))
    path.write_text(path.read_text().replace('"errors": 420', '"errors": 421'))  # so that it is not believed
    sentences = "\n".join(report.differing(report.made(collect(repository / "results"))))
    for name in ("README.md", "headline.csv", "curves.csv", "table-methods.csv"):
        assert name in sentences


def test_what_no_record_gives_any_more_is_found_and_removed(repository, found):
    left = repository / "results" / "figures" / "old.csv"
    left.write_text("x\n")
    (repository / "results" / "figures" / "cost.png").unlink()
    assert [sentence.rsplit("/", 1)[1].split()[0].strip(":") for sentence in report.differing(found)] == [
        "old.csv",
        "cost.png",
    ]
    report._write(found)
    assert not left.exists()
    assert list(report.differing(found)) == []


def test_a_changed_digit_or_line_in_the_notebook_is_found(repository, found):
    there = nbformat.read(notebook.PATH, as_version=4)
    assert list(report._notebook_differs(found, there)) == []
    text = notebook.PATH.read_text()
    for old, new in [
        ("16.4", "16.5"),
        (r"show(\"misses\", results)", r"show(\"misses\", results, None)"),
        ("# Does", "# Will"),
    ]:
        assert old in text
        notebook.PATH.write_text(text.replace(old, new, 1))
        (sentence,) = report._notebook_differs(found, there)
        assert "results.ipynb" in sentence
    pixels = next(cell for cell in there.cells if cell.id == "show-misses").outputs[0]
    pixels.data["image/png"] = "other library, other pixels"
    notebook.PATH.write_text(text)
    assert list(report._notebook_differs(found, there)) == []


def test_the_whole_study_is_in_the_notebook_without_times(made):
    there = nbformat.read(made / "results.ipynb", as_version=4)
    shown = [output for cell in there.cells for output in cell.get("outputs", [])]
    assert {output.output_type for output in shown} <= {"display_data", "execute_result"}
    names = [output.metadata["image/png"]["figure"] for output in shown if "image/png" in output.get("data", {})]
    assert names == FIGURES
    assert not any("execution" in cell.metadata for cell in there.cells)
    assert "version" not in there.metadata.get("language_info", {})


@pytest.mark.parametrize("there", [False, True], ids=["nothing", "one untested run"])
def test_the_notebook_runs_where_much_is_missing(tmp_path, there):
    if there:
        fixtures.train(tmp_path)
    ran = notebook.executed(tmp_path)
    text = json.dumps([cell.get("outputs", []) for cell in ran.cells], ensure_ascii=False)
    assert f"python {ROOT}/scripts/" in text
    assert "Traceback" not in text
    assert ("image/png" in text) == there
    assert "<h1>" in page(ran, collect(tmp_path))


def test_the_notebook_is_thin():
    cells = nbformat.read(notebook.PATH, as_version=4).cells
    for cell in cells:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 5
            assert sum(isinstance(node, ast.Call) for node in ast.walk(ast.parse(cell.source))) <= 2
        elif not cell.source.startswith("#"):
            assert len(cell.source) > 80
    assert [cell.source for cell in cells if cell.id.startswith("show-")] == [
        f'show("{one}", results)' for one in SHOWN
    ]
    assert [cell.source for cell in cells if cell.id in QUESTIONS] == [
        question.prose.strip() for question in QUESTIONS.values() if question.prose
    ]
    assert len({cell.id for cell in cells}) == len(cells)


def test_the_committed_notebook_holds_no_time_and_no_path():
    text = notebook.PATH.read_text()
    assert '"execution":' not in text
    assert str(ROOT) not in text
    assert "iopub" not in text


def test_the_page_asks_for_nothing_from_outside(made):
    text = (made / "results" / "report.html").read_text()
    assert set(re.findall(r'\ssrc="(.{11})', text)) == {"data:image/"}
    assert not re.findall(r"<link|@import|url\(|<iframe|fetch\(|XMLHttpRequest|import\(", text)
    assert set(re.findall(r'href="(\w+:|#)', text)) == {"https:", "#"}  # to be followed by hand


needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt-get install chromium)")
# What is wider than the window, but for what scrolls by itself.
TOO_WIDE = """[...document.querySelectorAll('main *')].filter(one => !one.closest('.table, pre, details')
    && one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 80))"""
PLAY = "document.querySelector('.play')"
WIDTHS = f"[...{PLAY}.querySelectorAll('.bar span')].map(bar => parseFloat(bar.style.width))"
PIXEL = f"[...{PLAY}.querySelectorAll('canvas')[1].getContext('2d').getImageData(0, 0, 1, 1).data]"
READY = f"""new Promise(ready => (function wait() {{
    {PLAY}.querySelector('output').textContent ? ready(true) : setTimeout(wait, 20) }})())"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


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


def test_one_setting_has_a_page_of_its_own(made, monkeypatch):
    results = collect(made / "results")
    asked = []
    monkeypatch.setattr(
        notebook, "executed", lambda folder, setting: asked.append(setting) or nbformat.v4.new_notebook()
    )
    before = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    setting = results.settings()[-1]
    path = report.main(["--results-dir", str(made / "results"), "--setting", setting])
    assert (path.name, asked) == (f"report-{setting}.html", [setting])
    path.unlink()
    assert {path: path.read_bytes() for path in made.rglob("*") if path.is_file()} == before
    assert show("headline", collect_asked(made / "results", setting)).records[0].startswith(
        "spoken_digits/"
    ) == setting.startswith("spoken")


@pytest.mark.parametrize("main", [report.main, claims.main], ids=["report", "claims"])
def test_a_folder_or_setting_that_is_not_there_is_refused(tmp_path, main):
    fixtures.train(tmp_path)
    refused(lambda: main(["--results-dir", str(tmp_path / "resluts")]), "--results-dir", "resluts: no such folder")
    assert not (tmp_path / "resluts").exists()
    refused(
        lambda: main(["--results-dir", str(tmp_path), "--setting", "cifar10-preact18"]),
        "Did you mean cifar10-preactresnet18?",
    )


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


def test_names_in_readme_are_no_marks(made):
    """As GitHub reads it, which passes HTML on."""
    shown = (made / "README.md").read_text()
    page = str(mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "url"])(shown))
    assert not re.findall(r"<(?:img src=\"x|svg|b|script|a href=\"(?!results))", page)
    text = html.unescape(re.sub("<[^>]*>", "", page))
    for name in (FIRST, SECOND):
        assert name in text


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

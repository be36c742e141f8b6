"""Make the report: run the notebook; figures, tables, README's share of them and one HTML page from the records.

    python -m analysis.report

Leaves report.html, runs.csv (a row a run), figures/ (pictures, and the numbers of figures and tables as CSV) in the
results folder. With the repository's own results also README.md and analysis/results.ipynb; with others results.ipynb
beside the page. With --setting NAME only a page of that setting, report-NAME.html.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import nbformat

from analysis import judging, notebook, readme
from analysis.collect import Results, asked
from analysis.figure import Figure
from analysis.page import page
from analysis.questions import CLAIMS, SHOWN
from common import cli
from common.errors import UserError
from common.records import ROOT
from common.terminal import say

README = ROOT / "README.md"
OWN = ROOT / "results"


@dataclass(frozen=True)
class ReportOptions:
    results_dir: Path = Path("results")
    """Where the records are."""
    setting: str | None = None
    """Show this one of the settings first, rather than the one that has most to say; leaves its page alone, under its
    own name."""
    check: bool = False
    """Write nothing. Status 1 where README, the notebook or a number in figures/ is not what the records give."""


@dataclass(frozen=True)
class Report:
    """What the records of a folder give.

    texts  the files that can be compared: README's and the numbers of figures and tables, by path
    """

    folder: Path
    results: Results
    figures: list[Figure]
    texts: dict[Path, str]


def main(argv: Sequence[str] | None = None) -> Path | None:
    """returns the page's path, or None with --check"""
    options = cli.parse(ReportOptions, __doc__ or "", argv)
    results = asked(options.results_dir, options.setting)  # raises UserError
    if options.setting is not None:
        if options.check:
            raise UserError("--check looks at what is made without --setting; leave one of the two out.")
        return _page(results, notebook.executed(results.folder, options.setting), f"report-{options.setting}.html")
    report = made(results)
    ran = notebook.executed(report.folder)
    if options.check:
        differences = [*differing(report), *_notebook_differs(report, ran)]
        for sentence in differences:
            say(sentence, error=True)
        if differences:
            say("`make report` makes them anew from the records.", error=True)
            raise SystemExit(1)
        return None
    for problem in report.results.problems:
        say(f"Not used: {problem}")
    _write(report, notebook.pictures(ran))
    notebook_path(report.folder).write_text(notebook.text(ran), encoding="utf-8")
    report.results.runs.to_csv(report.folder / "runs.csv", index=False, lineterminator="\n")
    return _page(report.results, ran, "report.html")


def _page(results: Results, ran: nbformat.NotebookNode, name: str) -> Path:
    path = results.folder.resolve() / name
    path.write_text(page(ran, results), encoding="utf-8")
    say(f"The whole study on one page: {path}")
    others = [setting for setting in results.settings() if setting != results.headline()]
    if others:
        say(f"It shows {results.headline()} first, and lists {len(others)} more; --setting NAME makes a page of one.")
    return path


def made(results: Results) -> Report:
    """raises UserError for a README whose marks are wrong"""
    folder = results.folder.resolve()
    shown = {name: make(results) for name, make in SHOWN.items()}
    texts = {folder / "figures" / f"{name}.csv": one.csv() for name, one in shown.items() if one.shows}
    if folder == OWN:
        parts = {name: one.to_markdown() for name, one in shown.items()}
        parts["claims"] = judging.in_short(CLAIMS, results)
        texts[README] = readme.filled(README.read_text(encoding="utf-8"), parts)
    return Report(folder, results, [one for one in shown.values() if isinstance(one, Figure)], texts)


def differing(report: Report) -> Iterator[str]:
    """A sentence for each file that is not what the records give. Pictures may differ with library versions."""
    for path, text in report.texts.items():
        if not path.exists():
            yield f"{_named(path)} is missing."
        elif (there := path.read_text(encoding="utf-8")) != text:
            pairs = zip_longest(there.split("\n"), text.split("\n"))
            line, (old, new) = next((n, pair) for n, pair in enumerate(pairs, 1) if pair[0] != pair[1])
            yield f"{_named(path)}: line {line} is {old!r}, and the records give {new!r}."
    for path in _leftover(report):
        yield f"{_named(path)}: no figure or table of these records has that name."
    for figure in report.figures:
        path = report.folder / "figures" / f"{figure.name}.png"
        if figure.shows and not path.exists():
            yield f"{_named(path)} is missing."


def notebook_path(folder: Path) -> Path:
    return notebook.PATH if folder == OWN else folder / "results.ipynb"


def _notebook_differs(report: Report, ran: nbformat.NotebookNode) -> Iterator[str]:
    path = notebook_path(report.folder)
    if not path.exists():
        yield f"{_named(path)} is missing."
        return
    there, here = notebook.shown(nbformat.read(path, as_version=4)), notebook.shown(ran)
    if len(there) != len(here):
        yield f"{_named(path)}: has {len(there)} cells, and by the questions of today there are {len(here)}."
        return
    for number, (old, new) in enumerate(zip(there, here, strict=True), 1):
        if old != new:
            yield f"{_named(path)}: what cell {number} shows is not what the records give: {new[1].splitlines()[0]}"


def _write(report: Report, pictures: Mapping[str, bytes]) -> None:
    """pictures: of the figures, by name, as the notebook drew them"""
    for path in _leftover(report):
        path.unlink()
    (report.folder / "figures").mkdir(parents=True, exist_ok=True)
    for path, text in report.texts.items():
        path.write_text(text, encoding="utf-8")
    for name, picture in pictures.items():
        (report.folder / "figures" / f"{name}.png").write_bytes(picture)


def _leftover(report: Report) -> list[Path]:
    """Files in figures/ that these records do not give (any more)."""
    drawn = {f"{figure.name}.png" for figure in report.figures if figure.shows}
    names = drawn | {path.name for path in report.texts}
    found = (report.folder / "figures").glob("*")
    return sorted(path for path in found if path.suffix in (".csv", ".png") and path.name not in names)


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    sys.exit(cli.run(main))

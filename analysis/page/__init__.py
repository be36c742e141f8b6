"""The executed notebook as one page that needs nothing else: no network, no other file."""

import base64
import html
import json
import re
from importlib.resources import files
from string import Template
from typing import Any

import mistune
from nbformat import NotebookNode

from analysis import figures, tables
from analysis.collect import Results
from analysis.figures import pairs
from analysis.figures.figure import DPI, WIDE
from analysis.figures.lines import look_of

PLAYED = "example"  # the figure that the one to play with stands in for, where scripts run
FULL = 704  # pixels across, of a figure of full width
SHORT, LONG = 30, 40  # letters in a cell of a table
SETTINGS = "tables.settings("  # below what this makes, the other settings are shown
OF_A_SETTING = (figures.headline, figures.curves, figures.misses, figures.epsilon, figures.calibration)
markdown = mistune.create_markdown(escape=False, plugins=["table"])


def page(notebook: NotebookNode, results: Results) -> str:
    """The whole HTML file."""
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(_prose(cell.source))
        elif cell.cell_type == "code":
            parts += [_output(output, results) for output in cell.outputs]
            parts += _settings(results) if SETTINGS in cell.source else []
            parts.append(f"<details class=code><summary>code</summary><pre>{html.escape(cell.source)}</pre></details>")
    body = "\n".join(parts)
    title = re.sub("<.*?>", "", (re.findall("<h1.*?>(.*?)</h1>", body) or ["Results"])[0])
    links = re.findall('<h2 id="(.*?)">(.*?)</h2>', body)
    contents = "".join(f'<li><a href="#{name}">{text}</a></li>' for name, text in links)
    return Template(_file("page.html")).substitute(
        title=title, style=_file("page.css"), contents=contents, body=body, script=_file("play.js")
    )


def _prose(source: str) -> str:
    """Markdown as HTML, its sections to be linked to."""

    def numbered(heading: re.Match[str]) -> str:
        name = re.sub(r"\W+", "-", heading[1].lower()).strip("-")
        return f'<h2 id="{name}">{heading[1]}</h2>'

    return re.sub("<h2>(.*?)</h2>", numbered, str(markdown(source)))


def _output(output: NotebookNode, results: Results) -> str:
    if output.output_type == "stream":
        return f"<pre>{html.escape(output.text)}</pre>"
    data, about = output.data, output.metadata.get("image/png", {})
    if "image/png" in data:
        image = _image(data["image/png"].strip(), about.get("alt", ""))
        return f"{_played(results)}<noscript>{image}</noscript>" if about.get("figure") == PLAYED else image
    if "text/markdown" in data:
        return f"<div class=caption>{markdown(data['text/markdown'])}</div>"
    if "text/html" in data:
        return _table(data["text/html"])
    return f"<pre>{html.escape(data.get('text/plain', ''))}</pre>"


def _image(png: str, alt: str) -> str:
    """A picture that opens to the window's size where it is clicked, without a script. png: in base64"""
    header = base64.b64decode(png[:40])  # of a PNG file, which tells width and height
    width, height = (int.from_bytes(header[at : at + 4], "big") for at in (16, 20))
    shown = f"--shown: {round(width * FULL / (WIDE * DPI))}px; --full: {width}px; --ratio: {width / height:.3f}"
    image = f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{png}">'
    return f'<figure><details class=larger style="{shown}"><summary>{image}</summary></details></figure>'


def _table(table: str) -> str:
    """Marks the cells that are not to be broken into lines where the window is narrow, and those that need room. There
    a table of sentences is shown cell by cell, each with its column's name; one of numbers scrolls."""
    title = (re.findall("<caption>(.*?)</caption>", table) or ["table"])[0]
    names = [html.escape(_text(name)) for name in re.findall("<th [^>]*>(.*?)</th>", table, flags=re.DOTALL)]
    kinds = set()

    def row(found: re.Match[str]) -> str:
        columns = iter(names)

        def marked(cell: re.Match[str]) -> str:
            length = len(_text(cell[2]))
            kind = "none" if not length else "short" if length <= SHORT else "long" if length > LONG else ""
            kinds.add(kind)
            return f'<td{cell[1]} class="{kind}" data-column="{next(columns, "")}">{cell[2]}</td>'

        return re.sub('<td((?: id="[^"]*")?)(?: class="[^"]*")? *>(.*?)</td>', marked, found[0], flags=re.DOTALL)

    shown = re.sub("<tr>.*?</tr>", row, table, flags=re.DOTALL)
    kind = "sentences" if "long" in kinds else "numbers"
    return f'<div class="table {kind}" tabindex=0 role=region aria-label="{title}">{shown}</div>'


def _text(markup: str) -> str:
    return html.unescape(re.sub("<.*?>", "", markup)).strip()


def _settings(results: Results) -> list[str]:
    """The other settings, each to be opened: what figures and tables there are of it alone."""
    parts = []
    for setting in results.settings():
        if setting == results.headline():
            continue
        inside = []
        for figure in (draw(results, setting) for draw in OF_A_SETTING):
            if figure.picture is not None:
                inside.append(_image(base64.b64encode(figure.png()).decode(), figure.alt))
                inside.append(f"<div class=caption>{markdown(figure.text())}</div>")
        inside += [
            _table(make(results, setting).to_html(setting)) for make in (tables.paired, tables.methods, tables.attacks)
        ]
        parts.append(f"<details class=setting><summary>{html.escape(setting)}</summary>{''.join(inside)}</details>")
    return parts


def _played(results: Results) -> str:
    """The figure to play with; its numbers are a JSON object in the page."""
    classes, found, _ = pairs.shared(results, results.headline())
    methods = list(found[0].p)
    content: dict[str, Any] = {
        "classes": classes,
        "methods": [{"name": method, "color": look_of(method)[0]} for method in methods],
        "pairs": [
            {
                "labels": pair.labels,
                "images": [pair.x_i, pair.x_j],
                "p": [[[round(one, 4) for one in at] for at in pair.p[method]] for method in methods],
            }
            for pair in found
        ],
    }
    return Template(_file("play.html")).substitute(content=json.dumps(content).replace("<", "\\u003c"))


def _file(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")

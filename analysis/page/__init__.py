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

from analysis.collect import Results
from analysis.figures import pairs
from analysis.figures.figure import DPI, WIDE
from analysis.figures.lines import look_of

PLAYED = "example"  # the figure that the one to play with stands in for, where scripts run
FULL = 704  # pixels across, of a figure of full width
SHORT, LONG = 30, 40  # letters in a cell of a table
markdown = mistune.create_markdown(escape=False, plugins=["table"])


def page(notebook: NotebookNode, results: Results) -> str:
    """The whole HTML file."""
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(_prose(cell.source))
        elif cell.cell_type == "code":
            parts += [_output(output, results) for output in cell.outputs]
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
        png = data["image/png"].strip()
        alt, width = html.escape(about.get("alt", "")), round(_pixels(png) * FULL / (WIDE * DPI))
        image = f'<img alt="{alt}" width="{width}" src="data:image/png;base64,{png}">'
        if about.get("figure") == PLAYED:
            return f"{_played(results)}<noscript><figure>{image}</figure></noscript>"
        return f"<figure>{image}</figure>"
    if "text/markdown" in data:
        return f"<div class=caption>{markdown(data['text/markdown'])}</div>"
    if "text/html" in data:
        title = (re.findall("<caption>(.*?)</caption>", data["text/html"]) or ["table"])[0]
        return f'<div class=table tabindex=0 role=region aria-label="{title}">{_spaced(data["text/html"])}</div>'
    return f"<pre>{html.escape(data.get('text/plain', ''))}</pre>"


def _pixels(png: str) -> int:
    """The width that the header of a PNG file in base64 tells."""
    return int.from_bytes(base64.b64decode(png[:40])[16:20], "big")


def _spaced(table: str) -> str:
    """Marks the cells that are not to be broken into lines, and those that need room: the table may scroll."""

    def marked(cell: re.Match[str]) -> str:
        length = len(html.unescape(re.sub("<.*?>", "", cell[2])))
        kind = "short" if length <= SHORT else "long" if length > LONG else ""
        return f'<td{cell[1]} class="{kind}">{cell[2]}</td>'

    return re.sub('<td((?: id="[^"]*")?)(?: class="[^"]*")? *>(.*?)</td>', marked, table, flags=re.DOTALL)


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
    return Template(_file("play.html")).substitute(content=json.dumps(content).replace("</", "<\\/"))


def _file(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")

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
from analysis.figure import DPI, WIDE, Figure
from analysis.lines import look_of
from analysis.questions import SHOWN, example, settings
from analysis.setting import Setting

FULL = 704  # pixels across, of a figure of full width
_markdown = mistune.create_markdown(escape=False, plugins=["table"])


class Prose(mistune.HTMLRenderer):
    """Markdown as HTML, its sections to be linked to.

    title     of the first heading
    sections  the names that links have, and what stands there
    """

    def __init__(self) -> None:
        super().__init__(escape=False)
        self.title = ""
        self.sections: list[tuple[str, str]] = []

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        if level == 1:
            self.title = self.title or text
            return f"<h1>{text}</h1>\n"
        self.sections.append((re.sub(r"\W+", "-", text.lower()).strip("-"), text))
        return f'<h{level} id="{self.sections[-1][0]}">{text}</h{level}>\n'


def page(notebook: NotebookNode, results: Results) -> str:
    """The whole HTML file."""
    prose, parts = Prose(), []
    markdown = mistune.create_markdown(renderer=prose, plugins=["table"])
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(str(markdown(cell.source)))
        elif cell.cell_type == "code":
            parts += [_output(output, results) for output in cell.outputs]
            if cell.id == f"show-{settings.every.name}":  # below it, what else they have to show
                parts += _other_settings(results)
            parts.append(f"<details class=code><summary>code</summary><pre>{html.escape(cell.source)}</pre></details>")
    contents = "".join(f'<li><a href="#{name}">{text}</a></li>' for name, text in prose.sections)
    return Template(_file("page.html")).substitute(
        title=prose.title or "Results",
        style=_file("page.css"),
        contents=contents,
        body="\n".join(parts),
        script=_file("play.js"),
    )


def _output(output: NotebookNode, results: Results) -> str:
    if output.output_type == "stream":
        return f"<pre>{html.escape(output.text)}</pre>"
    data, about = output.data, output.metadata.get("image/png", {})
    if "image/png" in data:
        image = _image(data["image/png"].strip(), about.get("alt", ""))
        is_played = about.get("figure") == example.example.name  # with, where scripts run
        return f"{_played(results)}<noscript>{image}</noscript>" if is_played else image
    if "text/markdown" in data:
        return _caption(data["text/markdown"])
    found: str = data.get("text/html") or f"<pre>{html.escape(data.get('text/plain', ''))}</pre>"
    return found


def _caption(markdown: str) -> str:
    return f"<div class=caption>{_markdown(markdown)}</div>"


def _image(png: str, alt: str) -> str:
    """A picture that opens to the window's size where it is clicked, without a script. png: in base64"""
    header = base64.b64decode(png[:40])  # of a PNG file, which tells width and height
    width, height = (int.from_bytes(header[at : at + 4], "big") for at in (16, 20))
    shown = f"--shown: {round(width * FULL / (WIDE * DPI))}px; --full: {width}px; --ratio: {width / height:.3f}"
    image = f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{png}">'
    return f'<figure><details class=larger style="{shown}"><summary>{image}</summary></details></figure>'


def _other_settings(results: Results) -> list[str]:
    """Each to be opened: what figures and tables there are of it alone."""
    parts = []
    for setting in (name for name in results.settings() if name != results.headline()):
        inside = []
        for one in (make(results, setting) for make in SHOWN.values() if make.of_each):
            if not isinstance(one, Figure):
                inside.append(one.to_html())
            elif one.shows:
                inside += [_image(base64.b64encode(one.png()).decode(), one.alt), _caption(one.text())]
        parts.append(f"<details class=setting><summary>{html.escape(setting)}</summary>{''.join(inside)}</details>")
    return parts


def _played(results: Results) -> str:
    """The figure to play with; its numbers are a JSON object in the page."""
    classes, found, _ = example.shared(Setting(results, results.headline() or ""))
    methods = list(found[0].p)
    content: dict[str, Any] = {
        "classes": classes,
        "methods": [{"name": str(method), "color": look_of(method)[0]} for method in methods],
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

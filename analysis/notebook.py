"""The notebook: what each question says and shows, in their order; run without Jupyter, and compared with what is
committed."""

import base64
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from analysis.collect import Results, asked
from analysis.questions import QUESTIONS
from common.records import ROOT

PATH = ROOT / "analysis" / "results.ipynb"
FOLDER, SETTING = "MIXUP_RESULTS_DIR", "MIXUP_SETTING"
SECONDS = 300  # for a cell, at most


KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
TITLE = """# Does mixup beat ERM?

A student's deck of 2021 asked this about [mixup (Zhang et al., ICLR 2018)](https://arxiv.org/abs/1710.09412): instead
of on its examples, a classifier is trained on mixes of two of them, λ x_i + (1−λ) x_j, and is to say how much of each
class there is in the mix. Everything else is the ordinary training, empirical risk minimisation (ERM). This notebook
asks the deck's questions again, in the deck's order, of the records in `results/`.

ERM and mixup runs of one seed share initial weights, order, partners, crops and flips: they differ in λ alone. So what
is compared is always a pair of runs, and the interval is that of the differences over seeds (Student's t, 95 %; a
bootstrap of few seeds would be too narrow). Fewer than five pairs are called too few, and what five or more cannot tell
undecided."""
SETUP = """from analysis import notebook
from analysis.questions import show

results = notebook.results()"""


def results() -> Results:
    """What a running notebook shows, wherever Jupyter was started."""
    return asked(Path(os.environ.get(FOLDER, ROOT / "results")), os.environ.get(SETTING))


def written() -> NotebookNode:
    """As it is before it is run."""
    cells = [new_markdown_cell(TITLE, id="title"), new_code_cell(SETUP, id="collect")]
    for name, question in QUESTIONS.items():
        if question.prose:
            cells.append(new_markdown_cell(question.prose.strip(), id=name))
        cells += [new_code_cell(f'show("{one.name}", results)', id=f"show-{one.name}") for one in question.shown]
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


def executed(folder: Path, setting: str | None = None) -> NotebookNode:
    """The notebook as it comes out on the records of a folder: this Python, no times in it.

    setting  to show first; by default the one that has most to say
    """
    notebook = written()
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(ROOT)}},
    )
    client.km = client.create_kernel_manager()
    assert client.km.kernel_spec
    client.km.kernel_spec.argv[0] = sys.executable  # whatever kernels else the user has installed
    chosen = {SETTING: setting} if setting else {}
    client.execute(env={**os.environ, FOLDER: str(folder.resolve()), **chosen})
    notebook.metadata.get("language_info", {}).pop("version", None)
    for output in _outputs(notebook):
        if {"text/html", "text/markdown"} & output.get("data", {}).keys():
            output.data.pop("text/plain", None)  # the same again; of a table with sets in it, which have no order
    return notebook


def pictures(notebook: NotebookNode) -> dict[str, bytes]:
    """The figures that an executed one shows, by name, as PNG files."""
    drawn = (output for output in _outputs(notebook) if "image/png" in output.get("data", {}))
    return {one.metadata["image/png"]["figure"]: base64.b64decode(one.data["image/png"]) for one in drawn}


def _outputs(notebook: NotebookNode) -> Iterator[NotebookNode]:
    return (output for cell in notebook.cells for output in cell.get("outputs", []))


def text(notebook: NotebookNode) -> str:
    """As it is written to a file."""
    return nbformat.writes(notebook) + "\n"


def shown(notebook: NotebookNode) -> list[Any]:
    """What two runs on the same records must share: code, prose, and outputs without the pixels."""
    return [
        (cell.cell_type, cell.source, [_without_pixels(output) for output in cell.get("outputs", [])])
        for cell in notebook.cells
    ]


def _without_pixels(output: NotebookNode) -> Any:
    data = {kind: value for kind, value in output.get("data", {}).items() if kind != "image/png"}
    return output.output_type, data, output.get("text")

"""The notebook: run without Jupyter, and compared with what is committed."""

import os
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from analysis.collect import Results, asked
from common.records import ROOT

PATH = ROOT / "analysis" / "results.ipynb"
FOLDER, SETTING = "MIXUP_RESULTS_DIR", "MIXUP_SETTING"
SECONDS = 300  # for a cell, at most


def results() -> Results:
    """What a running notebook shows, wherever Jupyter was started."""
    return asked(Path(os.environ.get(FOLDER, ROOT / "results")), os.environ.get(SETTING))


def executed(folder: Path, setting: str | None = None) -> NotebookNode:
    """The notebook as it comes out on the records of a folder: this Python, no times in it.

    setting  to show first; by default the one that has most to say
    """
    notebook = nbformat.read(PATH, as_version=4)
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
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        if {"text/html", "text/markdown"} & output.get("data", {}).keys():
            output.data.pop("text/plain", None)  # the same again; of a table with sets in it, which have no order
    return notebook


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

"""The notebook: thin, run on whatever records there are, and without times and paths."""

import ast
import json

import nbformat
import pytest

from analysis import notebook
from analysis.collect import collect
from analysis.page import page
from analysis.questions import QUESTIONS, SHOWN, show
from common.records import ROOT
from tests import fixtures
from tests.report.names import FIGURES


def test_the_whole_study_is_in_the_notebook_without_times(made):
    there = nbformat.read(made / "results.ipynb", as_version=4)
    shown = [output for cell in there.cells for output in cell.get("outputs", [])]
    assert {output.output_type for output in shown} <= {"display_data", "execute_result"}
    names = [output.metadata["image/png"]["figure"] for output in shown if "image/png" in output.get("data", {})]
    assert names == FIGURES
    assert not any("execution" in cell.metadata for cell in there.cells)
    assert "version" not in there.metadata.get("language_info", {})


def test_the_pictures_are_those_of_the_notebook_and_are_drawn_alike_anywhere(made):
    files = {path.stem: path.read_bytes() for path in (made / "results" / "figures").glob("*.png")}
    assert files == notebook.pictures(nbformat.read(made / "results.ipynb", as_version=4))
    assert files["misses"] == show("misses", collect(made / "results")).png()


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

"""What is not what the records give is found."""

import nbformat
import pytest

from analysis import claims, notebook, report, summary
from analysis.collect import collect
from tests import fixtures
from tests.refusal import refused


def test_the_check_passes_on_what_was_just_made_and_writes_nothing(repository, monkeypatch):
    """That the notebook comes out the same when it is run again is what `make check` asks of the committed one."""
    ran = nbformat.read(notebook.PATH, as_version=4)
    monkeypatch.setattr(notebook, "executed", lambda folder: ran)
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
        path.write_text(text.removesuffix("\n"))
        (sentence,) = report.differing(found)
        assert path.name in sentence
        path.write_text(text)
    assert list(report.differing(found)) == []


def test_a_changed_record_is_found_in_all_that_shows_it(repository):
    path = repository / "results" / "cifar10" / "train-cifar10-preactresnet18-mixup1.0-seed0.json"
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
    report._write(found, notebook.pictures(nbformat.read(notebook.PATH, as_version=4)))
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


@pytest.mark.parametrize("main", [report.main, claims.main, summary.main], ids=["report", "claims", "summary"])
def test_a_folder_or_setting_that_is_not_there_is_refused(tmp_path, main):
    fixtures.train(tmp_path)
    refused(lambda: main(["--results-dir", str(tmp_path / "resluts")]), "--results-dir", "resluts: no such folder")
    assert not (tmp_path / "resluts").exists()
    if main != summary.main:
        refused(
            lambda: main(["--results-dir", str(tmp_path), "--setting", "cifar10-preact18"]),
            "perhaps you meant cifar10-preactresnet18.",
        )

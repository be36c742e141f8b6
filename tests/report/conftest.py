"""A folder that stands for the repository, in which the report was made once, of a whole study."""

import dataclasses
import itertools
import pickle
import shutil

import pytest

from analysis import notebook, report
from tests import fixtures
from tests.browser import Browser
from tests.report.names import FIRST, MARKS, OTHERS, SECOND

REPORT = "report.pickle"


def _make(folder):
    """And in it that report."""
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
    (folder / REPORT).write_bytes(pickle.dumps(kept[0]))


@pytest.fixture(scope="session")
def made(once):
    """It. Tests look at it, and change a copy."""
    return once("made-report", _make)


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
def found(made, repository):
    """What the records of the copy give: what those of the whole gave, in its place."""
    one = pickle.loads((made / REPORT).read_bytes())
    texts = {repository / path.relative_to(made): text for path, text in one.texts.items()}
    return dataclasses.replace(one, folder=repository / "results", texts=texts)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser

"""An empty folder, and few points that are measured."""

import pytest

from common.options import gan as options
from scripts import gan


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _few_are_measured(monkeypatch):
    """As many as tell, and no more."""
    monkeypatch.setattr(gan, "MEASURED", 500)
    monkeypatch.setattr(options, "MEASURED", 500)

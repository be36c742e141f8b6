"""An empty folder for each training."""

import pytest

from _train import keeping


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    """Where the state is kept after every epoch, however short it is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(keeping, "SELDOM", 0)

"""No test sees the machine's data or cache."""

import pytest


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.delenv("MIXUP_DATA_DIR", raising=False)
    monkeypatch.setenv("MIXUP_CACHE_DIR", str(tmp_path / "cache"))

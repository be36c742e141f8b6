"""No test sees the machine's data, caches or network."""

import pytest


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """No test sees the machine's data, caches or network."""
    for name in ("MIXUP_DATA_DIR", "HF_DATASETS_CACHE", "HF_ENDPOINT", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("MIXUP_CACHE_DIR", str(tmp_path / "cache"))

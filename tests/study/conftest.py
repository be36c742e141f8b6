"""An empty working directory for a study."""

from pathlib import Path

import pytest

from tests.study.asked import JUDGED_NOT


@pytest.fixture
def write(tmp_path, monkeypatch):
    """``write("train: …")`` is a study of this content in an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def make(content, name="own.yaml"):
        Path(name).write_text(content + (JUDGED_NOT if "mixup: [no, yes]" in content else ""))
        return f"./{name}"

    return make

"""Whatever is wrong with what a user gives is answered by a status that is not 0, one sentence that names it and the
way out, and no traceback; what was there before is as it was."""

import shutil
import sys

import pytest

from common import cli
from scripts import train
from tests.bad_input.runs import DIGITS, IRIS, contents


def _train(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for argv in (DIGITS, IRIS):
            train.main(argv)
    (folder / "afile").write_text("a file")


@pytest.fixture(scope="module")
def good(once, tmp_path_factory):
    """A folder with finished runs: what must not change."""
    return shutil.copytree(once("finished-runs", _train), tmp_path_factory.mktemp("good"), dirs_exist_ok=True)


@pytest.fixture
def refused(good, monkeypatch, capsys):
    """``refused(argv, named)``: runs it beside the finished runs."""
    monkeypatch.chdir(good)
    before = contents(good)

    def run(argv, named, status=2, box=True):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["scripts/train.py", *argv])
        try:
            ended = cli.run(train.main)
        except SystemExit as end:  # tyro's box
            assert box
            ended = end.code
            said = capsys.readouterr().err
            assert "--help" in said
        else:
            said = capsys.readouterr().err
            lines = [line for line in said.splitlines() if ": decoding " not in line]
            assert len(lines) <= 2, said  # the second a command line to copy
            assert lines[0].endswith((".", ":")), said
        assert ended == status, said
        assert "Traceback" not in said
        assert named in said
        assert contents(good) == before
        return said

    return run

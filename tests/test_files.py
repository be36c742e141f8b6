import errno
import os
import subprocess

import pytest
from refusal import refused

from common import files
from common.errors import UserError
from common.files import alone, write_whole


def test_makes_the_folder_and_replaces_the_file(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["file"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, call, code):
    path = tmp_path / "file"
    write_whole(path, b"good")

    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(files.os, call, fail)
    with pytest.raises(UserError, match=f"{path}: cannot be written"):
        write_whole(path, b"half")
    assert path.read_bytes() == b"good"
    assert os.listdir(tmp_path) == ["file"]


def test_sweeps_what_a_killed_writer_left_of_this_file_alone(tmp_path):
    dead = subprocess.Popen(["true"])
    dead.wait()
    for process in (dead.pid, os.getpid(), "x"):
        (tmp_path / f".file.{process}.part").write_bytes(b"half")
    (tmp_path / ".file2.123.part").write_bytes(b"another's")
    (tmp_path / f".file.{os.getppid()}.part").write_bytes(b"of one that is at it")
    write_whole(tmp_path / "file", b"whole")
    assert sorted(os.listdir(tmp_path)) == [f".file.{os.getppid()}.part", ".file2.123.part", "file"]


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "results").write_text("")
    with pytest.raises(UserError, match=r"results/record[.]json: cannot be written"):
        write_whole(tmp_path / "results" / "record.json", b"")


def test_a_lock_that_is_a_link_is_refused_and_what_it_leads_to_stays(tmp_path):
    (tmp_path / "mine").write_text("years of work")
    (tmp_path / ".run.lock").symlink_to(tmp_path / "mine")
    with pytest.raises(UserError, match=r"[.]run[.]lock: is a link.*remove it"), alone(tmp_path / ".run.lock", []):
        pass
    assert (tmp_path / "mine").read_text() == "years of work"
    (tmp_path / ".run.lock").unlink()
    with alone(tmp_path / ".run.lock", []):
        assert (tmp_path / ".run.lock").exists()


def test_a_place_is_tried_by_writing(tmp_path, monkeypatch):
    files.check_writable(tmp_path / "new" / "record.json")
    assert list(tmp_path.iterdir()) == []

    def read_only(**_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(files.tempfile, "TemporaryFile", read_only)
    refused(lambda: files.check_writable(tmp_path / "new" / "record.json"), tmp_path, "Read-only file system")


def test_no_place_for_temporary_files_is_named_by_its_variable(monkeypatch):
    monkeypatch.setattr(files.tempfile, "tempdir", None)
    monkeypatch.setattr(files.tempfile, "_candidate_tempdir_list", lambda: ["/dev/null"])
    refused(files.check_temporary, "No usable temporary directory", "TMPDIR")

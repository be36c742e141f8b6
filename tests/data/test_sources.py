"""Where a set comes from, and what is said where it cannot be had. Nothing here asks the network."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq

from common.data.dataset import fingerprint
from common.data.load import load
from common.data.sets import SETS
from common.data.sources import Source, find, is_hub_id, remember
from tests.data.made import class_folders, parquet_set, plain_table
from tests.refusal import refused


def test_a_missing_set_is_reported_at_once_and_without_torch(tmp_path):
    """In a process of its own: what is imported, how long it takes, and that a resolver that hangs does not hold it."""
    program = """
import socket, sys, time
def hang(*_, **__): time.sleep(30)
socket.create_connection = hang
from common.data.sources import find
from common.errors import UserError
try:
    find("cifar10", None)
except UserError as error:
    print(error)
print(sorted({"torch", "datasets", "torchvision", "sklearn", "numpy"} & set(sys.modules)))
"""
    environment = {name: value for name, value in os.environ.items() if name not in ("HF_HUB_OFFLINE", "HF_HOME")}
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=20,
        env=environment | {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - begin < 4  # 2 s on a machine that does nothing else
    assert "no connection to huggingface.co:443" in done.stdout
    assert done.stdout.endswith("[]\n")


def test_the_error_names_every_way_to_get_the_set(tmp_path):
    message = refused(
        lambda: find("cifar10", tmp_path),
        tmp_path,
        "uoft-cs/cifar10",
        "HF_HUB_OFFLINE is set",
        "--data-dir FOLDER",
        "cifar10/train.parquet",
        "cifar10/test.parquet",
        "cifar-10-batches-py",
        "network",
        "train.py --dataset digits --mixup",
    )
    assert "\n\n" not in message
    refused(lambda: find("cifar10", None), "--data-dir, MIXUP_DATA_DIR")


def test_the_hub_is_there_when_it_answers(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        assert find("cifar10", None) == Source("cifar10", "images", "hub uoft-cs/cifar10", None)
    refused(lambda: find("cifar10", None), "no connection to 127.0.0.1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert find("cifar10", None).origin == "hub uoft-cs/cifar10"


def test_the_hub_is_not_needed_for_what_datasets_has_kept(tmp_path):
    folder = tmp_path / "hf" / "datasets" / "uoft-cs___cifar10" / "plain_text" / "0.0.0" / "abc"
    folder.mkdir(parents=True)
    refused(lambda: find("cifar10", None), "HF_HUB_OFFLINE is set")
    (folder / "dataset_info.json").write_text("{}")
    assert find("cifar10", None).origin == "hub uoft-cs/cifar10"


def test_a_folder_that_would_shadow_the_hub_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "uoft-cs" / "cifar10").mkdir(parents=True)
    refused(lambda: find("cifar10", None), "folder uoft-cs/cifar10", "--dataset ./uoft-cs/cifar10")


def test_local_files_come_before_the_hub(tmp_path, monkeypatch):
    for inside in ("cifar10", "cifar10/plain_text"):
        root = tmp_path / inside.replace("/", "-")
        parquet_set(root / inside, plain_table())
        assert find("cifar10", root) == Source("cifar10", "images", "parquet files", root / inside)
    for inside in (".", "cifar10"):
        root = tmp_path / f"archive-{inside}"
        (root / inside / "cifar-10-batches-py").mkdir(parents=True)
        assert find("cifar10", root) == Source("cifar10", "images", "original archive", root / inside)
    monkeypatch.setenv("MIXUP_DATA_DIR", str(tmp_path / "cifar10"))
    assert find("cifar10", None).origin == "parquet files"


def test_half_a_set_is_no_reason_to_take_another(tmp_path, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # the hub would be asked
    parquet_set(tmp_path / "cifar10", plain_table())
    (tmp_path / "cifar10" / "test.parquet").unlink()
    refused(lambda: find("cifar10", tmp_path), tmp_path / "cifar10", "no test.parquet")
    (tmp_path / "own" / "test").mkdir(parents=True)
    refused(lambda: find("own", tmp_path), tmp_path / "own", "no train/")


def test_shards_are_read_in_order_and_none_may_be_missing(tmp_path):
    folder = parquet_set(tmp_path / "pets", plain_table())
    whole = load(find(str(folder), None))
    table = plain_table()
    (folder / "train.parquet").unlink()
    for number in range(2):
        pq.write_table(table.slice(2 * number, 2), folder / f"train-0000{number}-of-00002.parquet")
    assert fingerprint(load(find(str(folder), None))) == fingerprint(whole)
    other = table.rename_columns(["image", "label"]).slice(2, 2)
    pq.write_table(other, folder / "train-00001-of-00002.parquet")
    refused(lambda: load(find(str(folder), None)), "train-00001-of-00002.parquet", "other columns")
    (folder / "train-00001-of-00002.parquet").unlink()
    refused(lambda: find(str(folder), None), "1 of 2 files train-*.parquet")


def test_a_wrong_data_dir_is_refused_by_its_name(tmp_path, monkeypatch):
    refused(lambda: find("digits", tmp_path / "nowhere"), "--data-dir", tmp_path / "nowhere")
    monkeypatch.setenv("MIXUP_DATA_DIR", str(tmp_path / "gone"))
    refused(lambda: find("cifar10", None), "MIXUP_DATA_DIR", tmp_path / "gone")
    assert find("digits", None).origin == "scikit-learn"  # needs no folder


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path):
    said = ("--dataset cifar-10", "perhaps you meant cifar10.", "slash", "./cifar-10", tmp_path)
    refused(lambda: find("cifar-10", tmp_path), *said)
    assert "meant" not in refused(lambda: find("xyzzy", None), "digits", "breast_cancer", "slash")


def test_a_set_of_ones_own_is_named_by_path_or_lies_in_the_data_dir(tmp_path, monkeypatch):
    class_folders(tmp_path / "pets")
    monkeypatch.chdir(tmp_path)
    for dataset, data_dir in ((str(tmp_path / "pets"), None), ("./pets", None), ("pets", None), ("pets", tmp_path)):
        source = find(dataset, data_dir)
        assert (source.name, source.kind, source.origin) == ("pets", "images", "class folders")
    monkeypatch.chdir(tmp_path / "pets")
    assert find(".", None).name == "pets"


def test_a_path_that_holds_no_set_is_refused(tmp_path):
    refused(lambda: find(f"{tmp_path}/nowhere", None), tmp_path / "nowhere", "not a folder")
    (tmp_path / "empty").mkdir()
    refused(lambda: find(f"{tmp_path}/empty", None), tmp_path / "empty", "train.parquet", "train/")
    class_folders(tmp_path / "both")
    parquet_set(tmp_path / "both", plain_table())
    refused(lambda: find(f"{tmp_path}/both", None), tmp_path / "both", "leave one")
    class_folders(tmp_path / "my pets")
    refused(lambda: find(f"{tmp_path}/my pets", None), "--dataset", "'my pets'")


def test_every_name_that_find_knows_can_be_loaded():
    shipped = [name for name, one in SETS.items() if one.package]
    assert [load(find(name, None)).name for name in shipped] == shipped


def test_images_that_no_package_holds_come_from_the_hub():
    assert all(is_hub_id(one.hub) for one in SETS.values() if one.kind == "images" and not one.package)
    assert not any(one.hub for one in SETS.values() if one.kind != "images" or one.package)


def test_a_folder_that_is_called_as_a_set_of_scikit_learns_is_refused(tmp_path):
    """Its runs would be called as theirs, and probes would look for the wrong images."""
    class_folders(tmp_path / "digits")
    refused(lambda: find(str(tmp_path / "digits"), None), "digits", "scikit-learn", "rename the folder")


def test_a_folder_that_holds_no_set_hides_none_that_was_trained_on(tmp_path, monkeypatch):
    """results/ and tests/ are folders of this repository, and names that tables have."""
    monkeypatch.chdir(tmp_path)
    for place in ("elsewhere", "results", "known"):
        Path(place).mkdir()
    Path("elsewhere/results.csv").write_text("x,label\n1,a\n2,b\n")
    remember(find("elsewhere/results.csv", None), Path("known"))
    found = find("results", None, Path("known"))
    assert (found.name, found.kind) == ("results", "table")
    refused(lambda: find("results", None), "holds neither train.parquet")

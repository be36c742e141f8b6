"""Sets of images from the Hugging Face hub: their names, which parts and columns are learnt, what goes wrong. The hub
is a folder of copies of its repositories, read by `datasets` itself; nothing here is asked of the network."""

from pathlib import Path

import datasets
import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from common.data.dataset import fingerprint
from common.data.load import load
from common.data.sets import SETS, Known
from common.data.sources import Reading, Source, find, is_hub_id, remember
from common.options import TrainConfig, reading, resolve, run_name
from common.options.names import command_words
from tests.data.made import class_folders, hub_split, image, parquet_set, pixels, plain_table
from tests.refusal import refused

PETS = "Some-One/MyPets"
READ = datasets.load_dataset


@pytest.fixture
def the_hub(monkeypatch, tmp_path):
    """A folder whose subfolders OWNER/NAME are the hub's repositories."""
    root = tmp_path / "hub"
    monkeypatch.setattr(datasets, "load_dataset", lambda name: READ(str(root / name), cache_dir=str(tmp_path / "kept")))
    monkeypatch.setattr("common.data.online.obstacle", lambda: None)
    return root


def repository(root, name=PETS, **splits):
    folder = root / name / "data"
    folder.mkdir(parents=True)
    for split, rows in splits.items():
        rows.to_parquet(folder / f"{split}-00000-of-00001.parquet")


def two_columns(**more):
    """Images beside the classes ``label`` and those of ``more``."""
    features = {"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])}
    features |= {name: datasets.ClassLabel(names=["red", "blue"]) for name in more}
    rows = {"image": [image(row) for row in range(4)], "label": [0, 1, 1, 0], **more}
    return datasets.Dataset.from_dict(rows, features=datasets.Features(features))


# --- names ------------------------------------------------------------------------------------------------------------


def test_a_set_is_found_by_its_id_and_by_the_name_that_records_have(the_hub):
    for asked in (f"hub:{PETS}", "Some-One--MyPets"):
        assert find(asked, None) == Source("Some-One--MyPets", "images", f"hub {PETS}", None)


def test_a_set_that_is_known_by_name_keeps_it(the_hub):
    assert find("hub:uoft-cs/cifar10", None) == find("cifar10", None)


@pytest.mark.parametrize("id_", ["", "pets", "a/b/c", "/b", "a/", "../b", "a/..", "a--b/c", "a/b..c", "a/b c", "-a/b"])
def test_what_is_no_id_is_refused_with_an_example(the_hub, id_):
    assert not is_hub_id(id_)
    refused(lambda: find(f"hub:{id_}", None), f"--dataset hub:{id_}:", "owner and its name", "hub:zalando-datasets/")


def test_an_id_without_its_prefix_is_answered_with_it():
    refused(lambda: find("zalando-datasets/fashion_mnist", None), "no", "--dataset hub:zalando-datasets/fashion_mnist")


def test_a_run_is_named_by_owner_and_name_and_made_again_by_its_command(the_hub):
    repository(the_hub, train=hub_split(), test=hub_split(first=7))
    source = find(f"hub:{PETS}", None)
    config = resolve(TrainConfig(dataset=source.name, mixup=True, epochs=3), source.name, "images", 32)
    name = "Some-One--MyPets-preactresnet18-3ep-mixup1.0-seed0"
    assert run_name(config, "images", 32, "no") == name
    words = command_words(config, "images", 32)
    assert find(words[words.index("--dataset") + 1], None) == source
    remember(source, the_hub / "known")
    assert not (the_hub / "known").exists()


# --- where it comes from ----------------------------------------------------------------------------------------------


def test_a_copy_in_the_data_folder_comes_first(the_hub, tmp_path):
    root = tmp_path / "data"
    parquet_set(root / "Some-One--MyPets", plain_table())
    for asked in (f"hub:{PETS}", "Some-One--MyPets"):
        source = find(asked, root)
        assert (source.name, source.origin) == ("Some-One--MyPets", "parquet files")


def test_a_hub_out_of_reach_is_said_with_the_ways_to_get_the_set(tmp_path):
    message = refused(
        lambda: find(f"hub:{PETS}", tmp_path),
        f"The data set Some-One--MyPets cannot be had: not in {tmp_path}",
        f"({PETS}) it is out of reach: HF_HUB_OFFLINE is set",
        "FOLDER holds Some-One--MyPets/train.parquet",
        "--dataset digits --mixup",
    )
    assert "archive" not in message


def test_what_datasets_has_kept_needs_no_hub(tmp_path, monkeypatch):
    """It calls a folder by small letters, with an underscore before each that was a capital."""
    hub_home = tmp_path / "hf"
    monkeypatch.setenv("HF_HOME", str(hub_home))
    kept = hub_home / "datasets" / "Some-One___my_pets" / "default" / "0.0.0" / "abc"
    kept.mkdir(parents=True)
    refused(lambda: find(f"hub:{PETS}", None), "HF_HUB_OFFLINE is set")
    (kept / "dataset_info.json").write_text("{}")
    assert find(f"hub:{PETS}", None).origin == f"hub {PETS}"
    refused(lambda: find("hub:Some-One/Pets", None), "HF_HUB_OFFLINE is set")


def test_a_folder_that_would_be_read_in_its_place_is_refused(the_hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(PETS).mkdir(parents=True)
    refused(lambda: find(f"hub:{PETS}", None), f"folder {PETS}", f"--dataset ./{PETS}")


def test_a_set_of_the_hubs_is_one_line_in_the_table(the_hub, monkeypatch, tmp_path):
    monkeypatch.setitem(SETS, "pets", Known("images", 32, flips=True, hub=PETS))
    assert find("pets", None) == find(f"hub:{PETS}", None) == Source("pets", "images", f"hub {PETS}", None)
    repository(the_hub, train=hub_split(), test=hub_split(first=7))
    assert load(find("pets", None)).name == "pets"
    parquet_set(tmp_path / "data" / "pets", plain_table())
    assert find("pets", tmp_path / "data").origin == "parquet files"


# --- what is read -----------------------------------------------------------------------------------------------------


def test_images_and_classes_are_found_by_what_they_are_declared(the_hub, capsys):
    repository(the_hub, train=hub_split(), test=hub_split(first=7))
    data = load(find(f"hub:{PETS}", None))
    assert np.array_equal(data.train.inputs[1].numpy(), pixels(image(1)))
    assert np.array_equal(data.test.inputs[2].numpy(), pixels(image(9)))
    assert (data.train.labels.tolist(), data.classes) == ([0, 1, 1, 0], ("cat", "dog"))
    assert (data.name, data.origin, data.notes) == ("Some-One--MyPets", f"hub {PETS}", ())
    assert f"from the hub {PETS}" in capsys.readouterr().err


def test_the_same_rows_have_the_same_fingerprint_wherever_they_come_from(the_hub, tmp_path):
    repository(the_hub, train=hub_split(), test=hub_split(first=7))
    local = tmp_path / "local"
    local.mkdir()
    hub_split().to_parquet(local / "train.parquet")
    hub_split(first=7).to_parquet(local / "test.parquet")
    assert fingerprint(load(find(f"hub:{PETS}", None))) == fingerprint(load(find(str(local), None)))


def test_a_repository_of_image_files_is_read(the_hub, tmp_path):
    """`datasets` gives these by path and not by bytes."""
    class_folders(the_hub / PETS)
    data = load(find(f"hub:{PETS}", None))
    assert fingerprint(data) == fingerprint(load(find(str(the_hub / PETS), None)))


def test_paths_in_a_table_are_not_followed(the_hub, tmp_path):
    """Or a set could have any file of the machine learnt."""
    image(1).save(tmp_path / "private.png")
    rows = datasets.Dataset.from_dict(
        {"image": [{"bytes": None, "path": str(tmp_path / "private.png")}] * 4, "label": [0, 1, 0, 1]},
        features=datasets.Features(
            {
                "image": {"bytes": datasets.Value("binary"), "path": datasets.Value("string")},
                "label": datasets.ClassLabel(names=["cat", "dog"]),
            }
        ),
    )
    table = rows.data.table.replace_schema_metadata(
        hub_split().rename_column("img", "image").data.table.schema.metadata
    )
    folder = the_hub / PETS / "data"
    folder.mkdir(parents=True)
    for part in ("train", "test"):
        pq.write_table(table, folder / f"{part}-00000-of-00001.parquet")
    refused(lambda: load(find(f"hub:{PETS}", None)), "the hub's part 'train'", "holds paths", "private.png")


@pytest.mark.parametrize(
    ("splits", "parts", "notes"),
    [
        (("train", "validation", "test"), ("train", "test"), ["validation part (validation) is left out"]),
        (("train", "validation"), ("train", "validation"), ["the validation part (validation): there is no other"]),
    ],
)
def test_splits_are_taken_by_their_names(the_hub, splits, parts, notes):
    made = {name: hub_split(first=10 * number) for number, name in enumerate(splits)}
    repository(the_hub, **made)
    data = load(find(f"hub:{PETS}", None))
    assert np.array_equal(data.test.inputs[0].numpy(), pixels(made[parts[1]][0]["img"]))
    assert len(data.notes) == len(notes)
    assert all(note in said for note, said in zip(notes, data.notes, strict=True))


def test_of_one_split_a_share_is_drawn(the_hub):
    repository(the_hub, train=hub_split(labels=(0, 1) * 10))
    source = find(f"hub:{PETS}", None)
    refused(lambda: load(source), f"The hub {PETS} holds train and no test part; --test-share 0.2 draws a fifth")
    data = load(source, reading(TrainConfig(test_share=0.2), source.name, "images"))
    assert (len(data.train), len(data.test)) == (16, 4)
    assert data.test.labels.bincount().tolist() == [2, 2]


def test_several_columns_of_classes_are_chosen_from_by_target(the_hub):
    repository(the_hub, train=two_columns(colour=[0, 0, 1, 1]), test=two_columns(colour=[1, 0, 1, 0]))
    source = find(f"hub:{PETS}", None)
    refused(lambda: load(source), "the hub's part 'train'", "label, colour", "name it with --target")
    assert load(source, Reading(target="colour")).test.labels.tolist() == [1, 0, 1, 0]
    refused(lambda: load(source, Reading(target="shape")), "--target shape", "image, label, colour")


def test_a_new_revision_is_decoded_again(the_hub, monkeypatch, capsys):
    splits = datasets.DatasetDict(train=hub_split(), test=hub_split(first=7))
    monkeypatch.setattr(datasets, "load_dataset", lambda name: splits)
    before = load(find(f"hub:{PETS}", None))
    capsys.readouterr()
    load(find(f"hub:{PETS}", None))
    assert "decoding" not in capsys.readouterr().err
    splits["train"] = hub_split(first=100)
    assert not torch.equal(load(find(f"hub:{PETS}", None)).train.inputs, before.train.inputs)
    assert "again" in capsys.readouterr().err


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_set_without_images_is_refused_by_its_columns(the_hub):
    texts = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [0, 1]})
    repository(the_hub, train=texts, test=texts)
    refused(lambda: load(find(f"hub:{PETS}", None)), "needs exactly one image column", "text (string)")


def test_splits_of_other_names_are_refused_with_the_way_out(the_hub, monkeypatch):
    splits = datasets.DatasetDict(full=hub_split(), tiny=hub_split())
    monkeypatch.setattr(datasets, "load_dataset", lambda name: splits)
    refused(lambda: load(find(f"hub:{PETS}", None)), "full, tiny", "train or test", "FOLDER/Some-One--MyPets")
    monkeypatch.setattr(datasets, "load_dataset", lambda name: datasets.DatasetDict(test=hub_split()))
    refused(lambda: load(find(f"hub:{PETS}", None)), f"{PETS} holds test but no train")


@pytest.mark.parametrize(
    ("error", "said", "is_closed"),
    [
        (ConnectionError("reset by peer"), "reset by peer", False),
        (ValueError("Config name is missing.\nPlease pick one among: ['a', 'b']"), "missing. Please pick one", False),
        (RuntimeError("Dataset scripts are no longer supported, but found x.py"), "found x.py", False),
        (datasets.exceptions.DatasetGenerationError("x"), "x", False),
        (datasets.exceptions.DatasetNotFoundError(f"Dataset '{PETS}' is a gated dataset on the Hub."), "gated", True),
        (datasets.exceptions.DatasetNotFoundError("doesn't exist or cannot be accessed."), "cannot be accessed", True),
    ],
)
def test_what_the_hub_does_not_give_is_one_sentence(the_hub, monkeypatch, error, said, is_closed):
    def fail(name):
        raise error

    monkeypatch.setattr(datasets, "load_dataset", fail)
    message = refused(lambda: load(find(f"hub:{PETS}", None)), PETS, said, "--data-dir FOLDER with Some-One--MyPets/")
    assert "\n" not in message
    assert ("hf auth login" in message) is is_closed

"""CIFAR-100 and its two columns of labels."""

import datasets
import numpy as np
import pyarrow as pa
import pytest

from common.data.load import load
from common.data.sources import find
from tests.data.made import image, parquet_set, pixels, plain_table
from tests.refusal import refused

FINE = ("apple", "bed", "cloud")


def hub_split_100(fine=(0, 2, 1, 0), first=0, coarse="coarse_label"):
    """As the hub's: an image, its class, and the group of its class."""
    features = datasets.Features(
        {
            "img": datasets.Image(),
            "fine_label": datasets.ClassLabel(names=list(FINE)),
            coarse: datasets.ClassLabel(names=["thing", "plant"]),
        }
    )
    pictures = [image(first + row) for row in range(len(fine))]
    columns = {"img": pictures, "fine_label": list(fine), coarse: [1, 0, 0, 1][: len(fine)]}
    return datasets.Dataset.from_dict(columns, features=features)


@pytest.mark.parametrize("inside", ["cifar100", "cifar100/cifar100"])
def test_cifar100_from_parquet_learns_the_fine_classes(tmp_path, inside):
    (tmp_path / inside).mkdir(parents=True)
    hub_split_100().to_parquet(tmp_path / inside / "train.parquet")
    hub_split_100((1, 1, 2), first=9).to_parquet(tmp_path / inside / "test.parquet")
    dataset = load(find("cifar100", tmp_path))
    assert dataset.classes == FINE
    assert (dataset.train.labels.tolist(), dataset.test.labels.tolist()) == ([0, 2, 1, 0], [1, 1, 2])
    assert np.array_equal(dataset.test.inputs[2].numpy(), pixels(image(11)))
    assert (dataset.name, dataset.origin) == ("cifar100", "parquet files")


def test_cifar100_from_plain_parquet_takes_its_classes_from_the_values(tmp_path):
    table = plain_table().rename_columns(["img", "fine_label"]).append_column("coarse_label", [[7, 7, 7, 7]])
    dataset = load(find("cifar100", parquet_set(tmp_path / "cifar100", table).parent))
    assert dataset.classes == ("0", "1")
    assert dataset.train.labels.tolist() == [0, 1, 0, 1]


def test_cifar100_from_the_hub_learns_the_fine_classes(monkeypatch, tmp_path):
    folder = tmp_path / "hf" / "datasets" / "uoft-cs___cifar100" / "cifar100" / "0.0.0" / "abc"
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").write_text("{}")
    splits = datasets.DatasetDict(train=hub_split_100(), test=hub_split_100((2, 2), first=7))
    asked = []
    monkeypatch.setattr(datasets, "load_dataset", lambda name: asked.append(name) or splits)
    dataset = load(find("cifar100", None))
    assert asked == ["uoft-cs/cifar100"]
    assert (dataset.origin, dataset.classes) == ("hub uoft-cs/cifar100", FINE)
    assert dataset.test.labels.tolist() == [2, 2]
    splits["test"] = splits["test"].remove_columns("fine_label")
    splits["train"] = splits["train"].remove_columns("fine_label")
    refused(lambda: load(find("cifar100", None)), "the hub's part 'train'", "one label column")


def test_broken_parquet_of_cifar100_is_refused_by_name(tmp_path):
    def broken(name, train, test=None):
        table = train.data.table
        folder = parquet_set(tmp_path / name / "cifar100", table, test and test.data.table)
        return lambda: load(find("cifar100", folder.parent))

    whole = hub_split_100()
    refused(broken("a", whole.remove_columns("fine_label")), "train.parquet", "one label column", "coarse_label")
    refused(broken("b", whole.remove_columns("img")), "train.parquet", "one image column")
    refused(broken("c", whole, hub_split_100((0, 1), coarse="group")), "test.parquet", "fine_label, group")
    renamed = whole.cast_column("fine_label", datasets.ClassLabel(names=["apple", "bed", "cow"]))
    refused(broken("d", whole, renamed), "train.parquet", "'cloud' (train only)", "'cow' (test only)")
    outside = whole.data.table.set_column(1, "fine_label", pa.array([0, 3, 1, 0]))
    folder = parquet_set(tmp_path / "e" / "cifar100", outside)
    refused(lambda: load(find("cifar100", folder.parent)), "'fine_label' holds 3 in row 1, outside of its 3 classes")
    folder = parquet_set(tmp_path / "f" / "cifar100", whole.data.table)
    (folder / "test.parquet").write_bytes((folder / "test.parquet").read_bytes()[:-9])
    refused(lambda: load(find("cifar100", folder.parent)), folder / "test.parquet", "cut off or damaged")
    (folder / "test.parquet").unlink()
    refused(lambda: find("cifar100", folder.parent), folder, "no test.parquet")

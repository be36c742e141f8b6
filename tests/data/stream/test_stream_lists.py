"""ImageNet's folder of validation images, whose classes stand in a list."""

import pytest

from common.data.folders import list_part
from common.data.load import load
from common.data.sources import find
from tests.data.made import class_folders
from tests.data.stream.photographs import ZOOMED, jpeg
from tests.refusal import refused

LISTS = {
    "val.txt": "ILSVRC2012_val_1.JPEG 1\nILSVRC2012_val_0.JPEG 0\nILSVRC2012_val_2.JPEG 0\n",
    "LOC_val_solution.csv": "ImageId,PredictionString\nILSVRC2012_val_2,cat 1 2 3 4\nILSVRC2012_val_0,cat 1 2 3 4\n"
    "ILSVRC2012_val_1,dog 1 2 3 4 dog 5 6 7 8\n",
    "imagenet_2012_validation_synset_labels.txt": "cat\ndog\ncat\n",
}


def flat(photos):
    """As ImageNet is published: val/ without class folders, test/ without classes."""
    (photos / "test").rename(photos / "val")
    for row in range(3):
        (photos / "val" / "cat" / f"{row}.JPEG").rename(photos / "val" / f"ILSVRC2012_val_{row}.JPEG")
    for folder in ("cat", "dog"):
        for file in (photos / "val" / folder).iterdir():
            file.unlink()
        (photos / "val" / folder).rmdir()
    (photos / "test").mkdir()
    (photos / "test" / "ILSVRC2012_test_0.JPEG").write_bytes(jpeg())
    return photos.rename(photos.with_name("imagenet"))


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("inside", [False, True])
def test_a_validation_folder_without_class_folders_takes_its_classes_from_its_list(photos, name, inside):
    root = flat(photos)
    (root / "val" / name if inside else root / name).write_text(LISTS[name])
    source = find("imagenet", root.parent)
    assert source.parts == ("train", "val")
    data = load(source, ZOOMED)
    assert data.test.labels.tolist() == [0, 1, 0]
    assert data.classes == ("cat", "dog")
    assert [data.test.inputs.encoded.place(row)[-15:] for row in (0, 1, 2)] == [
        f"2012_val_{row}.JPEG" for row in range(3)
    ]


def test_a_list_that_is_missing_or_does_not_fit_is_refused_by_name(photos):
    root = flat(photos)

    def read():
        return load(find("imagenet", root.parent), ZOOMED)

    refused(read, "val holds images without class folders", "val.txt", "LOC_val_solution.csv")
    for text, reason in (
        ("ILSVRC2012_val_9.JPEG 0\n", "'ILSVRC2012_val_9.JPEG 0' names no image"),
        ("ILSVRC2012_val_0.JPEG 7\n", "or no class of train/"),
        ("ILSVRC2012_val_0.JPEG 0\n", "says nothing of ILSVRC2012_val_1.JPEG"),
        ("cat\ndog\ncat\ncat\n", "'cat' names no image"),
    ):
        (root / "val.txt").write_text(text)
        refused(read, "val.txt", reason)


def test_classes_that_are_called_by_numbers_are_those_of_that_name(tmp_path):
    """The folders 0 to 11 are in the order 0, 1, 10, 11, 2, …"""
    names = sorted(map(str, range(12)))
    photos = class_folders(tmp_path / "photos", 1, names)
    (photos / "val").mkdir()
    for name in names:
        (photos / "test" / name / "0.png").rename(photos / "val" / f"{name}.png")

    def classes(*said):
        """Of the images called 0 to 11, what is read where the list says this of them."""
        (photos / "val.txt").write_text("".join(f"{image}.png {word}\n" for image, word in enumerate(said)))
        train = list_part(photos, "train")
        part = list_part(photos, "val", train.classes)
        of = {file.stem: train.classes[label] for file, label in zip(part.files, part.labels.tolist(), strict=True)}
        return [of[str(image)] for image in range(12)]

    assert classes(*range(12)) == list(map(str, range(12)))
    refused(lambda: classes(*range(11), "none"), "val.txt", "'11.png none' names no image", "no class of train/")
    (photos / "train" / "0").rename(photos / "train" / "12")
    assert classes(*range(12)) == sorted(map(str, range(1, 13)))  # 0 is no name: they are numbers
    refused(lambda: classes(0, 12, *range(1, 11)), "val.txt", "'1' is the name of a class", "of another, '10'")

"""Images in a folder for each class."""

import numpy as np
from PIL import Image

from common.data.load import load
from common.data.sources import find
from tests.data.made import class_folders, encoded, image, pixels
from tests.refusal import refused


def test_class_folders_are_read_in_the_order_of_their_names(tmp_path):
    root = class_folders(tmp_path / "pets", classes=("dog", "Ant", "cat"))
    for litter in ("train/.DS_Store", "train/cat/Thumbs.db", "test/dog/.hidden", "train/cat/desktop.ini"):
        (root / litter).write_bytes(b"litter")
    dataset = load(find(str(root), None))
    assert dataset.classes == ("Ant", "cat", "dog")
    assert dataset.train.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert dataset.train.inputs.shape == (9, 3, 3, 4)  # PIL's 4 x 3 is 3 rows of 4
    assert np.array_equal(dataset.train.inputs[6].numpy(), pixels(image(0)))  # the first dog
    assert np.array_equal(dataset.test.inputs[0].numpy(), pixels(image(12)))
    assert dataset.notes == ()


def test_class_folders_that_do_not_fit_are_refused_by_name(tmp_path):
    def broken(name, damage):
        root = class_folders(tmp_path / name)
        damage(root)
        return lambda: load(find(str(root), None))

    def write(inside, content=b"no image"):
        return lambda root: (root / inside).write_bytes(content)

    def empty(inside):
        return lambda root: [file.unlink() for file in (root / inside).iterdir()]

    refused(broken("a", write("train/cat/notes.txt")), "train/cat/notes.txt", "not an image")
    refused(broken("b", write("train/loose.png")), "train/loose.png", "outside of the class folders")
    refused(broken("c", lambda root: (root / "test" / "cat" / "more").mkdir()), "test/cat/more", "is a folder")
    refused(broken("d", empty("test/dog")), "test/dog", "empty")
    refused(
        broken("e", lambda root: (root / "train" / "dog").rename(root / "train" / "cow")), "'cow' (train only)", "'dog'"
    )
    refused(broken("f", write("test/cat/0.png", encoded(image(0, (40, 40)))[:900])), "test/cat/0.png", "cannot be read")
    one = class_folders(tmp_path / "g", classes=("cat",))
    refused(lambda: load(find(str(one), None)), one / "train", "one class only", "'cat'")
    none = tmp_path / "h"
    (none / "train").mkdir(parents=True)
    (none / "test").mkdir()
    refused(lambda: load(find(str(none), None)), none / "train", "empty")


def test_odd_sizes_are_resized_to_the_commonest_of_the_training_part_and_counted(tmp_path):
    root = class_folders(tmp_path / "pets")
    image(50, (9, 7)).save(root / "train" / "cat" / "0.png")
    for row in range(3):
        image(60 + row, (9, 7)).save(root / "test" / "dog" / f"{row}.png")
        image(70 + row, (9, 7)).save(root / "test" / "cat" / f"{row}.png")  # most of all images, yet not of train
    dataset = load(find(str(root), None))
    assert dataset.train.inputs.shape[1:] == (3, 3, 4)
    assert dataset.notes == ("7 of 12 images resized to 4 x 3",)
    smoothed = image(50, (9, 7)).resize((4, 3), Image.Resampling.BILINEAR)
    assert np.array_equal(dataset.train.inputs[0].numpy(), pixels(smoothed))


def test_grey_sets_keep_one_channel(tmp_path):
    root = class_folders(tmp_path / "grey", make=lambda seed: image(seed, mode="L"))
    dataset = load(find(str(root), None))
    assert dataset.train.inputs.shape == (6, 1, 3, 4)
    assert np.array_equal(dataset.train.inputs[0].numpy(), pixels(image(0, mode="L")))
    assert dataset.notes == ()


def test_mixed_sets_become_colour_and_say_so(tmp_path):
    root = class_folders(tmp_path / "mixed")
    image(20, mode="L").save(root / "train" / "cat" / "0.png")
    image(21, mode="RGBA").save(root / "train" / "cat" / "1.png")
    few = image(22).quantize(8)
    few.save(root / "test" / "cat" / "0.png")
    dataset = load(find(str(root), None))
    assert dataset.notes == (
        "1 of 12 images were grey and repeated to three channels",
        "1 of 12 images had transparency, which was dropped",
    )
    assert np.array_equal(dataset.train.inputs[0].numpy(), np.repeat(pixels(image(20, mode="L")), 3, axis=0))
    assert np.array_equal(dataset.train.inputs[1].numpy(), pixels(image(21, mode="RGBA"))[:3])
    assert np.array_equal(dataset.test.inputs[0].numpy(), pixels(few.convert("RGB")))


def test_a_camera_held_sideways_is_put_upright(tmp_path):
    root = class_folders(tmp_path / "pets")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown after a quarter turn to the right
    image(5).transpose(Image.Transpose.ROTATE_90).save(root / "train" / "cat" / "0.png", exif=exif)
    dataset = load(find(str(root), None))
    assert dataset.notes == ()
    assert np.array_equal(dataset.train.inputs[0].numpy(), pixels(image(5)))


def test_sixteen_bits_a_pixel_are_refused(tmp_path):
    root = class_folders(tmp_path / "deep")
    Image.fromarray(np.full((3, 4), 40000, dtype=np.uint16)).save(root / "train" / "cat" / "1.png")
    refused(lambda: load(find(str(root), None)), "train/cat/1.png", "8 bits")

"""Images that are broken, or odd."""

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from PIL import Image, ImageOps

from common import runs, training
from common.data import decoding
from common.data.load import load
from common.data.sources import find
from common.mixup import ERM
from common.plan import boxes
from tests.data.made import class_folders, encoded, image
from tests.data.stream.photographs import STREAM, ZOOMED, a_run, jpeg
from tests.refusal import refused

BROKEN = {
    "cut off": (jpeg()[:-200], "truncated"),
    "a PNG that is cut off": (encoded(image(1, (60, 50)))[:-200], "cannot be read as an image"),
    "empty": (b"", "is not an image"),
    "text": (b"<html>404</html>", "is not an image"),
    "16 bits": (encoded(Image.fromarray(np.full((9, 9), 40000, dtype=np.uint16))), "8 bits"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_image_is_named_before_anything_is_trained(photos, what):
    content, reason = BROKEN[what]
    (photos / "train" / "cat" / "2.JPEG").write_bytes(content)
    refused(lambda: load(find(str(photos), None), STREAM), "train/cat/2.JPEG", reason)


def test_several_broken_images_are_named_at_once(photos):
    for row in (2, 3):
        (photos / "train" / "dog" / f"{row}.JPEG").write_bytes(b"")
    refused(lambda: load(find(str(photos), None), STREAM), "2 of the 16 images", "train/dog/2.JPEG", "train/dog/3.JPEG")


def test_a_huge_image_is_named(photos, monkeypatch):
    (photos / "train" / "cat" / "2.JPEG").write_bytes(jpeg(size=(300, 300)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 60 * 60)
    refused(lambda: load(find(str(photos), None), STREAM), "train/cat/2.JPEG", "exceeds limit")


READ = {
    "CMYK": encoded(image(1, (30, 20)).convert("CMYK"), "JPEG"),
    "grey": encoded(image(1, (30, 20), mode="L"), "JPEG"),
    "one pixel": encoded(image(1, (1, 1)), "PNG"),
    "a PNG": encoded(image(1, (30, 20)), "PNG"),
    "a GIF": encoded(image(1, (30, 20)), "GIF"),
    "a BMP": encoded(image(1, (30, 20)), "BMP"),
    "a WebP": encoded(image(1, (30, 20)), "WEBP"),
    "long": encoded(image(1, (400, 2)), "JPEG"),
    "transparent": encoded(image(1, (30, 20), mode="RGBA"), "PNG"),
}


@pytest.mark.parametrize("what", READ)
def test_what_is_odd_is_read_as_pillow_reads_it_whatever_it_is_called(photos, what):
    file = photos / "train" / "cat" / "2.JPEG"
    file.write_bytes(READ[what])
    part = load(find(str(photos), None), ZOOMED).train
    expected = np.asarray(Image.open(file).convert("RGB")).transpose(2, 0, 1)
    whole = decoding.pixels(READ[what], False, part.inputs.encoded, 2)
    assert np.array_equal(whole.numpy(), expected)
    assert part.inputs.sizes[2].tolist() == list(expected.shape[1:])
    drawn = torch.from_numpy(boxes(0, 1, part.inputs.sizes))
    assert next(part.ahead([torch.tensor([2])], drawn)).fetch(torch.tensor([2])).shape == (1, 3, 24, 24)


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_camera_held_sideways_is_put_upright(photos, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = photos / "train" / "cat" / "2.JPEG"
    file.write_bytes(jpeg(size=(60, 20), exif=exif))
    part = load(find(str(photos), None), ZOOMED).train
    upright = np.asarray(ImageOps.exif_transpose(Image.open(file))).transpose(2, 0, 1)
    assert part.inputs.sizes[2].tolist() == list(upright.shape[1:])
    assert np.array_equal(decoding.pixels(file.read_bytes(), False, part.inputs.encoded, 2), upright)


def test_what_shows_only_when_it_is_decoded_ends_the_epoch_with_its_name(tmp_path):
    """A PNG with all its ends, and a block that does not add up."""
    root = class_folders(tmp_path / "small", 10, make=lambda seed: image(seed, (16, 16)))
    file = root / "train" / "dog" / "4.png"
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(40)
    file.write_bytes(content)
    run = a_run_without_statistics(root)
    accelerator = Accelerator(cpu=True)
    learning = run.begin(accelerator)
    part, plan = run.data.train, run.plan(1)
    refused(
        lambda: training.train_epoch(accelerator, learning, ERM, part, plan, lambda: None),
        "train/dog/4.png cannot be read as an image",
        "Replace it",
    )


def a_run_without_statistics(root):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "statistics_of", lambda part: ((0.5,) * 3, (0.25,) * 3))
        return a_run(root, stream=True)

import pytest
import torch
from torchvision.transforms import functional as TF

from common.augment import crop_flip, translate_flip


@pytest.mark.parametrize(
    ("ours", "padding", "side", "channels", "pad"),
    [
        (crop_flip, "constant", 32, 3, 4),
        (crop_flip, "constant", 8, 1, 1),
        (crop_flip, "constant", 9, 2, 3),
        (translate_flip, "reflect", 32, 3, 2),
        (translate_flip, "reflect", 16, 1, 1),
        (translate_flip, "reflect", 9, 2, 8),
    ],
)
def test_equals_torchvision_image_by_image(ours, padding, side, channels, pad):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (40, channels, side, side), generator=generator, dtype=torch.uint8)
    shift = torch.randint(0, 2 * pad + 1, (40, 2), generator=generator)
    flip = torch.rand(40, generator=generator) < 0.5
    shift[:4] = torch.tensor([[0, 0], [0, 2 * pad], [2 * pad, 0], [2 * pad, 2 * pad]])
    moved = ours(images, shift, flip, pad)
    for image, (top, left), mirrored, one in zip(images, shift.tolist(), flip.tolist(), moved, strict=True):
        padded = TF.pad(image.float(), [pad] * 4, padding_mode=padding).to(torch.uint8)
        expected = TF.crop(padded, top, left, side, side)
        assert torch.equal(one, TF.hflip(expected) if mirrored else expected)


def test_the_middle_shift_leaves_the_image():
    images = torch.randint(0, 256, (5, 3, 32, 32), dtype=torch.uint8)
    assert torch.equal(crop_flip(images, torch.full((5, 2), 4), torch.zeros(5, dtype=torch.bool), 4), images)


def test_takes_no_rows():
    images = torch.zeros(0, 3, 32, 32, dtype=torch.uint8)
    none = crop_flip(images, torch.zeros(0, 2, dtype=torch.int64), torch.zeros(0, dtype=torch.bool), 4)
    assert none.shape == images.shape

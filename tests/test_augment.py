import pytest
import torch
from torchvision.transforms import functional as TF

from common.augment import crop_flip, translate_flip


@pytest.mark.parametrize(("side", "channels", "pad"), [(32, 3, 4), (8, 1, 1), (9, 2, 3)])
def test_equals_torchvision_image_by_image(side, channels, pad):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (40, channels, side, side), generator=generator, dtype=torch.uint8)
    shift = torch.randint(0, 2 * pad + 1, (40, 2), generator=generator)
    flip = torch.rand(40, generator=generator) < 0.5
    shift[:4] = torch.tensor([[0, 0], [0, 2 * pad], [2 * pad, 0], [2 * pad, 2 * pad]])
    ours = crop_flip(images, shift, flip, pad)
    for image, (top, left), mirrored, cut in zip(images, shift.tolist(), flip.tolist(), ours, strict=True):
        expected = TF.crop(TF.pad(image, [pad] * 4), top, left, side, side)
        assert torch.equal(cut, TF.hflip(expected) if mirrored else expected)


def test_the_middle_shift_leaves_the_image():
    images = torch.randint(0, 256, (5, 3, 32, 32), dtype=torch.uint8)
    assert torch.equal(crop_flip(images, torch.full((5, 2), 4), torch.zeros(5, dtype=torch.bool), 4), images)


def test_takes_no_rows():
    images = torch.zeros(0, 3, 32, 32, dtype=torch.uint8)
    none = crop_flip(images, torch.zeros(0, 2, dtype=torch.int64), torch.zeros(0, dtype=torch.bool), 4)
    assert none.shape == images.shape


@pytest.mark.parametrize(("side", "channels", "pad"), [(32, 3, 2), (16, 1, 1), (9, 2, 8)])
def test_a_translation_equals_torchvisions_reflection(side, channels, pad):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (40, channels, side, side), generator=generator, dtype=torch.uint8)
    shift = torch.randint(0, 2 * pad + 1, (40, 2), generator=generator)
    flip = torch.rand(40, generator=generator) < 0.5
    ours = translate_flip(images, shift, flip, pad)
    for image, (top, left), mirrored, moved in zip(images, shift.tolist(), flip.tolist(), ours, strict=True):
        padded = TF.pad(image.float(), [pad] * 4, padding_mode="reflect").to(torch.uint8)
        expected = TF.crop(padded, top, left, side, side)
        assert torch.equal(moved, TF.hflip(expected) if mirrored else expected)

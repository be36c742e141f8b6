"""The boxes that are cut out of images of any size, and the plan of an epoch of them."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from torchvision.transforms import v2

from common.data import stream as streams
from common.data.load import load
from common.data.sources import find
from common.mixup import InBlocks, Mixup
from common.plan import SCALES, boxes, draw
from tests.data.stream.photographs import ZOOMED

SIZES = np.array([[375, 500], [500, 375], [64, 64], [1, 1], [10, 900], [900, 10], [3, 2]])
PLANNED = {
    "order": [19, 3, 2, 15, 12, 4, 14, 8],
    "partner": [14, 8, 3, 19, 12, 2, 15, 4],
    "shift": [6, 4, 8, 5, 7, 4, 1, 3],
    "flip": [True, True, True, False, True, False, False, False],
}


def test_boxes_lie_within_their_images():
    sizes = SIZES.repeat(300, axis=0)
    top, left, height, width = boxes(0, 1, sizes).T
    assert (top >= 0).all()
    assert (left >= 0).all()
    assert (height >= 1).all()
    assert (width >= 1).all()
    assert (top + height <= sizes[:, 0]).all()
    assert (left + width <= sizes[:, 1]).all()
    assert not np.array_equal(boxes(0, 2, sizes), boxes(0, 1, sizes))
    assert np.array_equal(boxes(0, 1, sizes), boxes(0, 1, sizes))


@pytest.mark.parametrize("size", [(375, 500), (500, 375), (120, 640), (90, 80)])
def test_boxes_are_distributed_as_torchvision_draws_them(size):
    torch.manual_seed(0)
    picture, n = torch.zeros(1, *size), 1500
    theirs = [v2.RandomResizedCrop(24).make_params([picture]) for _ in range(n)]
    theirs = np.array([[one[name] for name in ("top", "left", "height", "width")] for one in theirs])
    ours = boxes(0, 1, np.tile(size, (2 * n, 1)))
    for measure in (
        lambda box: box[:, 2] * box[:, 3],
        lambda box: box[:, 3] / box[:, 2],
        lambda box: box[:, 0] / np.maximum(1, size[0] - box[:, 2]),
        lambda box: box[:, 1] / np.maximum(1, size[1] - box[:, 3]),
    ):
        assert stats.ks_2samp(measure(ours), measure(theirs)).pvalue > 1e-3
    other = ours[:, 2] * ours[:, 3] * SCALES[1] * 0.9  # it can fail
    assert stats.ks_2samp(other, theirs[:, 2] * theirs[:, 3]).pvalue < 1e-3


def test_where_no_box_fits_the_middle_is_taken_as_torchvision_does():
    """Proportions of 90 to 1: ten draws in a row do not fit, or hardly ever do."""
    ours = boxes(0, 1, np.array([[10, 900]] * 50 + [[900, 10]] * 50))
    assert (ours[:50] == [0, 443, 10, 13]).all(axis=1).sum() > 25
    assert (ours[50:] == [443, 0, 13, 10]).all(axis=1).sum() > 25


def test_a_box_is_cut_scaled_and_mirrored_as_torchvision_does_it(photos):
    part = load(find(str(photos), None), ZOOMED).train
    drawn, mirrored = torch.from_numpy(boxes(0, 1, part.inputs.sizes)), torch.arange(len(part)) % 3 == 0
    rows = torch.arange(len(part))
    here = next(part.ahead([rows], drawn, mirrored))
    for row in rows.tolist():
        top, left, height, width = drawn[row].tolist()
        whole = torch.from_numpy(np.asarray(Image.open(part.inputs.encoded.files[row])).transpose(2, 0, 1).copy())
        expected = v2.functional.resized_crop(whole, top, left, height, width, [24, 24], antialias=True)
        expected = v2.functional.hflip(expected) if mirrored[row] else expected
        assert torch.equal(here.fetch(slice(row, row + 1))[0], expected)
    assert here.fetch(rows).is_contiguous(memory_format=torch.channels_last)


def test_the_middle_is_that_of_256_to_224(photos):
    """Torchvision scales, then cuts; here it is cut, then scaled: the same to a pixel's place."""
    part = load(find(str(photos), None), ZOOMED).test
    sizes = part.inputs.sizes
    top, left, height, width = part.inputs.view.boxes(sizes).T
    assert np.array_equal(height, width)
    assert np.abs(height - sizes.min(axis=1) * 224 / 256).max() <= 0.5
    assert np.abs(top + height / 2 - sizes[:, 0] / 2).max() <= 0.5
    assert np.abs(left + width / 2 - sizes[:, 1] / 2).max() <= 0.5
    smooth = Image.linear_gradient("L").resize((400, 320)).convert("RGB")
    ours = streams.View((224, 224), streams.MIDDLE, False).boxes(np.array([[320, 400]]))[0]
    whole = torch.from_numpy(np.asarray(smooth).transpose(2, 0, 1).copy())
    mine = v2.functional.resized_crop(whole, *ours.tolist(), [224, 224], antialias=True)
    theirs = v2.functional.center_crop(v2.functional.resize(whole, [256], antialias=True), [224, 224])
    assert (mine.int() - theirs.int()).abs().max() <= 2


def planned(rows=650, batch_size=256, **more):
    return draw(rows, batch_size, seed=0, epoch=1, method=Mixup(1.0, pairs=InBlocks()), pad=0, **more)


@pytest.mark.parametrize("processes", [1, 2, 4, 8])
def test_each_process_has_the_partners_of_its_rows(processes):
    plan = planned()
    for batch in range(2 if processes == 8 else 3):  # of 256, 256 and 138 rows: the last has four blocks
        mine = [plan.members(plan.batches(process, processes)[batch][0]) for process in range(processes)]
        assert sorted(torch.cat(mine).tolist()) == sorted(plan.order[256 * batch : 256 * (batch + 1)].tolist())
    assert (plan.partner[0] != plan.order).float().mean() > 0.8


@pytest.mark.parametrize(
    ("rows", "blocks"), [(1024, 8), (256, 8), (255, 4), (128, 4), (64, 2), (63, 1), (16, 1), (2, 1)]
)
def test_a_small_batch_is_still_mixed(rows, blocks):
    """Of a block's rows one is its own partner, on average: it has 32 at least, or is the batch."""
    order = np.random.default_rng(0).permutation(rows)

    def into(count):
        """The number of the block that each place is in."""
        return np.searchsorted([rows * block // count for block in range(1, count)], np.arange(rows), side="right")

    of_block, of_half = into(blocks), into(2 * blocks)
    assert np.bincount(of_block).min() >= min(32, rows)
    crossed = 0
    for epoch in range(10):
        place_of = np.empty(rows, dtype=int)
        place_of[order] = np.arange(rows)
        partner = place_of[InBlocks().draw(0, epoch, 1, order, (rows,))]
        assert sorted(partner) == list(range(rows))
        assert np.array_equal(of_block[partner], of_block)
        crossed += (of_half[partner] != of_half).sum()
    assert crossed > 0.3 * 10 * rows  # half of all, on average: the blocks are no smaller


def test_the_plan_of_what_is_in_memory_is_what_it_was():
    """Drawn by the code of before there were any others."""
    plan = draw(20, 8, seed=3, epoch=2, method=Mixup(1.0), pad=4)
    assert plan.order.tolist()[:8] == PLANNED["order"]
    assert plan.partner[0].tolist()[:8] == PLANNED["partner"]
    assert plan.shift.flatten().tolist()[:8] == PLANNED["shift"]
    assert plan.flip.tolist()[:8] == PLANNED["flip"]
    assert plan.crop is None

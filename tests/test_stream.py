"""Images that stay encoded: what is decoded, when, and how often; that they train as others do; what is broken."""

import io
from collections import Counter
from itertools import islice, product
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from accelerate import Accelerator
from PIL import Image, ImageOps
from scipy import stats
from torchvision.transforms import v2

from common import checkpoints, evaluation, runs, training
from common.data import cache, decoding, index
from common.data import stream as streams
from common.data.dataset import Part, fingerprint, take
from common.data.folders import list_part
from common.data.load import load
from common.data.sources import Reading, find
from common.data.statistics import patches, statistics
from common.data.stream import AHEAD, Stream
from common.mixup import ERM, InBlocks, Mixup, pairs
from common.options import TrainConfig, reading, resolve, run_name
from common.plan import SCALES, boxes, draw
from common.schedules import risen
from scripts import attack, interpolate, train
from tests.data.conftest import alone  # noqa: F401
from tests.data.made import class_folders, encoded, image
from tests.refusal import refused

SIZES = np.array([[375, 500], [500, 375], [64, 64], [1, 1], [10, 900], [900, 10], [3, 2]])
PLANNED = {
    "order": [19, 3, 2, 15, 12, 4, 14, 8],
    "partner": [14, 8, 3, 19, 12, 2, 15, 4],
    "shift": [6, 4, 8, 5, 7, 4, 1, 3],
    "flip": [True, True, True, False, True, False, False, False],
}
STREAM = Reading(stream=True)
ZOOMED = Reading(size=24, stream=True, without_margin=True)


def photographs(root: Path, rows: int = 8) -> Path:
    """JPEG files of odd sizes, 2 x ``rows`` and as many in test/."""

    def photograph(seed: int) -> Image.Image:
        width, height = np.random.default_rng(seed).integers(20, 60, 2).tolist()
        return image(seed, (9, 7)).resize((width, height), Image.Resampling.BICUBIC)

    class_folders(root, rows, make=photograph)
    for file in root.rglob("*.png"):
        Image.open(file).save(file.with_suffix(".JPEG"), quality=90)
        file.unlink()
    return root


@pytest.fixture
def photos(tmp_path):
    return photographs(tmp_path / "photos")


@pytest.fixture
def decoded(monkeypatch):
    """Counts the images that are decoded, by row."""
    counts = Counter()

    def count(data, grey, part, row):
        counts[row] += 1
        return decoding.pixels(data, grey, part, row)

    monkeypatch.setattr(streams, "pixels", count)
    return counts


# --- boxes ------------------------------------------------------------------------------------------------------------


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


# --- the plan ---------------------------------------------------------------------------------------------------------


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


# --- what is decoded --------------------------------------------------------------------------------------------------


def a_run(root, **options):
    asked = {"dataset": str(root), "model": "smallcnn", "width": 4, "epochs": 2, "batch_size": 8, "mixup": True}
    return runs.describe(TrainConfig(**(asked | options)), find(str(root), None))


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_processes_see_the_batches_of_one_and_decode_nothing_twice(tmp_path, decoded, processes, monkeypatch):
    monkeypatch.setattr(pairs, "LEAST", 4)  # for batches of 16
    run = a_run(photographs(tmp_path / "photos", 16), stream=True, augment="resized-crop", size=24, batch_size=16)
    part, plan = run.data.train, run.plan(1)
    rows = torch.arange(32)
    whole = next(part.ahead([rows], plan.crop, plan.flip))
    expected = [training.batch_of(whole, plan, slice(*ends), 0) for ends in ((0, 16), (16, 32))]
    decoded.clear()
    found = [[], []]
    for process in range(processes):
        shares = [places for places, _ in plan.batches(process, processes)]
        for number, here in enumerate(part.ahead(map(plan.members, shares), plan.crop, plan.flip)):
            found[number].append(training.batch_of(here, plan, shares[number], 0))
    assert decoded == Counter(rows.tolist())
    for number, batch in enumerate(expected):
        for own_or_partner in (0, 1):
            assert torch.equal(torch.cat([one.x[own_or_partner] for one in found[number]]), batch.x[own_or_partner])
            assert torch.equal(torch.cat([one.y[own_or_partner] for one in found[number]]), batch.y[own_or_partner])
    assert not torch.equal(whole.fetch(rows), part.fetch(rows))  # it is cut


def test_an_epoch_is_of_rows_cut_and_mirrored_as_planned(tmp_path, monkeypatch):
    run = a_run(photographs(tmp_path / "photos", 16), stream=True, augment="resized-crop", size=24, batch_size=16)
    part, plan, seen = run.data.train, run.plan(1), []
    whole = next(part.ahead([torch.arange(32)], plan.crop, plan.flip))
    expected = training.batch_of(whole, plan, slice(0, 32), 0)
    batch_of = training.batch_of
    monkeypatch.setattr(training, "batch_of", lambda *how: seen.append(batch_of(*how)) or seen[-1])
    accelerator = Accelerator(cpu=True)
    training.train_epoch(accelerator, run.begin(accelerator), run.method(1), part, plan, lambda: None)
    for own_or_partner in (0, 1):
        assert torch.equal(torch.cat([batch.x[own_or_partner] for batch in seen]), expected.x[own_or_partner])


def test_two_shares_are_decoded_ahead_and_no_more(photos):
    part, drawn = load(find(str(photos), None), STREAM).train, []

    def shares():
        for row in range(len(part)):
            drawn.append(row)
            yield torch.tensor([row])

    for number, here in enumerate(islice(part.ahead(shares()), 10)):
        assert len(drawn) == number + 1 + AHEAD
        assert here.fetch(torch.tensor([number])).shape == (1, *part.shape)


def test_what_is_fetched_is_what_was_asked_for_in_its_order(photos):
    part = load(find(str(photos), None), STREAM).train
    rows = torch.tensor([5, 0, 5, 9])
    one_by_one = torch.cat([part.fetch(slice(row, row + 1)) for row in rows.tolist()])
    assert torch.equal(part.fetch(rows), one_by_one)
    assert torch.equal(part.held(rows).fetch(rows), one_by_one)
    assert torch.equal(take(part, np.array([9, 5])).fetch(slice(0, 2)), one_by_one[[3, 0]])
    assert not torch.equal(one_by_one[0], one_by_one[1])


# --- as in memory -----------------------------------------------------------------------------------------------------


def both(root, **options):
    return a_run(root, **options), a_run(root, stream=True, **options)


@pytest.mark.parametrize("augment", ["none", "crop-flip", "translate-flip"])
def test_it_trains_to_the_weights_of_what_is_in_memory(tmp_path, augment):
    root = class_folders(tmp_path / "small", 10, make=lambda seed: image(seed, (16, 16)))
    resident, large = both(root, augment=augment)
    assert isinstance(large.data.train.inputs, Stream)
    assert torch.equal(large.data.train.fetch(slice(0, 20)), resident.data.train.inputs)
    assert (large.blueprint.mean, large.blueprint.std) == (resident.blueprint.mean, resident.blueprint.std)
    weights = []
    for run in (resident, large):
        accelerator = Accelerator(cpu=True)
        learning = run.begin(accelerator)
        for epoch in (1, 2):
            plan, part = large.plan(epoch), run.data.train
            training.train_epoch(accelerator, learning, run.method(epoch), part, plan, lambda: None, 2)
        seen = evaluation.outcomes(accelerator, learning.network, run.data.test)
        weights.append([*learning.network.state_dict().values(), torch.from_numpy(seen.losses)])
    assert all(torch.equal(a, b) for a, b in zip(*weights, strict=True))


def test_a_run_in_memory_and_one_that_is_not_give_the_same_weights(tmp_path, monkeypatch):
    """Of ERM, whose batches hold no partners to draw otherwise."""
    root = class_folders(tmp_path / "small", 10, make=lambda seed: image(seed, (16, 16)))
    monkeypatch.chdir(tmp_path)
    words = ["--dataset", str(root), "--model", "smallcnn", "--width", "4", "--epochs", "1", "--batch-size", "8"]
    paths = [train.main([*words, "--threads", "1", *more]) for more in ([], ["--stream"])]
    assert [path.stem for path in paths] == [
        "train-small-smallcnn-w4-1ep-b8-erm-seed0",
        "train-small-stream-smallcnn-w4-1ep-b8-erm-seed0",
    ]
    names = [path.stem.removeprefix("train-") for path in paths]
    one, two = (checkpoints.load_weights(Path("checkpoints") / f"{name}.safetensors")[0] for name in names)
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_statistics_and_patches_are_those_of_the_pixels(tmp_path, monkeypatch):
    root = class_folders(tmp_path / "small", 6, make=lambda seed: image(seed, (9, 9)))
    resident, large = load(find(str(root), None)).train, load(find(str(root), None), STREAM).train
    mean, std = cache.statistics_of(large)
    assert (mean, std) == statistics(resident)
    assert patches(large, std) == patches(resident, std)
    monkeypatch.setattr(cache, "statistics", lambda part: pytest.fail("they are kept"))
    assert cache.statistics_of(large) == (mean, std)


def of_one_length(root, grey):
    """Four pictures a class of one colour each, in files that are all of one length."""
    for row, part, name in product(range(4), ("train", "test"), ("cat", "dog")):
        (root / part / name).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (grey + row + (name == "dog"), 0, 0)).save(root / part / name / f"{row}.bmp")
    return load(find(str(root), None), STREAM).train


def test_sets_and_rows_whose_files_are_of_one_length_have_statistics_of_their_own(tmp_path):
    dark, light = of_one_length(tmp_path / "dark", 0), of_one_length(tmp_path / "light", 200)
    assert {*dark.inputs.looks.lengths, *light.inputs.looks.lengths} == {246}
    for part in (dark, light, take(dark, np.arange(4)), take(dark, np.arange(4, 8))):
        assert cache.statistics_of(part) == statistics(part)
    for file in cache.folder().glob("statistics-*"):
        file.write_text("[[0.5], [0.25]]")  # of one channel
    assert cache.statistics_of(dark) == statistics(dark)


def test_many_rows_are_measured_by_a_sample_that_the_record_tells_of(photos, monkeypatch):
    monkeypatch.setattr("common.data.statistics.SAMPLED", 5)
    monkeypatch.setattr("common.data.images.SAMPLED", 5)
    data = load(find(str(photos), None), STREAM)
    assert "mean and standard deviation are of 5 training images, drawn by chance" in data.notes
    assert statistics(data.train) != statistics(Part(data.train.fetch(slice(None)), data.train.labels))


def test_grey_sets_keep_one_channel(tmp_path):
    root = class_folders(tmp_path / "grey", make=lambda seed: image(seed, (9, 9), mode="L"))
    data = load(find(str(root), None), STREAM)
    assert data.train.shape == (1, 9, 9)
    assert torch.equal(data.train.fetch(slice(0, 6)), load(find(str(root), None)).train.inputs)


def test_parquet_is_mapped_and_gives_the_same_pixels(tmp_path):
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])})
    pictures = [image(row, (12, 10)) for row in range(6)]
    rows = datasets.Dataset.from_dict({"image": pictures, "label": [0, 1, 1, 0, 1, 0]}, features=features)
    root = tmp_path / "pets"
    root.mkdir()
    for part in ("train", "test"):
        rows.to_parquet(root / f"{part}.parquet")
    resident, large = load(find(str(root), None)), load(find(str(root), None), STREAM)
    assert large.classes == resident.classes == ("cat", "dog")
    assert large.train.labels.tolist() == resident.train.labels.tolist()
    assert torch.equal(large.train.fetch(slice(0, 6)), resident.train.inputs)


# --- the fingerprint --------------------------------------------------------------------------------------------------


def test_the_fingerprint_is_of_names_lengths_contents_and_labels(photos):
    source = find(str(photos), None)
    data = load(source, STREAM)
    before = fingerprint(data)

    def now():
        return fingerprint(load(source, STREAM))

    assert now() == before
    assert fingerprint(load(source, ZOOMED)) != before
    assert data.train.same(load(source, STREAM).train)
    assert not data.train.same(take(data.train, np.arange(3)))
    file = photos / "train" / "cat" / "0.JPEG"
    content = bytearray(file.read_bytes())
    content[-20] ^= 1
    file.write_bytes(content)  # of the same length
    assert now() != before
    content[-20] ^= 1
    file.write_bytes(content)
    assert now() == before
    file.rename(file.with_name("00.JPEG"))
    assert now() != before


def test_headers_are_looked_at_once(photos, monkeypatch, capsys):
    source = find(str(photos), None)
    load(source, STREAM)
    assert "looking through 32 images, once" in capsys.readouterr().err
    monkeypatch.setattr(index, "looks", lambda *_, **__: pytest.fail("they are kept"))
    again = load(source, STREAM)
    assert capsys.readouterr().err == ""
    assert again.train.fetch(slice(0, 2)).shape[0] == 2


def test_a_file_that_became_another_is_noticed_and_looked_at_again(photos):
    source = find(str(photos), None)
    data = load(source, STREAM)
    file = photos / "train" / "cat" / "3.JPEG"
    image(99, (30, 30)).save(file)
    refused(lambda: data.train.fetch(slice(0, 8)), str(file), "another file than when", "looks through it again")
    assert load(source, STREAM).train.inputs.sizes[3].tolist() == [30, 30]


# --- what is broken ---------------------------------------------------------------------------------------------------


def jpeg(seed=1, size=(60, 50), **how):
    file = io.BytesIO()
    image(seed, (9, 7)).resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", **how)
    return file.getvalue()


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
    "CMYK": jpeg(1, (60, 50)) and None,
    "grey": encoded(image(1, (30, 20), mode="L"), "JPEG"),
    "one pixel": encoded(image(1, (1, 1)), "PNG"),
    "a PNG": encoded(image(1, (30, 20)), "PNG"),
    "a GIF": encoded(image(1, (30, 20)), "GIF"),
    "a BMP": encoded(image(1, (30, 20)), "BMP"),
    "a WebP": encoded(image(1, (30, 20)), "WEBP"),
    "long": encoded(image(1, (400, 2)), "JPEG"),
    "transparent": encoded(image(1, (30, 20), mode="RGBA"), "PNG"),
}
READ["CMYK"] = encoded(image(1, (30, 20)).convert("CMYK"), "JPEG")


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


# --- a flat validation folder -----------------------------------------------------------------------------------------

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


# --- options ----------------------------------------------------------------------------------------------------------


def test_imagenet_is_trained_on_as_in_the_paper():
    config = resolve(TrainConfig(dataset="imagenet", mixup=True, alpha=0.2), "imagenet", "images", 224)
    assert (config.stream, config.size, config.augment) == (True, 224, "resized-crop")
    assert (config.epochs, config.batch_size, config.lr, config.rise_epochs) == (90, 1024, 0.4, 5)
    assert [round(90 * drop) for drop in config.lr_drops] == [30, 60, 80]
    assert run_name(config, "images", 224, "no") == f"imagenet-{config.model}-mixup0.2-seed0"
    for epochs in (0, 3, 5):  # the rate rises as long as it can
        assert resolve(TrainConfig(dataset="imagenet", epochs=epochs), "imagenet", "images", 224).rise_epochs == epochs


@pytest.mark.parametrize("name", ["imagenet", "photos"])
@pytest.mark.parametrize(
    ("asked", "is_cut"),
    [
        ({}, {"imagenet": True, "photos": False}),
        ({"recipe": "fast"}, {"imagenet": False, "photos": False}),
        ({"augment": "none"}, {"imagenet": False, "photos": False}),
        ({"augment": "resized-crop"}, {"imagenet": True, "photos": True}),
        ({"augment": "resized-crop", "recipe": "fast"}, {"imagenet": True, "photos": True}),
    ],
)
def test_a_run_and_what_goes_on_from_its_record_look_at_the_same_of_each_image(name, asked, is_cut):
    """The margin is left out where crops are trained on, whoever brings these: set, recipe or option."""
    config = TrainConfig(dataset=name, stream=True, **asked)
    read, resolved = reading(config, name, "images"), resolve(config, name, "images", 224)
    assert read.without_margin == (resolved.augment == "resized-crop") == is_cut[name]
    assert reading(TrainConfig.from_json(resolved.to_json()), name, "images") == read
    assert read.size == (224 if name == "imagenet" or is_cut[name] else None)


def test_options_that_do_not_fit_are_refused():
    for asked, name, words in (
        ({"augment": "resized-crop"}, "cifar10", "add --stream"),
        ({"stream": True, "neighbours": 5, "mixup": True}, "cifar10", "--neighbours 5: compares all pixels"),
        ({"stream": True}, "digits", "--stream: digits has no images in files"),
        ({"rise_epochs": 3, "recipe": "fast"}, "cifar10", "--schedule triangle rises by itself"),
        ({"rise_epochs": 3, "epochs": 2}, "cifar10", "more than --epochs 2; at most 2"),
    ):
        refused(lambda asked=asked, name=name: resolve(TrainConfig(dataset=name, **asked), name, "images", 32), words)


def test_the_rate_rises_then_drops():
    """As in section 3.1: 0.1 to 0.4 over five epochs, a tenth at 30, 60 and 80 of 90. Ten steps an epoch."""
    learning = training.begin(
        Accelerator(cpu=True), torch.nn.Linear(1, 1), 900, optimizer="sgd", lr=0.4, lr_drops=(1 / 3, 2 / 3, 8 / 9),
        momentum=0.9, weight_decay=0.0, rise_epochs=5, steps_per_epoch=10,
    )  # fmt: skip
    rates = []
    for _ in range(900):
        rates.append(learning.optimizer.param_groups[0]["lr"])
        learning.step()
    assert rates[::10][:6] == pytest.approx([0.1, 0.16, 0.22, 0.28, 0.34, 0.4])
    assert rates[25] == pytest.approx(0.25)
    assert [rates[step] for step in (299, 300, 599, 600, 799, 800)] == pytest.approx(
        [0.4, 0.04, 0.04, 0.004, 0.004, 0.0004]
    )
    assert [risen(float(epoch), 0) for epoch in (0, 1)] == [1, 1]


# --- the scripts ------------------------------------------------------------------------------------------------------


def test_a_large_set_is_trained_on_probed_and_attacked(photos, monkeypatch, decoded):
    """Each of the sample's images is decoded once, whatever is done to it."""
    monkeypatch.chdir(photos.parent)
    words = ["--dataset", str(photos), "--stream", "--augment", "resized-crop", "--size", "24", "--mixup"]
    words += ["--model", "smallcnn", "--width", "4", "--epochs", "1", "--batch-size", "8", "--threads", "1"]
    path = train.main([*words, "--rise-epochs", "1"])
    name = path.stem.removeprefix("train-")
    assert name == "photos-size24-stream-smallcnn-w4-1ep-b8-rise1-augresizedcrop-mixup1.0-seed0"
    monkeypatch.setattr(interpolate, "_predicted", lambda *_: 0.0)
    monkeypatch.setattr(attack, "_predicted", lambda *_: 0.0)
    decoded.clear()
    assert interpolate.main([name, "--pairs", "20", "--points", "3", "--gradient-pairs", "5", "--threads", "1"])
    assert set(decoded.values()) == {1}
    decoded.clear()
    assert attack.main([name, "--attacks", "fgsm", "pgd", "--rows", "6", "--sample", "4", "--threads", "1"])
    assert set(decoded.values()) == {1}
    assert len(decoded) == 6

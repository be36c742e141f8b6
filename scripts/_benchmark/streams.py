"""Batches of mixed crops of JPEG files, without a network: ours, as people write them, the decoder alone, and the
memory that ours take."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import simplejpeg
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from _benchmark.contest import Turn
from _benchmark.subjects import MEAN, STD
from common import models, processes, training
from common.chance import rng
from common.data import sources
from common.data.dataset import Part
from common.data.load import load
from common.data.sources import Reading
from common.mixup import InBlocks, Mixup, mix
from common.options.benchmark import MeasuredConfig
from common.plan import draw

CROP = 224  # pixels a side
ZOOMED = Reading(size=CROP, stream=True, without_margin=True)


def make_photographs(root: Path, rows: int) -> None:
    """JPEG files of 500 x 375 pixels and about 80 kB, as ImageNet's are on average, in two classes, and one of each to
    test on."""
    chance = rng("photographs")
    scenes = [_photograph(chance) for _ in range(16)]
    for part, count in (("train", rows), ("test", 2)):
        for row in range(count):
            file = root / part / f"class{row % 2}" / f"{row}.JPEG"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(scenes[row % len(scenes)])


def _photograph(chance: np.random.Generator) -> bytes:
    smooth = Image.fromarray(chance.integers(256, size=(12, 16, 3), dtype=np.uint8)).resize((500, 375))
    grain = chance.integers(-20, 20, size=(375, 500, 3))
    file = io.BytesIO()
    Image.fromarray((np.asarray(smooth) + grain).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


def our_stream(measured: MeasuredConfig, root: Path) -> Turn:
    """An epoch of batches as train.py makes them."""
    processes.start(torch.get_num_threads())
    part = load(sources.find(str(root), None), ZOOMED).train

    def turn() -> None:
        for _ in _batches(measured, part):
            pass

    return turn


def our_memory(measured: MeasuredConfig, root: Path) -> Turn:
    """The same epoch, by a process that gives back what is freed (train.py's keeps it, on Linux, in holes that it fills
    again), so that what is held can be seen. A turn returns the most bytes in each quarter of it."""
    part = load(sources.find(str(root), None), ZOOMED).train
    process = psutil.Process()

    def held() -> int:
        memory = process.memory_info()
        return int(memory.rss - getattr(memory, "shared", 0))  # of Linux, which counts files that are mapped, too

    def turn() -> list[int]:
        after = [held() for _ in _batches(measured, part)]
        return [int(max(quarter)) for quarter in np.array_split(after, min(4, len(after)))]

    return turn


def _batches(measured: MeasuredConfig, part: Part) -> Iterator[torch.Tensor]:
    method, normalize = Mixup(alpha=1.0, pairs=InBlocks()), models.Normalize(MEAN, STD, 3)
    plan = draw(len(part), measured.batch_size, seed=0, epoch=1, method=method, pad=0, sizes=part.sizes)
    places = [places for places, _ in plan.batches(0, 1)]
    for mine, here in zip(places, part.ahead(map(plan.members, places), plan.crop, plan.flip), strict=True):
        batch = training.batch_of(here, plan, mine, 0)
        yield normalize(mix(batch.x, batch.lam))


def our_decoding(measured: MeasuredConfig, root: Path) -> Turn:
    """An epoch of images that are read, decoded, cut and put together as train.py does it, but not scaled or mixed."""
    processes.start(torch.get_num_threads())
    part = load(sources.find(str(root), None), ZOOMED).train
    boxes = torch.tensor([[0, 0, CROP, CROP]]).expand(len(part), 4)

    def turn() -> None:
        for _ in part.ahead(torch.arange(len(part)).split(measured.batch_size), boxes):
            pass

    return turn


def plain_stream(measured: MeasuredConfig, root: Path, workers: int) -> Turn:
    """What people write: torchvision's data set with its transforms, a DataLoader, a random permutation for mixup."""
    recipe = [transforms.RandomResizedCrop(CROP), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
    images = ImageFolder(root / "train", transforms.Compose([*recipe, transforms.Normalize(MEAN, STD)]))
    loader = DataLoader(images, measured.batch_size, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
    beta = torch.distributions.Beta(1.0, 1.0)

    def turn() -> None:
        for x, _ in loader:
            lam, partner = beta.sample().item(), torch.randperm(len(x))
            lam * x + (1 - lam) * x[partner]

    return turn


def decoder(root: Path) -> Turn:
    """JPEG files in memory decoded on all cores, and nothing else done to them."""
    files = [file.read_bytes() for file in root.glob("train/*/*")]
    pool = ThreadPoolExecutor(torch.get_num_threads())
    torch.set_num_threads(1)

    def turn() -> None:
        for _ in pool.map(simplejpeg.decode_jpeg, files):
            pass

    return turn

"""JPEG files of odd sizes, and runs on what stays encoded."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from common import runs
from common.data.sources import Reading, find
from common.options import TrainConfig
from tests.data.made import class_folders, image

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


def a_run(root, **options):
    asked = {"dataset": str(root), "model": "smallcnn", "width": 4, "epochs": 2, "batch_size": 8, "mixup": True}
    return runs.describe(TrainConfig(**(asked | options)), find(str(root), None))


def jpeg(seed=1, size=(60, 50), **how):
    file = io.BytesIO()
    image(seed, (9, 7)).resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", **how)
    return file.getvalue()

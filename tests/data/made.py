"""Small sets of images, in every form in which one may lie."""

import io

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from common.data.dataset import Dataset


def image(seed, size=(4, 3), mode="RGB"):
    width, height = size
    shape = {"RGB": (height, width, 3), "RGBA": (height, width, 4), "L": (height, width), "LA": (height, width, 2)}[
        mode
    ]
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8), mode=None)


def encoded(picture, form="PNG"):
    stream = io.BytesIO()
    picture.save(stream, form, lossless=True)
    return stream.getvalue()


def class_folders(root, rows=3, classes=("cat", "dog"), make=image):
    """``root``/{train,test}/<class>/<number>.png, every image another one; returns ``root``."""
    seed = 0
    for part in ("train", "test"):
        for name in classes:
            (root / part / name).mkdir(parents=True)
            for row in range(rows):
                make(seed).save(root / part / name / f"{row}.png")
                seed += 1
    return root


def parquet_set(root, train, test=None):
    root.mkdir(parents=True, exist_ok=True)
    pq.write_table(train, root / "train.parquet")
    pq.write_table(train if test is None else test, root / "test.parquet")
    return root


def plain_table(labels=(0, 1, 0, 1), **columns):
    return pa.table({"picture": [encoded(image(row)) for row in range(len(labels))], "label": labels} | columns)


def hub_split(names=("cat", "dog"), labels=(0, 1, 1, 0), first=0):
    """As the hub's: an Image and a ClassLabel column."""
    features = datasets.Features({"img": datasets.Image(), "label": datasets.ClassLabel(names=list(names))})
    pictures = [image(first + row) for row in range(len(labels))]
    return datasets.Dataset.from_dict({"img": pictures, "label": list(labels)}, features=features)


def pixels(picture):
    return np.asarray(picture).reshape(picture.height, picture.width, -1).transpose(2, 0, 1)


def rows(part):
    return part.inputs[:, 0, 0, 0].tolist()


def changed(dataset, **fields):
    return Dataset(**(vars(dataset) | fields))

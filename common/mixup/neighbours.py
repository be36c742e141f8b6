"""The nearest neighbours of each training row, found once and kept."""

import hashlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np

from common.data.cache import folder
from common.data.dataset import Part
from common.errors import UserError
from common.files import write_whole
from common.options import TrainConfig

SEARCH = 1  # raise it when the same rows would be given other neighbours


def check(config: TrainConfig, labels: np.ndarray) -> None:
    """raises UserError for more neighbours than there are rows"""
    k = config.neighbours
    is_of_class = config.pairs == "same-class"
    others = int(np.bincount(labels)[np.unique(labels)].min() if is_of_class else len(labels)) - 1
    if k is not None and k > others:
        whose = "a row of the smallest class has" if is_of_class else "a row has"
        most = f"at most {others}" if others else "leave it out"
        raise UserError(f"--neighbours {k}: {whose} {others} others among these {len(labels):,} training rows; {most}.")


def nearest(part: Part, std: tuple[float, ...], k: int, labels: np.ndarray | None = None) -> np.ndarray:
    """The k nearest other rows of each row, ascending by number: by the Euclidean distance of inputs whose channels or
    features are divided by their standard deviation.

    labels  (n,) where neighbours are to be of the same class
    returns (n, k) int64
    """
    digest = hashlib.sha256(repr((SEARCH, k, std, tuple(part.whole.shape), labels is not None)).encode())
    digest.update(part.whole.contiguous().numpy().data)
    if labels is not None:
        digest.update(labels.tobytes())
    file = folder() / f"neighbours-{digest.hexdigest()[:32]}.npy"
    found = _read(file, len(part), k)
    if found is None:
        found = _find(part, std, k, labels)
        content = BytesIO()
        np.save(content, found.astype(np.int32))
        with suppress(OSError, UserError):  # without a cache they are found again
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, content.getvalue())
    return found


def _find(part: Part, std: tuple[float, ...], k: int, labels: np.ndarray | None) -> np.ndarray:
    from sklearn.neighbors import NearestNeighbors  # takes a second to start

    scaled = part.whole.flatten(2) if part.whole.dim() > 2 else part.whole[:, :, None]
    scale = 255 if part.whole.dtype.itemsize == 1 else 1
    points = (scaled.float().numpy() / (scale * np.array(std, dtype=np.float32)[:, None])).reshape(len(part), -1)
    found = np.empty((len(part), k), dtype=np.int64)
    labels = np.zeros(len(part), dtype=np.int64) if labels is None else labels
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points[rows])
        found[rows] = np.sort(rows[search.kneighbors(return_distance=False)], axis=1)
    return found


def _read(file: Path, rows: int, k: int) -> np.ndarray | None:
    """None for what is not there, or is no such table."""
    try:
        found = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    is_table = found.shape == (rows, k) and found.dtype == np.int32 and found.min() >= 0 and found.max() < rows
    return found.astype(np.int64) if is_table else None

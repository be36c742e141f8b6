"""The real CIFAR-10."""

import hashlib
import os
from pathlib import Path

import pytest
import torch

from common.data.load import load
from common.data.selection import select
from common.data.sources import find
from common.data.statistics import statistics

REAL = os.environ.get("MIXUP_DATA_DIR")
needs_real_data = pytest.mark.skipif(
    not REAL or not (Path(REAL) / "cifar10").is_dir(), reason="MIXUP_DATA_DIR is not set: it would hold cifar10/"
)


@pytest.fixture(scope="session")
def cifar10(cache_of_all):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIXUP_CACHE_DIR", str(cache_of_all))
        return load(find("cifar10", Path(REAL)))


@needs_real_data
def test_cifar10_has_the_original_pixels(cifar10):
    published = {
        "train": "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
        "test": "1249626010949d8f448e0faf792debbc3da0c50ed31bfff3678c99c37fbc7e48",
    }
    for part, digest in published.items():
        inputs = getattr(cifar10, part).inputs
        assert inputs.dtype == torch.uint8
        assert inputs.is_contiguous()
        assert hashlib.sha256(inputs.permute(0, 2, 3, 1).contiguous().numpy()).hexdigest() == digest
    assert cifar10.train.labels[:8].tolist() == [6, 9, 9, 4, 1, 1, 2, 7]
    assert cifar10.test.labels[:8].tolist() == [3, 8, 8, 0, 6, 6, 1, 6]
    assert (len(cifar10.train), len(cifar10.test)) == (50000, 10000)
    assert cifar10.classes[6] == "frog"
    assert cifar10.notes == ()
    assert (cifar10.name, cifar10.kind, cifar10.origin) == ("cifar10", "images", "parquet files")


@needs_real_data
def test_cifar10_statistics_are_the_published_ones(cifar10):
    mean, std = statistics(cifar10.train)
    assert mean == pytest.approx((0.49139968, 0.48215841, 0.44653091), abs=1e-6)
    assert std == pytest.approx((0.24703223, 0.24348513, 0.26158784), abs=1e-6)


@needs_real_data
def test_cifar10_subsets_are_balanced(cifar10):
    chosen = select(cifar10, 1000, 5000, 0)
    assert chosen.train.labels.bincount().tolist() == [100] * 10
    assert chosen.test.labels.bincount().tolist() == [500] * 10

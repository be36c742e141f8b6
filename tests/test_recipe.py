"""The fast recipe on real images."""

import os
from pathlib import Path

import pytest

from common import records
from scripts import train

REAL = Path(os.environ.get("MIXUP_DATA_DIR") or "nowhere")


@pytest.mark.long
@pytest.mark.skipif(not (REAL / "cifar10").is_dir(), reason="MIXUP_DATA_DIR is not set: it would hold cifar10/")
def test_it_is_right_on_six_images_in_ten_after_8_tflop(tmp_path):
    """10,000 images, four epochs of a network of half the width: minutes of one thread; seed 0 was right on 64.2 %."""
    argv = ["--recipe", "fast", "--subset", "10000", "--test-subset", "2000", "--width", "32", "--epochs", "4"]
    argv += ["--measure-every", "4", "--threads", "1", "--data-dir", str(REAL)]
    path = train.main([*argv, "--results-dir", str(tmp_path / "results"), "--checkpoint-dir", str(tmp_path)])
    record = records.read(path)
    assert record["cost"]["training_flops"] < 8e12
    assert record["final"]["last_epoch"]["errors"] < 0.4 * 2000

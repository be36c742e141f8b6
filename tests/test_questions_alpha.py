"""Clean training error over α."""

from dataclasses import replace

from tests.asking import of_study
from tests.fixtures import MIXUP


def test_training_error_over_alpha(tmp_path):
    few, more = replace(MIXUP, clean=150, curve=(900, 500)), replace(MIXUP, clean=250, curve=(900, 450))
    assert of_study(tmp_path / "up", "P29", mixup={0.2: few, 8.0: more}, probes=()) == ["holds"]
    down = {0.2: replace(few, clean=90), 8.0: replace(more, clean=50)}
    assert of_study(tmp_path / "down", "P29", mixup=down, probes=()) == ["fails"]

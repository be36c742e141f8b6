"""Every source against every target."""

import numpy as np
from seaborn.utils import relative_luminance

from analysis.questions import show
from tests.asking import SEEDS, attacked, of_study, verdicts
from tests.fixtures import ERM, MIXUP


def test_transfer_holds_every_source_and_target(whole):
    figure = show("transfer", whole)
    ax = figure.picture.axes[0]
    names = [f"{method} {seed}" for method in ("ERM", "mixup") for seed in range(SEEDS)]
    assert [text.get_text() for text in ax.get_xticklabels()] == names
    assert [text.get_text() for text in ax.get_yticklabels()] == names
    cells = np.array([float(text.get_text()) for text in ax.texts]).reshape(6, 6)
    assert cells[0, 0] == 90.7
    assert cells[0, 1] == 57.1
    assert cells[0, 3] == cells[3, 4] == 46.0
    assert cells[3, 3] == 75.2
    assert "ε = 4 (1/255)" in figure.caption
    assert "empty" not in figure.caption


def test_numbers_of_the_matrix_are_read_on_every_shade(whole):
    """A contrast of 4.5 at least, as WCAG asks it of text."""
    ax = show("transfer", whole).picture.axes[0]
    (mesh,) = ax.collections
    for text in ax.texts:
        shade, own = (
            relative_luminance(color) for color in (mesh.cmap(mesh.norm(float(text.get_text()))), text.get_color())
        )
        assert (max(shade, own) + 0.05) / (min(shade, own) + 0.05) > 4.5


def test_transfer_that_hurts_more(tmp_path):
    assert of_study(tmp_path, "D8", probes=["attack"], erm=attacked(ERM, black={("fgsm", 4.0): 9500})) == ["fails"]


def test_transfer_is_asked_at_the_largest_epsilon_too(tmp_path):
    """Where FGSM's step is large it may hurt less than what is transferred."""
    large = {("fgsm", 4.0): 9070, ("fgsm", 16.0): 8000}, {("fgsm", 4.0): 5700, ("fgsm", 16.0): 9000}
    arms = {name: attacked(model, *large) for name, model in (("erm", ERM), ("mixup", MIXUP))}
    assert of_study(tmp_path, "D8", "D9", probes=["attack"], **arms) == ["holds", "holds"]
    assert "own: white-box FGSM error at ε = 16/255" in verdicts(tmp_path, ids=["D9"])["D9"].sentence

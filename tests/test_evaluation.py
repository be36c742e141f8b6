import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch import nn
from torch.nn import functional as F

from common import evaluation
from tests.tiny import ROWS, images, small_model


@pytest.mark.parametrize("batch", [1, 5, 36, 37, 500])
def test_outcomes_are_those_of_each_row(monkeypatch, batch):
    monkeypatch.setattr(evaluation, "ON_CPU", batch)
    model, part = small_model(), images()
    got = evaluation.outcomes(Accelerator(cpu=True), model, part)
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(part.inputs[row : row + 1] / 255) for row in range(ROWS)])
    sorted_classes = logits.argsort(dim=1, descending=True)
    ranks = (sorted_classes == part.labels[:, None]).int().argmax(dim=1)
    assert got.ranks.tolist() == ranks.tolist()
    assert np.allclose(got.losses, F.cross_entropy(logits, part.labels, reduction="none"), atol=1e-5)
    assert np.allclose(got.confidences, logits.softmax(1).amax(1), atol=1e-6)


def test_of_large_images_fewer_are_passed_at_once():
    """500 of 224 x 224 take 24 GiB through PreAct ResNet-18."""
    cpu, other = torch.device("cpu"), torch.device("cuda")
    shapes = ((3, 32, 32), (3, 224, 224), (3, 2000, 2000), (30,))
    assert [evaluation.at_once(cpu, shape) for shape in shapes] == [128] * 4
    assert [evaluation.at_once(other, shape) for shape in shapes] == [500, 55, 16, 500]
    with_gradients = [evaluation.fitting(evaluation.WITH_GRADIENTS, shape) for shape in shapes]
    assert with_gradients == [500, 16, 16, 500]


def test_ties_count_as_argmax_breaks_them():
    class Tied(nn.Module):
        def forward(self, x):
            return torch.zeros(len(x), 4)

    got = evaluation.outcomes(Accelerator(cpu=True), Tied(), images(8))
    assert got.ranks.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]


def test_flips_at_test_time_are_the_mean_of_both_logits():
    model, part = small_model(), images()
    got = evaluation.outcomes(Accelerator(cpu=True), model, part, with_flips=True)
    x = part.inputs / 255
    with torch.no_grad():
        logits = (model.eval()(x) + model(x.flip(3))) / 2
    assert np.allclose(got.losses, F.cross_entropy(logits, part.labels, reduction="none"), atol=1e-5)

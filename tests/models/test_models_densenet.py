"""The DenseNet, which makes its layers twice to save memory."""

import pytest
import torch
from torch.nn import functional as F

from common.models import build
from tests.models.small import SMALL


def after_a_step(training, precision=torch.float32):
    """Output, gradients of input and parameters, and buffers of a small DenseNet-190 after a step."""
    model = build(SMALL["densenet190"], seed=0).train(training)
    x = torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    with torch.autocast("cpu", precision, enabled=precision != torch.float32):
        logits = model(x)
    F.cross_entropy(logits.float(), torch.arange(6)).backward()
    torch.optim.SGD(model.parameters(), 0.1).step()
    gradients = [parameter.grad for parameter in model.parameters()]
    return [logits, x.grad, *gradients, *model.state_dict().values()], model


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("training", [True, False])
def test_a_densenet_that_makes_its_layers_twice_learns_to_the_bit_what_a_plain_one_does(
    monkeypatch, training, precision
):
    """BatchNorm's running statistics and its count of batches among it."""
    calls = []

    def plain(run, *before, **_):
        calls.append(len(before))
        return run(*before)

    ours, model = after_a_step(training, precision)
    monkeypatch.setattr("common.models.densenet.checkpoint", plain)
    theirs, _ = after_a_step(training, precision)
    assert sorted(calls) == sorted(3 * [*range(1, 32)] + 93 * [1] + 2 * [1])
    assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))
    counts = {buffer.item() for name, buffer in model.named_buffers() if name.endswith("num_batches_tracked")}
    assert counts == {int(training)}


def test_a_densenets_graph_can_be_walked_twice():
    """As the probes do, for two gradients of one forward pass."""
    model = build(SMALL["densenet190"], seed=0).eval().requires_grad_(False)
    x = torch.rand(2, 3, 8, 8).requires_grad_()
    loss = model(x).sum()
    (first,) = torch.autograd.grad(loss, x, retain_graph=True)
    (second,) = torch.autograd.grad(loss, x)
    assert first.abs().sum() > 0
    assert torch.equal(first, second)


def test_a_densenet_without_gradients_makes_nothing_twice(monkeypatch):
    monkeypatch.setattr("common.models.densenet.checkpoint", None)
    with torch.no_grad():
        assert build(SMALL["densenet190"]).eval()(torch.rand(2, 3, 8, 8)).shape == (2, 10)

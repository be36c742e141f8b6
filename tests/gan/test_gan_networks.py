"""The networks of all seeds at once, and an iteration of them."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from common.gan import pair, targets
from common.gan.networks import Perceptrons
from tests.gan.small import CPU, LOSSES, config, points


# Networks
def one_of(network, place):
    """The perceptron of one seed, built of torch's own layers."""
    layers = []
    for weight, bias in zip(network.weights, network.biases, strict=True):
        layer = nn.Linear(*weight.shape[1:])
        layer.load_state_dict({"weight": weight[place].T, "bias": bias[place, 0]})
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def test_a_seeds_network_is_torchs_perceptron_wherever_it_stands():
    together, alone = (Perceptrons("generator", [2, 8, 8, 2], seeds) for seeds in ((5, 7), (7,)))
    assert all(torch.equal(a[1], b[0]) for a, b in zip(together.parameters(), alone.parameters(), strict=True))
    x = points(2, 4, 2)
    for place in (0, 1):
        assert torch.allclose(together(x)[place], one_of(together, place)(x[place]), atol=1e-6)
    wide = Perceptrons("generator", [100, 400, 2], (0,))
    assert wide.weights[0].abs().max() <= 0.1
    assert wide.weights[0].std().item() == pytest.approx(0.1 / math.sqrt(3), rel=0.02)
    assert not torch.equal(wide.weights[0], Perceptrons("discriminator", [100, 400, 2], (0,)).weights[0])


@pytest.mark.parametrize("loss", LOSSES)
def test_each_seed_is_what_it_is_alone(loss):
    ring = targets.ring()
    together = pair.begin(config(loss), CPU)
    alone = pair.begin(config(loss, seeds=(3,)), CPU)
    for iteration in range(1, 6):
        both = together.iterate(pair.draw(config(loss), ring, together.loss, iteration, CPU))
        one = alone.iterate(pair.draw(config(loss, seeds=(3,)), ring, alone.loss, iteration, CPU))
    assert torch.allclose(both[:, 1], one[:, 0], atol=1e-5)
    latent = pair.fixed_latent(config(), 50, CPU)
    assert np.allclose(together.samples(latent)[1], alone.samples(latent[:1])[0], atol=1e-4)
    assert not np.allclose(together.samples(latent)[0], together.samples(latent)[1], atol=1e-2)


def test_a_seed_that_diverges_leaves_the_others_alone():
    ring, whole, broken = targets.ring(), pair.begin(config(), CPU), pair.begin(config(), CPU)
    with torch.no_grad():
        broken.generator.network.weights[0][0] = math.nan
    for iteration in range(1, 4):
        drawn = pair.draw(config(), ring, whole.loss, iteration, CPU)
        ours, theirs = whole.iterate(drawn), broken.iterate(drawn)
    assert torch.equal(ours[:, 1], theirs[:, 1])
    assert theirs[:, 0].isnan().all()


def test_a_step_of_either_changes_nothing_of_the_other():
    learning = pair.begin(config(discriminator_steps=1), CPU)
    g, d = learning.generator.network, learning.discriminator.network
    steps = pair.draw(config(discriminator_steps=1), targets.ring(), learning.loss, 1, CPU)
    seen = {}
    for network, name in ((g, "g"), (d, "d")):
        seen[name] = [parameter.clone() for parameter in network.parameters()]
    d_step, g_step = learning.discriminator.step, learning.generator.step

    def after_discriminator():
        d_step()
        assert all(torch.equal(a, b) for a, b in zip(seen["g"], g.parameters(), strict=True))
        assert all(parameter.grad is None for parameter in g.parameters())
        seen["d"] = [parameter.clone() for parameter in d.parameters()]

    def after_generator():
        assert all(parameter.grad is None for parameter in d.parameters())
        g_step()
        assert all(torch.equal(a, b) for a, b in zip(seen["d"], d.parameters(), strict=True))
        assert not any(torch.equal(a, b) for a, b in zip(seen["g"], g.parameters(), strict=True))

    object.__setattr__(learning.discriminator, "step", after_discriminator)
    object.__setattr__(learning.generator, "step", after_generator)
    learning.iterate(steps)


@pytest.mark.parametrize("loss", ["saturating", "mixup"])
def test_an_iteration_is_that_of_a_plain_loop(loss):
    """Of one seed, with torch's own layers and Adam."""
    asked = config(loss, seeds=(3,), discriminator_steps=2)
    ours = pair.begin(asked, CPU)
    g, d = one_of(ours.generator.network, 0), one_of(ours.discriminator.network, 0)
    of_g, of_d = torch.optim.Adam(g.parameters()), torch.optim.Adam(d.parameters())
    for iteration in (1, 2, 3):
        drawn = pair.draw(asked, targets.ring(), ours.loss, iteration, CPU)
        ours.iterate(drawn)
        for step in drawn[:-1]:
            x, fake = step.real[0], g(step.latent[0]).detach()
            y = torch.cat([torch.ones(8), torch.zeros(8)])
            if loss == "mixup":
                (lam,) = step.mixing
                y = lam[0]
                x = y[:, None] * x + (1 - y[:, None]) * fake
            else:
                x = torch.cat([x, fake])
            of_d.zero_grad()
            F.binary_cross_entropy_with_logits(d(x)[:, 0], y).backward()
            of_d.step()
        of_g.zero_grad()
        (-F.binary_cross_entropy_with_logits(d(g(drawn[-1].latent[0]))[:, 0], torch.zeros(8))).backward()
        of_g.step()
    latent = pair.fixed_latent(asked, 50, CPU)
    assert np.allclose(ours.samples(latent)[0], g(latent[0]).detach().numpy(), atol=1e-5)


def test_every_loss_meets_the_same_points_from_the_same_weights():
    ring = targets.ring()
    steps = {}
    for loss in ("saturating", "mixup", "r3gan"):
        one = pair.begin(config(loss), CPU)
        steps[loss] = pair.draw(config(loss), ring, one.loss, 7, CPU)
        assert torch.equal(one.generator.network.weights[1], pair.begin(config(), CPU).generator.network.weights[1])
    for one, other in zip(steps["saturating"], steps["mixup"], strict=True):
        assert torch.equal(one.real, other.real)
        assert torch.equal(one.latent, other.latent)
    assert len(steps["mixup"]) == 6
    assert [len(step.mixing) for step in steps["mixup"]] == [1] * 5 + [0]
    assert not torch.equal(steps["mixup"][0].mixing[0], steps["mixup"][1].mixing[0])
    again = pair.draw(config("mixup"), ring, pair.begin(config("mixup"), CPU).loss, 8, CPU)
    assert not torch.equal(again[0].real, steps["mixup"][0].real)

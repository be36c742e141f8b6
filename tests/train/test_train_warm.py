"""Epochs of ERM before mixup, and after it."""

import torch

from common import runs, training
from common.models import build
from scripts import train
from tests.tiny import configured
from tests.train.small import SMALL, run


def test_a_warm_up_is_erm_to_the_bit_and_then_mixup():
    """Of one seed, whatever alpha: after the epochs of ERM the weights are ERM's, and what is drawn then is what a run
    without them draws."""
    from accelerate import Accelerator

    def described(*argv):
        asked = train.cli.parse(train.TrainOptions, "", [*SMALL, *argv])
        return runs.describe(asked.asked, asked.source())

    def weights_after(run, epochs):
        accelerator = Accelerator(cpu=True)
        network = build(run.blueprint, run.config.seed)
        learning = training.begin(accelerator, network, configured(lr_drops=()), 1)
        for epoch in range(1, epochs + 1):
            rows, plan = run.data.train, run.plan(epoch)
            training.train_epoch(accelerator, learning, run.method(epoch), rows, plan, lambda: None)
        return network.state_dict()

    erm, mixup = described(), described("--mixup")
    warm = described("--mixup", "--warmup-epochs", "2")
    assert [bool((warm.plan(epoch).lam < 1).any()) for epoch in (1, 2, 3, 4)] == [False, False, True, True]
    assert torch.equal(warm.plan(3).lam, mixup.plan(3).lam)
    after = {epochs: [weights_after(run, epochs) for run in (erm, warm)] for epochs in (2, 3)}
    assert all(torch.equal(after[2][0][name], after[2][1][name]) for name in after[2][0])
    assert not all(torch.equal(after[3][0][name], after[3][1][name]) for name in after[3][0])


def test_the_curves_of_a_warm_up_are_those_of_erm():
    erm, warm = run(), run("--mixup", "--alpha", "0.3", "--warmup-epochs", "3")
    assert warm["run"].endswith("4ep-b17-mixup0.3-warm3-seed0")
    assert warm["curve"][:3] == erm["curve"][:3]
    assert warm["curve"][3] != erm["curve"][3]
    assert (erm["config"]["warmup_epochs"], warm["config"]["warmup_epochs"]) == (0, 3)


def test_a_cooldown_is_the_last_epochs_by_erm():
    def described(*argv):
        asked = train.cli.parse(train.TrainOptions, "", [*SMALL, "--mixup", *argv])
        return runs.describe(asked.asked, asked.source())

    cool, mixup = described("--cooldown-epochs", "1"), described()
    assert [bool((cool.plan(epoch).lam < 1).any()) for epoch in (1, 2, 3, 4)] == [True, True, True, False]
    assert torch.equal(cool.plan(3).lam, mixup.plan(3).lam)
    assert torch.equal(cool.plan(4).partner, mixup.plan(4).partner)

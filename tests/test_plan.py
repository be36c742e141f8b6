import numpy as np
import pytest
import torch
from scipy import stats

from common.mixup import Mixup
from common.plan import Plan, batch_stops, draw


def planned(rows=103, batch_size=10, *, seed=0, epoch=1, alpha=1.0, lam_per="batch", pad=4) -> Plan:
    return draw(rows, batch_size, seed=seed, epoch=epoch, method=Mixup(alpha, lam_per), pad=pad)


@pytest.mark.parametrize(
    ("rows", "batch_size", "stops"),
    [
        (10, 5, (5, 10)),
        (13, 5, (5, 10, 13)),
        (11, 5, (5, 11)),  # a single last row joins the batch before it
        (6, 5, (6,)),
        (5, 5, (5,)),
        (3, 5, (3,)),
        (1, 5, (1,)),
    ],
)
def test_batches_end_where_they_must(rows, batch_size, stops):
    assert batch_stops(rows, batch_size) == stops


def test_order_is_a_permutation_and_partners_one_of_each_batch():
    plan = planned()
    assert sorted(plan.order.tolist()) == list(range(103))
    for places, _ in plan.batches(0, 1):
        assert sorted(plan.partner[0, places].tolist()) == sorted(plan.order[places].tolist())
    assert (plan.partner != plan.order).sum() > 80  # not the identity


def test_epochs_and_seeds_differ_and_do_not_alias():
    plans = {(seed, epoch): planned(seed=seed, epoch=epoch) for seed in range(3) for epoch in range(3)}
    for field in ("order", "partner", "lam", "shift", "flip"):
        drawn = {tuple(getattr(plan, field).flatten().tolist()) for plan in plans.values()}
        assert len(drawn) == len(plans), f"{field} repeats"


def test_the_same_seed_and_epoch_give_the_same_plan():
    one, two = planned(), planned()
    assert all(torch.equal(getattr(one, f), getattr(two, f)) for f in ("order", "partner", "lam", "shift", "flip"))


def test_erm_is_lambda_one_and_otherwise_the_plan_of_mixup():
    erm, mixup = planned(alpha=None, lam_per=None), planned()
    assert (erm.lam == 1).all()
    assert (mixup.lam < 1).any()
    for field in ("order", "partner", "shift", "flip"):
        assert torch.equal(getattr(erm, field), getattr(mixup, field))


def test_lambda_is_one_number_a_batch_or_one_a_row():
    by_batch, by_row = planned(), planned(lam_per="row")
    for places, _ in by_batch.batches(0, 1):
        assert len(by_batch.lam[0, places].unique()) == 1
        assert len(by_row.lam[0, places].unique()) == len(by_row.lam[0, places])
    assert len(by_batch.lam.unique()) == 11


@pytest.mark.parametrize("alpha", [0.1, 0.2, 1.0, 8.0, 32.0])
def test_lambda_follows_the_beta_distribution(alpha):
    rows = planned(rows=4000, batch_size=4000, alpha=alpha, lam_per="row").lam[0].numpy()
    batches = planned(rows=8000, batch_size=2, alpha=alpha).lam[0, ::2].numpy()
    for lam in (rows, batches):
        # Close to 1 a small alpha's weights are finer than float32; the distribution is symmetric, so the lower half
        # tells as much.
        low = lam[lam < 0.5]
        assert stats.binomtest(len(low), len(lam)).pvalue > 1e-3
        assert stats.kstest(low, lambda x: 2 * stats.beta(alpha, alpha).cdf(x)).pvalue > 1e-3
        assert stats.kstest(low, lambda x: 2 * stats.beta(2 * alpha, 2 * alpha).cdf(x)).pvalue < 1e-3  # it can fail


def test_a_tiny_alpha_still_gives_weights():
    lam = planned(rows=2000, alpha=1e-4, lam_per="row").lam[0]
    assert torch.isfinite(lam).all()
    assert set(lam.round().tolist()) == {0.0, 1.0}


def test_shifts_and_flips_cover_their_range_evenly():
    plan = planned(rows=20_000, batch_size=20_000)
    counts = np.bincount(plan.shift.flatten().numpy(), minlength=9)
    assert len(counts) == 9
    assert stats.chisquare(counts).pvalue > 1e-3
    assert 0.48 < plan.flip.float().mean() < 0.52


def test_without_padding_nothing_is_cropped_or_flipped():
    plan = planned(pad=0)
    assert plan.shift is None
    assert plan.flip is None


@pytest.mark.parametrize("processes", [1, 2, 3, 4, 7, 40])
def test_the_shares_of_all_processes_are_the_batch(processes):
    plan = planned(rows=33, batch_size=10)
    shares = [plan.batches(process, processes) for process in range(processes)]
    for batch, (start, stop) in enumerate(zip((0, 10, 20, 30), (10, 20, 30, 33), strict=True)):
        places = [range(33)[share[batch][0]] for share in shares]
        assert [place for part in places for place in part] == list(range(start, stop))
        assert max(map(len, places)) - min(map(len, places)) <= 1
        assert {share[batch][1] for share in shares} == {stop - start}


@pytest.mark.parametrize("accumulate", [1, 2, 3, 5, 50])
@pytest.mark.parametrize("processes", [1, 2, 3, 7, 40])
def test_the_pieces_of_a_share_are_the_share(processes, accumulate):
    plan = planned(rows=33, batch_size=10)
    counts = []
    for process in range(processes):
        batches = zip(plan.batches(process, processes), plan.pieces(process, processes, accumulate), strict=True)
        for (share, rows), (pieces, rows_again) in batches:
            assert rows_again == rows
            places = [range(33)[piece] for piece in pieces]
            assert [place for piece in places for place in piece] == list(range(33)[share])
            sizes = [len(piece) for piece in places]
            assert max(sizes) - min(sizes) <= 1
            assert len(pieces) == 1 or min(sizes) >= 2
        counts.append([len(pieces) for pieces, _ in plan.pieces(process, processes, accumulate)])
    assert counts == [counts[0]] * processes  # or some would wait for others that never come
    expected = [max(1, min(accumulate, rows // processes // 2)) for rows in (10, 10, 10, 3)]
    assert counts[0] == expected


def test_alternating_flips_show_each_row_both_ways_in_two_epochs():
    def flips(seed, epoch):
        return draw(1000, 10, seed=seed, epoch=epoch, method=Mixup(None), pad=2, alternating=True).flip

    one, two, three = (flips(0, epoch) for epoch in (1, 2, 3))
    assert torch.equal(one, ~two)
    assert torch.equal(one, three)  # pure in seed and epoch: no epoch asks what another drew
    assert 400 < one.sum() < 600
    assert not torch.equal(one, flips(1, 1))

"""What is decoded: once, a little ahead, in its order."""

import threading
from collections import Counter
from itertools import islice

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from common import costs, training
from common.data import stream as streams
from common.data.dataset import Part, take
from common.data.load import load
from common.data.sources import find
from common.data.stream import AHEAD
from common.mixup import pairs
from tests.data.stream.photographs import STREAM, a_run, photographs
from tests.refusal import refused


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_processes_see_the_batches_of_one_and_decode_nothing_twice(tmp_path, decoded, processes, monkeypatch):
    monkeypatch.setattr(pairs, "LEAST", 4)  # for batches of 16
    run = a_run(photographs(tmp_path / "photos", 16), stream=True, augment="resized-crop", size=24, batch_size=16)
    part, plan = run.data.train, run.plan(1)
    rows = torch.arange(32)
    whole = next(part.ahead([rows], plan.crop, plan.flip))
    expected = [training.batch_of(whole, plan, slice(*ends), 0) for ends in ((0, 16), (16, 32))]
    decoded.clear()
    found = [[], []]
    for process in range(processes):
        shares = [places for places, _ in plan.batches(process, processes)]
        for number, here in enumerate(part.ahead(map(plan.members, shares), plan.crop, plan.flip)):
            found[number].append(training.batch_of(here, plan, shares[number], 0))
    assert decoded == Counter(rows.tolist())
    for number, batch in enumerate(expected):
        for own_or_partner in (0, 1):
            assert torch.equal(torch.cat([one.x[own_or_partner] for one in found[number]]), batch.x[own_or_partner])
            assert torch.equal(torch.cat([one.y[own_or_partner] for one in found[number]]), batch.y[own_or_partner])
    assert not torch.equal(whole.fetch(rows), part.fetch(rows))  # it is cut


def test_an_epoch_is_of_rows_cut_and_mirrored_as_planned(tmp_path, monkeypatch):
    run = a_run(photographs(tmp_path / "photos", 16), stream=True, augment="resized-crop", size=24, batch_size=16)
    part, plan, seen = run.data.train, run.plan(1), []
    whole = next(part.ahead([torch.arange(32)], plan.crop, plan.flip))
    expected = training.batch_of(whole, plan, slice(0, 32), 0)
    batch_of = training.batch_of
    monkeypatch.setattr(training, "batch_of", lambda *how: seen.append(batch_of(*how)) or seen[-1])
    accelerator = Accelerator(cpu=True)
    training.train_epoch(accelerator, run.begin(accelerator), run.method(1), part, plan, lambda: None)
    for own_or_partner in (0, 1):
        assert torch.equal(torch.cat([batch.x[own_or_partner] for batch in seen]), expected.x[own_or_partner])


def test_two_shares_are_decoded_ahead_and_no_more(photos):
    part, drawn = load(find(str(photos), None), STREAM).train, []

    def shares():
        for row in range(len(part)):
            drawn.append(row)
            yield torch.tensor([row])

    for number, here in enumerate(islice(part.ahead(shares()), 10)):
        assert len(drawn) == number + 1 + AHEAD
        assert here.fetch(torch.tensor([number])).shape == (1, *part.shape)


def test_a_trial_decodes_a_share(photos, decoded):
    part = load(find(str(photos), None), STREAM).train
    assert costs.seconds_to_decode(part, 6) > 0
    assert (len(decoded), decoded.total()) == (6, 7)  # the first one twice
    assert costs.seconds_to_decode(Part(part.fetch(slice(0, 8)), part.labels[:8]), 6) == 0


def test_where_a_thread_cannot_be_started_the_others_do_not_wait_for_it(photos, monkeypatch):
    part, start = load(find(str(photos), None), STREAM).train, threading.Thread.start
    monkeypatch.setattr(streams, "share_of_cores", lambda _: 3)

    def started(thread):
        if thread.name == "decode_2":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", started)
    mine = torch.get_num_threads()
    refused(lambda: part.fetch(slice(0, 2)), "The 3 threads", "can't start new thread", "OMP_NUM_THREADS")
    assert torch.get_num_threads() == mine
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_what_is_fetched_is_what_was_asked_for_in_its_order(photos):
    part = load(find(str(photos), None), STREAM).train
    rows = torch.tensor([5, 0, 5, 9])
    one_by_one = torch.cat([part.fetch(slice(row, row + 1)) for row in rows.tolist()])
    assert torch.equal(part.fetch(rows), one_by_one)
    assert torch.equal(part.held(rows).fetch(rows), one_by_one)
    assert torch.equal(take(part, np.array([9, 5])).fetch(slice(0, 2)), one_by_one[[3, 0]])
    assert not torch.equal(one_by_one[0], one_by_one[1])

"""Which rows are measured on, and that training knows nothing of them."""

import numpy as np
import pytest
import torch

from common.chance import rng
from common.data.dataset import fingerprint
from common.data.load import load
from common.data.selection import draw_test, select
from common.data.sources import Reading, find
from common.data.statistics import statistics
from common.errors import UserError
from tests.tables.rows import measured, plain_rows, read, write


@pytest.mark.parametrize("holdout", [None, 6])
def test_the_training_tensors_do_not_know_the_rows_that_are_measured_on(tmp_path, holdout):
    rows = plain_rows()
    before = read(write(tmp_path / "a.csv", rows), holdout=holdout)
    for number in measured(tmp_path / "a.csv", holdout):
        rows[number][:3] = 1e6 + number, "violet" if number % 2 else "", ""
    after = read(write(tmp_path / "b.csv", rows), holdout=holdout)
    assert torch.equal(before.train.inputs, after.train.inputs)
    assert torch.equal(before.train.labels, after.train.labels)
    assert torch.equal(before.test.labels, after.test.labels)
    assert not (before.test.inputs == after.test.inputs).all(dim=1).any()
    assert statistics(before.train) == statistics(after.train)


def test_every_row_is_in_one_part(tmp_path):
    data = read(write(tmp_path / "a.csv", enumerate("ab" * 20), header="number,label"), drop=())
    numbers = [*data.train.inputs[:, 0].int().tolist(), *data.test.inputs[:, 0].int().tolist()]
    assert sorted(numbers) == list(range(40))
    assert numbers[:30] == sorted(numbers[:30])


def test_the_split_is_stratified_and_stays_what_it_is():
    labels = np.array([0] * 10 + [1] * 5 + [2] * 2 + [3])
    rows = {seed: np.flatnonzero(draw_test(labels, 4, 0.2, rng("test part", seed), "own")).tolist() for seed in (0, 1)}
    assert rows == {0: [2, 6, 13], 1: [1, 7, 11]}
    assert [np.bincount(labels[chosen], minlength=4).tolist() for chosen in rows.values()] == [[2, 1, 0, 0]] * 2


@pytest.mark.parametrize(
    ("share", "counts"),
    [(0.2, [2, 1, 0, 0]), (0.5, [5, 2, 1, 0]), (0.8, [8, 4, 1, 0]), (0.99, [9, 4, 1, 0]), (0.05, [0, 0, 0, 0])],
)
def test_shares_are_rounded_and_a_classs_last_row_is_trained_on(share, counts):
    """Of 10, 5, 2 and 1 rows; a half goes to the even number."""
    labels = np.array([0] * 10 + [1] * 5 + [2] * 2 + [3])
    if not sum(counts):
        with pytest.raises(UserError, match=r"--test-share 0.05.*larger share\.$"):
            draw_test(labels, 4, share, rng("test part", 0), "own")
        return
    taken = draw_test(labels, 4, share, rng("test part", 0), "own")
    assert np.bincount(labels[taken], minlength=4).tolist() == counts
    assert set(np.flatnonzero(draw_test(labels, 4, 0.2, rng("test part", 0), "own"))) <= set(np.flatnonzero(taken))


def test_the_embedded_tables_are_cut_when_asked_and_else_stay_what_they_were():
    iris = find("iris", None)
    fixed, one, two = load(iris), load(iris, Reading(test_share=0.2)), load(iris, Reading(test_share=0.2, data_seed=1))
    assert fingerprint(fixed) == "7051268d763cdcbf66b735c720a6ea6d2f089249da980903ac280ddc88b3ea83"
    assert len({fingerprint(data) for data in (fixed, one, two)}) == 3
    assert one.test.labels.bincount().tolist() == two.test.labels.bincount().tolist() == [10, 10, 10]
    assert fingerprint(select(one, None, None, 0)) == fingerprint(one)
    assert len(load(iris, Reading(test_share=0.5)).test) == 75

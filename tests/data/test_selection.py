"""What is measured of a set, its fingerprint, and the rows that are taken of it."""

import itertools

import numpy as np
import pytest
import torch

from common.data.dataset import Dataset, Part, fingerprint
from common.data.selection import select
from common.data.statistics import statistics
from tests.data.made import changed, rows
from tests.refusal import refused


def toy(counts=(30, 40, 50), test=9, channels=3):
    """Images whose first pixel numbers the row, so that rows are told apart."""
    labels = torch.tensor([label for label, count in enumerate(counts) for _ in range(count)])
    labels = labels[torch.from_numpy(np.random.default_rng(1).permutation(len(labels)))]
    inputs = torch.zeros(len(labels), channels, 2, 2, dtype=torch.uint8)
    inputs[:, 0, 0, 0] = torch.arange(len(labels), dtype=torch.uint8)
    names = tuple(f"class{label}" for label in range(len(counts)))
    last = Part(torch.full((test, channels, 2, 2), 255, dtype=torch.uint8), torch.arange(test) % len(counts))
    return Dataset("toy", "images", "made", Part(inputs, labels), last, names)


def test_the_fingerprint_is_of_the_content_and_of_all_of_it():
    dataset = toy()
    train = dataset.train
    assert fingerprint(changed(dataset, name="other", origin="elsewhere", notes=("note",))) == fingerprint(dataset)
    assert len(fingerprint(dataset)) == 64
    pixel = train.inputs.clone()
    pixel[7, 1, 1, 1] = 1
    label = train.labels.clone()
    label[7] = (label[7] + 1) % 3
    others = [
        changed(dataset, kind="table"),
        changed(dataset, classes=("a", "b", "c")),
        changed(dataset, train=Part(pixel, train.labels)),
        changed(dataset, train=Part(train.inputs, label)),
        changed(dataset, train=Part(train.inputs.reshape(-1, 3, 4, 1), train.labels)),
        changed(dataset, train=Part(train.inputs.view(torch.int8).float(), train.labels)),
        changed(dataset, train=dataset.test, test=train),
    ]
    assert len({fingerprint(other) for other in [dataset, *others]}) == 8
    turned = changed(dataset, train=Part(train.inputs.transpose(2, 3).contiguous().transpose(2, 3), train.labels))
    assert fingerprint(turned) == fingerprint(dataset)  # how it lies in memory is not content


def test_statistics_of_images_are_exact():
    inputs = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (50, 2, 5, 3), dtype=np.uint8))
    inputs[:, 1] = 51
    mean, std = statistics(Part(inputs, torch.zeros(len(inputs), dtype=torch.int64)))
    wide = inputs.double() / 255
    assert mean == pytest.approx(wide.mean((0, 2, 3)).tolist(), rel=1e-12)
    assert std[0] == pytest.approx(wide[:, 0].std(correction=0).item(), rel=1e-12)
    assert mean[1] == pytest.approx(0.2, rel=1e-15)
    assert std[1] == 1.0


def test_statistics_of_tables_are_exact_and_a_constant_gets_one():
    inputs = torch.from_numpy(np.random.default_rng(0).normal(1e6, 1, (99, 3)).astype(np.float32))
    inputs[:, 2] = 0.1
    mean, std = statistics(Part(inputs, torch.zeros(len(inputs), dtype=torch.int64)))
    assert mean == pytest.approx(inputs.double().mean(0).tolist(), rel=1e-12)
    assert std[:2] == pytest.approx(inputs[:, :2].double().std(0, correction=0).tolist(), rel=1e-9)
    assert (mean[2], std[2]) == (inputs[0, 2].item(), 1.0)


def test_subsets_are_balanced_ascending_nested_and_drawn_by_the_data_seed():
    dataset = toy()
    sizes = (3, 4, 5, 30, 31, 60, 89, 90)
    chosen = {size: rows(select(dataset, size, None, 0).train) for size in sizes}
    for size, these in chosen.items():
        assert len(set(these)) == size
        assert these == sorted(these)
        counts = np.bincount(dataset.train.labels[these], minlength=3)
        assert counts.max() - counts.min() <= 1
    for smaller, larger in itertools.pairwise(sizes):
        assert set(chosen[smaller]) < set(chosen[larger])
    assert rows(select(dataset, 30, None, 0).train) == chosen[30]
    assert rows(select(dataset, 30, None, 1).train) != chosen[30]
    part = select(dataset, 30, None, 0)
    assert torch.equal(part.train.labels, dataset.train.labels[chosen[30]])
    assert part.test is dataset.test
    assert part.measured_on == "test"
    assert select(dataset, None, None, 0) is dataset


def test_the_rest_goes_to_classes_drawn_at_random():
    dataset = toy()
    favoured = {int(select(dataset, 4, None, seed).train.labels.bincount().argmax()) for seed in range(20)}
    assert favoured == {0, 1, 2}


def test_a_holdout_is_taken_out_of_the_training_part():
    dataset = toy()
    cut = select(dataset, 60, 30, 0)
    held, left = rows(cut.test), rows(cut.train)
    assert cut.measured_on == "holdout"
    assert cut.test.labels.bincount().tolist() == [10, 10, 10]
    assert cut.train.labels.bincount().tolist() == [20, 20, 20]
    assert set(held) & set(left) == set()
    assert held == sorted(held)
    assert 255 not in held  # no row of the true test part
    everything = select(dataset, None, 30, 0)
    assert sorted(held + rows(everything.train)) == list(range(120))
    assert rows(everything.test) == held
    assert rows(select(dataset, None, 30, 1).test) != held


def test_a_share_is_held_out_of_each_class_however_small():
    """Rounded, and never the last row of one: of 1, 5 and 9 rows a fifth is 0, 1 and 2."""
    dataset = toy((1, 5, 9))
    cut = select(dataset, None, None, 0, holdout_share=0.2)
    assert cut.measured_on == "holdout"
    assert cut.test.labels.bincount(minlength=3).tolist() == [0, 1, 2]
    assert sorted(rows(cut.test) + rows(cut.train)) == list(range(15))
    assert rows(select(dataset, None, None, 0, holdout_share=0.2).test) == rows(cut.test)
    assert any(rows(select(dataset, None, None, seed, holdout_share=0.2).test) != rows(cut.test) for seed in (1, 2))
    said = "--holdout-share 0.1", "the training part of toy", "without a holdout part"
    refused(lambda: select(toy((1, 2, 2)), None, None, 0, holdout_share=0.1), *said)


def test_sizes_that_cannot_be_had_are_refused_by_the_options_name():
    dataset = toy((30, 40, 50))
    refused(lambda: select(dataset, 2, None, 0), "--subset 2", "fewer", "3 classes")
    refused(lambda: select(dataset, None, 0, 0), "--holdout 0", "fewer")
    refused(lambda: select(dataset, -5, None, 0), "--subset -5", "fewer")
    refused(lambda: select(dataset, 121, None, 0), "--subset 121", "more", "120")
    refused(lambda: select(dataset, None, 500, 0), "--holdout 500", "more", "120")
    refused(lambda: select(dataset, 100, 40, 0), "--subset 100", "more", "80")
    refused(lambda: select(toy((1, 5, 5)), None, 3, 0), "--holdout 3", "'class0'", "only 0", "no number works")


@pytest.mark.parametrize("option", ["subset", "holdout"])
def test_the_largest_size_that_works_is_the_one_that_is_named(option):
    dataset = toy((12, 9, 15))
    looped = 0
    for seed in range(6):

        def take(size, seed=seed):
            return select(dataset, *((size, None) if option == "subset" else (None, size)), seed)

        message = refused(lambda take=take: take(36), f"--{option} 36", "'class1'")
        largest = int(message.removesuffix(".").rsplit(" ", 1)[1])
        cut = take(largest)
        assert len(cut.train if option == "subset" else cut.test) == largest
        assert cut.train.labels.bincount(minlength=3).min() > 0
        refused(lambda take=take, largest=largest: take(largest + 1), f"--{option} {largest + 1}", f"is {largest}.")
        looped += 1
    assert looped == 6

"""Which rows of a data set a run sees, and under which labels."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from common.chance import rng
from common.data.dataset import Corruption, Dataset, Part, take
from common.data.sets import SETS
from common.errors import UserError


def select(
    dataset: Dataset,
    subset: int | None,
    holdout: int | None,
    data_seed: int,
    *,
    holdout_share: float | None = None,
    test_subset: int | None = None,
    corrupt_labels: float = 0.0,
) -> Dataset:
    """The rows that a run sees: ``holdout`` rows of the training part, or ``holdout_share`` of each of its classes (as
    `draw_test` takes it), become the test part (the true one is dropped), or ``test_subset`` rows of the test part are
    left of it; then ``subset`` rows of the training part are trained on, a share ``corrupt_labels`` of them under
    labels drawn at random.

    But for a share, the rows are class-balanced (N // classes each, the rest to classes drawn at random). They keep
    their order, and depend on ``data_seed`` alone: a subset of 1000 lies inside that of 5000. Raises UserError, naming
    the option.

    A table is made ready here (`features.encode`): what that takes from the training part knows no held-out row.
    """
    classes = dataset.classes
    taken = None
    if holdout is not None:
        taken = _balanced(dataset.train, classes, holdout, "holdout", data_seed, spare=1)
    elif holdout_share is not None:
        labels, draw = dataset.train.labels.numpy(), rng("holdout", data_seed)
        taken = np.flatnonzero(
            draw_test(labels, len(classes), holdout_share, draw, f"the training part of {dataset.name}", "holdout")
        )
    if taken is not None:
        left = np.setdiff1d(np.arange(len(dataset.train)), taken)
        dataset = replace(
            dataset, train=take(dataset.train, left), test=take(dataset.train, taken), measured_on="holdout"
        )
    if test_subset is not None:
        dataset = replace(
            dataset, test=take(dataset.test, _balanced(dataset.test, classes, test_subset, "test-subset", data_seed))
        )
    if subset is not None:
        dataset = replace(
            dataset, train=take(dataset.train, _balanced(dataset.train, classes, subset, "subset", data_seed))
        )
    if dataset.categories is not None:
        from common.data import features  # scikit-learn takes a second to start

        dataset = features.encode(dataset)
    return corrupt(dataset, corrupt_labels, data_seed) if corrupt_labels else dataset


def cut(dataset: Dataset, share: float, data_seed: int) -> Dataset:
    """The set with a share of each class as its test part: drawn by ``data_seed``, or, of a set whose own test part is
    small, around that once and for all. raises UserError as `draw_test`"""
    is_fixed = dataset.name in SETS and SETS[dataset.name].is_small_test
    draw = rng("split", dataset.name) if is_fixed else rng("test part", data_seed)
    whole, given = dataset.train, np.zeros(len(dataset.train), dtype=bool)
    if len(dataset.test):
        parts = (dataset.train, dataset.test)
        whole = Part(torch.cat([part.whole for part in parts]), torch.cat([part.labels for part in parts]))
        given = np.arange(len(whole)) >= len(dataset.train)
    for_test = draw_test(whole.labels.numpy(), len(dataset.classes), share, draw, dataset.name, first=given)
    return replace(dataset, train=take(whole, np.flatnonzero(~for_test)), test=take(whole, np.flatnonzero(for_test)))


def draw_test(
    labels: np.ndarray,
    classes: int,
    share: float,
    draw: np.random.Generator,
    name: str,
    part: str = "test",
    first: np.ndarray | None = None,
) -> np.ndarray:
    """Which rows are the test part, or held out: of each class a share, rounded, and never its last row. A larger share
    holds the rows of a smaller one.

    labels  (n,);  first  bool (n,), rows that are taken before all others;  returns bool (n,)
    raises UserError, naming the part's option, where no row at all is
    """
    taken = np.zeros(len(labels), dtype=bool)
    for label in range(classes):
        rows = draw.permutation(np.flatnonzero(labels == label))
        if first is not None:
            rows = np.concatenate([rows[first[rows]], rows[~first[rows]]])
        taken[rows[: min(round(share * len(rows)), len(rows) - 1)]] = True
    if not taken.any():
        raise UserError(
            f"--{part}-share {share:g} leaves {name} without a {part} part: none of its {classes} classes has enough "
            "rows to give one; name a larger share."
        )
    return taken


def corrupt(dataset: Dataset, share: float, data_seed: int) -> Dataset:
    """The set with a share of its training labels replaced by classes drawn at random (section 3.4); the test part and
    all inputs stay.

    A row is drawn with its class: one of all classes, so that one in ``len(classes)`` keeps its own, as in the paper as
    far as is known. Rows and classes depend on ``data_seed`` and the number of rows alone, so that ERM and mixup see
    the same labels, and the 20 % are among the 50 %, with the same classes.

    share  of the rows, in [0, 1]; the number of rows is rounded
    """
    true = dataset.train.labels
    n, classes = len(true), len(dataset.classes)
    draw = rng("corrupt", data_seed)
    order, anew = draw.permutation(n), draw.integers(classes, size=n)
    drawn = np.zeros(n, dtype=bool)
    drawn[order[: round(share * n)]] = True
    labels = torch.from_numpy(np.where(drawn, anew, true.numpy()))
    wrong = int((labels != true).sum())
    note = f"{drawn.sum():,} of {n:,} training labels drawn at random, of which {wrong:,} are now wrong"
    return replace(
        dataset,
        train=replace(dataset.train, labels=labels),
        notes=(*dataset.notes, note),
        corruption=Corruption(torch.from_numpy(drawn), true),
    )


def _balanced(part: Part, classes: Sequence[str], size: int, name: str, data_seed: int, spare: int = 0) -> np.ndarray:
    """The numbers of ``size`` rows of a part, ascending; ``spare`` rows of each class are left. What is drawn does not
    depend on ``size``: each class gives a prefix of one permutation, hence a larger set holds a smaller one."""
    labels = part.labels.numpy()
    counts = np.bincount(labels, minlength=len(classes))
    draw = rng(name, data_seed)
    turn = draw.permutation(len(classes))  # who is next when the rest is handed out
    wanted = np.full(len(classes), size // len(classes))
    wanted[turn[: size % len(classes)]] += 1
    _check_size(classes, size, f"--{name}", counts, counts - spare, turn, wanted)
    rows = [draw.permutation(np.flatnonzero(labels == label))[: wanted[label]] for label in range(len(classes))]
    return np.sort(np.concatenate(rows))


def _check_size(
    names: Sequence[str],
    size: int,
    option: str,
    counts: np.ndarray,
    limits: np.ndarray,
    turn: np.ndarray,
    wanted: np.ndarray,
) -> None:
    """counts, limits  (classes,) rows of each class, and how many of them it can give; the rest as in `_balanced`"""
    classes = len(names)
    if size < classes:
        raise UserError(f"{option} {size} is fewer than one row for each of the {classes} classes.")
    if size > counts.sum():
        part = "test" if option == "--test-subset" else "training"
        raise UserError(f"{option} {size} is more than the {counts.sum()} {part} rows there are.")
    short = np.flatnonzero(wanted > limits)
    if not len(short):
        return
    smallest = short[limits[short].argmin()]
    least = limits.min()
    largest = classes * least + int((limits[turn] == least).argmax())
    most = f"the largest that works is {largest}" if largest >= classes else "no number works"
    raise UserError(
        f"{option} {size} takes {wanted[smallest]} rows of a class, but class '{names[smallest]}' can give "
        f"only {max(limits[smallest], 0)}; {most}."
    )

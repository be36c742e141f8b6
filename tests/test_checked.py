"""Types and shapes are checked while tests run."""

import checked
import jaxtyping
import pytest
import torch
from beartype.roar import BeartypeCallHintViolation

from _study import crew
from common import records, training
from common.mixup import arithmetic


def test_of_what_names_shapes_these_are_checked():
    named = checked.with_shapes()
    assert {"common.mixup.arithmetic", "common.models", "common.training", "common.gan.losses"} <= {*named}
    assert "common.records" not in named
    lam, y = torch.ones(1, 3), [torch.zeros(3, dtype=torch.long)] * 2
    assert arithmetic.mixed_hits(torch.zeros(3, 2), y, lam).shape == (3,)
    with pytest.raises(jaxtyping.TypeCheckError):
        arithmetic.mixed_hits(torch.zeros(2, 2), y, lam)
    assert training.__loader__.__class__.__module__.startswith("jaxtyping")


def test_of_all_else_the_types_are():
    with pytest.raises(BeartypeCallHintViolation):
        records.path_of("results", "digits", "train", "name")
    with pytest.raises(BeartypeCallHintViolation):
        crew.start(crew.Call(("own.py",)), "log")

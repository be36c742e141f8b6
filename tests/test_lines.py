"""The lines of methods: how they look, in which order, and what they are means of."""

import math
from typing import get_args

import matplotlib as mpl
import numpy as np

from analysis import lines
from analysis.collect import collect
from analysis.methods import BASELINES, ERM, MORE, Method
from common.options.train import Mix


def test_methods_are_told_apart_in_colour_and_in_grey():
    methods = [Method(alpha) for alpha in (None, *lines.OF_ALPHA)] + [
        Method(1.0, per_row=True),
        *(Method(1.0, mix=mix) for mix in get_args(Mix) if mix != "inputs"),
        *(Method(1.0, more=((option, 1),)) for option in MORE),
        *BASELINES.values(),
    ]
    looks = [lines.look_of(method) for method in methods]
    assert len({*looks, lines.OTHER}) == len(looks) + 1
    dropped = [Method(alpha, dropout=p) for alpha in (None, 8.0) for p in lines.OF_P]
    assert len({lines.look_of(method) for method in dropped}) == len(dropped)
    smoothed = Method(
        1.0, more=(("targets", "heavier"), ("label_smoothing", 0.1))
    )  # which departs first by its targets
    assert lines.look_of(smoothed) == lines.look_of(Method(1.0, more=(("targets", "heavier"),)))
    assert lines.look_of(Method(more=(("noise", 0.1),))) == lines.look_of(Method(more=(("noise", 0.2),)))
    unknown = [Method(1.0, mix="new"), Method(more=(("new", 1),)), Method(model="new"), Method(2.0, mix="hidden")]
    assert {lines.look_of(method) for method in unknown} == {lines.OTHER}
    assert lines.look_of(Method(3.0)) == lines.look_of(Method(8.0, per_row=True)) == lines.OTHER
    assert lines.look_of(Method(0.2, warmup_epochs=5)) == lines.look_of(Method(0.2))
    (erm, erm_dashes, erm_mark), (mixup, mixup_dashes, mixup_mark) = looks[:2]
    grey = [np.dot(mpl.colors.to_rgb(color), [0.299, 0.587, 0.114]) for color in (erm, mixup)]
    assert abs(grey[0] - grey[1]) > 0.2
    assert erm_dashes != mixup_dashes
    assert erm_mark != mixup_mark


def test_an_interval_of_less_than_two_is_none(tmp_path):
    frame = collect(tmp_path).between.reindex([0]).assign(method=ERM, seed=0, split=0, lam=0.5, missed=1.0)
    mean = lines.numbers(frame, "lam", "missed", "misses").query("line == 'mean'")
    assert mean["y"].item() == 1
    assert math.isnan(mean["low"].item())

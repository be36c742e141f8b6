"""What a study says of the time left."""

import json
from multiprocessing import Process

import pytest

from _study import display
from _study.crew import Hand
from _study.forecast import Cost
from common.progress import Reached


@pytest.fixture
def shown(monkeypatch, capsys, tmp_path):
    """What a study of two members, of 100 seconds each by the forecast, side by side, shows after some seconds."""
    clock = [1000.0]
    monkeypatch.setattr(display.time, "monotonic", lambda: clock[0])
    one = display.Display({"a": Cost(100.0), "b": Cost(100.0)}, 0, 2, 2)

    def after(seconds, **running):
        clock[0] = 1000.0 + seconds
        hands = {}
        for name, (first, done, said) in running.items():
            log = tmp_path / name
            log.write_text(json.dumps({"first": first, "done": done, "steps": 10, "said": said}))
            hands[name] = Hand(Process(), log, 0)
        one.show(hands, 0)
        return capsys.readouterr().err.strip()

    after.display = one
    return after


def test_the_time_left_is_foretold_at_first(shown):
    assert shown(20, a=(0, 0, ""), b=(0, 0, "")) == "0 of 2 done, 2 min left; now a, b"


def test_the_time_left_is_that_at_the_speed_so_far(shown):
    line = shown(20, a=(0, 1, "epoch 1/10"), b=(0, 3, "epoch 3/10"))
    assert line == "0 of 2 done, 80 s left; now a epoch 1/10, b epoch 3/10"  # 40 of 200 in 20 s


def test_what_a_run_had_done_before_does_not_count_as_speed(shown):
    """One that goes on at 80 % has 20 left, and has done 10 of them."""
    assert shown(10, a=(8, 9, ""), b=(0, 1, "")) == "0 of 2 done, 50 s left; now a, b"  # 20 in 10 s, and 100 left


def test_nor_does_what_one_had_done_that_has_ended(shown):
    shown.display.ended("a", "done     a", Reached(0.8, 1.0))
    assert shown(20, b=(0, 1, "")) == "0 of 2 done, 60 s left; now b"  # 30 in 20 s, and 90 left


def test_nor_one_that_did_nothing(shown):
    shown.display.ended("a", "skipped  a", Reached())
    assert shown(20, b=(0, 2, "")) == "0 of 2 done, 80 s left; now b"

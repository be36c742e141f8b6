"""What every script does beside its question."""

import json
from pathlib import Path

import pytest

from common.options.interpolate import InterpolateConfig
from scripts import attack, baseline, benchmark, boundary, gan, interpolate, train
from tests.conftest import DIGITS

PROBE = ["--pairs", "20", "--points", "3", "--threads", "1"]
OF_ALL = {"records", "seconds", "device", "gpus"}


def plan(capsys, main, *argv):
    capsys.readouterr()
    main([*argv, "--plan", "--json"])
    (line,) = capsys.readouterr().out.splitlines()
    return json.loads(line)


@pytest.mark.parametrize(
    ("main", "argv", "records"),
    [
        (interpolate.main, [*DIGITS[:2], *PROBE], 2),
        (attack.main, [*DIGITS[:2], "--attacks", "fgsm", "--rows", "9", "--threads", "1"], 4),
        (boundary.main, ["--sets", "moons", "--epochs", "1", "--seeds", "0"], 1),
        (gan.main, ["--width", "4", "--iterations", "9", "--threads", "1"], 1),
        (baseline.main, ["--dataset", "iris", "--methods", "mlp", "logistic_regression", "--threads", "1"], 2),
        (benchmark.main, ["train", "--width", "8", "--threads", "1"], 1),
    ],
)
def test_a_plan_for_a_program_is_one_object(capsys, digits, main, argv, records):
    there = sorted(Path().rglob("*"))
    told = plan(capsys, main, *argv)
    assert set(told) == OF_ALL
    assert told["seconds"] is None or told["seconds"] > 0
    assert told["device"].startswith(("CPU", "NVIDIA"))
    assert [one["finished"] for one in told["records"]] == [False] * records
    for one in told["records"]:
        assert Path(one["path"]).stem.endswith(one["name"])
    assert sorted(Path().rglob("*")) == there


def test_of_what_is_there_nothing_is_to_be_waited_for(capsys, digits):
    argv = [DIGITS[0], *PROBE]
    interpolate.main(argv)
    told = plan(capsys, interpolate.main, *argv)
    (one,) = told["records"]
    assert (one["finished"], told["seconds"]) == (True, 0.0)
    assert Path(one["path"]).exists()
    assert InterpolateConfig(**one["config"]).pairs == 20
    assert plan(capsys, interpolate.main, *argv, "--overwrite")["records"][0]["finished"] is False


def test_the_plan_of_a_training(capsys, digits):
    argv = ["--dataset", "digits", "--width", "8", "--epochs", "3", "--threads", "1"]
    told = plan(capsys, train.main, *argv)
    (one,) = told["records"]
    assert (one["name"], one["finished"]) == (DIGITS[0], True)
    assert (told["train_rows"], told["measured_rows"], told["steps"]) == (1438, 359, 36)
    assert told["rows_per_second"] > 0
    assert told["memory_bytes"] > 4 * told["parameters"]
    assert plan(capsys, train.main, *argv, "--seed", "7")["records"][0]["finished"] is False

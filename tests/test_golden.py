"""What is must stay: every committed record keeps its configuration, its name, its path and a command that makes it
again."""

import functools
import json
import shlex

import pytest

from analysis import commands
from common import cli, records
from common.options import resolve
from common.options.fields import as_json, check
from common.options.machine import PRECISION
from common.options.train import TrainOptions

FOLDERS = {"boundary": "toy", "gan": "toy", "benchmark": "benchmark", "endurance": "endurance"}
COMMITTED = sorted((records.ROOT / "results").rglob("*.json"))


def side_of(record):
    return record["data"]["shape"][-1] if record["data"]["kind"] == "images" else None


def of_kind(kind):
    return [path for path in COMMITTED if path.name.startswith(f"{kind}-")]


@functools.cache
def read(path):
    return records.read(path)


def trained():
    return ((path, read(path)) for path in of_kind("train"))


def test_there_are_records():
    assert all(of_kind(kind) for kind in records.CONFIGS)


def test_every_record_is_valid_and_lies_where_its_name_says():
    """Valid includes that it has the name of its configuration."""
    for path in COMMITTED:
        record = read(path)
        assert record["environment"]["code_differs"] is False, path
        kind = record["kind"]
        folder = FOLDERS[kind] if kind in FOLDERS else record["data"]["name"]
        assert path == records.path_of(records.ROOT / "results", folder, kind, record["run"])


@pytest.mark.parametrize("seed", [None, 77])
def test_the_command_of_every_run_is_that_run_again(committed, seed):
    """asked of one run of each setting and method, since a command takes long to read; of another seed, of one of each
    data set."""

    def kind(config):
        return config["dataset"] if seed else json.dumps({**config, "seed": 0, "data_seed": 0})

    found = {kind(record["config"]): (path, record) for path, record in trained()}
    for path, record in found.values():
        change = {} if seed is None else {"seed": seed}
        words, precision = shlex.split(commands.train(committed, record, change)), record["environment"]["precision"]
        start = words.index("python")
        assert words[:start] == ["env", f"{PRECISION}={precision}"] * (precision != "no")
        assert words[start + 1].endswith("scripts/train.py")
        asked = cli.parse(TrainOptions, "", words[start + 2 :])
        check(asked)
        config = resolve(asked.asked, record["data"]["name"], record["data"]["kind"], side_of(record))
        assert as_json(config) == record["config"] | change, path

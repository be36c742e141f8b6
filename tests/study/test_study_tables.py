"""Studies of tables, and scikit-learn's models beside them."""

import re
from pathlib import Path

import pytest

from _study import forecast, members
from _study.crew import Call
from _study.forecast import Answer
from analysis import measures
from tests.study.asked import names, run


@pytest.mark.parametrize(("name", "sets", "splits"), [("tables", 6, 20), ("tables-embedded", 3, 10)])
def test_pairs_of_tables_and_their_baselines_see_the_same_rows(name, sets, splits):
    """Pairs of so many splits a set; what decides the rows is the same for ERM, mixup and, on ten, the baselines."""
    rows = ("dataset", "test_share", "target", "subset", "holdout", "data_seed")
    seen = {}
    for member in members.read(name, None).members:
        for wanted in member.wanted:
            config = wanted.config
            assert config["seed"] == config["data_seed"]
            seen.setdefault(tuple(config[option] for option in rows), []).append(
                config.get("method") or ("mixup" if config["mixup"] else "erm")
            )
    assert len(seen) == splits * sets
    assert len({key[0] for key in seen}) == sets
    assert {key[1] for key in seen} == {0.2}
    assert all({"erm", "mixup"} <= {*methods} for methods in seen.values())
    baselines = [{*methods} - {"erm", "mixup"} for methods in seen.values() if len({*methods}) > 2]
    assert baselines == [{"gradient_boosting", "logistic_regression", "mlp"}] * 10 * sets


PLAN = {"seconds": 3.0, "device": "CPU x86_64", "gpus": 0}
BASELINES = """
train: {dataset: wine, test-share: 0.2, data-seed: 1, epochs: 1, threads: 1}
baseline:
  - {dataset: wine, test-share: 0.2, data-seed: [1, 2], methods: [logistic_regression]}
  - {dataset: abalone, threads: 1}
"""


def test_baselines_are_members(write, monkeypatch):
    monkeypatch.delenv("MIXUP_DATA_DIR", raising=False)
    found = members.read(write(BASELINES), None).members
    assert [member.name for member in found] == [
        "wine-rows1-test0.2-mlp-1ep-erm-seed0",
        "baseline-wine-rows1-test0.2-logistic_regression-seed0",
        "baseline-wine-rows2-test0.2-logistic_regression-seed0",
        "baseline-abalone-logistic_regression+gradient_boosting+mlp-seed0",
    ]
    assert [len(member.wanted) for member in found] == [1, 1, 1, 3]
    assert not any(member.needs for member in found)
    assert (
        " ".join(found[2].words) == "--dataset wine --test-share 0.2 --data-seed 2 --methods logistic_regression"
    )  # in the file's order
    asked = []
    monkeypatch.setattr(forecast, "_asked", lambda call: asked.append(call.words) or Answer(PLAN, "", 0.0))
    costs = forecast.of_all(found[1:], found, lambda member: Call(member.words))
    assert [cost.seconds for cost in costs.values()] == [3.0] * 3
    assert len(asked) == 2  # seeds cost the same


def test_a_study_of_baselines_from_runs_to_done(script, write):
    content = BASELINES.split("  - {dataset: abalone")[0]
    done = run(script, write(content), "--jobs", "2")
    _, came_out = done.stdout.split("All 3 are done. The records are in results.\n")
    lines = re.sub(r"[\d.]+ (± [\d.]+ )?%", "E %", came_out).splitlines()
    assert lines == [
        "wine-test0.2-mlp-1ep",
        "  test error  ERM E % (n = 1)",
        "wine",
        "  test error  logistic regression E % (n = 2)",
        measures.SPREAD,
        "All of it on one page: python -m analysis.report",
    ]
    assert sorted(path.name for path in Path("results/wine").glob("baseline-*")) == [
        f"baseline-wine-rows{seed}-test0.2-logistic_regression-seed0.json" for seed in (1, 2)
    ]
    assert run(script, "own.yaml", "--print").stdout == "# all 3 of own are done\n"


def test_a_table_of_the_users_own_is_not_read(write, tmp_path):
    (tmp_path / "mine.csv").write_text("no table at all")
    content = "train: {dataset: mine.csv, target: kind}\nbaseline: {dataset: mine.csv, target: kind, methods: mlp}"
    assert names(content, write) == ["mine-targetkind-mlp-erm-seed0", "baseline-mine-targetkind-mlp-seed0"]

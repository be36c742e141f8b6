"""Of scikit-learn's models."""

from collections.abc import Iterator

from common.consistency.compared import CLEAN_TRAIN_ROWS, Compared, Record, Rule
from common.consistency.train import its_classes, rows_asked_for
from common.options import TrainConfig, resolve
from common.options.baseline import record_name
from common.options.fields import of_json


def what_was_fitted(record: Record) -> Iterator[Compared]:
    data, final = record["data"], record["final"]
    yield "final.n", final["n"], data["measured"], "data.measured"
    yield "final.clean_train.n", final["clean_train"]["n"], min(data["train"], CLEAN_TRAIN_ROWS), "data.train"


def name(record: Record) -> str:
    config = record["config"]
    rows = {name: value for name, value in config.items() if name != "method"}
    trained = resolve(of_json(TrainConfig, rows), config["dataset"], "table", None)
    return record_name(trained, config["method"])


RULES: tuple[Rule, ...] = (rows_asked_for, what_was_fitted, its_classes)

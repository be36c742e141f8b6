"""Of training."""

import statistics
from collections.abc import Iterator, Mapping
from typing import Any

from common.consistency.compared import CLEAN_TRAIN_ROWS, ROUNDING, TOP5_FROM, Compared, Record, Rule, Within, about
from common.options import TrainConfig, run_name
from common.options.fields import of_json
from common.options.train import OF_MIXUP
from common.schedules import risen, triangle


def rows_asked_for(record: Record) -> Iterator[Compared]:
    config, data = record["config"], record["data"]
    yield "data.name", data["name"], config["dataset"], "config.dataset"
    yield "data.measured_on", data["measured_on"], "holdout" if _is_held_out(config) else "test", "config.holdout"
    for option, rows in (("subset", "train"), ("holdout", "measured"), ("test_subset", "measured")):
        if config.get(option) is not None:
            yield f"data.{rows}", data[rows], config[option], f"config.{option}"


def _is_held_out(config: Mapping[str, Any]) -> bool:
    return any(config.get(option) is not None for option in ("holdout", "holdout_share"))


def its_method(record: Record) -> Iterator[Compared]:
    """What means nothing without mixup, or under Adam, is not said."""
    config = record["config"]
    for option in ("alpha", "lam_per"):
        yield f"config.{option}", config[option] is not None, config["mixup"], "config.mixup"
    if not config["mixup"]:
        for option, usual in OF_MIXUP.items():
            yield f"config.{option}", config.get(option, usual), usual, "config.mixup"
    yield "config.momentum", config["momentum"] is not None, config["optimizer"] != "adam", "config.optimizer"


def what_was_measured(record: Record) -> Iterator[Compared]:
    """Each outcome is of all rows, with top-5 errors where there are enough classes."""
    data, final = record["data"], record["final"]
    clean = min(data["train"], CLEAN_TRAIN_ROWS)
    outcomes = [(f"curve[{number}].test", row["test"], data["measured"]) for number, row in enumerate(record["curve"])]
    outcomes += [("final.last_epoch", final["last_epoch"], data["measured"])]
    outcomes += [("final.clean_train", final["clean_train"], clean)]
    if "test_time_flips" in final:
        outcomes += [("final.test_time_flips", final["test_time_flips"], data["measured"])]
    for where, outcome, n in outcomes:
        yield f"{where}.n", outcome["n"], n, "data"
        yield where, "errors_top5" in outcome, len(data["classes"]) >= TOP5_FROM, "the number of data.classes"


def each_epoch(record: Record) -> Iterator[Compared]:
    """Every Nth epoch and the last; the rate falls to a tenth at each drop (on the step nearest to it)."""
    config, epochs = record["config"], record["config"]["epochs"]
    every = range(min(1, epochs), epochs + 1)  # of none, what the weights are that it was given
    measured = [epoch for epoch in every if epoch % config["measure_every"] == 0 or epoch == epochs]
    yield "curve", [row["epoch"] for row in record["curve"]], measured, "config.epochs and measure_every"
    for number, row in enumerate(record["curve"]):
        where, epoch = f"curve[{number}]", row["epoch"]
        share = triangle((epoch - 1) / epochs) if epochs and config["schedule"] == "triangle" else None
        rate = config["lr"] * (risen(float(epoch - 1), config["rise_epochs"]) if share is None else share)
        rate = rate if epochs else 0.0
        drops = [sum(drop * epochs <= at for drop in config["lr_drops"]) for at in (epoch - 1, epoch - 0.5)]
        low, high = (rate / 10**drop for drop in reversed(drops))
        yield f"{where}.lr", row["lr"], Within(low * (1 - ROUNDING), high * (1 + ROUNDING)), "config.lr and schedule"


def the_end_of_the_curve(record: Record) -> Iterator[Compared]:
    """The last epoch, the best, and the median of the last ten are the curve's."""
    curve, final = record["curve"], record["final"]
    last, row = final["last_epoch"], curve[-1]
    yield "final.last_epoch.epoch", last["epoch"], row["epoch"], "the last row of the curve"
    for name, value in row["test"].items():
        yield f"final.last_epoch.{name}", last.get(name), value, "the last row of the curve"
    best = min(curve, key=lambda one: one["test"]["errors"])
    wanted = {"epoch": best["epoch"], "errors": best["test"]["errors"]}
    yield "final.best_epoch", final["best_epoch"], wanted, "the curve"
    ten = [one["test"]["errors"] for one in curve if one["epoch"] > row["epoch"] - 10]
    wanted = {"epochs": len(ten), "errors": statistics.median(ten)}
    yield "final.median_of_last_ten", final["median_of_last_ten"], wanted, "the curve"


def its_classes(record: Record) -> Iterator[Compared]:
    """Errors by class, which add up. Some records are older than these."""
    data, final = record["data"], record["final"]
    where, outcome = ("final.last_epoch", final["last_epoch"]) if "last_epoch" in final else ("final", final)
    if "by_class" in outcome:
        for name, counts in outcome["by_class"].items():
            yield f"{where}.by_class.{name}", len(counts), len(data["classes"]), "the number of data.classes"
            yield f"{where}.by_class.{name}", sum(counts), outcome[name], f"{where}.{name}"
        pairs = zip(outcome["by_class"]["errors"], outcome["by_class"]["n"], strict=True)
        for number, (errors, n) in enumerate(pairs):
            yield f"{where}.by_class.errors[{number}]", errors, Within(0, n), f"{where}.by_class.n"


def its_calibration(record: Record) -> Iterator[Compared]:
    """The bins hold all rows, each those of its confidence, and give the calibration error. A temperature, which is
    fitted to held-out rows, leaves the errors as they are."""
    final, is_holdout = record["final"], _is_held_out(record["config"])
    last = final["last_epoch"]
    n = last["n"]
    yield "final.tempered", is_holdout or "tempered" not in final, True, "config.holdout"
    for part in ("last_epoch", "tempered"):
        if part not in final:
            continue
        bins = final[part]["bins"]
        yield f"final.{part}.bins", sum(one["n"] for one in bins), n, "final.last_epoch.n"
        right = sum(one["right"] for one in bins)
        yield f"final.{part}.bins", right, n - last["errors"], "final.last_epoch.errors"
        for number, one in enumerate(bins):
            low, high = (number / len(bins), (number + 1) / len(bins)) if one["n"] else (0, 0)
            where, mean = f"final.{part}.bins[{number}].mean_confidence", one["mean_confidence"]
            yield where, mean, Within(low - ROUNDING, high + ROUNDING), "its place among the bins"
        error = sum(abs(one["right"] - one["n"] * one["mean_confidence"]) for one in bins) / n
        yield f"final.{part}.calibration_error", final[part]["calibration_error"], about(error), "the bins"


def its_labels(record: Record) -> Iterator[Compared]:
    """Where labels are corrupted, training errors are counted by kind of label, on the same rows after each epoch."""
    clean, first = record["final"]["clean_train"], record["curve"][0].get("labels")
    for number, row in enumerate(record["curve"]):
        labels = row.get("labels")
        yield f"curve[{number}].labels", labels is not None, record["config"]["corrupt_labels"] > 0, "config"
        if labels and first:
            where = f"curve[{number}].labels"
            for kind in labels:
                yield f"{where}.{kind}.n", labels[kind]["n"], first[kind]["n"], "the first row of the curve"
            yield where, labels["real"]["n"] + labels["corrupted"]["n"], clean["n"], "final.clean_train.n"
            yield where, labels["restored"]["n"], labels["corrupted"]["n"], "the number of corrupted labels"
    if labels:
        errors = labels["real"]["errors"] + labels["corrupted"]["errors"]
        yield f"{where}", errors, clean["errors"], "final.clean_train.errors"


def name(record: Record) -> str:
    data = record["data"]
    side = data["shape"][-1] if data["kind"] == "images" else None
    return run_name(of_json(TrainConfig, record["config"]), data["kind"], side, record["environment"]["precision"])


RULES: tuple[Rule, ...] = (
    rows_asked_for,
    its_method,
    what_was_measured,
    each_epoch,
    the_end_of_the_curve,
    its_classes,
    its_calibration,
    its_labels,
)

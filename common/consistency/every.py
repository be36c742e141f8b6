"""Of every kind of record."""

import math
from collections.abc import Iterator
from typing import Any

from common.consistency.compared import WIDE, Compared, Record, Rule, Within, about, of_pixels

PLACES = ("epoch", "iteration", "seed")  # what says which row it is, and counts nothing


def its_data(record: Record) -> Iterator[Compared]:
    data = record.get("data")
    if data is None:
        return
    yield "data.classes", len(data["classes"]), len(set(data["classes"])), "counting each once"
    yield "data.shape", len(data["shape"]), 1 if data["kind"] == "table" else 3, "data.kind"
    for of_channels in ("mean", "std"):
        known = data["shape"][0] if data["shape"][0] <= WIDE else 0
        yield f"data.{of_channels}", len(data[of_channels]), known, "data.shape"
        if data["kind"] == "images":
            for value in data[of_channels]:
                yield f"data.{of_channels}", value, of_pixels(of_channels, value), "data.kind"
    for parent in record["parents"]:
        yield "data.name", data["name"], parent["record"].partition("/")[0], "parents"


def its_cost(record: Record) -> Iterator[Compared]:
    """Most of a run's time is spent in training; `images_per_second` is of that."""
    cost = record["cost"]
    if "training_seconds" in cost:
        yield "cost.training_seconds", cost["training_seconds"], Within(0, cost["seconds"]), "cost.seconds"
        rows = record["config"]["epochs"] * record["data"]["train"]
        speed = about(rows / cost["training_seconds"]) if cost["training_seconds"] else Within(0)
        yield "cost.images_per_second", cost["images_per_second"], speed, "rows and cost.training_seconds"


def its_counts(record: Record) -> Iterator[Compared]:
    """Wherever something is counted of n, it is n at most; and who is not among the top five is not the first."""
    for where, counts in _objects(record["final"], "final"):
        yield from _of_n(where, counts)
    for number, row in enumerate(record.get("curve", ())):
        for where, counts in _objects(row, f"curve[{number}]"):
            yield from _of_n(where, counts)


def _of_n(where: str, counts: dict[str, Any]) -> Iterator[Compared]:
    n = counts.get("n")
    if isinstance(n, int):
        for name, count in counts.items():
            if isinstance(count, int) and name not in ("n", *PLACES):
                yield f"{where}.{name}", count, Within(0, n), f"{where}.n"
    if "errors_top5" in counts:
        yield f"{where}.errors_top5", counts["errors_top5"], Within(0, counts["errors"]), f"{where}.errors"
    if {"cross_entropy", "errors"} <= counts.keys():
        # The true class of an error has probability 1/2 at most, of a top-5 error 1/6.
        missed = counts.get("errors_top5", 0)
        least = (missed * math.log(6) + (counts["errors"] - missed) * math.log(2)) / n
        yield f"{where}.cross_entropy", counts["cross_entropy"], Within(least * (1 - 1e-4)), f"{where}.errors"


def _objects(value: dict[str, Any], where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """An object and those inside it, with their places."""
    yield where, value
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _objects(inner, f"{where}.{name}")
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
            for number, one in enumerate(inner):
                yield from _objects(one, f"{where}.{name}[{number}]")


RULES: tuple[Rule, ...] = (its_data, its_cost, its_counts)

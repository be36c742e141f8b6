"""Of the border between two classes of points."""

from collections.abc import Iterator

from common.consistency.compared import Compared, Record, Rule, Within
from common.options.boundary import BoundaryConfig, BoundaryOptions, record_name, resolve
from common.options.fields import as_json, of_json


def the_plane(record: Record) -> Iterator[Compared]:
    config, data, final = record["config"], record["data"], record["final"]
    usual = as_json(resolve(BoundaryOptions(), config["set"]))
    for option in ("batch_size", "lr", "lr_drops", "momentum", "weight_decay"):
        yield f"config.{option}", config[option], usual[option], "what boundary.py trains by"
    yield "data.name", data["name"], config["set"], "config.set"
    yield "data.measured", data["measured"], config["grid"] ** 2, "config.grid"
    yield "final.grid.side", final["grid"]["side"], config["grid"], "config.grid"
    if config["points"] is not None:
        yield "data.train", data["train"], config["points"], "config.points"
    for axis in ("x", "y", "label"):
        yield f"final.points.{axis}", len(final["points"][axis]), data["train"], "data.train"
    for axis in ("x", "y"):
        low, high = final["grid"][axis]
        places = final["points"][axis]
        yield f"final.points.{axis}", min(places), Within(low, high), f"final.grid.{axis}"
        yield f"final.points.{axis}", max(places), Within(low, high), f"final.grid.{axis}"


def every_model(record: Record) -> Iterator[Compared]:
    """One of each seed and method; of the first seed a map, in which as many points lie in the band as are counted."""
    config, data, final = record["config"], record["data"], record["final"]
    asked = [(seed, alpha) for seed in config["seeds"] for alpha in (None, *config["alphas"])]
    for name, wanted in (("models", asked), ("maps", asked[: len(config["alphas"]) + 1])):
        yield f"final.{name}", [(one["seed"], one["alpha"]) for one in final[name]], wanted, "config"
        for number, one in enumerate(final[name]):
            yield f"final.{name}[{number}].mixup", one["mixup"], one["alpha"] is not None, "its alpha"
    for number, one in enumerate(final["models"]):
        where = f"final.models[{number}]"
        yield f"{where}.train.n", one["train"]["n"], data["train"], "data.train"
        yield f"{where}.band.n", one["band"]["n"], data["measured"], "data.measured"
        if "radius" in one:
            yield f"{where}.radius.p", len(one["radius"]["p"]), len(one["radius"]["r"]), "radius.r"
            yield f"{where}.radius.r", one["radius"]["r"], sorted(set(one["radius"]["r"])), "their order"
    for number, (one, model) in enumerate(zip(final["maps"], final["models"], strict=False)):
        where = f"final.maps[{number}].p"
        yield where, [len(row) for row in one["p"]], [config["grid"]] * config["grid"], "config.grid"
        places = [p for row in one["p"] for p in row]  # rounded, so that one at the edge may have been on either side
        inside = Within(sum(0.1 < p < 0.9 for p in places), sum(0.1 <= p <= 0.9 for p in places))
        yield f"final.models[{number}].band.points", model["band"]["points"], inside, where


def name(record: Record) -> str:
    return record_name(of_json(BoundaryConfig, record["config"]), record["environment"]["precision"])


RULES: tuple[Rule, ...] = (the_plane, every_model)

"""Of GANs."""

import math
from collections.abc import Iterator

from common.consistency.compared import Compared, Record, Rule, Within, about
from common.options import gan as playing
from common.options.fields import of_json


def every_snapshot(record: Record) -> Iterator[Compared]:
    """A row of each seed whenever it is time, and points at the paper's; of both, what can be counted again."""
    config, curve, final = record["config"], record["curve"], record["final"]
    at, modes = playing.measured_at(config["iterations"]), playing.TARGETS.get(config["target"], 0)
    for name, rows, due in (
        ("curve", curve, at),
        ("final.shown", final["shown"], playing.shown_at(config["iterations"])),
    ):
        wanted = [(iteration, seed) for iteration in due for seed in config["seeds"]]
        yield name, [(row["iteration"], row["seed"]) for row in rows], wanted, "config"
    for loss, options in playing.TAKES.items():
        for option in options:
            yield f"config.{option}", config[option] is not None, config["loss"] == loss, "config.loss"
    for number, row in enumerate(curve):
        where, n, hits = f"curve[{number}]", row["n"], row.get("hits", [])
        yield f"{where}.n", n, playing.MEASURED, "what gan.py measures"
        yield f"{where}.outside", row["outside"], Within(row["not_finite"], n), f"{where}.not_finite"
        yield f"{where}.distance", "distance" in row, row["not_finite"] == 0, f"{where}.not_finite"
        for loss in ("discriminator_loss", "generator_loss"):
            yield f"{where}.{loss}", loss in row, not row["diverged"], f"{where}.diverged"
        yield f"{where}.diverged", row["diverged"], row["diverged"] or row["not_finite"] > 0, f"{where}.not_finite"
        yield f"{where}.hits", len(hits), modes, "config.target"
        yield f"{where}.hits", sum(hits), Within(0, n - row["outside"]), f"{where}.outside"
        yield f"{where}.covered", "covered" in row, modes > 0, "config.target"
        yield f"{where}.balance", "balance" in row, sum(hits) > 0, f"{where}.hits"
        if modes:
            enough = playing.COVERED_FROM * n / modes
            yield f"{where}.covered", row["covered"], sum(one >= enough for one in hits), f"{where}.hits"
        if sum(hits):
            shares = [one / sum(hits) for one in hits if one]
            even = sum(share * math.log(share * modes) for share in shares)
            yield f"{where}.balance", row.get("balance"), about(even), f"{where}.hits"


def what_is_learnt(record: Record) -> Iterator[Compared]:
    """The target, and that points which are shown lie in its window."""
    config, final = record["config"], record["final"]
    target, modes = final["target"], playing.TARGETS.get(config["target"], 0)
    yield "config.points", config["points"] is None, modes > 0, "config.target"
    yield "final.target.modes", len(target["modes"]), modes, "config.target"
    yield "final.target.points", len(target["points"]), playing.KEPT, "what gan.py keeps"
    yield "final.target.sigma", target["sigma"], playing.SIGMA if modes else 0.0, "config.target"
    if modes:
        yield "final.target.mean", target["mean"], [0.0, 0.0], "config.target"
        yield "final.target.std", target["std"], [1.0, 1.0], "config.target"
        for axis, places in zip("xy", zip(*target["modes"], strict=True), strict=True):
            margin = playing.MARGIN * (max(places) - min(places))
            for edge, place in zip(target["window"][axis], (min(places) - margin, max(places) + margin), strict=True):
                yield f"final.target.window.{axis}", edge, about(place), "final.target.modes"
    for number, one in enumerate(final["shown"]):
        where = f"final.shown[{number}]"
        yield f"{where}.n", one["n"], playing.KEPT, "what gan.py keeps"
        yield f"{where}.y", len(one["y"]), len(one["x"]), f"{where}.x"
        yield f"{where}.x", len(one["x"]), Within(0, one["n"]), f"{where}.n"
        for axis in ("x", "y"):
            low, high = target["window"][axis]
            for edge in (min, max):
                place = edge(one[axis], default=low)
                yield f"{where}.{axis}", place, Within(low - 1e-3, high + 1e-3), f"final.target.window.{axis}"


def name(record: Record) -> str:
    return playing.record_name(of_json(playing.GanConfig, record["config"]))


RULES: tuple[Rule, ...] = (every_snapshot, what_is_learnt)

"""A record against itself: what it says twice, it says alike, and each count is one that can be.

A rule is a function of a record that yields what it compares: the field, what stands there, what must stand there
(a value, or `Within` a range), and whence that is known. `RULES` lists them by kind of record. Needs no torch.
"""

import base64
import math
import statistics
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from common.errors import UserError
from common.options import TrainConfig, resolve, run_name
from common.options import attack as attacking
from common.options import baseline as fitting
from common.options import benchmark as timing
from common.options import boundary as drawing
from common.options import gan as playing
from common.options import interpolate as probing
from common.options.train import OF_MIXUP
from common.schedules import triangle

Record = dict[str, Any]
Number = int | float


@dataclass(frozen=True)
class Within:
    """From low to high, both of them in it."""

    low: Number
    high: Number = math.inf

    def __str__(self) -> str:
        return f"at least {self.low:g}" if self.high == math.inf else f"from {self.low:g} to {self.high:g}"


Compared = tuple[str, Any, Any, str]  # field, what stands there, what must, whence that is known
Rule = Callable[[Record], Iterable[Compared]]

CLEAN_TRAIN_ROWS = 10_000  # that the training error is measured on, at most
TOP5_FROM = 6  # classes from which top-5 errors are counted
ROUNDING = 1e-6  # of what was computed again from rounded numbers; relative from 1 on
WIDE = 1000  # features up to which mean and standard deviation are there
PNG = b"\x89PNG\r\n\x1a\n"


def trouble(record: Record) -> str | None:
    """The first contradiction in a record that fits the schema, the field first, or None."""
    for rule in (*OF_EVERY_KIND, *RULES[record["kind"]]):
        for field, found, wanted, source in rule(record):
            is_right = wanted.low <= found <= wanted.high if isinstance(wanted, Within) else found == wanted
            if not is_right:
                return f"$.{field}: is {_short(found)}, and by {source} {_short(wanted)}"
    return None


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 100 else text[:97] + "..."


def _about(value: Number, tolerance: float = ROUNDING) -> Within:
    return Within(value - tolerance * max(1, abs(value)), value + tolerance * max(1, abs(value)))


# Of every kind


def its_name(record: Record) -> Iterator[Compared]:
    """A name is a configuration."""
    yield "run", record["run"], name(record), "its configuration"


def its_data(record: Record) -> Iterator[Compared]:
    data = record.get("data")
    if data is None:
        return
    yield "data.classes", len(data["classes"]), len(set(data["classes"])), "counting each once"
    yield "data.shape", len(data["shape"]), 1 if data["kind"] == "table" else 3, "data.kind"
    for of_channels in ("mean", "std"):
        known = data["shape"][0] if data["shape"][0] <= WIDE else 0
        yield f"data.{of_channels}", len(data[of_channels]), known, "data.shape"
        if (
            data["kind"] == "images"
        ):  # pixels are from 0 to 1; the deviation of a channel that does not vary is taken as 1
            for value in data[of_channels]:
                highest = 0.51 if of_channels == "std" and value != 1 else 1
                yield f"data.{of_channels}", value, Within(0, highest), "data.kind"
    for parent in record["parents"]:
        yield "data.name", data["name"], parent["record"].partition("/")[0], "parents"


def its_cost(record: Record) -> Iterator[Compared]:
    """Most of a run's time is spent in training; `images_per_second` is of that."""
    cost = record["cost"]
    if "training_seconds" in cost:
        yield "cost.training_seconds", cost["training_seconds"], Within(0, cost["seconds"]), "cost.seconds"
        rows = record["config"]["epochs"] * record["data"]["train"]
        speed = _about(rows / cost["training_seconds"]) if cost["training_seconds"] else Within(0)
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
            if isinstance(count, int) and name not in ("n", "epoch"):
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


# Of training


def rows_asked_for(record: Record) -> Iterator[Compared]:
    config, data = record["config"], record["data"]
    yield "data.name", data["name"], config["dataset"], "config.dataset"
    yield "data.measured_on", data["measured_on"], "test" if config["holdout"] is None else "holdout", "config.holdout"
    for option, rows in (("subset", "train"), ("holdout", "measured"), ("test_subset", "measured")):
        if config.get(option) is not None:
            yield f"data.{rows}", data[rows], config[option], f"config.{option}"


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
    measured = [epoch for epoch in range(1, epochs + 1) if epoch % config["measure_every"] == 0 or epoch == epochs]
    yield "curve", [row["epoch"] for row in record["curve"]], measured, "config.epochs and measure_every"
    for number, row in enumerate(record["curve"]):
        where, epoch = f"curve[{number}]", row["epoch"]
        rate = config["lr"] * (triangle((epoch - 1) / epochs) if config["schedule"] == "triangle" else 1)
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
    final, is_holdout = record["final"], record["config"]["holdout"] is not None
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
        yield f"final.{part}.calibration_error", final[part]["calibration_error"], _about(error), "the bins"


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


# Of scikit-learn's models


def what_was_fitted(record: Record) -> Iterator[Compared]:
    data, final = record["data"], record["final"]
    yield "final.n", final["n"], data["measured"], "data.measured"
    yield "final.clean_train.n", final["clean_train"]["n"], min(data["train"], CLEAN_TRAIN_ROWS), "data.train"


# Of attacks


def whom_it_attacks(record: Record) -> Iterator[Compared]:
    final = record["final"]
    for role, parent in zip(("source", "target"), record["parents"], strict=True):
        yield f"final.{role}", final[role], _run_of(parent), "parents"
    is_image = record["data"]["kind"] == "images"
    yield "final.clipped", final["clipped"], is_image, "data.kind"
    yield "final.epsilon_unit", final["epsilon_unit"], "1/255" if is_image else "std/100", "data.kind"


def every_attack(record: Record) -> Iterator[Compared]:
    """Each attack at each of its epsilons, on as many rows as were asked for; the row's own distance within epsilon."""
    config, final, measured = record["config"], record["final"], record["data"]["measured"]
    rows = {name: config["sample" if name in attacking.ITERATED else "rows"] for name in config["attacks"]}
    n = {name: measured if most is None else min(most, measured) for name, most in rows.items()}
    asked = {name: config["iterated_epsilons" if name in attacking.ITERATED else "epsilons"] or () for name in rows}
    made = [(row["attack"], row["epsilon"]) for row in final["attacks"]]
    yield "final.attacks", made, [(name, epsilon) for name in rows for epsilon in asked[name]], "config"
    for number, row in enumerate(final["attacks"]):
        where, epsilon = f"final.attacks[{number}]", row["epsilon"]
        yield f"{where}.n", row["n"], n[row["attack"]], "config and data.measured"
        yield f"{where}.largest_perturbation", row["largest_perturbation"], Within(0, epsilon * 1.001), "its epsilon"
        yield f"{where}", "zero_gradients" in row, row["attack"] != "noise", "its attack"
    for role, clean in final["clean"].items():
        yield f"final.clean.{role}.n", clean["n"], max(n.values()), "config and data.measured"


def rows_that_were_right(record: Record) -> Iterator[Compared]:
    """Attacks of the same rows found the same of them right beforehand."""
    final = record["final"]
    clean = final["clean"]
    first: dict[int, list[int]] = {}
    is_white = final["source"] == final["target"]
    if is_white:
        yield "final.clean.source", clean["source"], clean["target"], "the same model as target"
    for number, row in enumerate(final["attacks"]):
        where, n, both = f"final.attacks[{number}]", row["n"], row["n_both_right"]
        most = Within(0, n - row["errors_clean"])
        yield f"{where}.n_both_right", both, most.high if is_white else most, f"{where}.errors_clean"
        before = [row["errors_clean"], both]
        yield where, before, first.setdefault(n, before), "the attacks of the same rows"
        if n == clean["target"]["n"]:
            yield f"{where}.errors_clean", row["errors_clean"], clean["target"]["errors"], "final.clean"
            least = max(0, n - clean["source"]["errors"] - clean["target"]["errors"])
            most = Within(least, n - max(clean[role]["errors"] for role in clean))
            yield f"{where}.n_both_right", both, most, "final.clean"
        fallen = Within(max(0, row["errors"] - (n - both)), min(row["errors"], both))
        yield f"{where}.errors_both_right", row["errors_both_right"], fallen, f"{where}.errors and n_both_right"
        yield where, "errors_top5" in row, len(record["data"]["classes"]) >= TOP5_FROM, "the number of data.classes"


# Of what is in between two examples


def every_lambda(record: Record) -> Iterator[Compared]:
    config, final = record["config"], record["final"]
    yield "config.run", config["run"], _run_of(record["parents"][0]), "parents"
    yield "final.between", len(final["between"]), config["points"], "config.points"
    pairs, beyond, first = config["pairs"], config["beyond"], final["between"][0]
    for number, row in enumerate(final["between"]):
        where = f"final.between[{number}]"
        every, different, norm = row["misses"], row["misses_different"], row["gradient_norm"]
        yield (
            f"{where}.lam",
            row["lam"],
            _about((1 + 2 * beyond) * number / (config["points"] - 1) - beyond),
            "its place",
        )
        yield f"{where}.misses.n", every["n"], pairs, "config.pairs"
        yield f"{where}.misses_different.n", different["n"], Within(0, pairs), "config.pairs"
        yield f"{where}.misses_different.n", different["n"], first["misses_different"]["n"], "the first lambda"
        among = Within(max(0, every["misses"] - (pairs - different["n"])), every["misses"])
        yield f"{where}.misses_different.misses", different["misses"], among, f"{where}.misses"
        yield f"{where}.gradient_norm.n", norm["n"], config["gradient_pairs"], "config.gradient_pairs"
        for which in ("loss", "logit"):
            quantiles = norm[which]["quantiles"]
            known = list(first["gradient_norm"][which]["quantiles"])
            yield f"{where}.gradient_norm.{which}.quantiles", list(quantiles), known, "the first lambda"
            rising = sorted(quantiles.values())
            yield f"{where}.gradient_norm.{which}.quantiles", list(quantiles.values()), rising, "their order"
        shares = row.get("probability_different")
        yield f"{where}", shares is not None, different["n"] > 0, "misses_different.n"
        if shares:
            yield f"{where}.probability_different", sum(shares.values()), _about(1, 1e-5), "being all of it"
            # The mean of distances is at least the distance of the mean.
            least = abs(shares["y_i"] - min(max(row["lam"], 0.0), 1.0)) - 1e-6
            yield f"{where}.off_linear", row.get("off_linear", 1.0), Within(least, 1.0), "probability_different"


def its_examples(record: Record) -> Iterator[Compared]:
    """The first pairs of different classes, each whole and a probability of every class at every lambda."""
    config, data, final = record["config"], record["data"], record["final"]
    rows = data["train"] if config["split"] == "train" else data["measured"]
    classes, points = len(data["classes"]), config["points"]
    yield "final.examples", len(final["examples"]), Within(0, final["between"][0]["misses_different"]["n"]), "the pairs"
    for number, example in enumerate(final["examples"]):
        where = f"final.examples[{number}]"
        yield f"{where}.rows", max(example["rows"]), Within(0, rows - 1), "data"
        yield f"{where}.labels", max(example["labels"]), Within(0, classes - 1), "the number of data.classes"
        for two in ("rows", "labels"):
            yield f"{where}.{two}", len(set(example[two])), 2, "the pair's being of different classes"
        for end in ("x_i", "x_j"):
            yield f"{where}.{end}", _size(example[end]), _size_of(data), "data.shape"
        yield f"{where}.p", [len(p) for p in example["p"]], [classes] * points, "classes and config.points"
        for place, p in enumerate(example["p"]):
            yield f"{where}.p[{place}]", sum(p), _about(1, 1e-4 * classes), "being probabilities"


def _size_of(data: dict[str, Any]) -> list[int]:
    """Width and height of a picture; of a table the number of features."""
    return data["shape"][:0:-1] if len(data["shape"]) > 1 else data["shape"]


def _size(shown: str | list[float]) -> list[int]:
    """The same of an example as it is shown; none of what is no whole PNG file."""
    if isinstance(shown, list):
        return [len(shown)]
    try:
        file = base64.b64decode(shown, validate=True)
    except ValueError:
        return []
    at, size = len(PNG), [int.from_bytes(file[start : start + 4], "big") for start in (16, 20)]
    if not file.startswith(PNG):
        return []
    while at < len(file):
        end = at + 8 + int.from_bytes(file[at : at + 4], "big")
        if zlib.crc32(file[at + 4 : end]) != int.from_bytes(file[end : end + 4], "big"):
            return []
        at = end + 4
    return size if file[-8:-4] == b"IEND" and at == len(file) else []


# Of the border between two classes of points


def the_plane(record: Record) -> Iterator[Compared]:
    config, data, final = record["config"], record["data"], record["final"]
    usual = drawing.resolve(drawing.BoundaryOptions(), config["set"]).to_json()
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


# Of GANs


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
            yield f"{where}.balance", row.get("balance"), _about(even), f"{where}.hits"


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
                yield f"final.target.window.{axis}", edge, _about(place), "final.target.modes"
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


# Of what the scripts take, and of what kills leave


SIDES = {  # what is timed
    "train": {"ours", "plain", "matmul"},
    "mixup": {"mixup", "erm"},
    "attack": {"fgsm_ours", "fgsm_plain", "pgd_ours", "pgd_plain"},
    "interpolate": {"ours", "plain"},
}
FOUND = {  # what is said of it
    "train": {"ours_images_per_second", "plain_images_per_second", "plain_workers", "ours_gflops", "matmul_gflops"}
    | {"ratio_plain", "ratio_matmul", "ratio_twice_the_rows", "seconds"},
    "mixup": {"ratio_mixup", "seconds"},
    "attack": {"ratio_fgsm", "ratio_pgd", "counts", "seconds"},
    "interpolate": {"ratio_misses", "counts", "seconds"},
}


def each_turn(record: Record) -> Iterator[Compared]:
    """Every side as many turns; ratios are medians over the turns."""
    config, final = record["config"], record["final"]
    seconds, sides = final["seconds"], SIDES[config["what"]]
    yield "final", set(final), FOUND[config["what"]], "config.what"
    yield "final.seconds", set(seconds), sides, "config.what"
    yield "final.counts", set(final.get("counts", sides)), sides, "config.what"
    for name, turns in seconds.items():
        yield f"final.seconds.{name}", len(turns), config["repeats"], "config.repeats"
    for ratio, above, below in (
        ("ratio_plain", "plain", "ours"),
        ("ratio_mixup", "mixup", "erm"),
        ("ratio_misses", "plain", "ours"),
        ("ratio_fgsm", "fgsm_plain", "fgsm_ours"),
        ("ratio_pgd", "pgd_plain", "pgd_ours"),
    ):
        if ratio in final:
            turns = [a / b for a, b in zip(seconds[above], seconds[below], strict=True)]
            yield f"final.{ratio}", final[ratio], _about(statistics.median(turns)), "final.seconds"
    if config["what"] == "train":
        work = {side: final[f"{side}_gflops"] * statistics.median(seconds[side]) for side in ("ours", "matmul")}
        turns = [a / b for a, b in zip(seconds["matmul"], seconds["ours"], strict=True)]
        ratio = statistics.median(turns) * work["ours"] / work["matmul"]
        yield "final.ratio_matmul", final["ratio_matmul"], _about(ratio), "final.seconds and its GFLOPS"
        for side in ("ours", "plain"):
            speed = config["steps"] * config["batch_size"] / statistics.median(seconds[side])
            found = final[f"{side}_images_per_second"]
            yield f"final.{side}_images_per_second", found, _about(speed), "final.seconds"


def each_kill(record: Record) -> Iterator[Compared]:
    config, final = record["config"], record["final"]
    yield "final.kills", final["kills"], Within(config["kills"]), "config.kills"
    for parts in ("by_signal", "by_stage"):
        yield f"final.{parts}", sum(final[parts].values()), final["kills"], "final.kills"
    yield "final.attempts", final["attempts"], Within(final["kills"] + final["trainings"]), "kills and trainings"
    yield "final.through_the_shell", final["through_the_shell"], Within(0, final["attempts"]), "final.attempts"


OF_EVERY_KIND: tuple[Rule, ...] = (its_data, its_cost, its_counts, its_name)
RULES: dict[str, tuple[Rule, ...]] = {
    "train": (
        rows_asked_for,
        its_method,
        what_was_measured,
        each_epoch,
        the_end_of_the_curve,
        its_classes,
        its_calibration,
        its_labels,
    ),
    "baseline": (rows_asked_for, what_was_fitted, its_classes),
    "attack": (whom_it_attacks, every_attack, rows_that_were_right),
    "interpolate": (every_lambda, its_examples),
    "boundary": (the_plane, every_model),
    "gan": (every_snapshot, what_is_learnt),
    "benchmark": (each_turn,),
    "endurance": (each_kill,),
}


def _run_of(parent: dict[str, str]) -> str:
    """The run that a parent's record is of: ``<dataset>/train-<run>.json``."""
    return parent["record"].rpartition("/train-")[2].removesuffix(".json")


def name(record: Record) -> str:
    """The name of a record's run, from its configuration; what is wrong with that where it has none."""
    config, kind = record["config"], record["kind"]
    precision = record["environment"]["precision"]
    try:
        if kind == "train":
            data = record["data"]
            side = data["shape"][-1] if data["kind"] == "images" else None
            return run_name(TrainConfig.from_json(config), data["kind"], side, precision)
        if kind == "baseline":
            rows = {name: value for name, value in config.items() if name != "method"}
            trained = resolve(TrainConfig.from_json(rows), config["dataset"], "table", None)
            return fitting.record_name(trained, config["method"])
        if kind == "attack":
            made_on, tested_on = record["final"]["source"], record["final"]["target"]
            return attacking.attack_name(made_on, tested_on, attacking.AttackConfig(**_with_tuples(config)))
        if kind == "interpolate":
            return probing.record_name(probing.InterpolateConfig(**config))
        if kind == "boundary":
            return drawing.record_name(drawing.BoundaryConfig(**_with_tuples(config)), precision)
        if kind == "gan":
            return playing.record_name(playing.GanConfig.from_json(config))
        if kind == "benchmark":
            return timing.record_name(timing.MeasuredConfig(**config), record["environment"]["threads"])
        return f"kills{config['kills']}-seed{config['seed']}"
    except UserError as error:
        return f"none ({error})"


def _with_tuples(config: Record) -> Record:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in config.items()}

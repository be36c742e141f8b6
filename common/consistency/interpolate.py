"""Of what is in between two examples."""

import base64
import zlib
from collections.abc import Iterator
from typing import Any

from common.consistency.compared import Compared, Record, Rule, Within, about, run_of
from common.options.interpolate import InterpolateConfig, record_name

PNG = b"\x89PNG\r\n\x1a\n"


def every_lambda(record: Record) -> Iterator[Compared]:
    config, final = record["config"], record["final"]
    yield "config.run", config["run"], run_of(record["parents"][0]), "parents"
    yield "final.between", len(final["between"]), config["points"], "config.points"
    pairs, beyond, first = config["pairs"], config["beyond"], final["between"][0]
    for number, row in enumerate(final["between"]):
        where = f"final.between[{number}]"
        every, different, norm = row["misses"], row["misses_different"], row["gradient_norm"]
        yield (
            f"{where}.lam",
            row["lam"],
            about((1 + 2 * beyond) * number / (config["points"] - 1) - beyond),
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
            yield f"{where}.probability_different", sum(shares.values()), about(1, 1e-5), "being all of it"
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
            yield f"{where}.p[{place}]", sum(p), about(1, 1e-4 * classes), "being probabilities"


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


def name(record: Record) -> str:
    return record_name(InterpolateConfig(**record["config"]))


RULES: tuple[Rule, ...] = (every_lambda, its_examples)

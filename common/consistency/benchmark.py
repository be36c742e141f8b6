"""Of what the scripts take."""

import statistics
from collections.abc import Iterator

from common.consistency.compared import Compared, Record, Rule, about
from common.options.benchmark import MeasuredConfig, record_name

SIDES = {  # what is timed
    "train": {"ours", "plain", "matmul"},
    "mixup": {"mixup", "erm"},
    "attack": {"fgsm_ours", "fgsm_plain", "pgd_ours", "pgd_plain"},
    "interpolate": {"ours", "plain"},
    "stream": {"ours", "plain", "decoding", "decoder"},
}
FOUND = {  # what is said of it
    "train": {"ours_images_per_second", "plain_images_per_second", "plain_workers", "ours_gflops", "matmul_gflops"}
    | {"ratio_plain", "ratio_matmul", "ratio_twice_the_rows", "seconds"},
    "mixup": {"ratio_mixup", "seconds"},
    "attack": {"ratio_fgsm", "ratio_pgd", "counts", "seconds"},
    "interpolate": {"ratio_misses", "counts", "seconds"},
    "stream": {"ours_images_per_second", "plain_images_per_second", "plain_workers", "decoder_images_per_second"}
    | {"ratio_plain", "ratio_decoder", "memory_bytes", "seconds"},
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
        ("ratio_decoder", "decoder", "decoding"),
        ("ratio_pgd", "pgd_plain", "pgd_ours"),
    ):
        if ratio in final:
            turns = [a / b for a, b in zip(seconds[above], seconds[below], strict=True)]
            yield f"final.{ratio}", final[ratio], about(statistics.median(turns)), "final.seconds"
    if config["what"] == "train":
        work = {side: final[f"{side}_gflops"] * statistics.median(seconds[side]) for side in ("ours", "matmul")}
        turns = [a / b for a, b in zip(seconds["matmul"], seconds["ours"], strict=True)]
        ratio = statistics.median(turns) * work["ours"] / work["matmul"]
        yield "final.ratio_matmul", final["ratio_matmul"], about(ratio), "final.seconds and its GFLOPS"
    for side in ("ours", "plain", "decoder"):
        if (found := final.get(f"{side}_images_per_second")) is not None:
            speed = config["steps"] * config["batch_size"] / statistics.median(seconds[side])
            yield f"final.{side}_images_per_second", found, about(speed), "final.seconds"


def name(record: Record) -> str:
    machine = record["environment"]
    return record_name(MeasuredConfig(**record["config"]), machine["threads"], machine["device"])


RULES: tuple[Rule, ...] = (each_turn,)

"""How fast is it, beside what a user would write or pick instead? Paired, in alternation, medians over repeats.

    python scripts/benchmark.py train        a step of training, against a plain PyTorch loop
    python scripts/benchmark.py mixup        the same step under mixup and under ERM: what mixup adds
    python scripts/benchmark.py attack       FGSM over epsilons and targets, and PGD, against torchattack
    python scripts/benchmark.py interpolate  misses over lambda, against a loop of forward passes
    python scripts/benchmark.py stream       batches of images that stay encoded, against ImageFolder and DataLoader

Leaves results/benchmark/benchmark-<name>.json.
"""

if __name__ == "__main__":
    import ready

    ready.answer("benchmark", __doc__)

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from _benchmark import attacking, between, steps, streams
from _benchmark.contest import Contest, Turn, paired
from _benchmark.subjects import blueprint
from common import cli, costs, measurement, processes, records
from common.errors import UserError
from common.measurement import Measurement
from common.options.benchmark import BenchmarkOptions, MeasuredConfig, record_name, resolve

WORKERS = (0, 1, 2)  # of the plain loop's DataLoader: the best of them competes


def main(argv: Sequence[str] | None = None) -> Path | None:
    """returns the record's path, or None with --plan"""
    asked = cli.parse(BenchmarkOptions, __doc__, argv)
    accelerator = processes.start(asked.run.threads)
    if accelerator.num_processes > 1:
        raise UserError("The benchmark compares single processes; start it with one.")
    environment = records.environment(**processes.environment(accelerator))
    config = resolve(asked.measured)
    compare = COMPARE[config.what]
    name = record_name(config, torch.get_num_threads(), processes.device_name(accelerator))
    path = records.path_of(asked.run.results_dir, "benchmark", "benchmark", name)
    one = Measurement("benchmark", name, path, config, compare, {}, precision=accelerator.mixed_precision)
    missing = measurement.missing(accelerator, asked.run, [one])
    said = measurement.listed([one], missing, f"turns of each, in alternation: {config.repeats}")
    measurement.announce(accelerator, asked.run, [one], missing, None, said)
    if asked.run.plan:
        return None
    for one in missing:
        begun = time.perf_counter()
        final, outcome = compare(config)
        measurement.write(accelerator, one, environment, final, {"seconds": time.perf_counter() - begun})
        processes.say(accelerator, f"{outcome}; record {path}")
    return path


def compare_training(measured: MeasuredConfig) -> tuple[dict[str, Any], str]:
    """Our step, a plain PyTorch loop, and the machine's matrix product. returns what the record holds, and a line"""
    rows = measured.rows
    flops = rows * costs.flops_per_row(blueprint(measured.width))
    with Contest(torch.get_num_threads()) as contest:
        workers, plain = _enter_plain(contest, steps.plain_loop, measured)
        contest.enter("ours", steps.our_loop, measured, rows)
        contest.enter("twice", steps.our_loop, measured, 2 * rows)
        contest.enter("matmul", steps.matrix_product)
        seconds = contest.alternate([plain, "ours", "matmul", "twice"], measured.repeats)
    ours, matmul = statistics.median(seconds["ours"]), statistics.median(seconds["matmul"])
    final = {
        "ours_images_per_second": rows / ours,
        "plain_images_per_second": rows / statistics.median(seconds[plain]),
        "plain_workers": workers,
        "ours_gflops": flops / ours / 1e9,
        "matmul_gflops": 2 * steps.MATRIX**3 / matmul / 1e9,
        "ratio_plain": paired(seconds[plain], seconds["ours"]),
        "ratio_matmul": paired(seconds["matmul"], seconds["ours"]) * flops / (2 * steps.MATRIX**3),
        "ratio_twice_the_rows": paired(seconds["twice"], seconds["ours"]),
        "seconds": {"ours": seconds["ours"], "plain": seconds[plain], "matmul": seconds["matmul"]},
    }
    return final, (
        f"ours {final['ours_images_per_second']:.1f} images a second, {final['ratio_plain']:.2f} x the plain loop "
        f"({final['plain_images_per_second']:.1f}, {final['plain_workers']} workers), "
        f"{final['ratio_matmul']:.2f} of the machine's matrix product"
    )


def compare_methods(measured: MeasuredConfig) -> tuple[dict[str, Any], str]:
    """Our step under mixup, and the same step of rows that are not mixed: no partner is gathered, none is mixed in."""
    with Contest(torch.get_num_threads()) as contest:
        contest.enter("erm", steps.erm_loop, measured)
        contest.enter("mixup", steps.our_loop, measured, measured.rows)
        seconds = contest.alternate(["erm", "mixup"], measured.repeats)
    final = {"ratio_mixup": paired(seconds["mixup"], seconds["erm"]), "seconds": seconds}
    return final, f"a step under mixup takes {final['ratio_mixup']:.3f} times one under ERM"


def compare_attacks(measured: MeasuredConfig) -> tuple[dict[str, Any], str]:
    """FGSM at five epsilons on two targets, and PGD at one epsilon on one, ours and torchattack's."""
    with Contest(torch.get_num_threads()) as contest:
        errors = {
            f"{attack}_{side}": contest.enter(f"{attack}_{side}", make, measured, attack)
            for attack in ("fgsm", "pgd")
            for side, make in (("ours", attacking.our_attack), ("plain", attacking.plain_attack))
        }
        seconds = contest.alternate(list(errors), measured.repeats)
    final = {
        "ratio_fgsm": paired(seconds["fgsm_plain"], seconds["fgsm_ours"]),
        "ratio_pgd": paired(seconds["pgd_plain"], seconds["pgd_ours"]),
        "counts": errors,
        "seconds": seconds,
    }
    are = "equal" if errors["fgsm_ours"] == errors["fgsm_plain"] else "UNEQUAL"
    return final, f"FGSM {final['ratio_fgsm']:.2f} x torchattack ({are} errors), PGD {final['ratio_pgd']:.2f} x"


def compare_misses(measured: MeasuredConfig) -> tuple[dict[str, Any], str]:
    """Misses at each lambda, ours and by a plain loop of forward passes."""
    with Contest(torch.get_num_threads()) as contest:
        misses = {
            "ours": contest.enter("ours", between.our_misses, measured),
            "plain": contest.enter("plain", between.plain_misses, measured),
        }
        seconds = contest.alternate(list(misses), measured.repeats)
    final = {"ratio_misses": paired(seconds["plain"], seconds["ours"]), "counts": misses, "seconds": seconds}
    are = "equal" if misses["ours"] == misses["plain"] else "UNEQUAL"
    return final, f"misses {final['ratio_misses']:.2f} x the plain loop ({are} counts)"


def compare_streams(measured: MeasuredConfig) -> tuple[dict[str, Any], str]:
    """Batches of mixed crops of JPEG files, without a network: ours, and by a plain PyTorch loop; decoding, ours and
    what the decoder alone does on all cores; what memory ours take, of four times the rows as well."""
    rows = measured.rows
    with tempfile.TemporaryDirectory() as folder, Contest(torch.get_num_threads()) as contest:
        root = Path(folder)
        sets = {"once": root / "photographs", "four_times": root / "four-times"}
        for times, photographs in zip((1, 4), sets.values(), strict=True):
            streams.make_photographs(photographs, times * rows)
        os.environ["MIXUP_CACHE_DIR"] = str(root / "cache")  # of this process, and so of the contestants
        workers, plain = _enter_plain(contest, streams.plain_stream, measured, root / "photographs")
        contest.enter("ours", streams.our_stream, measured, sets["once"])
        contest.enter("decoding", streams.our_decoding, measured, sets["once"])
        contest.enter("decoder", streams.decoder, sets["once"])
        seconds = contest.alternate([plain, "ours", "decoding", "decoder"], measured.repeats)
        os.environ["MALLOC_MMAP_THRESHOLD_"] = str(2**17)  # of those that are still to come: glibc gives back the rest
        for name, photographs in sets.items():
            contest.enter(name, streams.our_memory, measured, photographs)
        memory = {name: contest.ask(name) for name in sets}
    final = {
        "ours_images_per_second": rows / statistics.median(seconds["ours"]),
        "plain_images_per_second": rows / statistics.median(seconds[plain]),
        "plain_workers": workers,
        "decoder_images_per_second": rows / statistics.median(seconds["decoder"]),
        "ratio_plain": paired(seconds[plain], seconds["ours"]),
        "ratio_decoder": paired(seconds["decoder"], seconds["decoding"]),
        "memory_bytes": memory,
        "seconds": {"plain": seconds.pop(plain)} | seconds,
    }
    once, four = (" ".join(f"{quarter / 2**20:.0f}" for quarter in memory[name]) for name in sets)
    return final, (
        f"ours {final['ours_images_per_second']:.0f} images a second, {final['ratio_plain']:.2f} x ImageFolder "
        f"({final['plain_images_per_second']:.0f}, {final['plain_workers']} workers); decoding at "
        f"{final['ratio_decoder']:.2f} of the decoder alone ({final['decoder_images_per_second']:.0f}); MiB held over "
        f"an epoch: {once}; of four times the rows: {four}"
    )


def _enter_plain(contest: Contest, make: Callable[..., Turn], *arguments: Any) -> tuple[int, str]:
    """Starts the loop that people write, with as many workers as serve it best. returns their number, and the name of
    the contestant"""
    names = {workers: f"plain{workers}" for workers in WORKERS}
    for workers, name in names.items():
        contest.enter(name, make, *arguments, workers)
    trial = contest.alternate(list(names.values()), repeats=2)
    best = min(WORKERS, key=lambda workers: min(trial[names[workers]]))
    return best, names[best]


COMPARE = {
    "train": compare_training,
    "mixup": compare_methods,
    "attack": compare_attacks,
    "interpolate": compare_misses,
    "stream": compare_streams,
}


if __name__ == "__main__":
    sys.exit(cli.run(main))

"""Look in between two examples: how often is a class predicted that neither of them has, and how steep is the model?

    python scripts/interpolate.py RUN ...

Measures finished runs of train.py, by default the deck's three, at lambda x_i + (1 - lambda) x_j for random pairs of
rows. Leaves results/<dataset>/interpolate-<run>.json, one record a run. Paper: Zhang et al. 2018, Fig. 2.
"""

if __name__ == "__main__":
    import ready

    ready.check()


import base64
import io
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import cli, records
from common.errors import UserError
from common.files import check_writable
from common.options.interpolate import InterpolateConfig, InterpolateOptions, record_name, resolve

if TYPE_CHECKING:
    import numpy as np
    import torch
    from accelerate import Accelerator

    from common.data.dataset import Part
    from common.probes import Pairs
    from common.trained import Trained

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
EXAMPLES = 8
LOSS = "lam CE(y_i) + (1 - lam) CE(y_j)"


@dataclass(frozen=True)
class Probe:
    """One run to measure, with everything that decides its record.

    part   the rows that the pairs are of, on the device
    pairs  on the device
    """

    config: InterpolateConfig
    run: "Trained"
    part: "Part"
    pairs: "Pairs"
    path: Path


def main(argv: Sequence[str] | None = None) -> list[Path] | None:
    """returns the records' paths, or None with --plan"""
    asked = cli.parse(InterpolateOptions, __doc__ or "", argv)

    # torch takes seconds to import; what can be refused without it has been refused by now.
    from common import measurement, probes, processes, trained
    from common.progress import Progress, duration

    accelerator = processes.start(asked.run.threads, tracker=None)
    processes.full_precision()
    with accelerator.local_main_process_first():  # the first one decodes the files, the others read its cache
        folders = asked.run.results_dir, asked.run.checkpoint_dir, asked.run.data_dir
        runs = trained.find(asked.models.runs, *folders, accelerator.device)
    processes.spare_threads(asked.run.threads, max(run.flops for run in runs))
    environment = records.environment(**processes.measuring_environment(accelerator))
    found = [_probe(asked, run, accelerator.device) for run in runs]
    done = [not asked.run.overwrite and processes.from_main(accelerator, partial(_is_done, probe)) for probe in found]
    missing = [probe for probe, is_done in zip(found, done, strict=True) if not is_done]
    seconds = math.fsum(_predicted(accelerator, probe) for probe in missing)
    if asked.run.plan and asked.run.json:
        wanted = [
            (record_name(probe.config), probe.path, probe.config.to_json(), is_done)
            for probe, is_done in zip(found, done, strict=True)
        ]
        processes.say(accelerator, measurement.plan_json(wanted, seconds, processes.device_name(accelerator)))
        return None
    for probe, is_done in zip(found, done, strict=True):
        processes.say(accelerator, _opening(probe, is_done))
    if missing:
        processes.say(accelerator, f"about {duration(seconds)} on {processes.device_name(accelerator)}")
    if asked.run.plan:
        return None
    for probe in missing:
        check_writable(probe.path)
    batches = [len(probes.shares(accelerator, p.part, p.config.pairs, p.config.gradient_pairs)) for p in missing]
    with Progress(sum(batches), 0, accelerator.is_main_process, asked.run.json) as progress:
        for probe in missing:
            progress.say(probe.run.name)
            record = measure(accelerator, probe, progress.step) | {"environment": environment}
            if accelerator.is_main_process:
                records.write(probe.path, record)
                processes.say(accelerator, _closing(probe, record["final"]))
    return [probe.path for probe in found]


def measure(accelerator: "Accelerator", probe: Probe, step_done: Callable[[], None]) -> dict[str, Any]:
    """Measures one run. returns its record, without the environment"""
    from common import probes, processes

    begun = time.perf_counter()
    config, part, pairs = probe.config, probe.part, probe.pairs
    gradients = config.gradient_pairs
    table = probes.between(accelerator, probe.run.model, part, pairs, config.points, gradients, step_done)
    differ = (part.labels[pairs.first] != part.labels[pairs.second]).cpu().numpy()
    lams = probes.lambdas(config.points)
    return {
        "schema": records.SCHEMA,
        "kind": "interpolate",
        "run": record_name(config),
        "config": config.to_json(),
        "data": probe.run.record["data"],
        "parents": [probe.run.parent],
        "final": {
            "loss": LOSS,
            "between": [{"lam": lam} | _row(table[:, place], differ, gradients) for place, lam in enumerate(lams)],
            "examples": _examples(probe, differ),
        },
        "cost": {
            "seconds": time.perf_counter() - begun,
            "images_per_second": config.points * config.pairs / (time.perf_counter() - begun),
            "peak_memory_bytes": processes.peak_memory(accelerator),
        },
    }


def _row(table: "np.ndarray", differ: "np.ndarray", gradient_pairs: int) -> dict[str, Any]:
    """What is said of one lambda.

    table  (5, pairs) as in `probes.between`;  differ  (pairs,): whether the rows of a pair are of different classes
    """
    from common import probes

    missed, wide = table[probes.MISSED], table.astype("float64")
    row: dict[str, Any] = {
        "misses": {"n": len(differ), "misses": int(missed.sum())},
        "misses_different": {"n": int(differ.sum()), "misses": int(missed[differ].sum())},
        "gradient_norm": {
            "n": gradient_pairs,
            "loss": _spread(wide[probes.LOSS_NORM, :gradient_pairs]),
            "logit": _spread(wide[probes.LOGIT_NORM, :gradient_pairs]),
        },
    }
    if differ.any():
        first, second = (float(wide[which, differ].mean()) for which in (probes.P_FIRST, probes.P_SECOND))
        row["probability_different"] = {"y_i": first, "y_j": second, "rest": max(0.0, 1 - first - second)}
    return row


def _spread(norms: "np.ndarray") -> dict[str, Any]:
    """Mean and QUANTILES of norms, in nats or logits per natural unit."""
    import numpy as np

    quantiles = np.quantile(norms, QUANTILES).tolist()
    return {"mean": float(norms.mean()), "quantiles": dict(zip(map(str, QUANTILES), quantiles, strict=True))}


def _examples(probe: Probe, differ: "np.ndarray") -> list[dict[str, Any]]:
    """The first pairs of different classes: both inputs, and the probability of every class at each lambda."""
    from common import probes

    shown = []
    for place in differ.nonzero()[0][:EXAMPLES].tolist():
        first, second = int(probe.pairs.first[place]), int(probe.pairs.second[place])
        p = probes.probabilities(probe.run.model, probe.part, first, second, probe.config.points)
        shown.append(
            {
                "rows": [first, second],
                "labels": [int(probe.part.labels[first]), int(probe.part.labels[second])],
                "x_i": _shown(probe.part.fetch(slice(first, first + 1))[0]),
                "x_j": _shown(probe.part.fetch(slice(second, second + 1))[0]),
                "p": p.cpu().double().numpy().round(4).tolist(),
            }
        )
    return shown


def _shown(row: "torch.Tensor") -> str | list[float]:
    """An image as a PNG file in base64; a spectrogram too, high frequencies on top, from silence in black to full scale
    in white; a row of a table as its numbers."""
    import torch
    from PIL import Image

    if row.dim() == 1:
        return row.cpu().double().tolist()
    if row.dtype != torch.uint8:
        from common.data.sounds import FLOOR

        row = (255 * (1 - row.flip(1) / math.log(FLOOR))).round().clamp(0, 255).to(torch.uint8)
    pixels = row.permute(1, 2, 0).cpu().numpy()
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def _probe(asked: InterpolateOptions, run: "Trained", device: "torch.device") -> Probe:
    from common import probes

    config = resolve(asked.probe, run.name)
    part = run.data.train if config.split == "train" else run.data.test
    if len(part) < 2:
        raise UserError(f"{run.name}: its {config.split} part has {len(part)} row; a pair needs two.")
    path = records.path_of(asked.run.results_dir, run.data.name, "interpolate", record_name(config))
    pairs = probes.draw_pairs(len(part), config.pairs, config.pairs_seed)
    return Probe(config, run, part.to(device), pairs.to(device), path)


def _is_done(probe: Probe) -> bool:
    """Whether the record of this very measurement, of these weights, is there. raises UserError for another one"""
    fingerprint = probe.run.record["data"]["fingerprint"]
    return records.is_of(probe.path, probe.config.to_json(), fingerprint, [probe.run.parent])


def _predicted(accelerator: "Accelerator", probe: Probe) -> float:
    """Seconds for one run, from a trial (the second of two) of a batch with gradients and one without."""
    from common import probes

    config, spent = probe.config, 0.0
    for pairs, with_gradient in ((config.gradient_pairs, True), (config.pairs - config.gradient_pairs, False)):
        few = probe.pairs[: min(pairs, probes.rows_at_once(accelerator, probe.part) * accelerator.num_processes)]
        for _ in range(2 if len(few) else 0):
            begun = time.perf_counter()
            gradients = len(few) if with_gradient else 0
            probes.between(accelerator, probe.run.model, probe.part, few, 2, gradients, lambda: None)
            seconds = time.perf_counter() - begun
        spent += seconds * config.points / 2 * pairs / len(few) if len(few) else 0.0
    return spent


def _opening(probe: Probe, is_done: bool) -> str:
    if is_done:
        return f"{record_name(probe.config)} is there: {probe.path}. To measure it again, add --overwrite."
    options = " ".join(f"{name}={value}" for name, value in probe.config.to_json().items())
    return f"{record_name(probe.config)}\n  options  {options}\n  record   {probe.path} (to be made)"


def _closing(probe: Probe, final: dict[str, Any]) -> str:
    middle = min(final["between"], key=lambda row: abs(row["lam"] - 0.5))
    (missed, n), (missed_different, n_different) = (
        (middle[kind]["misses"], middle[kind]["n"]) for kind in ("misses", "misses_different")
    )
    different = f", of different classes {missed_different / n_different:.2%}" if n_different else ""
    norm = middle["gradient_norm"]
    return "\n".join(
        [
            f"{probe.run.name}: at lambda {middle['lam']:.3g} misses {missed / n:.2%} ({missed} of {n}){different}; "
            f"gradient norm {norm['loss']['mean']:.3g} (loss), {norm['logit']['mean']:.3g} (logit)",
            f"  record   {probe.path}",
            f"  next     scripts/attack.py {probe.run.name}: how much does a gradient step hurt it?",
        ]
    )


if __name__ == "__main__":
    sys.exit(cli.run(main))

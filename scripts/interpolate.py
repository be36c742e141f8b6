"""Look in between two examples: how often is a class predicted that neither of them has, and how steep is the model?

    python scripts/interpolate.py RUN ...

Measures finished runs of train.py, by default the deck's three, at lambda x_i + (1 - lambda) x_j for random pairs of
rows. Leaves results/<dataset>/interpolate-<run>.json, one record a run. Paper: Zhang et al. 2018, Fig. 2.
"""

if __name__ == "__main__":
    import ready

    ready.answer("interpolate", __doc__)

import base64
import io
import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from PIL import Image

from common import cli, measurement, probes, processes, records, trained
from common.data.dataset import Part
from common.data.sounds import FLOOR
from common.errors import UserError
from common.measurement import Measurement
from common.options.interpolate import InterpolateConfig, InterpolateOptions, record_name, resolve
from common.probes import Pairs
from common.progress import Progress, duration
from common.trained import Trained

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
EXAMPLES = 8
LOSS = "lam CE(y_i) + (1 - lam) CE(y_j)"


def main(argv: Sequence[str] | None = None) -> list[Path] | None:
    """returns the records' paths, or None with --plan"""
    asked = cli.parse(InterpolateOptions, __doc__, argv)
    accelerator, runs, environment = trained.start(asked.models.runs, asked.run)
    wanted = [_wanted(asked, run) for run in runs]
    missing = measurement.missing(accelerator, asked.run, wanted)
    seconds = math.fsum(_predicted(accelerator, one.config, one.of) for one in missing)
    cost = f"about {duration(seconds)} on {processes.device_name(accelerator)}"
    said = measurement.listed(wanted, missing, cost)
    measurement.announce(accelerator, asked.run, wanted, missing, seconds, said)
    if asked.run.plan:
        return None
    steps = sum(_passes(accelerator, one.config, one.of) for one in missing)
    with Progress(steps, 0, accelerator.is_main_process, asked.run.json) as progress:
        for one in missing:
            progress.say(one.of.name)
            final, spent = measure(accelerator, one.config, one.of, progress.step)
            measurement.write(accelerator, one, environment, final, spent)
            processes.say(accelerator, _closing(one.of.name, one.path, final))
    return [one.path for one in wanted]


def _wanted(asked: InterpolateOptions, run: Trained) -> Measurement[InterpolateConfig, Trained]:
    """raises UserError for a part of one row"""
    config = resolve(asked.probe, run.name)
    rows = len(_part(config, run))
    if rows < 2:
        raise UserError(f"{run.name}: its {config.split} part has {rows} row; a pair needs two.")
    name = record_name(config)
    path = records.path_of(asked.run.results_dir, run.data.name, "interpolate", name)
    return Measurement("interpolate", name, path, config, run, run.record["data"], [run.parent])


def measure(
    accelerator: Accelerator, config: InterpolateConfig, run: Trained, passed: Callable[[int], None]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Measures one run. returns what its record holds as final, and as cost"""
    begun = time.perf_counter()
    whole, pairs = _part(config, run).to(accelerator.device), _pairs(accelerator, config, run)
    differ = (whole.labels[pairs.first] != whole.labels[pairs.second]).cpu().numpy()
    shown = differ.nonzero()[0][:EXAMPLES].tolist()
    gradients, lams = config.gradient_pairs, probes.lambdas(config.points, config.beyond)
    part = _held(accelerator, whole, pairs, gradients, shown)
    table = probes.between(accelerator, run.model, part, pairs, lams, gradients, passed)
    final = {
        "loss": LOSS,
        "between": [_row(lam, table[:, place], differ, gradients) for place, lam in enumerate(lams)],
        "examples": [_example(run, part, pairs, place, lams) for place in shown],
    }
    seconds = time.perf_counter() - begun
    return final, {
        "seconds": seconds,
        "images_per_second": config.points * config.pairs / seconds,
        "peak_memory_bytes": processes.peak_memory(accelerator),
    }


def _part(config: InterpolateConfig, run: Trained) -> Part:
    """The rows that the pairs are of."""
    return run.data.train if config.split == "train" else run.data.test


def _held(accelerator: Accelerator, part: Part, pairs: Pairs, gradient_pairs: int, shown: Sequence[int] = ()) -> Part:
    """The part, with the rows to be fetched of the pairs that are this process's, and of those at the places shown."""
    here = [pairs[places] for places, _ in probes.shares(accelerator, part, len(pairs), gradient_pairs)]
    here += [pairs[place : place + 1] for place in shown]
    return part.held(torch.cat([rows for few in (pairs[:0], *here) for rows in (few.first, few.second)]))


def _pairs(accelerator: Accelerator, config: InterpolateConfig, run: Trained) -> Pairs:
    return probes.draw_pairs(len(_part(config, run)), config.pairs, config.pairs_seed).to(accelerator.device)


def _passes(accelerator: Accelerator, config: InterpolateConfig, run: Trained) -> int:
    """What `probes.between` says in all, in this process."""
    shares = probes.shares(accelerator, _part(config, run), config.pairs, config.gradient_pairs)
    return sum(probes.passes(with_gradient) for _, with_gradient in shares)


def _row(lam: float, table: np.ndarray, differ: np.ndarray, gradient_pairs: int) -> dict[str, Any]:
    """What is said of one lambda.

    table  (5, pairs) as in `probes.between`;  differ  (pairs,): whether the rows of a pair are of different classes
    """
    missed, wide = table[probes.MISSED], table.astype("float64")
    row: dict[str, Any] = {
        "lam": lam,
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
        row["off_linear"] = float(np.abs(wide[probes.P_FIRST, differ] - probes.share(lam)).mean())
    return row


def _spread(norms: np.ndarray) -> dict[str, Any]:
    """Mean and QUANTILES of norms, in nats or logits per natural unit."""
    quantiles = np.quantile(norms, QUANTILES).tolist()
    return {"mean": float(norms.mean()), "quantiles": dict(zip(map(str, QUANTILES), quantiles, strict=True))}


def _example(run: Trained, part: Part, pairs: Pairs, place: int, lams: list[float]) -> dict[str, Any]:
    """One of the first pairs of different classes: both inputs, and the probability of every class at each lambda."""
    rows = int(pairs.first[place]), int(pairs.second[place])
    is_normalised = bool(run.record["config"]["per_utterance"])
    x_i, x_j = (_shown(part.fetch(slice(row, row + 1))[0], is_normalised) for row in rows)
    return {
        "rows": list(rows),
        "labels": [int(part.labels[row]) for row in rows],
        "x_i": x_i,
        "x_j": x_j,
        "p": probes.probabilities(run.model, part, *rows, lams).cpu().double().numpy().round(4).tolist(),
    }


def _shown(row: torch.Tensor, is_normalised: bool) -> str | list[float]:
    """An image as a PNG file in base64; a spectrogram too, high frequencies on top, from silence in black to full scale
    in white, or, normalised by itself, from its least to its most; a row of a table as its numbers."""
    if row.dim() == 1:
        return row.cpu().double().tolist()
    if row.dtype != torch.uint8:
        low, high = (float(row.min()), float(row.max())) if is_normalised else (math.log(FLOOR), 0.0)
        row = (255 * (row.flip(1) - low) / max(high - low, 1e-9)).round().clamp(0, 255).to(torch.uint8)
    pixels = row.permute(1, 2, 0).cpu().numpy()
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def _predicted(accelerator: Accelerator, config: InterpolateConfig, run: Trained) -> float:
    """Seconds for one run, from a trial (the second of two) of a batch with gradients and one without."""
    part, drawn = _part(config, run), _pairs(accelerator, config, run)
    spent = 0.0
    for pairs, with_gradient in ((config.gradient_pairs, True), (config.pairs - config.gradient_pairs, False)):
        few = drawn[: min(pairs, probes.rows_at_once(accelerator, part) * accelerator.num_processes)]
        gradients = len(few) if with_gradient else 0
        here = _held(accelerator, part.to(accelerator.device), few, gradients)
        for _ in range(2 if len(few) else 0):
            begun = time.perf_counter()
            probes.between(accelerator, run.model, here, few, probes.lambdas(2), gradients, lambda _: None)
            seconds = time.perf_counter() - begun
        spent += seconds * config.points / 2 * pairs / len(few) if len(few) else 0.0
    return spent


def _closing(run: str, path: Path, final: dict[str, Any]) -> str:
    middle = min(final["between"], key=lambda row: abs(row["lam"] - 0.5))
    (missed, n), (missed_different, n_different) = (
        (middle[kind]["misses"], middle[kind]["n"]) for kind in ("misses", "misses_different")
    )
    different = f", of different classes {missed_different / n_different:.2%}" if n_different else ""
    norm = middle["gradient_norm"]
    return "\n".join(
        [
            f"{run}: at lambda {middle['lam']:.3g} misses {missed / n:.2%} ({missed} of {n}){different}; "
            f"gradient norm {norm['loss']['mean']:.3g} (loss), {norm['logit']['mean']:.3g} (logit)",
            f"  record   {path}",
            f"  next     scripts/attack.py {run}: how much does a gradient step hurt it?",
        ]
    )


if __name__ == "__main__":
    sys.exit(cli.run(main))

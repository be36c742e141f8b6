"""Draw the border between two classes of points, as ERM and as mixup learn it.

    python scripts/boundary.py

Leaves results/toy/boundary-<set>.json, one record a set: p(y = 1 | x) on a grid, the training points, and how much of
the plane lies in .1 < p < .9. Seconds on a CPU. Paper: Zhang et al. 2018, Fig. 1b.
"""

if __name__ == "__main__":
    import ready

    ready.answer("boundary", __doc__)

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn

from common import cli, evaluation, measurement, metrics, processes, records, runs, toys, training
from common.data.dataset import Dataset
from common.measurement import Measurement
from common.options import TrainConfig
from common.options.boundary import BoundaryConfig, BoundaryOptions, record_name, resolve
from common.progress import Progress, duration
from common.runs import Run

TRIAL_EPOCHS = 10


def main(argv: Sequence[str] | None = None) -> list[Path] | None:
    """returns the records' paths, or None with --plan"""
    asked = cli.parse(BoundaryOptions, __doc__, argv)
    accelerator = processes.start(asked.run.threads)
    environment = records.environment(**processes.environment(accelerator))
    wanted = [_wanted(asked, points, accelerator.mixed_precision) for points in _points(asked)]
    missing = measurement.missing(accelerator, asked.run, wanted)
    seconds = _predicted(accelerator, missing)
    number = sum(len(_trainings(one.config, one.of)) for one in missing)
    said = measurement.listed(wanted, missing, f"{number} trainings to do, about {duration(seconds)}")
    measurement.announce(accelerator, asked.run, wanted, missing, seconds, said)
    if asked.run.plan:
        return None
    with Progress(sum(map(_steps, missing)), 0, accelerator.is_main_process, asked.run.json) as progress:
        for one in missing:
            progress.say(one.name)
            final, spent = measure(accelerator, one.config, one.of, progress.step)
            measurement.write(accelerator, one, environment, final, spent)
            processes.say(accelerator, _closing(one, final["models"]))
    return [one.path for one in wanted]


def _points(asked: BoundaryOptions) -> list[Dataset]:
    """raises UserError for a CSV file that cannot be used"""
    if asked.data.csv:
        return [toys.from_csv(asked.data.csv)]
    found = []
    for name in asked.data.names:
        config = resolve(asked, name)
        found.append(toys.drawn(name, config.points or 0, config.noise or 0.0, config.data_seed or 0))
    return found


def _wanted(asked: BoundaryOptions, points: Dataset, precision: str) -> Measurement[BoundaryConfig, Dataset]:
    config = resolve(asked, points.name)
    name = record_name(config, precision)
    path = records.path_of(asked.run.results_dir, "toy", "boundary", name)
    data = _trainings(config, points)[0].data_json | {"measured": config.grid**2}  # what is measured is the grid
    return Measurement("boundary", name, path, config, points, data, precision=precision)


def _trainings(config: BoundaryConfig, points: Dataset) -> list[Run]:
    """By each seed, under ERM and under mixup by each alpha: from the same weights, in the same order of the points."""
    return [
        runs.of(
            TrainConfig(
                model=config.model,
                width=config.width,
                epochs=config.epochs,
                batch_size=config.batch_size,
                optimizer="sgd",
                lr=config.lr,
                lr_drops=config.lr_drops,
                momentum=config.momentum,
                weight_decay=config.weight_decay,
                seed=seed,
                mixup=alpha is not None,
                alpha=alpha,
                lam_per=config.lam_per if alpha else None,
            ),
            points,
        )
        for seed in config.seeds
        for alpha in (None, *config.alphas)
    ]


def measure(
    accelerator: Accelerator, config: BoundaryConfig, points: Dataset, step_done: Callable[[], None]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Trains on one set under every method and seed. returns what its record holds as final, and as cost"""
    begun = time.perf_counter()
    extent = toys.extent(points.train.whole.numpy())
    grid = toys.grid(extent, config.grid)
    models, maps, parameters = [], [], 0
    for run in _trainings(config, points):
        network = train(accelerator, run, step_done)
        seen = evaluation.outcomes(accelerator, network, points.train.to(accelerator.device))
        probability = _probability(network, grid)
        method = {"mixup": run.config.mixup, "alpha": run.config.alpha, "seed": run.config.seed}
        row = method | {
            "train": metrics.errors(seen.ranks, seen.losses, 2),
            "band": {"n": len(grid), "points": toys.in_band(probability)},
        }
        if config.set in toys.ROUND_THE_ORIGIN:
            row["radius"] = _along_the_radius(network)
        models.append(row)
        if run.config.seed == config.seeds[0]:
            maps.append(method | {"p": probability.reshape(config.grid, config.grid).round(3).tolist()})
        parameters = sum(parameter.numel() for parameter in network.parameters())
    accelerator.free_memory()  # it would keep every network that it prepared
    places = points.train.whole.numpy().astype("float64")
    if config.points is not None:  # of a set of ours, whose plane is a few units wide
        places = places.round(3)
    final = {
        "grid": {"x": list(extent[0]), "y": list(extent[1]), "side": config.grid},
        "points": {"x": places[:, 0].tolist(), "y": places[:, 1].tolist(), "label": points.train.labels.tolist()},
        "models": models,
        "maps": maps,
    }
    return final, {
        "seconds": time.perf_counter() - begun,
        "parameters": parameters,
        "peak_memory_bytes": processes.peak_memory(accelerator),
    }


def train(accelerator: Accelerator, run: Run, step_done: Callable[[], None], epochs: int | None = None) -> nn.Module:
    """A network as `train.py` trains it, evaluated once. epochs  so many of them, for a trial"""
    run.check_shares(accelerator)
    learning, part = run.begin(accelerator), run.data.train.to(accelerator.device)
    for epoch in range(1, (epochs or run.config.epochs) + 1):
        plan = run.plan(epoch).to(accelerator.device)
        training.train_epoch(accelerator, learning, run.method(epoch), part, plan, step_done)
    return learning.network.eval()


def _probability(network: nn.Module, places: np.ndarray) -> np.ndarray:
    """p(y = 1 | x) at each of the places, as float64."""
    device = next(network.parameters()).device
    with torch.no_grad():
        logits = network(torch.from_numpy(places).float().to(device))
        return logits.float().softmax(dim=1)[:, 1].cpu().double().numpy()


def _along_the_radius(network: nn.Module) -> dict[str, Any]:
    """p from the centre to the circle of radius 1: its mean over all directions at each tenth radius of the polar grid,
    and how long it stays within the band on the way, in units of that radius."""
    probability = _probability(network, toys.rays())
    mean = probability.reshape(toys.DIRECTIONS, toys.RADII).mean(axis=0)
    return {
        "band_width": toys.in_band(probability) / len(probability),
        "r": [round(step / (toys.RADII - 1), 4) for step in range(0, toys.RADII, 10)],
        "p": mean[::10].round(4).tolist(),
    }


def _steps(one: Measurement[BoundaryConfig, Dataset]) -> int:
    """Of all its trainings together."""
    return sum(run.config.epochs * run.steps_per_epoch for run in _trainings(one.config, one.of))


def _predicted(accelerator: Accelerator, missing: Sequence[Measurement[BoundaryConfig, Dataset]]) -> float:
    """Seconds for these sets, from a short trial of the first (after one epoch untimed)."""
    if not missing:
        return 0.0
    run = _trainings(missing[0].config, missing[0].of)[-1]
    train(accelerator, run, lambda: None, 1)
    begun = time.perf_counter()
    train(accelerator, run, lambda: None, TRIAL_EPOCHS)
    seconds = time.perf_counter() - begun
    return seconds / (TRIAL_EPOCHS * run.steps_per_epoch) * sum(map(_steps, missing))


def _closing(one: Measurement[BoundaryConfig, Dataset], models: list[dict[str, Any]]) -> str:
    """Training errors, and how wide the border is, of the first seed."""
    lines = [one.name]
    for row in models:
        if row["seed"] == one.config.seeds[0]:
            method = f"mixup {row['alpha']:g}" if row["mixup"] else "ERM"
            band, errors = row["band"], row["train"]
            line = f"  {method:<10} {band['points'] / band['n']:6.1%} of the grid in .1 < p < .9, "
            lines.append(line + f"{errors['errors']} of {errors['n']} points on the wrong side")
    lines.append(f"  record   {one.path}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(cli.run(main))

"""Draw the border between two classes of points, as ERM and as mixup learn it.

    python scripts/boundary.py

Leaves results/toy/boundary-<set>.json, one record a set: p(y = 1 | x) on a grid, the training points, and how much of
the plane lies in .1 < p < .9. Seconds on a CPU. Paper: Zhang et al. 2018, Fig. 1b.
"""

if __name__ == "__main__":
    import ready

    ready.check()


import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import cli
from common.files import check_writable
from common.options import boundary as options
from common.options.boundary import BoundaryConfig, BoundaryOptions

if TYPE_CHECKING:
    import numpy as np
    from accelerate import Accelerator
    from torch import nn

    from common.data.dataset import Dataset

TRIAL_EPOCHS = 10


@dataclass(frozen=True)
class Toy:
    """One set with everything that decides its record.

    precision  Accelerate's, which decides the numbers too
    """

    name: str
    config: BoundaryConfig
    precision: str
    data: "Dataset"
    fingerprint: str
    record_path: Path

    @property
    def methods(self) -> list[tuple[int, float | None]]:
        """Each seed and alpha to train with; None is ERM."""
        return [(seed, alpha) for seed in self.config.seeds for alpha in (None, *self.config.alphas)]

    @property
    def steps(self) -> int:
        """Of all trainings together."""
        from common.plan import batch_stops

        per_epoch = len(batch_stops(len(self.data.train), self.config.batch_size))
        return len(self.methods) * self.config.epochs * per_epoch


def main(argv: Sequence[str] | None = None) -> list[Path] | None:
    """returns the records' paths, or None with --plan"""
    asked = cli.parse(BoundaryOptions, __doc__ or "", argv)

    from common import measurement, processes, records
    from common.progress import Progress, duration

    accelerator = processes.start(asked.run.threads, tracker=None)
    environment = records.environment(**processes.environment(accelerator))
    toys = _describe(asked, accelerator.mixed_precision)
    done = [not asked.run.overwrite and processes.from_main(accelerator, partial(_is_done, toy)) for toy in toys]
    missing = [toy for toy, is_done in zip(toys, done, strict=True) if not is_done]
    seconds = _predicted(accelerator, missing) if missing else 0.0
    if asked.run.plan and asked.run.json:
        wanted = [
            (toy.name, toy.record_path, toy.config.to_json(), is_done) for toy, is_done in zip(toys, done, strict=True)
        ]
        processes.say(accelerator, measurement.plan_json(wanted, seconds, processes.device_name(accelerator)))
        return None
    for toy, is_done in zip(toys, done, strict=True):
        processes.say(accelerator, _opening(toy, is_done))
    if missing:
        processes.say(
            accelerator, f"{sum(len(toy.methods) for toy in missing)} trainings to do, about {duration(seconds)}"
        )
    if asked.run.plan:
        return None
    for toy in missing:
        check_writable(toy.record_path)
    with Progress(sum(toy.steps for toy in missing), 0, accelerator.is_main_process, asked.run.json) as progress:
        for toy in missing:
            progress.say(toy.name)
            record = measure(accelerator, toy, progress.step) | {"environment": environment}
            if accelerator.is_main_process:
                records.write(toy.record_path, record)
            processes.say(accelerator, _closing(toy, record["final"]["models"]))
    return [toy.record_path for toy in toys]


def measure(accelerator: "Accelerator", toy: Toy, step_done: Callable[[], None]) -> dict[str, Any]:
    """Trains on one set under every method and seed. returns its record, without the environment"""
    from common import metrics, processes, records, toys, training

    begun = time.perf_counter()
    extent = toys.extent(toy.data.train.inputs.numpy())
    grid = toys.grid(extent, toy.config.grid)
    models, maps, parameters = [], [], 0
    for seed, alpha in toy.methods:
        network = train(accelerator, toy, seed, alpha, toy.config.epochs, step_done)
        seen = training.outcomes(accelerator, network, toy.data.train.to(accelerator.device))
        probability = _probability(network, grid)
        method = {"mixup": alpha is not None, "alpha": alpha, "seed": seed}
        row = method | {
            "train": metrics.errors(seen.ranks, seen.losses, 2),
            "band": {"n": len(grid), "points": toys.in_band(probability)},
        }
        if toy.config.set in toys.ROUND_THE_ORIGIN:
            row["radius"] = _along_the_radius(network)
        models.append(row)
        if seed == toy.config.seeds[0]:
            side = toy.config.grid
            maps.append(method | {"p": probability.reshape(side, side).round(3).tolist()})
        parameters = sum(parameter.numel() for parameter in network.parameters())
    accelerator.free_memory()  # it would keep every network that it prepared
    places = toy.data.train.inputs.numpy().astype("float64").round(3)
    return {
        "schema": records.SCHEMA,
        "kind": "boundary",
        "run": toy.name,
        "config": toy.config.to_json(),
        "data": _data_json(toy),
        "parents": [],
        "final": {
            "grid": {"x": list(extent[0]), "y": list(extent[1]), "side": toy.config.grid},
            "points": {
                "x": places[:, 0].tolist(),
                "y": places[:, 1].tolist(),
                "label": toy.data.train.labels.tolist(),
            },
            "models": models,
            "maps": maps,
        },
        "cost": {
            "seconds": time.perf_counter() - begun,
            "parameters": parameters,
            "peak_memory_bytes": processes.peak_memory(accelerator),
        },
    }


def train(
    accelerator: "Accelerator", toy: Toy, seed: int, alpha: float | None, epochs: int, step_done: Callable[[], None]
) -> "nn.Module":
    """An MLP trained on the points as `train.py` trains on a table. alpha None is ERM; both start from the same weights
    and meet the points in the same order."""
    from common import models, training
    from common.mixup import Mixup
    from common.plan import batch_stops, draw

    config, part = toy.config, toy.data.train.to(accelerator.device)
    network = models.build(_blueprint(toy), seed).to(accelerator.device)
    learning = training.begin(
        accelerator,
        network,
        epochs * len(batch_stops(len(part), config.batch_size)),
        optimizer="sgd",
        lr=config.lr,
        lr_drops=config.lr_drops,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
    )
    method = Mixup(alpha, config.lam_per)
    for epoch in range(1, epochs + 1):
        plan = draw(len(part), config.batch_size, seed=seed, epoch=epoch, method=method, pad=0)
        training.train_epoch(accelerator, learning, method, part, plan.to(accelerator.device), step_done)
    return network.eval()


def _describe(asked: BoundaryOptions, precision: str) -> list[Toy]:
    """raises UserError for a CSV file that cannot be used"""
    from common import records, toys
    from common.data.dataset import fingerprint

    own = toys.from_csv(asked.data.csv) if asked.data.csv else None
    found = []
    for name in (own.name,) if own else asked.data.sets or options.USUAL:
        config = options.resolve(asked, name)
        drawn: Any = config.points, config.noise, config.data_seed  # None of a file's points
        data = own or toys.drawn(name, *drawn)
        run = options.record_name(config, precision)
        path = records.path_of(asked.run.results_dir, "toy", "boundary", run)
        found.append(Toy(run, config, precision, data, fingerprint(data), path))
    return found


def _is_done(toy: Toy) -> bool:
    """Whether the record of this very measurement is there. raises UserError where it is of another"""
    from common import records

    return records.is_of(toy.record_path, toy.config.to_json(), toy.fingerprint, precision=toy.precision)


def _blueprint(toy: Toy) -> Any:
    from common.data.dataset import statistics
    from common.models import Blueprint

    return Blueprint("mlp", toy.config.width, toy.data.classes, (2,), *statistics(toy.data.train.inputs))


def _probability(network: "nn.Module", places: "np.ndarray") -> "np.ndarray":
    """p(y = 1 | x) at each of the places, as float64."""
    import torch

    device = next(network.parameters()).device
    with torch.no_grad():
        logits = network(torch.from_numpy(places).float().to(device))
        return logits.float().softmax(dim=1)[:, 1].cpu().double().numpy()


def _along_the_radius(network: "nn.Module") -> dict[str, Any]:
    """p from the centre to the circle of radius 1: its mean over all directions at each tenth radius of the polar grid,
    and how long it stays within the band on the way, in units of that radius."""
    from common import toys

    probability = _probability(network, toys.rays())
    mean = probability.reshape(toys.DIRECTIONS, toys.RADII).mean(axis=0)
    return {
        "band_width": toys.in_band(probability) / len(probability),
        "r": [round(step / (toys.RADII - 1), 4) for step in range(0, toys.RADII, 10)],
        "p": mean[::10].round(4).tolist(),
    }


def _data_json(toy: Toy) -> dict[str, Any]:
    """What the record says of the points; what is measured is the grid."""
    blueprint, data = _blueprint(toy), toy.data
    return {
        "name": data.name,
        "kind": data.kind,
        "origin": data.origin,
        "train": len(data.train),
        "measured_on": data.measured_on,
        "measured": toy.config.grid**2,
        "classes": list(data.classes),
        "shape": list(blueprint.shape),
        "mean": list(blueprint.mean),
        "std": list(blueprint.std),
        "notes": list(data.notes),
        "fingerprint": toy.fingerprint,
    }


def _predicted(accelerator: "Accelerator", toys: list[Toy]) -> float:
    """Seconds for these sets, from a short trial of the first (after one epoch untimed)."""
    train(accelerator, toys[0], 0, None, 1, lambda: None)
    begun = time.perf_counter()
    train(accelerator, toys[0], 0, 1.0, TRIAL_EPOCHS, lambda: None)
    share = len(toys[0].methods) * toys[0].config.epochs / TRIAL_EPOCHS
    return (time.perf_counter() - begun) * share * sum(toy.steps for toy in toys) / toys[0].steps


def _opening(toy: Toy, is_done: bool) -> str:
    if is_done:
        return f"{toy.name} is there: {toy.record_path}. To measure it again, add --overwrite."
    options = " ".join(f"{name}={value}" for name, value in toy.config.to_json().items() if value is not None)
    return f"{toy.name}\n  options  {options}\n  record   {toy.record_path} (not there yet)"


def _closing(toy: Toy, models: list[dict[str, Any]]) -> str:
    """Training errors, and how wide the border is, of the first seed."""
    lines = [toy.name]
    for row in models:
        if row["seed"] == toy.config.seeds[0]:
            method = f"mixup {row['alpha']:g}" if row["mixup"] else "ERM"
            band, errors = row["band"], row["train"]
            line = f"  {method:<10} {band['points'] / band['n']:6.1%} of the grid in .1 < p < .9, "
            lines.append(line + f"{errors['errors']} of {errors['n']} points on the wrong side")
    lines.append(f"  record   {toy.record_path}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(cli.run(main))

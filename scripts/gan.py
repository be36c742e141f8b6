"""Train a GAN on points of the plane: does it find every mode, and does mixup steady it?

    python scripts/gan.py --loss mixup

Trains a generator and a discriminator of each seed, all seeds at once, by one loss: the paper's two, or an opponent.
Leaves results/toy/gan-<target>-<loss>.json: modes covered and what else is measured over the iterations, and points to
be looked at. Stopped, the same command goes on. Paper: Zhang et al. 2018, section 3.7.
"""

if __name__ == "__main__":
    import ready

    ready.answer("gan", __doc__)

import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from accelerate import Accelerator

from common import cli, measurement, processes, records
from common.chance import rng
from common.checkpoints import Checkpoint
from common.errors import UserError
from common.gan import measures, pair, targets
from common.gan.targets import Target
from common.measurement import Measurement
from common.options.gan import KEPT, MEASURED, GanConfig, GanOptions, measured_at, record_name, resolve, shown_at
from common.progress import Progress, duration

Row = dict[str, Any]  # what is measured of one seed after one iteration
Wanted = Measurement[GanConfig, Target]

SAVE_EVERY = 500  # iterations; and whenever something was measured
TRIAL = 5  # iterations, timed after one untimed


def main(argv: Sequence[str] | None = None) -> Path | None:
    """returns the record's path, or None with --plan"""
    asked = cli.parse(GanOptions, __doc__, argv)
    accelerator = processes.start(asked.run.threads)
    processes.full_precision()
    if accelerator.num_processes > 1:
        raise UserError(
            "gan.py trains all of its --seeds at once in one process; start it without --num_processes, and other "
            "losses or targets beside it as commands of their own."
        )
    target = targets.from_csv(asked.points.csv) if asked.points.csv else targets.named(asked.points.target or "ring")
    config = resolve(asked, target.fingerprint if asked.points.csv else None)
    processes.spare_threads(asked.run.threads, len(config.seeds) * pair.flops_per_row(config))
    environment = records.environment(**processes.measuring_environment(accelerator))
    name = record_name(config)
    path = records.path_of(asked.run.results_dir, "toy", "gan", name)
    one = Measurement("gan", name, path, config, target, {})
    kept = Checkpoint(one, asked.run.checkpoint_dir)
    # As long as there is a state, a training was not finished: one that --overwrite began has its former record, too.
    missing = [one] if kept.state_path.exists() else measurement.missing(accelerator, asked.run, [one])
    seconds = _predicted(accelerator, config, target) if missing else 0.0
    seeds = f"{len(config.seeds)} seeds at once" if len(config.seeds) > 1 else "1 seed"
    cost = f"{seeds} on {processes.device_name(accelerator)}, about {duration(seconds)}"
    said = measurement.listed([one], missing, cost)
    measurement.announce(accelerator, asked.run, [one], missing, seconds, said)
    if asked.run.plan:
        return None
    with kept.alone():
        # Another process may have finished it while this one got here.
        for one in missing if kept.state_path.exists() else measurement.missing(accelerator, asked.run, missing):
            train(accelerator, asked, one, kept, environment)
        kept.state_path.unlink(missing_ok=True)  # last, also where a run was killed when its record was there
    return path


def train(
    accelerator: Accelerator, asked: GanOptions, one: Wanted, kept: Checkpoint, environment: dict[str, Any]
) -> None:
    """Trains, from where it was stopped if it was, and leaves the record."""
    config, target, device = one.config, one.of, accelerator.device
    learning = pair.begin(config, device)
    latent, fresh = pair.fixed_latent(config, MEASURED, device), target.draw(rng("gan fresh"), MEASURED)
    curve: list[Row] = []
    shown: list[Row] = []
    done, seconds = 0, 0.0
    saved = None if asked.run.overwrite else kept.load(_is_whole)
    if saved:
        done, seconds, curve, shown = (saved[name] for name in ("iteration", "seconds", "curve", "shown"))
        with kept.fitting():
            learning.restore(accelerator, saved, done)
        processes.say(accelerator, f"Goes on after iteration {done:,} of {config.iterations:,}.")

    measured, looked_at = measured_at(config.iterations), shown_at(config.iterations)
    with Progress(config.iterations, done, accelerator.is_main_process, asked.run.json) as progress:
        begun = time.perf_counter()
        progress.say(one.name)
        for iteration in range(done + 1, config.iterations + 1):
            losses = learning.iterate(pair.draw(config, target, learning.loss, iteration, device))
            if iteration in measured:
                samples = learning.samples(latent)
                curve += _rows(config, target, iteration, losses.tolist(), samples, fresh)
                progress.say(_found(target, curve[-len(config.seeds) :]))
                if iteration in looked_at:
                    shown += _shown(config, target, iteration, samples)
            if iteration in measured or iteration % SAVE_EVERY == 0:
                spent = seconds + time.perf_counter() - begun
                state = {"iteration": iteration, "seconds": spent, "curve": curve, "shown": shown}
                kept.save(**learning.kept(accelerator), **state)
            progress.step()

    final = {"target": _target_json(target, fresh), "shown": shown}
    cost = {
        "seconds": seconds + time.perf_counter() - begun,
        "parameters": learning.parameters,
        "peak_memory_bytes": processes.peak_memory(accelerator),
    }
    measurement.write(accelerator, one, environment, final, cost, curve=curve)
    processes.say(accelerator, f"{one.name}: {_found(target, curve[-len(config.seeds) :])}\n  record   {one.path}")


def _is_whole(state: dict[str, Any], config: dict[str, Any]) -> bool:
    """Whether this is a state of such a training."""
    done, at = state["iteration"], measured_at(config["iterations"])
    measured = [(row["iteration"], row["seed"]) for row in state["curve"]]
    return (
        type(done) is int
        and 0 < done <= config["iterations"]
        and type(state["seconds"]) is float
        and type(state["shown"]) is list
        and measured == [(iteration, seed) for iteration in at if iteration <= done for seed in config["seeds"]]
    )


def _rows(
    config: GanConfig, target: Target, iteration: int, losses: list[list[float]], samples: np.ndarray, fresh: np.ndarray
) -> list[Row]:
    """A row a seed. losses  of discriminators and generators;  samples  (s, n, 2)"""
    rows = []
    for seed, of_d, of_g, sample in zip(config.seeds, *losses, samples, strict=True):
        row = {"iteration": iteration, "seed": seed} | measures.measure(target, sample, fresh)
        row["diverged"] = row["not_finite"] > 0 or not math.isfinite(of_d + of_g)
        if not row["diverged"]:
            row |= {"discriminator_loss": of_d, "generator_loss": of_g}
        rows.append(row)
    return rows


def _shown(config: GanConfig, target: Target, iteration: int, samples: np.ndarray) -> list[Row]:
    """Of each seed the first KEPT points, as far as they lie in the window."""
    low, high = target.window
    shown = []
    for seed, sample in zip(config.seeds, samples[:, :KEPT], strict=True):
        x, y = sample[((sample >= low) & (sample <= high)).all(axis=1)].round(3).T.tolist()
        shown.append({"iteration": iteration, "seed": seed, "n": KEPT, "x": x, "y": y})
    return shown


def _target_json(target: Target, fresh: np.ndarray) -> dict[str, Any]:
    """What the record says of it.

    ``floor``  the distance of two samples of the target itself, under which no GAN is told from it
    """
    low, high = (edge.tolist() for edge in target.window)
    floor = measures.sliced_wasserstein(target.draw(rng("gan floor"), MEASURED), fresh)
    return {
        "modes": target.places.round(6).tolist() if target.has_modes else [],
        "sigma": target.sigma,
        "mean": list(target.mean),
        "std": list(target.std),
        "window": {"x": [low[0], high[0]], "y": [low[1], high[1]]},
        "floor": floor,
        "points": fresh[:KEPT].round(3).tolist(),
    }


def _found(target: Target, rows: Sequence[Row]) -> str:
    """What was measured last, over the seeds."""
    outside = sum(row["outside"] for row in rows) / sum(row["n"] for row in rows)
    if not target.has_modes:
        return f"{outside:.0%} outside"
    covered = " ".join(str(row["covered"]) for row in rows)
    return f"modes {covered} of {len(target.places)}, {outside:.0%} outside"


def _predicted(accelerator: Accelerator, config: GanConfig, target: Target) -> float:
    """Seconds for the whole training, finished or not, from a trial of a few iterations."""
    trial = pair.begin(config, accelerator.device)
    begun = 0.0
    for iteration in range(TRIAL + 1):
        if iteration == 1:
            begun = time.perf_counter()
        trial.iterate(pair.draw(config, target, trial.loss, iteration, accelerator.device)).tolist()
    return (time.perf_counter() - begun) / TRIAL * config.iterations


if __name__ == "__main__":
    sys.exit(cli.run(main))

"""Train a classifier under ERM or, with --mixup, under mixup.

    python scripts/train.py --mixup

Leaves results/<dataset>/train-<run>.json (the record) and checkpoints/<run>.safetensors (the weights). Stopped, the
same command goes on; finished, it says so. Paper: Zhang et al. 2018, mixup: Beyond Empirical Risk Minimization.
"""

if __name__ == "__main__":
    import ready

    ready.answer("train", __doc__)

import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from _train import saying
from _train.keeping import Keeper, is_whole, place
from common import checkpoints, cli, costs, evaluation, measurement, metrics, places, processes, records, runs, training
from common.chance import seed
from common.checkpoints import Checkpoint
from common.costs import Cost
from common.data import sources
from common.data.dataset import Part
from common.errors import DivergedError, UserError
from common.evaluation import Outcomes
from common.measurement import Measurement
from common.options import TrainConfig, TrainOptions
from common.progress import Progress
from common.runs import Run
from common.terminal import say

Row = dict[str, Any]  # of a curve: what one epoch gave

WHERE = ("device", "cpu", "threads", "processes", "batchnorm", "compiled", "commit")  # a training is, part by part


def main(argv: Sequence[str] | None = None) -> Path | None:
    """Trains one run. returns its record's path, or None with --plan"""
    asked = cli.parse(TrainOptions, __doc__, argv)
    source = asked.source()
    accelerator = processes.start(asked.run.threads, asked.run.tracker)
    with processes.first_here(accelerator):
        run = runs.describe(asked.asked, source)
    processes.spare_threads(asked.run.threads, costs.flops_per_row(run.blueprint))
    environment = records.environment(**processes.environment(accelerator))

    name = run.name(accelerator.mixed_precision)
    path = records.path_of(asked.run.results_dir, run.data.name, "train", name)
    one = Measurement("train", name, path, run.config, run, run.data_json, precision=accelerator.mixed_precision)
    kept = Checkpoint(one, asked.run.checkpoint_dir)
    missing = [] if not asked.run.overwrite and processes.from_main(accelerator, kept.is_finished) else [one]
    if not missing and not asked.run.plan:
        processes.say(accelerator, measurement.listed([one], missing, ""))
        if accelerator.is_main_process:
            with suppress(UserError), kept.alone():
                pass  # sweeps what was left by one that was killed when all was done
        return one.path
    if missing:
        run.check_shares(accelerator)
    rows = len(run.data.train), len(run.data.test) + (len(run.clean_train_rows) if run.data.corruption else 0)
    share = -(-run.config.batch_size // accelerator.num_processes)
    size = run.data.train.memory(share) + run.data.test.memory(share)
    cost = costs.predict(
        run.blueprint,
        run.config,
        *rows,
        size,
        accelerator.device,
        accelerator.num_processes,
        accelerator.mixed_precision,
        costs.seconds_to_decode(run.data.train, share),
    )
    said = saying.opening(one, kept, cost, accelerator, not asked.run.overwrite and kept.state_path.exists())
    measurement.announce(
        accelerator,
        asked.run,
        [one],
        missing,
        cost.seconds,  # of the whole training, finished or not
        said if missing else f"{measurement.listed([one], missing, '')}\n{said}",
        processes=accelerator.num_processes,
        is_emulated=processes.is_emulated(accelerator),
        rows_per_second=cost.images_per_second,
        train_rows=len(run.data.train),
        measured_rows=len(run.data.test),
        steps=run.config.epochs * run.steps_per_epoch,
        parameters=cost.parameters,
        training_flops=cost.training_flops,
        memory_bytes=cost.memory_bytes,
    )
    if asked.run.plan:
        if not asked.run.json and (tried := saying.faster(accelerator, run, asked.run.threads)):
            processes.say(accelerator, tried)
        return None
    if accelerator.is_main_process:
        sources.remember(source, places.known_data(asked.run.checkpoint_dir))
    with kept.alone() if accelerator.is_main_process else nullcontext():
        # Another process may have finished it while this one got here.
        if asked.run.overwrite or not processes.from_main(accelerator, kept.is_finished):
            train(accelerator, asked, one, kept, cost, environment)
    return one.path


def train(
    accelerator: Accelerator,
    asked: TrainOptions,
    one: Measurement[TrainConfig, Run],
    kept: Checkpoint,
    cost: Cost,
    environment: dict[str, Any],
) -> None:
    """Trains, from where it was stopped if it was, and leaves weights and record."""
    run, config = one.of, one.config
    device, is_main = accelerator.device, accelerator.is_main_process
    train_part, test_part, clean_part = (part.to(device) for part in (run.data.train, run.data.test, run.clean_train))
    learning = run.begin(accelerator)
    network, steps = learning.network, run.steps_per_epoch

    curve: list[Row] = []  # of the epochs that are measured
    done, seconds, training_seconds = 0, 0.0, 0.0
    keeper, within = Keeper(accelerator), None
    here, before = {what: environment[what] for what in WHERE if what in environment}, list[dict[str, Any]]()
    saved = None if asked.run.overwrite else processes.from_main(accelerator, partial(kept.load, is_whole))
    if saved:
        curve, seconds, training_seconds = saved["curve"], saved["seconds"], saved["training_seconds"]
        done = saved.get("epoch", len(curve))  # kept since epochs may go unmeasured
        within, before = saved.get("within"), saved.get("where", [])
        with kept.fitting():
            learning.restore(accelerator, saved, done * steps + (within["batches"] if within else 0))
        keeper.kept_after = place(done, steps, within)
        processes.say(accelerator, f"Goes on after {keeper.kept_after} of {config.epochs}.")
    where = [*before, here] if before[-1:] != [here] else before
    processes.track(accelerator, asked.run.tracker, one.name, run.flat_config)

    def keep(after: int, more: float = 0.0, within: dict[str, Any] | None = None) -> None:
        """after, within  the epoch, and the place in the next one, that the state is after;  more  seconds of it"""
        with keeper.keeping(place(after, steps, within)):
            spent = {"seconds": seconds + more, "training_seconds": training_seconds + more}
            state = learning.kept(accelerator) | spent | ({"within": within} if within else {})
            kept.save(**state, epoch=after, curve=curve, where=where)

    def step_done() -> None:
        progress.step()
        if so_far.batches < steps and keeper.is_due_within(so_far.batches):
            here = so_far.kept(accelerator) | {"lr": lr}
            if is_main:
                keep(epoch - 1, time.perf_counter() - begun, here)

    first = done * steps + (within["batches"] if within else 0)
    with Progress(config.epochs * steps, first, accelerator.is_main_process, asked.run.json) as progress:
        progress.say(saying.reached(done, config.epochs, curve))
        for epoch in range(done + 1, config.epochs + 1):
            begun, lr = time.perf_counter(), within["lr"] if within else learning.optimizer.param_groups[0]["lr"]
            torch.manual_seed(seed("dropout", config.seed, epoch, accelerator.process_index))
            with kept.fitting():
                so_far = training.SoFar.of(accelerator, within, steps)
            keeper.begin(so_far.batches)
            plan, within = run.plan(epoch).to(device), None
            try:
                trained = training.train_epoch(
                    accelerator, learning, run.method(epoch), train_part, plan, step_done, config.accumulate, so_far
                )
                training_seconds += time.perf_counter() - begun
                processes.share_buffers(accelerator, network)
                if is_measured := epoch % config.measure_every == 0 or epoch == config.epochs:
                    seen = evaluation.outcomes(accelerator, network, test_part)
                    fitted = evaluation.outcomes(accelerator, network, clean_part) if run.data.corruption else None
            except DivergedError as error:
                last = (
                    f" The state after {keeper.kept_after} is kept in {kept.state_path}." if keeper.kept_after else ""
                )
                raise DivergedError(
                    f"{one.name}: epoch {epoch} of {config.epochs}: {error} (It is {lr:g} here.) Another value is "
                    f"another run, which starts from its first epoch.{last}"
                ) from None
            if is_measured:
                curve.append({"epoch": epoch, "lr": lr, "train": trained} | _outcome(run, seen, fitted))
                accelerator.log(_scalars(config.mixup, curve[-1]), step=epoch)
            progress.say(saying.reached(epoch, config.epochs, curve))
            seconds += time.perf_counter() - begun
            if is_main and keeper.is_due_after_an_epoch():
                keep(epoch)

    final = _measured_at_the_end(accelerator, run, network, test_part, clean_part, curve)
    accelerator.end_training()
    if not is_main:
        return
    weights = checkpoints.save_weights(kept.weights_path, network.state_dict(), run.blueprint.to_json())
    spent = {
        "seconds": seconds,
        "training_seconds": training_seconds,
        "images_per_second": config.epochs * len(train_part) / training_seconds if training_seconds else 0.0,
        "training_flops": cost.training_flops,
        "parameters": cost.parameters,
        "peak_memory_bytes": processes.peak_memory(accelerator),
    }
    environment |= {"before": where[:-1]} if len(where) > 1 else {}
    measurement.write(accelerator, one, environment, final, spent, weights=weights, curve=curve)
    kept.state_path.unlink(missing_ok=True)  # last: until it is gone, the run counts as unfinished
    say(saying.closing(one, kept, final))


def _measured_at_the_end(
    accelerator: Accelerator, run: Run, network: nn.Module, test_part: Part, clean_part: Part, curve: list[Row]
) -> dict[str, Any]:
    """What the record holds as final. The last row of the curve is of what is seen here: a run that went on on another
    machine may count a row otherwise than the one that trained it. Given weights that were not trained get a row."""
    classes, labels = len(run.data.classes), run.data.test.labels.numpy()
    seen = evaluation.outcomes(accelerator, network, test_part)
    clean = evaluation.outcomes(accelerator, network, clean_part)
    clean_train = metrics.errors(clean.ranks, clean.losses, classes)
    if not curve:
        trained = {
            "loss": clean_train["cross_entropy"],
            "weighted_accuracy": 1 - clean_train["errors"] / clean_train["n"],
        }
        curve.append({"epoch": 0, "lr": 0.0, "train": trained})
    curve[-1] |= _outcome(run, seen, clean)
    final = _final(curve) | {"clean_train": clean_train}
    if run.config.augment != "none":  # flips, all of them, which it was trained on
        flipped = evaluation.outcomes(accelerator, network, test_part, with_flips=True)
        final["test_time_flips"] = metrics.errors(flipped.ranks, flipped.losses, classes)
    if run.data.measured_on == "holdout" and len(test_part) > 1:  # by halves: of one row there are none
        final["tempered"] = metrics.tempered(evaluation.logits(accelerator, network, test_part, classes), labels)
    final["last_epoch"] |= metrics.calibration(seen.ranks, seen.confidences)
    final["last_epoch"]["by_class"] = metrics.by_class(seen.ranks, labels, classes)
    return final


def _outcome(run: Run, seen: Outcomes, clean: Outcomes | None) -> Row:
    """What a row of the curve says of the test rows and, where labels are corrupted, of the training rows."""
    labels = {"labels": run.by_label(clean.predicted)} if clean and run.data.corruption else {}
    return {"test": metrics.errors(seen.ranks, seen.losses, len(run.data.classes))} | labels


def _final(curve: list[Row]) -> dict[str, Any]:
    """The last epoch, and beside it what others report: the median of the last ten, and the best; of these as many as
    were measured."""
    last_ten = [row["test"]["errors"] for row in curve if row["epoch"] > curve[-1]["epoch"] - 10]
    best = min(curve, key=lambda row: row["test"]["errors"])
    return {
        "last_epoch": {"epoch": curve[-1]["epoch"], **curve[-1]["test"]},
        "median_of_last_ten": {"epochs": len(last_ten), "errors": statistics.median(last_ten)},
        "best_epoch": {"epoch": best["epoch"], "errors": best["test"]["errors"]},
    }


def _scalars(mixup: bool, row: Row) -> dict[str, float]:
    """The deck's four curves. What is counted on mixed rows, weighted by lambda, is no training accuracy and is not
    called one."""
    error = row["test"]["errors"] / row["test"]["n"]
    return {
        "train acc, lambda-weighted" if mixup else "train acc": row["train"]["weighted_accuracy"],
        "val acc": 1 - error,
        "val loss": row["test"]["cross_entropy"],
        "error": error,
    }


if __name__ == "__main__":
    sys.exit(cli.run(main))

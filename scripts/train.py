"""Train a classifier under ERM or, with --mixup, under mixup.

    python scripts/train.py --mixup

Leaves results/<dataset>/train-<run>.json (the record) and checkpoints/<run>.safetensors (the weights). Stopped, the
same command goes on; finished, it says so. Paper: Zhang et al. 2018, mixup: Beyond Empirical Risk Minimization.
"""

if __name__ == "__main__":
    import ready

    ready.check()


import statistics
import sys
import textwrap
import time
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import cli, places
from common.data import sources
from common.errors import DivergedError, UserError
from common.options import TrainOptions
from common.terminal import say

if TYPE_CHECKING:
    from accelerate import Accelerator

    from common.costs import Cost
    from common.runs import Run

Row = dict[str, Any]  # of a curve: what one epoch gave

WORTH_SAYING = 1.1  # times the rows a second, from which other threads are proposed
LONG_ON_A_CPU = 12 * 3600  # seconds from which a run on a CPU is warned of
FOR_GPUS = ("wideresnet28", "densenet190")  # networks that in small, too, are too deep for a CPU


def main(argv: Sequence[str] | None = None) -> Path | None:
    """Trains one run. returns its record's path, or None with --plan"""
    asked = cli.parse(TrainOptions, __doc__ or "", argv, config_file=lambda options: options.run.config)
    known = places.known_data(asked.run.checkpoint_dir)
    return train(asked, sources.find(asked.data.dataset, asked.run.data_dir, known))


def train(asked: TrainOptions, source: sources.Source) -> Path | None:
    # torch takes seconds to import; what can be refused without it has been refused by now.
    from common import costs, measurement, processes, records, runs

    accelerator = processes.start(asked.run.threads, asked.run.tracker)
    with accelerator.local_main_process_first():  # the first one decodes the files, the others read its cache
        run = runs.describe(asked, source, accelerator.mixed_precision)
    processes.spare_threads(asked.run.threads, costs.flops_per_row(run.blueprint))
    environment = records.environment(**processes.environment(accelerator))

    only_json = asked.run.plan and asked.run.json
    is_finished = not asked.run.overwrite and processes.from_main(accelerator, run.is_finished)
    if is_finished:
        if not only_json:
            again = "To train it again, add --overwrite."
            processes.say(accelerator, f"{run.name} is finished: {run.record_path}. {again}")
        if not asked.run.plan:
            if accelerator.is_main_process:
                with suppress(UserError), run.alone():
                    pass  # sweeps what was left by one that was killed when all was done
            return run.record_path
    rows = len(run.data.train), len(run.data.test) + (len(run.clean_train_rows) if run.data.corruption else 0)
    size = run.data.train.inputs.nbytes + run.data.test.inputs.nbytes
    cost = costs.predict(run.blueprint, run.config, *rows, size, accelerator.device, accelerator.num_processes)
    if only_json:
        plan = measurement.plan_json(
            [(run.name, run.record_path, run.config_json, is_finished)],
            cost.seconds,  # of the whole training, finished or not
            processes.device_name(accelerator),
            processes=accelerator.num_processes,
            rows_per_second=cost.images_per_second,
            train_rows=len(run.data.train),
            measured_rows=len(run.data.test),
            steps=run.config.epochs * run.steps_per_epoch,
            parameters=cost.parameters,
            training_flops=cost.training_flops,
            memory_bytes=cost.memory_bytes,
        )
        processes.say(accelerator, plan)
        return None
    processes.say(accelerator, _opening(run, cost, accelerator))
    if asked.run.plan:
        if asked.run.threads is None and accelerator.device.type == "cpu":
            processes.say(accelerator, _threads(run))
        return None
    if accelerator.is_main_process:
        sources.remember(source, places.known_data(asked.run.checkpoint_dir))
    with run.alone() if accelerator.is_main_process else nullcontext():
        return _train(asked, run, cost, environment, accelerator)


def _train(
    asked: TrainOptions,
    run: "Run",
    cost: "Cost",
    environment: dict[str, Any],
    accelerator: "Accelerator",
) -> Path:
    import torch

    from common import checkpoints, metrics, models, processes, records, training
    from common.chance import seed
    from common.progress import Progress

    config, classes = run.config, len(run.data.classes)
    device, is_main = accelerator.device, accelerator.is_main_process
    train_part, test_part, clean_part = (part.to(device) for part in (run.data.train, run.data.test, run.clean_train))
    network = processes.synchronise_batchnorm(accelerator, models.build(run.blueprint, config.seed).to(device))
    steps = run.steps_per_epoch
    learning = training.begin(
        accelerator,
        network,
        config.epochs * steps,
        optimizer=config.optimizer,
        lr=config.lr,
        lr_drops=config.lr_drops,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
        schedule=config.schedule,
        bias_lr=config.bias_lr,
        lookahead=config.lookahead,
    )

    curve: list[Row] = []  # of the epochs that are measured
    done, seconds, training_seconds = 0, 0.0, 0.0
    saved = None if asked.run.overwrite else processes.from_main(accelerator, run.saved_state)
    if saved:
        try:
            curve, seconds, training_seconds = saved["curve"], saved["seconds"], saved["training_seconds"]
            done = saved.get("epoch", len(curve))  # kept since epochs may go unmeasured
            learning.restore(accelerator, saved, done * steps)
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise UserError(
                f"{run.state_path}: does not fit the network of this version of the code "
                f"({' '.join(str(error).split())[:200]}); go on with the version that wrote it, or train again from "
                "the start with --overwrite."
            ) from None
        processes.say(accelerator, f"Goes on after epoch {done} of {config.epochs}.")
    processes.track(accelerator, asked.run.tracker, run.name, run.flat_config)

    with Progress(config.epochs * steps, done * steps, is_main, asked.run.json) as progress:
        for epoch in range(done + 1, config.epochs + 1):
            begun, lr = time.perf_counter(), learning.optimizer.param_groups[0]["lr"]
            torch.manual_seed(seed("dropout", config.seed, epoch, accelerator.process_index))
            plan = run.plan(epoch).to(device)
            try:
                trained = training.train_epoch(
                    accelerator, learning, run.method(epoch), train_part, plan, progress.step, config.accumulate
                )
                training_seconds += time.perf_counter() - begun
                processes.share_buffers(accelerator, network)
                if is_measured := epoch % config.measure_every == 0 or epoch == config.epochs:
                    seen = training.outcomes(accelerator, network, test_part)
                    fitted = training.outcomes(accelerator, network, clean_part) if run.data.corruption else None
            except DivergedError as error:
                kept = f" The state after epoch {epoch - 1} is kept in {run.state_path}." if epoch > 1 else ""
                raise DivergedError(
                    f"{run.name}: epoch {epoch} of {config.epochs}: {error} (It is {lr:g} here.) Another value is "
                    f"another run, which starts from its first epoch.{kept}"
                ) from None
            if is_measured:
                curve.append({"epoch": epoch, "lr": lr, "train": trained})
                curve[-1]["test"] = metrics.errors(seen.ranks, seen.losses, classes)
                if fitted:
                    curve[-1]["labels"] = run.by_label(fitted.predicted)
                accelerator.log(_scalars(config.mixup, curve[-1]), step=epoch)
            so_far = f", test error {_percent(curve[-1]['test'])}" if curve else ""
            progress.say(f"epoch {epoch}/{config.epochs}{so_far}")
            seconds += time.perf_counter() - begun
            if is_main:
                run.save_state(
                    **learning.kept(accelerator),
                    epoch=epoch,
                    curve=curve,
                    seconds=seconds,
                    training_seconds=training_seconds,
                )

    seen = training.outcomes(accelerator, network, test_part)
    clean = training.outcomes(accelerator, network, clean_part)
    flipped = training.outcomes(accelerator, network, test_part, with_flips=True) if run.pad else None
    accelerator.end_training()
    if not is_main:
        return run.record_path
    final = _final(curve) | {"clean_train": metrics.errors(clean.ranks, clean.losses, classes)}
    if flipped:
        final["test_time_flips"] = metrics.errors(flipped.ranks, flipped.losses, classes)
    final["last_epoch"] |= metrics.calibration(seen.ranks, seen.confidences)
    final["last_epoch"]["by_class"] = metrics.by_class(seen.ranks, run.data.test.labels.numpy(), classes)
    record = {
        "schema": records.SCHEMA,
        "kind": "train",
        "run": run.name,
        "config": run.config_json,
        "environment": environment,
        "data": run.data_json,
        "weights": checkpoints.save_weights(run.weights_path, network.state_dict(), run.blueprint.to_json()),
        "parents": [],
        "curve": curve,
        "final": final,
        "cost": {
            "seconds": seconds,
            "training_seconds": training_seconds,
            "images_per_second": config.epochs * len(train_part) / training_seconds,
            "training_flops": cost.training_flops,
            "parameters": cost.parameters,
            "peak_memory_bytes": processes.peak_memory(accelerator),
        },
    }
    records.write(run.record_path, record)
    run.state_path.unlink(missing_ok=True)  # last: until it is gone, the run counts as unfinished
    say(_closing(run, final))
    return run.record_path


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


def _opening(run: "Run", cost: "Cost", accelerator: "Accelerator") -> str:
    """What a run is and will cost, before its first step."""
    from common.processes import device_name
    from common.progress import duration

    data, config, steps = run.data, run.config, run.steps_per_epoch
    shape = " x ".join(map(str, run.blueprint.shape))
    measured = "test rows" if data.measured_on == "test" else "held-out training rows"
    options = " ".join(f"{name}={value}" for name, value in run.config_json.items() if value is not None)
    processes = f"{accelerator.num_processes} process{'es' if accelerator.num_processes > 1 else ''}"
    device = f"{device_name(accelerator)}, {processes} ({cost.images_per_second:.0f} rows a second, from a trial)"
    lines = [
        run.name,
        f"  data     {len(data.train):,} training and {len(data.test):,} {measured} of {shape} "
        f"in {len(data.classes)} classes, from {data.origin}",
        *(f"           {note}" for note in data.notes),
        textwrap.fill(options, 110, initial_indent="  options  ", subsequent_indent=" " * 11),
        f"  steps    {steps:,} an epoch, {config.epochs * steps:,} in all; {cost.parameters:,} parameters",
        f"  cost     about {duration(cost.seconds)} and {cost.memory_bytes / 2**30:.2g} GiB of tensors on {device}",
        f"  record   {run.record_path}{'' if run.record_path.exists() else ' (not there yet)'}",
    ]
    if replaced := run.replaced():
        wrapped = textwrap.wrap(replaced, 110, break_long_words=False, break_on_hyphens=False)
        lines += [f"  {'replaces' if number == 0 else '':<8} {line}" for number, line in enumerate(wrapped)]
    if accelerator.device.type == "cpu" and cost.seconds > LONG_ON_A_CPU:
        network = "--model preactresnet18" if config.model in FOR_GPUS else "the same network"
        lines.append(
            f"This takes {duration(cost.seconds)} on a CPU. What would not: a GPU, {network} in small "
            "(--width 16 --subset 5000 --epochs 30: minutes), or --dataset digits (seconds)."
        )
    return "\n".join(lines)


def _threads(run: "Run") -> str:
    """How fast one thread is, and as many as there are cores for, and which to ask for."""
    import torch

    from common import costs, processes

    mine = torch.get_num_threads()
    rates = costs.rates_by_threads(run.blueprint, run.config.batch_size, {1, mine, processes.threads_at_most()})
    best = max(rates, key=lambda threads: rates[threads])
    said = ", ".join(f"{threads}: {rate:,.0f} rows a second" for threads, rate in rates.items())
    better = rates[best] > WORTH_SAYING * rates[mine]
    return f"  threads  {said}; " + (f"--threads {best} is faster here" if better else f"{mine} in force")


def _closing(run: "Run", final: dict[str, Any]) -> str:
    other = "the same line without --mixup (ERM)" if run.config.mixup else "the same line with --mixup"
    return "\n".join(
        [
            f"test error {_percent(final['last_epoch'])} after the last epoch, "
            f"training error {_percent(final['clean_train'])} (clean rows, eval mode)",
            *([f"with test-time flips: {_percent(final['test_time_flips'])}"] if "test_time_flips" in final else []),
            f"  record   {run.record_path}",
            f"  weights  {run.weights_path}",
            f"  next     {other}, to compare",
        ]
    )


def _percent(outcome: Row) -> str:
    return f"{outcome['errors'] / outcome['n']:.2%} ({outcome['errors']} of {outcome['n']})"


if __name__ == "__main__":
    sys.exit(cli.run(main))

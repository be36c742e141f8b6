"""What a training says: before its first step, beside its bar, and when it is done."""

import textwrap
from typing import Any

import torch
from accelerate import Accelerator

from common import costs, processes
from common.checkpoints import Checkpoint
from common.costs import Cost
from common.measurement import Measurement
from common.options import TrainConfig
from common.options.fields import in_force
from common.options.networks import network
from common.progress import duration
from common.runs import Run

WORTH_SAYING = 1.1  # times the rows a second, from which other threads are proposed
LONG_ON_A_CPU = 12 * 3600  # seconds from which a run on a CPU is warned of
FOR_GPUS = ("wideresnet28", "densenet190")  # networks that in small, too, are too deep for a CPU


def opening(
    one: Measurement[TrainConfig, Run], kept: Checkpoint, cost: Cost, accelerator: Accelerator, is_begun: bool
) -> str:
    """What a run is and will cost, before its first step.

    is_begun  whether there is a state that it goes on from
    """
    run, data, config, steps = one.of, one.of.data, one.config, one.of.steps_per_epoch
    shape = " x ".join(map(str, run.blueprint.shape))
    measured = "test rows" if data.measured_on == "test" else "held-out training rows"
    number = f"{accelerator.num_processes} process{'es' if accelerator.num_processes > 1 else ''}"
    device = (
        f"{processes.device_name(accelerator)}, {number} ({cost.images_per_second:.0f} rows a second, from a trial)"
    )
    lines = [
        one.name,
        f"  data     {len(data.train):,} training and {len(data.test):,} {measured} of {shape} "
        f"in {len(data.classes)} classes, from {data.origin}",
        *(f"           {note}" for note in data.notes),
        textwrap.fill(in_force(config), 110, initial_indent="  options  ", subsequent_indent=" " * 11),
        f"  steps    {steps:,} an epoch, {config.epochs * steps:,} in all; {cost.parameters:,} parameters",
        f"  cost     about {duration(cost.seconds)} and {cost.memory_bytes / 2**30:.2g} GiB of tensors on {device}",
        f"  record   {one.path}{'' if one.path.exists() else ' (not there yet)'}",
    ]
    if is_begun:
        lines.append(f"  begun    goes on from {kept.state_path}; the cost is of the whole training")
    if processes.is_emulated(accelerator):
        lines.append(
            f"  slow     this machine does not multiply {accelerator.mixed_precision} itself: without "
            "--mixed_precision, in fp32, it is many times as fast"
        )
    if replaced := kept.replaced():
        wrapped = textwrap.wrap(replaced, 110, break_long_words=False, break_on_hyphens=False)
        lines += [f"  {'replaces' if number == 0 else '':<8} {line}" for number, line in enumerate(wrapped)]
    if accelerator.device.type == "cpu" and cost.seconds > LONG_ON_A_CPU:
        is_small = config.model not in FOR_GPUS and network(config.model).scales
        smaller = "the same network" if is_small else "--model preactresnet18"
        lines.append(
            f"This takes {duration(cost.seconds)} on a CPU. What would not: a GPU, {smaller} in small "
            "(--width 16 --subset 5000 --epochs 30: minutes), or --dataset digits (seconds)."
        )
    return "\n".join(lines)


def faster(accelerator: Accelerator, run: Run, threads: int | None) -> str:
    """How fast other numbers of threads and the other precision are, and what to ask for; "" where there is no
    choice."""
    device, mine, precision = accelerator.device, torch.get_num_threads(), accelerator.mixed_precision
    counts = {1, mine, processes.threads_at_most()} if threads is None and device.type == "cpu" else {mine}
    ways = [(count, precision) for count in sorted(counts)]
    if precision == "bf16":
        ways.append((mine, "no"))
    elif precision == "no" and processes.has_bf16(device):
        ways.append((mine, "bf16"))
    if len(ways) == 1:
        return ""
    rows = costs.rows_of_a_pass(run.config, len(run.data.train), accelerator.num_processes)
    rates = costs.rates(run.blueprint, device, rows, ways)
    best = max(rates, key=lambda way: rates[way])
    said = ", ".join(f"{_way(*way)}: {rate:,.0f} rows a second" for way, rate in rates.items())
    if rates[best] <= WORTH_SAYING * rates[mine, precision]:
        return f"  faster   none of {said}"
    launcher = f"accelerate launch --mixed_precision {best[1]} scripts/train.py …"
    advice = f"--threads {best[0]}" if best[1] == precision else launcher
    return f"  faster   {said}; {advice} is {rates[best] / rates[mine, precision]:.1f} times as fast here"


def _way(threads: int, precision: str) -> str:
    return f"{threads} thread{'s' if threads > 1 else ''} in {'fp32' if precision == 'no' else precision}"


def reached(done: int, epochs: int, curve: list[dict[str, Any]]) -> str:
    """What the bar says of the epochs that are done, and of the error that was measured last."""
    if not done:
        return "first epoch"
    last = f", test error {_percent(curve[-1]['test'])}" if curve else ""
    since = f" after epoch {curve[-1]['epoch']}" if curve and curve[-1]["epoch"] < done else ""
    return f"epoch {done}/{epochs}{last}{since}"


def closing(one: Measurement[TrainConfig, Run], kept: Checkpoint, final: dict[str, Any]) -> str:
    to_erm = "the same line without --mixup and its options (beside --config: with --no-mixup)"
    other = to_erm if one.config.mixup else "the same line with --mixup"
    after = (
        f"{other}, to compare" if one.config.epochs else "scripts/attack.py or scripts/interpolate.py, with its name"
    )
    return "\n".join(
        [
            f"test error {_percent(final['last_epoch'])} after the last epoch, "
            f"training error {_percent(final['clean_train'])} (clean rows, eval mode)",
            *([f"with test-time flips: {_percent(final['test_time_flips'])}"] if "test_time_flips" in final else []),
            f"  record   {one.path}",
            f"  weights  {kept.weights_path}",
            f"  next     {after}",
        ]
    )


def _percent(outcome: dict[str, Any]) -> str:
    return f"{outcome['errors'] / outcome['n']:.2%} ({outcome['errors']} of {outcome['n']})"

"""What the rest of a study will cost on this machine, from a short trial of each network."""

import dataclasses
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from _study import crew
from _study.crew import Call
from _study.members import Member
from common.options import TrainConfig
from common.options.attack import AttackConfig, passes
from common.options.interpolate import InterpolateConfig
from common.options.train import OF_MIXUP

# A training step is a forward pass and a backward pass that costs two of them: one for the inputs' gradients, which is
# all that probes and attacks ask for, and one for the weights'.
FORWARD, GRADIENT = 1 / 3, 2 / 3


@dataclass(frozen=True)
class Trial:
    """What `train.py --plan --json` says of a run: the seconds it will take, rows a second in training, the rows
    that it is measured on, the device, whether that only emulates the precision in force, and how many GPUs are here.

    start  seconds until the first step: the data and the trial (and where scripts are started from nothing, Python and
           torch), all of which the run itself begins with
    """

    seconds: float
    rate: float
    measured: int
    device: str
    is_emulated: bool
    gpus: int
    start: float


@dataclass(frozen=True)
class Answer:
    """What a script says that was asked for its --plan as JSON, in how many seconds; None, and why not."""

    plan: dict[str, Any] | None
    trouble: str
    seconds: float


@dataclass(frozen=True)
class Cost:
    """
    seconds      to expect, or None: then `why` says why it is not known
    is_emulated  of a training: whether the device does not multiply in the precision that is asked for
    gpus         of this machine
    """

    seconds: float | None
    why: str = ""
    device: str = ""
    is_emulated: bool = False
    gpus: int = 0


def of_all(missing: Sequence[Member], members: Sequence[Member], plan: Callable[[Member], Call]) -> dict[str, Cost]:
    """The cost of each missing member, by name. Runs that differ in seeds and method alone cost the same.

    members  the whole study
    plan     what says how much a member will cost
    """
    runs = {member.name: member for member in members if member.script == "train"}
    measured = {
        member.name: [member] if member.script == "train" else [runs[name] for name in member.needs]
        for member in missing
    }
    if missing:
        crew.processes()  # takes seconds at first, which are no trial's
    trials: dict[TrainConfig, Trial | str] = {}
    owns: dict[str, Cost] = {}
    for member in missing:
        for run in measured[member.name]:
            if (network := _network(run)) not in trials:
                trials[network] = _trial(plan(run))
        if not measured[member.name] and (kind := _alike(member)) not in owns:
            owns[kind] = _own(plan(member))
    # The shortest: the first to read a data set decodes its files.
    start = min((trial.start for trial in trials.values() if isinstance(trial, Trial)), default=0.0)
    costs = {}
    for member in missing:
        tried = [trials[_network(run)] for run in measured[member.name]]
        costs[member.name] = _from_trials(member, tried, start) if tried else owns[_alike(member)]
    return costs


def _network(run: Member) -> TrainConfig:
    """What the cost of a run depends on, and more: all but seeds and method, unless that passes rows more than once."""
    config = run.config
    assert isinstance(config, TrainConfig)
    unmixed = {"mixup": False} | OF_MIXUP if config.passes_once else {}
    return dataclasses.replace(config, seed=0, data_seed=0, label_smoothing=0.0, **unmixed)


def _alike(member: Member) -> str:
    """What the cost of a member that needs no run depends on, and more: all but seeds."""
    configs = [{k: v for k, v in one.config.items() if k not in ("seed", "data_seed")} for one in member.wanted]
    return repr((member.script, configs))


def _trial(call: Call) -> Trial | str:
    """or the sentence that says why there is none"""
    answer = _asked(call)
    if answer.plan is None:
        return answer.trouble
    seconds, rate, measured, device, is_emulated, gpus = (
        answer.plan[name] for name in ("seconds", "rows_per_second", "measured_rows", "device", "is_emulated", "gpus")
    )
    return Trial(seconds, rate, measured, device, is_emulated, gpus, answer.seconds)


def _own(call: Call) -> Cost:
    """Of a script that needs no run, as it says itself."""
    answer = _asked(call)
    if answer.plan is None:
        return Cost(None, answer.trouble)
    seconds, device, gpus = (answer.plan[name] for name in ("seconds", "device", "gpus"))
    return Cost(answer.seconds + seconds, device=device, gpus=gpus)


def _from_trials(member: Member, trials: Sequence[Trial | str], start: float) -> Cost:
    """start  seconds until the first step"""
    known = [trial for trial in trials if isinstance(trial, Trial)]
    if len(known) < len(trials):
        return Cost(None, next(trial for trial in trials if isinstance(trial, str)))
    first, seconds = known[0], known[0].seconds
    if member.script != "train":
        seconds = _steps(member, known) * sum(1 / trial.rate for trial in known) / len(known)
    is_emulated = first.is_emulated and member.script == "train"
    return Cost(start + seconds, device=first.device, is_emulated=is_emulated, gpus=first.gpus)


def _steps(member: Member, trials: Sequence[Trial]) -> float:
    """The passes of a probe or an attack, in training steps of one row."""
    config = member.config
    if isinstance(config, InterpolateConfig):
        # The gradients of loss and logit go back one by one.
        return config.points * (config.pairs * FORWARD + 2 * config.gradient_pairs * (GRADIENT - FORWARD))
    assert isinstance(config, AttackConfig)
    measured, models = trials[0].measured, range(len(trials))
    one_step, sampled = (min(rows or measured, measured) for rows in (config.rows, config.sample))
    todo: Mapping[int, Sequence[int]] = {source: list(models) for source in models}
    forward, gradient = passes(config, one_step, sampled, todo)
    return forward * FORWARD + gradient * GRADIENT


def _asked(call: Call) -> Answer:
    begun = time.perf_counter()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # a killed one may still write
        hand = crew.start(call, Path(folder) / "log")
        try:
            hand.process.join()
        finally:
            crew.stop([hand])
        said = hand.said()
    plan, took = None, time.perf_counter() - begun
    if hand.process.exitcode == 0:
        with suppress(StopIteration, ValueError):  # a network of the user's may print, before or behind
            plan = next(json.loads(line) for line in reversed(said.splitlines()) if line.startswith("{"))
    return Answer(plan, said.strip() or "no answer", took)

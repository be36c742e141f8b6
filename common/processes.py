"""Devices and processes, as Accelerate gives them, and the guards that it does not have."""

import ctypes
import datetime
import os
import platform
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import psutil
import torch
from accelerate import Accelerator
from accelerate.tracking import get_available_trackers
from accelerate.utils import (
    DistributedDataParallelKwargs,
    DistributedType,
    DynamoBackend,
    InitProcessGroupKwargs,
    broadcast,
    broadcast_object_list,
    parse_flag_from_env,
)
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from common import terminal
from common.cores import local_processes, share_of_cores, usable_cores
from common.errors import UserError, is_out_of_memory
from common.files import check_temporary, check_writable
from common.options.machine import PRECISIONS

T = TypeVar("T")

TRACKED = "runs"  # the folder of trackers that log to files
# What each tracker that keeps runs in projects calls a run's name; for the others the name is all there is.
PROJECT = "mixup-study"
RUN_NAME = {"wandb": "name", "trackio": "name", "mlflow": "run_name", "swanlab": "experiment_name"}

# How long a process waits for another one that says nothing: longer than any of them is busy alone; and while one
# reads the data, which may be a million files or 150 GB to write. One that has died is noticed at once on CPUs (gloo);
# on GPUs of several machines (NCCL) not before that time.
PATIENCE = datetime.timedelta(minutes=10)
PATIENCE_WITH_DATA = datetime.timedelta(days=1)
ELSEWHERE = "192.0.2.1"  # an address that is nobody's (RFC 5737): on the way to any other machine

PLAIN_BATCHNORMS = {nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm}
TIMMS_BATCHNORM = "timm", "BatchNormAct2d"  # package and class

# FLOPs of a row in training. Of a network of fewer, a thread has too little to do between two meetings: a second one
# gains half at best, and costs ten times over where something else wants the core.
TINY = 8_000_000

# What torch calls a CPU's instructions that multiply bfloat16: of x86, then of ARM.
BF16 = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")


def start(threads: int | None, tracker: str | None = None) -> Accelerator:
    """The accelerator, on every core that this process may use.

    threads  what was asked for by --threads, or None

    raises UserError where the launcher's settings would change what a run means, and for more threads than cores
    """
    most = threads_at_most()
    if threads and threads > most:
        raise UserError(
            f"--threads {threads}: cores for one process are {most} here, and more threads would only wait for each "
            f"other; at most {most}."
        )
    threads = threads or share_of_cores(local_processes())
    check_temporary()
    _check_tracker(tracker)
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        os.environ.setdefault("OMP_NUM_THREADS", str(threads))  # or Accelerate sets it, with a warning
    _check_gpus()
    if local_processes() < int(os.environ.get("WORLD_SIZE", "1")):
        os.environ.setdefault("GLOO_SOCKET_IFNAME", _interface_towards(os.environ.get("MASTER_ADDR", "localhost")))
    patience = InitProcessGroupKwargs(timeout=PATIENCE)
    try:
        # On a machine without accelerator, several processes must be told so, or each believes to be alone.
        on_cpu = not torch.accelerator.is_available()
        accelerator = Accelerator(cpu=on_cpu, log_with=tracker, project_dir=TRACKED, kwargs_handlers=[patience])
    except (ValueError, ImportError, NotImplementedError) as error:
        raise UserError(
            f"Accelerate does not take what its launcher, its configuration or the environment asks for "
            f"({next(iter(str(error).splitlines()), '')!s:.200}); mend that, or leave it out."
        ) from None
    except (RuntimeError, torch.distributed.DistError) as error:
        if int(os.environ.get("WORLD_SIZE", "1")) == 1 or is_out_of_memory(error):
            raise
        raise UserError(
            f"The processes cannot reach each other ({str(error).splitlines()[0]:.200}); check the address and port "
            "of the main machine, its firewall, and the interface to use (GLOO_SOCKET_IFNAME, NCCL_SOCKET_IFNAME)."
        ) from None
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world != accelerator.num_processes:
        raise UserError(
            f"The launcher started {world} processes, but Accelerate found {accelerator.num_processes}; "
            "check --num_processes and the number of devices."
        )
    if accelerator.gradient_accumulation_steps != 1:
        raise UserError(
            "Gradient accumulation set by the launcher would rescale the loss; leave it out "
            "(gradient_accumulation_steps: 1)."
        )
    kind = accelerator.distributed_type
    if kind in (DistributedType.DEEPSPEED, DistributedType.FSDP, DistributedType.MEGATRON_LM):
        raise UserError(
            f"{kind.value}: networks are trained whole on each device here, and none of them is split; leave it out of "
            "the launcher's configuration."
        )
    if accelerator.mixed_precision not in PRECISIONS:
        raise UserError(
            f"--mixed_precision {accelerator.mixed_precision}: is none of {', '.join(PRECISIONS)}; start it with one."
        )
    if accelerator.mixed_precision == "fp16" and accelerator.device.type == "cpu":
        raise UserError("--mixed_precision fp16: changes nothing on a CPU, which computes in fp32; take bf16 or no.")
    # `accelerate launch` sets one thread on a machine without GPU; the torch call overrides it.
    torch.set_num_threads(threads)
    _keep_freed_memory()
    return accelerator


def _check_gpus() -> None:
    """raises UserError for more processes than GPUs that each of them sees: Accelerate gives the n-th the n-th"""
    here, gpus = local_processes(), torch.cuda.device_count()
    if 0 < gpus < here and not parse_flag_from_env("ACCELERATE_USE_CPU"):
        raise UserError(
            f"The launcher started {here} processes for {gpus} GPU{'s' if gpus > 1 else ''}: start one for each, or "
            "set ACCELERATE_USE_CPU=1 for processes on the CPU."
        )


def _check_tracker(tracker: str | None) -> None:
    """raises UserError for one that is not installed, which Accelerate would leave out without a word"""
    installed = [str(kind) for kind in get_available_trackers()]
    if tracker not in (None, *installed):
        there = f"there are {', '.join(installed)}" if installed else "there is none"
        raise UserError(f"--tracker {tracker}: is not installed (pip install {tracker}); {there}.")
    if tracker == "tensorboard":
        check_writable(Path(TRACKED) / "events")


def track(accelerator: Accelerator, tracker: str | None, run: str, config: dict[str, int | float | str | bool]) -> None:
    """Begins to log a run. raises UserError where the tracker refuses"""
    if tracker is None:
        return
    named = {tracker: {RUN_NAME[tracker]: run}} if tracker in RUN_NAME else {}
    try:
        accelerator.init_trackers(PROJECT if named else run, config, named)
    except Exception as error:  # of any kind: each tracker has its own
        line = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise UserError(
            f"--tracker {tracker}: did not begin ({line:.300}); mend that, or leave the option out."
        ) from error


def spare_threads(threads: int | None, flops: int) -> None:
    """Leaves a tiny network one thread, unless --threads asked for more.

    flops  of a row in training
    """
    if threads is None and flops < TINY:
        torch.set_num_threads(1)


def leave_out_unused(accelerator: Accelerator) -> None:
    """Has processes not wait for gradients that do not come: a network of somebody else's may have parameters that it
    does not pass its inputs through."""
    accelerator.ddp_handler = DistributedDataParallelKwargs(find_unused_parameters=True)


def watch_hooks(accelerator: Accelerator) -> None:
    """Has what is compiled look for hooks at every batch: hidden layers are mixed in one, which not every batch has."""
    if accelerator.state.dynamo_plugin.backend != DynamoBackend.NO:
        torch._dynamo.config.skip_nnmodule_hook_guards = False


def full_precision() -> None:
    """Keeps GPUs from rounding the factors of a product to TF32 (10 bits), which is torch's default for convolutions
    and Accelerate's for matrices where its launcher compiles: a gradient's sign is measured here."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False


def _keep_freed_memory() -> None:
    """Lets glibc keep blocks of 32 MiB and more, one activation of the paper's network at batch 128, rather than give
    each back to the kernel and fault it in anew."""
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(-3, 2**30)  # M_MMAP_THRESHOLD
        libc.mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD


@contextmanager
def first_here(accelerator: Accelerator) -> Iterator[None]:
    """Within it the first process of each machine is alone, and then come the others: it decodes a set, or looks it
    through, and they read its cache. Of a million files that takes long, so they wait for PATIENCE_WITH_DATA."""
    if accelerator.num_processes == 1:
        yield
        return
    # All make the group before anything can fail: those in it hear at once of one that has ended, those who wait for
    # it to be made, as another machine's may, not until their patience is over.
    waiting = _waiting()
    if not accelerator.is_local_main_process:
        torch.distributed.barrier(waiting)
    yield
    if accelerator.is_local_main_process:
        torch.distributed.barrier(waiting)


@cache
def _waiting() -> Any:
    """Those who wait: one group for all times, since each keeps threads and open files."""
    return torch.distributed.new_group(timeout=PATIENCE_WITH_DATA, backend="gloo")


def from_main(accelerator: Accelerator, make: Callable[[], T]) -> T:
    """What the main process makes, for every process: files are read by one, whose disk counts."""
    box = [make() if accelerator.is_main_process else None]
    if accelerator.num_processes > 1:
        broadcast_object_list(box)
    return box[0]  # type: ignore[return-value]


def say(accelerator: Accelerator, text: str) -> None:
    """Prints in the main process alone."""
    if accelerator.is_main_process:
        terminal.say(text)


def share_buffers(accelerator: Accelerator, model: nn.Module) -> None:
    """Gives every process the main one's BatchNorm statistics, so that all evaluate, and one saves, the same model."""
    if accelerator.num_processes > 1:
        for buffer in model.buffers():
            broadcast(buffer)


def _interface_towards(host: str) -> str:
    """The network interface that leads to a machine. Left alone, gloo takes the one that the machine's own name stands
    for, which is often the loopback: so it is of the main machine itself, where that asks for its own name."""
    try:
        mine = _address_towards(host)
    except OSError as error:
        raise UserError(f"The main machine, {host}, cannot be reached: {error.strerror}.") from None
    if mine.startswith("127.") and host not in ("localhost", "127.0.0.1"):
        with suppress(OSError):  # of a machine without any other
            mine = _address_towards(ELSEWHERE)
    return next(name for name, addresses in psutil.net_if_addrs().items() if mine in {a.address for a in addresses})


def _address_towards(host: str) -> str:
    """This machine's own, on the way there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, 1))  # sends nothing: it only asks for the route
        mine: str = probe.getsockname()[0]
        return mine


def threads_at_most() -> int:
    """The cores for one process of those of this machine."""
    return max(1, usable_cores() // local_processes())


def batchnorm_over(accelerator: Accelerator) -> str:
    """Over which rows BatchNorm measures. torch can synchronise it on accelerators, and not on the CPU."""
    if accelerator.num_processes == 1:
        return "one process"
    return "per process" if accelerator.device.type == "cpu" else "synchronised"


def synchronise_batchnorm(accelerator: Accelerator, model: nn.Module) -> nn.Module:
    """The model as it must be before it is prepared, so that N processes mean what one means.

    raises UserError for layers that do more than BatchNorm, but for timm's, which an activation follows: torch puts its
    own in their place, and what more they did would be gone without a word
    """
    if batchnorm_over(accelerator) != "synchronised":
        return model
    more = {type(layer) for layer in model.modules() if isinstance(layer, _BatchNorm)} - PLAIN_BATCHNORMS
    if not more:
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    others = [one.__name__ for one in more if (one.__module__.partition(".")[0], one.__name__) != TIMMS_BATCHNORM]
    if others:
        raise UserError(
            f"--model: its layers {', '.join(sorted(others))} are BatchNorm and something more, which torch cannot "
            "synchronise over processes; train it by one process, or take a network of plain BatchNorm."
        )
    from timm.layers import convert_sync_batchnorm  # there, since these are its layers

    synchronised: nn.Module = convert_sync_batchnorm(model)
    return synchronised


def environment(accelerator: Accelerator) -> dict[str, object]:
    """What a record says of the machine and of how it was used."""
    plugin = accelerator.state.dynamo_plugin
    return {
        "device": device_name(accelerator),
        "cpu": cpu(),
        "threads": torch.get_num_threads(),
        "processes": accelerator.num_processes,
        "precision": accelerator.mixed_precision,
        "compiled": plugin.backend != DynamoBackend.NO,
        "batchnorm": batchnorm_over(accelerator),
    }


def measuring_environment(accelerator: Accelerator) -> dict[str, object]:
    """The same for a script that measures a finished model: whatever the launcher says, it is not prepared, hence in
    fp32, not compiled, and its BatchNorm uses the statistics that were kept in training."""
    fixed = {"precision": "no", "compiled": False, "batchnorm": "kept statistics"}
    return environment(accelerator) | fixed


def wait_for(device: torch.device) -> None:
    """Until it has done all that it was given: a CPU has at once."""
    if device.type != "cpu":
        torch.accelerator.synchronize()


def device_name(accelerator: Accelerator) -> str:
    if accelerator.device.type == "cuda":
        return torch.cuda.get_device_name(accelerator.device)
    if accelerator.device.type == "cpu":
        return f"CPU {platform.machine()}"
    return str(accelerator.device.type)


def gpus(accelerator: Accelerator) -> int:
    """How many of this machine can be given to processes, each one of its own; 0 where none of CUDA's is used."""
    return torch.cuda.device_count() if accelerator.device.type == "cuda" else 0


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 by instructions of its own. A CPU without them is slower than in fp32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    known = _cpu_capabilities()
    return device.type == "cpu" and any(known.get(name) for name in BF16)


def is_emulated(accelerator: Accelerator) -> bool:
    """Whether the precision in force is bf16, and the device is known to multiply it by other instructions: slowly."""
    device = accelerator.device
    is_known = device.type == "cuda" or (device.type == "cpu" and bool(_cpu_capabilities()))
    return accelerator.mixed_precision == "bf16" and is_known and not has_bf16(device)


def cpu() -> dict[str, str]:
    """The model of this machine's CPU, and the widest instructions that torch uses of it. Another kind rounds
    convolutions differently: to a seed, it is another seed."""
    known = _cpu_capabilities()
    wide = [name for name in ("avx2", "avx512_f", *BF16, "sve", "sve2", "neon") if known.get(name)]
    instructions = [torch.backends.cpu.get_cpu_capability(), *wide]
    return {"model": known.get("cpu_name") or platform.processor() or "unknown", "instructions": " ".join(instructions)}


def _cpu_capabilities() -> Mapping[str, Any]:
    """None are known to older releases of torch."""
    known: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return known


def peak_memory(accelerator: Accelerator) -> int:
    """Bytes: the most that tensors took on a CUDA device, or that the whole process took."""
    if accelerator.device.type == "cuda":
        return torch.cuda.max_memory_allocated(accelerator.device)
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource  # of Unix alone

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if platform.system() == "Darwin" else 1024 * peak

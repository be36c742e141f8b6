"""The options that every script has: where its records go, and how this machine makes them. None of them changes what
is measured, so none is part of a configuration."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

from common.options.fields import Fact, own

Precision = Literal["no", "bf16", "fp16"]  # that Accelerate may be started in
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
PRECISION = "ACCELERATE_MIXED_PRECISION"  # the variable that `accelerate launch --mixed_precision` sets


@dataclass(frozen=True)
class Machine:
    """Where and how this machine runs it. None of it changes what is measured."""

    threads: Annotated[int | None, own("N", "all cores; a tiny network: 1"), Fact("[1, 1024]")] = None
    """CPU threads of one process. What OMP_NUM_THREADS says is a limit for the default."""
    results_dir: Path = Path("results")
    """Where the records are."""
    plan: bool = False
    """Print the options in force, what is to be done, and what it will cost; then stop."""
    json: bool = False
    """Speak to a program: --plan prints one JSON object, and of progress each line is one."""
    overwrite: bool = False
    """Measure again, and replace, what is already there under this name."""


@dataclass(frozen=True)
class MachineWithData(Machine):
    """Where and how this machine runs it. None of it changes what is measured."""

    data_dir: Annotated[Path | None, own("PATH", "$MIXUP_DATA_DIR")] = None
    """Folder that holds cifar10/{train,test}.parquet, cifar-10-batches-py, the same of CIFAR-100, spoken_digits,
    speech_commands, abalone.csv (or uci/abalone.csv) and the like, or your own sets."""


@dataclass(frozen=True)
class MachineWithModels(MachineWithData):
    """Where and how this machine runs it. None of it changes what is measured."""

    checkpoint_dir: Path = Path("checkpoints")
    """Where weights and resumable state are."""


@dataclass(frozen=True)
class MachineWithRuns(MachineWithModels):
    """Where and how this machine runs it. None of it changes what is measured."""

    model: Annotated[tuple[str, ...], own("FILE.py:CLASS ...", "none")] = ()
    """Files of your own networks that these runs were trained as: their code is run only where it is named."""

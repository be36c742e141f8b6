"""The options of `study.py`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from common.options.fields import Fact, own
from common.options.machine import Precision

ENOUGH = 5  # pairs of ERM and mixup, to judge by: a study of fewer decides nothing


@dataclass(frozen=True)
class StudyOptions:
    """What is to be done, and how this machine does it. Of these --mixed-precision alone changes what is measured."""

    study: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
    """A study of scripts/studies/, or a YAML file of your own, by its path."""
    jobs: Annotated[int | None, own("N", "one on each GPU; on CPUs 2, where there are 2 cores"), Fact("[1, 1024]")] = (
        None
    )
    """Run so many of its members side by side, and share the cores out among them."""
    data_dir: Annotated[Path | None, own("PATH", "$MIXUP_DATA_DIR")] = None
    """Folder that holds the data sets, as for train.py."""
    results_dir: Path = Path("results")
    """Where the records go."""
    checkpoint_dir: Path = Path("checkpoints")
    """Where weights and resumable state go, and to logs/ what the members say."""
    mixed_precision: Annotated[Precision | None, own("PRECISION", "what the study says")] = None
    """Of its trainings, in place of what the study says: `no` is fp32, for a machine that does not multiply bfloat16
    itself. They are other runs, under other names."""
    plan: bool = False
    """List what is done, what is missing and what that will cost; then stop."""
    print: bool = False
    """Write the commands that make what is missing, one a line, and run none of them."""

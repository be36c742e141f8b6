"""The options of the scripts, a file each; `fields` says what an option is, `machine` has what every script takes.

Nothing here imports torch, so that a mistyped option or a missing data set is answered at once.
"""

from common.options.defaults import DEFAULTS
from common.options.fields import check
from common.options.names import run_name
from common.options.resolving import reading, resolve
from common.options.train import (
    OF_READING,
    OF_ROWS,
    DataOptions,
    MixupOptions,
    ModelOptions,
    RunOptions,
    TrainConfig,
    TrainingOptions,
    TrainOptions,
)

__all__ = [
    "DEFAULTS",
    "OF_READING",
    "OF_ROWS",
    "DataOptions",
    "MixupOptions",
    "ModelOptions",
    "RunOptions",
    "TrainConfig",
    "TrainOptions",
    "TrainingOptions",
    "check",
    "reading",
    "resolve",
    "run_name",
]

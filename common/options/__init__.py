"""The options of the scripts, a file each; `fields` has what they share.

Nothing here imports torch, so that a mistyped option or a missing data set is answered at once.
"""

from common.options.train import (
    DEFAULTS,
    LIMITS,
    OF_ROWS,
    TAKES,
    WIDTHS,
    DataOptions,
    MixupOptions,
    Model,
    ModelOptions,
    RunOptions,
    TrainConfig,
    TrainingOptions,
    TrainOptions,
    check,
    resolve,
    run_name,
    split,
)

__all__ = [
    "DEFAULTS",
    "LIMITS",
    "OF_ROWS",
    "TAKES",
    "WIDTHS",
    "DataOptions",
    "MixupOptions",
    "Model",
    "ModelOptions",
    "RunOptions",
    "TrainConfig",
    "TrainOptions",
    "TrainingOptions",
    "check",
    "resolve",
    "run_name",
    "split",
]

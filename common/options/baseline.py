"""The options of `baseline.py`, and the name of its record."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from common.errors import UserError
from common.options.fields import check_limits, flag, own
from common.options.train import LIMITS as TRAIN_LIMITS
from common.options.train import OF_ROWS, DataOptions, TrainConfig, TrainingOptions, TrainOptions, rows_name

Method = Literal["logistic_regression", "gradient_boosting", "mlp"]
METHODS: tuple[Method, ...] = get_args(Method)


@dataclass(frozen=True)
class FittingOptions:
    """What learns."""

    methods: tuple[Method, ...] = METHODS
    """Of scikit-learn, by its defaults but for what the record says; one record each."""
    seed: int = 0
    """Of gradient boosting and the MLP; logistic regression has no chance in it."""


@dataclass(frozen=True)
class BaselineRunOptions:
    """Where and how this machine runs it. None of it changes what is measured."""

    threads: Annotated[int | None, own("N", "all cores")] = None
    """CPU threads."""
    results_dir: Path = Path("results")
    """Where the records go."""
    plan: bool = False
    """Print the rows, what is to be done and the time to expect; then stop."""
    overwrite: bool = False
    """Fit again, and replace, what is already there under these names."""


@dataclass(frozen=True)
class BaselineOptions:
    data: DataOptions = field(default_factory=DataOptions)
    fitting: FittingOptions = FittingOptions()
    run: BaselineRunOptions = BaselineRunOptions()

    @property
    def as_training(self) -> TrainOptions:
        """A training on the same rows."""
        return TrainOptions(data=self.data, training=TrainingOptions(seed=self.fitting.seed))


LIMITS = {name: TRAIN_LIMITS[name] for name in (*OF_ROWS, "test_share", "seed", "threads")}


def check(options: BaselineOptions) -> None:
    """raises UserError that names the option"""
    check_limits(LIMITS, options.data, options.fitting, options.run)
    methods = options.fitting.methods
    if not methods or len(set(methods)) < len(methods):
        raise UserError(f"{flag('methods')} {' '.join(methods)}: needs one value at least, each once.")


def check_kind(name: str, kind: str) -> None:
    """raises UserError for what is no table"""
    if kind != "table":
        raise UserError(
            f"--dataset {name}: is {kind}, and what a baseline makes of flattened ones is not this study's question; "
            "name a table, such as iris."
        )


def resolve(trained: TrainConfig, method: Method) -> dict[str, Any]:
    """Every option that decides the numbers, as the record holds it.

    trained  the configuration of a training on the same rows, by the same seed
    """
    rows = {name: getattr(trained, name) for name in ("dataset", *OF_ROWS, "target", "test_share")}
    return rows | {"method": method, "seed": trained.seed}


def record_name(trained: TrainConfig, method: str) -> str:
    """The rows, the method and the seed: ``abalone-rows1-mlp-seed0``. trained  as in `resolve`"""
    return f"{rows_name(trained, 'table', None)}-{method}-seed{trained.seed}"

"""The options of `baseline.py`, and the name of its record."""

import dataclasses
from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args

from common import places
from common.data import sources
from common.data.sources import Source
from common.errors import UserError
from common.options.fields import SEEDS, Fact, flag
from common.options.machine import MachineWithModels
from common.options.names import rows_name
from common.options.train import DataOptions, TrainConfig, TrainingOptions, TrainOptions

Method = Literal["logistic_regression", "gradient_boosting", "mlp"]
METHODS: tuple[Method, ...] = get_args(Method)


@dataclass(frozen=True)
class FittingOptions:
    """What learns."""

    methods: tuple[Method, ...] = METHODS
    """Of scikit-learn, by its defaults but for what the record says; one record each."""
    seed: Annotated[int, Fact(SEEDS)] = 0
    """Of gradient boosting and the MLP; logistic regression has no chance in it."""


@dataclass(frozen=True)
class BaselineOptions:
    data: DataOptions = field(default_factory=DataOptions)
    fitting: FittingOptions = FittingOptions()
    run: MachineWithModels = field(default_factory=MachineWithModels)

    def refuse_clashes(self) -> None:
        """raises UserError for a method that is said twice, or none, and rows that do not go together"""
        methods = self.fitting.methods
        if not methods or len(set(methods)) < len(methods):
            raise UserError(f"{flag('methods')} {' '.join(methods)}: needs one value at least, each once.")
        self.as_training.refuse_clashes()

    @property
    def as_training(self) -> TrainOptions:
        """A training on the same rows."""
        return TrainOptions(data=self.data, training=TrainingOptions(seed=self.fitting.seed))

    def source(self) -> Source:
        """raises UserError for a data set that cannot be had, or is no table"""
        source = sources.find(self.data.dataset, self.run.data_dir, places.known_data(self.run.checkpoint_dir))
        check_kind(source.name, source.kind)
        return source


@dataclass(frozen=True)
class BaselineConfig(DataOptions):
    """Every option that decides the numbers of one record."""

    method: Method = METHODS[0]
    seed: Annotated[int, Fact(SEEDS)] = 0


def check_kind(name: str, kind: str) -> None:
    """raises UserError for what is no table"""
    if kind != "table":
        raise UserError(
            f"--dataset {name}: is {kind}, and what a baseline makes of flattened ones is not this study's question; "
            "name a table, such as iris."
        )


def resolve(trained: TrainConfig, method: Method) -> BaselineConfig:
    """trained  the configuration of a training on the same rows, by the same seed"""
    rows = {field.name: getattr(trained, field.name) for field in dataclasses.fields(DataOptions)}
    return BaselineConfig(**rows, method=method, seed=trained.seed)


def record_name(trained: TrainConfig, method: str) -> str:
    """The rows, the method and the seed: ``abalone-rows1-mlp-seed0``. trained  as in `resolve`"""
    return f"{rows_name(trained, 'table', None)}-{method}-seed{trained.seed}"

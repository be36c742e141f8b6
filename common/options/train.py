"""The options of training: their groups, each data set's own defaults, and the name of a run."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from common.data.sources import EMBEDDED
from common.errors import UserError
from common.options.fields import check_limits, flag, own, plain

Model = Literal["preactresnet18", "resnet18", "wideresnet28", "densenet190", "vgg11", "lenet", "smallcnn", "mlp"]
Augment = Literal["crop-flip", "none"]
LamPer = Literal["batch", "row"]
Optimizer = Literal["sgd", "adam"]

# The width by default, which gives the paper's network, and what a network takes.
WIDTHS: dict[Model, int] = {
    "preactresnet18": 64,
    "resnet18": 64,
    "wideresnet28": 10,
    "densenet190": 40,
    "vgg11": 64,
    "lenet": 20,
    "smallcnn": 32,
    "mlp": 128,
}
TAKES: dict[Model, tuple[str, ...]] = {
    **dict.fromkeys(WIDTHS, ("images", "sounds")),
    "smallcnn": ("images",),
    "mlp": ("table",),
}
WITH_DROPOUT: tuple[Model, ...] = ("preactresnet18",)  # section 3.4
# The options that decide which rows are seen, under which labels, once a set is there.
OF_ROWS = ("subset", "holdout", "test_subset", "corrupt_labels", "data_seed")


@dataclass(frozen=True)
class DataOptions:
    """What is learnt from."""

    dataset: str = "cifar10"
    """cifar10, cifar100 (fine classes), digits, spoken_digits, speech_commands; iris, wine, breast_cancer, abalone,
    arcene, arrhythmia, htru2, phishing; or path/to/NAME.csv, or path/to/NAME: a folder of your own, as README says."""
    data_dir: Annotated[Path | None, own("PATH", "$MIXUP_DATA_DIR")] = None
    """Folder that holds cifar10/{train,test}.parquet, cifar-10-batches-py, the same of CIFAR-100, spoken_digits,
    speech_commands, abalone.csv (or uci/abalone.csv) and the like, or your own sets."""
    target: Annotated[str | None, own("COLUMN", "label")] = None
    """Of a CSV file: the column that holds the class."""
    test_share: Annotated[float | None, own("SHARE", "CSV files: 0.2; iris, wine, breast_cancer: a fixed fifth")] = None
    """Of a table: the share of each class that is the test part, drawn by --data-seed."""
    subset: Annotated[int | None, own("N", "all rows")] = None
    """Train on this many rows, as many of each class."""
    holdout: Annotated[int | None, own("N", "measure on the test part")] = None
    """Measure on this many training rows, and train on the rest: for choosing settings without the test part."""
    test_subset: Annotated[int | None, own("N", "all rows")] = None
    """Measure on this many test rows, as many of each class: less to wait for after each epoch."""
    corrupt_labels: float = 0.0
    """Give this share of the training rows a class drawn at random from all (section 3.4: 0.2, 0.5, 0.8)."""
    data_seed: int = 0
    """Draws subset, hold-out, corrupted labels and a table's test part, apart from --seed, so that every training seed
    sees the same rows."""


@dataclass(frozen=True)
class ModelOptions:
    """What learns."""

    model: Annotated[
        Model | None,
        own("{" + ",".join(get_args(Model)) + "}", "preactresnet18; digits: smallcnn; sounds: lenet; tables: mlp"),
    ] = None
    """Images and sounds: the first four of any size, vgg11 from 32 x 32 on, lenet from 16 x 16 on; smallcnn for 8 x 8
    digits. Tables: mlp."""
    width: Annotated[int | None, own("N", ", ".join(f"{model}: {width}" for model, width in WIDTHS.items()))] = None
    """Channels after the first layer, or units of a hidden layer; wideresnet28: the k of WRN-28-k; densenet190: its
    growth rate. The other layers scale with it."""
    dropout: float = 0.0
    """Drop activations between the two convolutions of each block with this probability. preactresnet18 alone."""


@dataclass(frozen=True)
class MixupOptions:
    """ERM or mixup."""

    mixup: bool = False
    """Train on mixed pairs of rows (mixup) rather than on the rows themselves (ERM)."""
    alpha: Annotated[float | None, own("A", "1.0")] = None
    """lambda ~ Beta(alpha, alpha): towards 0 it is ERM, 1 is uniform, large trains on midpoints. With --mixup."""
    lam_per: Annotated[LamPer | None, own("{batch,row}", "batch, as the authors'")] = None
    """One lambda a batch, or one a row. With --mixup."""
    warmup_epochs: Annotated[int | None, own("N", "0; sounds: 5, as the paper's")] = None
    """Train so many epochs by ERM before mixup begins. With --mixup."""


@dataclass(frozen=True)
class TrainingOptions:
    """How it learns: by SGD with momentum or by Adam, the rate a tenth after each drop."""

    epochs: Annotated[int | None, own("N", "200; digits: 60; sounds: 30; tables: 100")] = None
    """Passes over the training rows."""
    measure_every: int = 1
    """Measure on the test rows after every Nth epoch, and after the last: less to wait for. No number that is measured
    changes by it."""
    batch_size: Annotated[int | None, own("N", "128; sounds: 100; tables: 16")] = None
    """Rows a step, over all processes together."""
    accumulate: int = 1
    """Pass a process's rows of a step in this many pieces, for less memory. The gradient stays the mean over the step;
    BatchNorm measures over one piece."""
    optimizer: Annotated[Optimizer | None, own("{sgd,adam}", "sgd; sounds, tables: adam")] = None
    """Adam with its usual betas (0.9, 0.999): the paper's for tables and speech."""
    lr: Annotated[float | None, own("RATE", "0.1; adam: 0.001; sounds: 0.003")] = None
    """Learning rate before the first drop."""
    lr_drops: Annotated[tuple[float, ...] | None, own("SHARE ...", "0.5 0.75; sounds: 1/3 2/3; tables: none")] = None
    """When the rate drops, as fractions of the training (the authors' epochs 100 and 150 of 200)."""
    momentum: Annotated[float | None, own("M", "0.9")] = None
    """Of SGD, without Nesterov."""
    weight_decay: Annotated[float | None, own("L2", "1e-4; adam: 0")] = None
    """L2 penalty on every parameter, as the authors'."""
    augment: Annotated[Augment | None, own("{crop-flip,none}", "cifar10, cifar100: crop-flip; others: none")] = None
    """crop-flip: a random crop from zero padding (1/8 of the side) and a random flip, once an epoch and row."""
    seed: int = 0
    """Initial weights, order, partners, lambda, crops, flips. ERM and mixup of one seed share all they can."""


@dataclass(frozen=True)
class RunOptions:
    """Where and how this machine runs it. None of it changes what is measured."""

    threads: Annotated[int | None, own("N", "all cores, shared among local processes")] = None
    """CPU threads of one process."""
    tracker: Annotated[Literal["tensorboard"] | None, own("{tensorboard}", "none")] = None
    """Also log the curves to runs/, through Accelerate."""
    results_dir: Path = Path("results")
    """Where the record goes."""
    checkpoint_dir: Path = Path("checkpoints")
    """Where weights and resumable state go."""
    config: Annotated[Path | None, own("FILE", "none")] = None
    """Take options from this YAML file, or from a train record (its run again). The command line wins over it."""
    plan: bool = False
    """Print the options in force, the steps, and the time and memory to expect; then stop."""
    overwrite: bool = False
    """Train again, and replace, what is already there under this run's name."""


@dataclass(frozen=True)
class TrainOptions:
    data: DataOptions = DataOptions()
    model: ModelOptions = ModelOptions()
    mixing: MixupOptions = MixupOptions()
    training: TrainingOptions = TrainingOptions()
    run: RunOptions = RunOptions()


@dataclass(frozen=True)
class TrainConfig:
    """What a run is: every option that decides its numbers, with nothing left open. It goes into the record."""

    dataset: str
    subset: int | None
    holdout: int | None
    test_subset: int | None
    corrupt_labels: float
    data_seed: int
    target: str | None  # None but for a CSV file
    test_share: float | None  # None where the test part is given
    model: Model
    width: int
    dropout: float
    mixup: bool
    alpha: float | None  # None under ERM
    lam_per: LamPer | None  # None under ERM
    warmup_epochs: int  # 0 under ERM
    epochs: int
    measure_every: int
    batch_size: int
    accumulate: int
    optimizer: Optimizer
    lr: float
    lr_drops: tuple[float, ...]
    momentum: float | None  # None under Adam
    weight_decay: float
    augment: Augment
    seed: int

    def to_json(self) -> dict[str, Any]:
        """As a record holds it."""
        return dataclasses.asdict(self) | {"lr_drops": list(self.lr_drops)}


@dataclass(frozen=True)
class Defaults:
    """What a data set brings. Nothing is flipped or cropped unasked, since a flipped digit or letter is another one."""

    model: Model
    epochs: int
    augment: Augment = "none"
    batch_size: int = 128
    optimizer: Optimizer = "sgd"
    lr_drops: tuple[float, ...] = (0.5, 0.75)
    lr: float | None = None  # under this optimizer; None: what the optimizer brings
    warmup_epochs: int = 0  # under mixup


DEFAULTS = {
    "cifar10": Defaults("preactresnet18", 200, "crop-flip"),
    "cifar100": Defaults("preactresnet18", 200, "crop-flip"),
    "digits": Defaults("smallcnn", 60),
}
# A set we do not know.
TABLE = Defaults("mlp", 100, batch_size=16, optimizer="adam", lr_drops=())  # section 3.6, but for its 10 epochs
SOUNDS = Defaults(  # section 3.3: the rate a tenth every 10 epochs, the first 5 without mixup
    "lenet", 30, batch_size=100, optimizer="adam", lr=3e-3, lr_drops=(1 / 3, 2 / 3), warmup_epochs=5
)
IMAGES = Defaults("preactresnet18", 200)
SMALL_IMAGES = Defaults("smallcnn", 60)  # too small for three halvings: sides under 16 pixels

TARGET, TEST_SHARE = "label", 0.2  # of a CSV file

# What an optimizer brings: Adam's are torch's own.
OPTIMIZERS: dict[Optimizer, dict[str, float | None]] = {
    "sgd": {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4},
    "adam": {"lr": 1e-3, "momentum": None, "weight_decay": 0.0},
}

# Where each number must lie. Checked for the option as typed, so that the message can name it.
LIMITS = {
    "subset": "[1, inf)",
    "holdout": "[1, inf)",
    "test_subset": "[1, inf)",
    "corrupt_labels": "[0, 1]",
    "data_seed": "[0, inf)",
    "test_share": "(0, 1)",
    "width": "[1, 65536]",
    "dropout": "[0, 1)",
    "alpha": "(0, inf)",
    "warmup_epochs": "[0, inf)",
    "epochs": "[1, inf)",
    "measure_every": "[1, inf)",
    "batch_size": "[2, inf)",
    "accumulate": "[1, inf)",
    "lr": "(0, inf)",
    "lr_drops": "(0, 1)",
    "momentum": "[0, 1)",
    "weight_decay": "[0, inf)",
    "seed": "[0, inf)",
    "threads": "[1, 1024]",
}


def check(options: TrainOptions) -> None:
    """Refuses what can be refused without data: numbers out of range, options that clash.

    raises UserError that names the option
    """
    check_limits(LIMITS, options.data, options.model, options.mixing, options.training, options.run)
    if not options.mixing.mixup:
        for name in ("alpha", "lam_per", "warmup_epochs"):
            value = getattr(options.mixing, name)
            if value is not None and value != 0:  # no epochs of ERM before mixup is what a record of ERM says
                raise UserError(f"{flag(name)} {value}: means nothing without --mixup; add --mixup, or leave it out.")
    if options.data.holdout is not None and options.data.test_subset is not None:
        raise UserError(
            f"--test-subset {options.data.test_subset}: of the test part, which --holdout {options.data.holdout} puts "
            "aside; leave one of the two out."
        )
    drops = options.training.lr_drops or ()
    if list(drops) != sorted(set(drops)):
        raise UserError(f"--lr-drops {' '.join(map(str, drops))}: must rise, each drop after the one before it.")


def split(data: DataOptions, name: str, kind: str) -> tuple[str | None, float | None]:
    """The column of the class and the share of the test part in force, by which a table is read; None for what the set
    brings itself.

    raises UserError that names the option, where it means nothing
    """
    is_csv = kind == "table" and name not in EMBEDDED
    if data.test_share is not None and kind != "table":
        raise UserError(f"--test-share {data.test_share:g}: {name} is no table and has a test part; leave it out.")
    if data.target is not None and not is_csv:
        raise UserError(f"--target {data.target}: {name} is no CSV file and has its classes; leave it out.")
    if not is_csv:
        return None, data.test_share
    return data.target or TARGET, TEST_SHARE if data.test_share is None else data.test_share


def resolve(options: TrainOptions, name: str, kind: str, side: int | None) -> TrainConfig:
    """The configuration in force: what was asked for, then the data set's own defaults.

    name  of the data set;  kind  "images", "sounds" or "table";  side  of its images in pixels, None for others
    raises UserError where the model does not take this kind of data
    """
    if name in DEFAULTS:
        usual = DEFAULTS[name]
    elif kind != "images":
        usual = TABLE if kind == "table" else SOUNDS
    else:
        usual = IMAGES if side is None or side >= 16 else SMALL_IMAGES
    data, mixing, training = options.data, options.mixing, options.training
    model = options.model.model or usual.model
    if kind not in TAKES[model]:
        fitting = ", ".join(m for m in get_args(Model) if kind in TAKES[m])
        takes = " and ".join(TAKES[model])
        raise UserError(f"--model {model}: takes {takes}, and {name} is {kind}; take one of: {fitting}.")
    if options.model.dropout and model not in WITH_DROPOUT:
        raise UserError(
            f"--dropout {options.model.dropout}: {model} has no place for it; leave it out, or take one of: "
            f"{', '.join(WITH_DROPOUT)}."
        )
    optimizer = training.optimizer or usual.optimizer
    if optimizer == "adam" and training.momentum is not None:
        raise UserError(
            f"--momentum {training.momentum}: means nothing under --optimizer adam, which {name} is trained by here; "
            "leave it out, or add --optimizer sgd."
        )
    rows, pieces = training.batch_size or usual.batch_size, training.accumulate
    if pieces > 1 and rows < 2 * pieces:
        raise UserError(
            f"--accumulate {pieces}: leaves fewer than two of the {rows} rows of --batch-size to a piece, and "
            f"BatchNorm needs two; at most {max(1, rows // 2)}."
        )
    target, test_share = split(data, name, kind)
    augment = training.augment or usual.augment
    if augment == "crop-flip" and (side is None or side < 8):
        what = {"table": "a table", "sounds": "of sounds"}.get(kind, f"images of {side} pixels")
        raise UserError(
            f"--augment {augment}: crops by an eighth of an image's side, and {name} is {what}; leave it out."
        )
    brought = OPTIMIZERS[optimizer] | ({"lr": usual.lr} if usual.lr and optimizer == usual.optimizer else {})
    settled: dict[str, Any] = {
        field: value if getattr(training, field) is None else getattr(training, field)
        for field, value in brought.items()
    }
    epochs = training.epochs or usual.epochs
    warmup = usual.warmup_epochs if mixing.warmup_epochs is None else mixing.warmup_epochs
    if mixing.mixup and warmup >= epochs:
        raise UserError(
            f"--warmup-epochs {warmup}: leaves none of --epochs {epochs} to mixup; at most {epochs - 1}, and 0 for "
            "mixup from the start."
        )
    return TrainConfig(
        dataset=name,
        subset=data.subset,
        holdout=data.holdout,
        test_subset=data.test_subset,
        corrupt_labels=data.corrupt_labels,
        data_seed=data.data_seed,
        target=target,
        test_share=test_share,
        model=model,
        width=options.model.width or WIDTHS[model],
        dropout=options.model.dropout,
        mixup=mixing.mixup,
        alpha=(1.0 if mixing.alpha is None else mixing.alpha) if mixing.mixup else None,
        lam_per=(mixing.lam_per or "batch") if mixing.mixup else None,
        warmup_epochs=warmup if mixing.mixup else 0,
        epochs=epochs,
        measure_every=training.measure_every,
        batch_size=rows,
        accumulate=pieces,
        optimizer=optimizer,
        lr_drops=usual.lr_drops if training.lr_drops is None else training.lr_drops,
        augment=augment,
        seed=training.seed,
        **settled,
    )


def rows_name(config: TrainConfig, kind: str, side: int | None) -> str:
    """The part of a name that says which rows are seen: ``cifar10-5000-rows1``."""
    usual = resolve(TrainOptions(), config.dataset, kind, side)
    texts = {
        "subset": f"{config.subset}",
        "holdout": f"holdout{config.holdout}",
        "test_subset": f"test{config.test_subset}",
        "corrupt_labels": f"corrupt{config.corrupt_labels}",
        "data_seed": f"rows{config.data_seed}",
        "target": f"target{plain(config.target)}",
        "test_share": f"test{config.test_share}",
    }
    differing = [text for field, text in texts.items() if getattr(config, field) != getattr(usual, field)]
    return "-".join([config.dataset, *differing])


def run_name(config: TrainConfig, kind: str, side: int | None, precision: str) -> str:
    """The name of a run: the data set, the model, ERM or mixup, the seed, and all that departs from the defaults.

    For example ``cifar10-5000-preactresnet18-w16-100ep-erm-seed1``. Two configurations never share a name.
    """
    bare = TrainOptions(
        model=ModelOptions(model=config.model),
        mixing=MixupOptions(mixup=config.mixup),
        training=TrainingOptions(optimizer=config.optimizer),
    )
    usual = resolve(bare, config.dataset, kind, side)
    without = resolve(dataclasses.replace(bare, training=TrainingOptions()), config.dataset, kind, side)
    parts = [rows_name(config, kind, side), config.model]

    def add(field: str, text: str, usual: TrainConfig = usual) -> None:
        if getattr(config, field) != getattr(usual, field):
            parts.append(text)

    add("width", f"w{config.width}")
    add("dropout", f"dropout{config.dropout}")
    add("epochs", f"{config.epochs}ep")
    add("measure_every", f"every{config.measure_every}")
    add("batch_size", f"b{config.batch_size}")
    add("accumulate", f"acc{config.accumulate}")
    add("optimizer", config.optimizer, without)
    add("lr", f"lr{config.lr}")
    add("lr_drops", "drops" + ("+".join(map(str, config.lr_drops)) or "none"))
    add("momentum", f"mom{config.momentum}")
    add("weight_decay", f"wd{config.weight_decay}")
    add("augment", f"aug{config.augment.replace('-', '')}")
    parts.append(f"mixup{config.alpha}" if config.mixup else "erm")
    add("lam_per", f"per{config.lam_per}")
    add("warmup_epochs", f"warm{config.warmup_epochs}")
    if precision != "no":
        parts.append(precision)
    parts.append(f"seed{config.seed}")
    return "-".join(parts)

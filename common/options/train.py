"""The options of training, by group: a line each."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from common import places
from common.data import sources
from common.data.sources import Source
from common.errors import UserError
from common.options import networks
from common.options.fields import (
    OPEN,
    SEEDS,
    Fact,
    Open,
    earlier,
    flag,
    own,
    plain,
    several,
)
from common.options.machine import MachineWithModels
from common.options.networks import NETWORKS

Recipe = Literal["fast"]
Augment = Literal["crop-flip", "translate-flip", "resized-crop", "none"]
LamPer = Literal["batch", "row"]
Mix = Literal["inputs", "patches", "layer1", "layer2", "layer3", "layer4", "layer5", "hidden"]
Pairing = Literal["any", "same-class"]
Targets = Literal["mixed", "heavier"]
Optimizer = Literal["sgd", "nesterov", "adam"]
Schedule = Literal["drops", "triangle"]
Tracker = Literal["tensorboard", "wandb", "trackio", "mlflow", "comet_ml", "aim", "clearml", "dvclive", "swanlab"]

PASTED: tuple[Mix, ...] = ("patches",)  # boxes of one row are pasted into another
LAYERS: tuple[Mix, ...] = tuple(way for way in get_args(Mix) if way.startswith("layer"))
MOVES = {"crop-flip": 8, "translate-flip": 16}  # the share of a side that an augmentation moves an image by: 1 / this

# The options that decide which rows are seen, under which labels, once a set is there.
OF_ROWS = ("subset", "holdout", "holdout_share", "test_subset", "corrupt_labels", "data_seed")
# The options by which a set is read, but for the seed that draws its test part.
OF_READING = ("target", "drop", "distinct", "per_utterance", "size", "test_share", "stream")


@dataclass(frozen=True)
class DataOptions:
    """What is learnt from."""

    dataset: str = "cifar10"
    """cifar10, cifar100, imagenet, digits, spoken_digits, speech_commands; iris, wine, breast_cancer, abalone, arcene,
    arrhythmia, htru2, phishing; hub:OWNER/NAME; path/to/NAME.csv; path/to/NAME, a folder: see scripts/README.md."""
    subset: Annotated[int | None, own("N", "all rows"), Fact("[1, 1e9]", "{}")] = None
    """Train on this many rows, as many of each class."""
    holdout: Annotated[int | None, own("N", "measure on the test part"), Fact("[1, 1e9]", "holdout{}")] = None
    """Measure on this many training rows, and train on the rest: for choosing settings without the test part."""
    holdout_share: Annotated[float | None, own("SHARE", "by --holdout"), Fact("(0, 1)", "holdout{}", since=None)] = None
    """Likewise on this share of each class, rounded: of tables, whose classes may be of few rows."""
    test_subset: Annotated[int | None, own("N", "all rows"), Fact("[1, 1e9]", "test{}", since=None)] = None
    """Measure on this many test rows, as many of each class: less to wait for after each epoch."""
    corrupt_labels: Annotated[float, Fact("[0, 1]", "corrupt{}", since=0.0)] = 0.0
    """Give this share of the training rows a class drawn at random from all (section 3.4: 0.2, 0.5, 0.8)."""
    data_seed: Annotated[int, Fact(SEEDS, "rows{}")] = 0
    """Draws subset, hold-out, corrupted labels and a table's test part, apart from --seed, so that every training seed
    sees the same rows."""
    target: Annotated[str | None, own("COLUMN", "label"), Fact(piece=lambda it: f"target{plain(it)}", since=None)] = (
        None
    )
    """Of a CSV file, or of parquet files with several that could be it: the column that holds the class."""
    drop: Annotated[
        tuple[str, ...] | None,
        own("[COLUMN ...]", "none; row numbers and the like are refused"),
        Fact(piece=lambda it: f"drop{several(it)}", since=None),
    ] = None
    """Of a CSV file: leave these columns out. Given, also without a value, all others are learnt on purpose."""
    distinct: Annotated[bool, Fact(piece="distinct", since=False)] = False
    """Of a CSV file: keep one of rows that are the same in all that is learnt and in their class, so that no test row
    is learnt by heart."""
    test_share: Annotated[
        float | None,
        own("SHARE", "CSV files: 0.2; digits, iris, wine, breast_cancer: a fixed fifth; spoken_digits: its own tenth"),
        Fact("(0, 1)", "test{}", since=None),
    ] = None
    """Of a table, or of images or sounds without a test part: the share of each class that becomes it, drawn by
    --data-seed; of digits and spoken_digits once and for all, a larger share around the usual test part."""
    per_utterance: Annotated[bool, Fact(piece="perutterance", since=False)] = False
    """Of sounds: normalise each spectrogram by its own mean and standard deviation before it is mixed, so that loud and
    soft recordings are alike; by those of the training rows all are normalised in any case."""
    size: Annotated[
        int | None,
        own("N", "their most common size; imagenet, resized-crop: 224"),
        Fact("[8, 4096]", "size{}", since=None),
    ] = None
    """Of images: scale and cut them to squares of N pixels, rather than squeeze them all to one size."""
    stream: Annotated[bool, Fact(piece="stream", since=False)] = False
    """Of images that do not fit in memory (imagenet is such a set unasked): leave them encoded, and decode each batch
    while the one before is learnt. Partners are then of the same eighth of a batch, or of 32 rows at least."""


@dataclass(frozen=True)
class ModelOptions:
    """What learns."""

    model: Annotated[
        Open[str],
        own(
            "{" + ",".join([*NETWORKS, "torchvision:NAME", "timm:NAME", "FILE.py:CLASS"]) + "}",
            "preactresnet18; digits: smallcnn; imagenet: resnet50; sounds: lenet; tables: mlp",
        ),
    ] = OPEN
    """vgg11 from 32 x 32 on, lenet and lenet_large from 16 x 16 on, fastnet for images from 9 x 9 on; smallcnn for
    8 x 8 digits, resnet18_imagenet to resnext101_64x4d for 224 x 224; tables: mlp. Others: see scripts/README.md."""
    width: Annotated[
        Open[int],
        own("N", ", ".join(f"{name}: {network.width}" for name, network in NETWORKS.items() if network.scales)),
        Fact("[1, 65536]", "w{}"),
    ] = OPEN
    """Channels after the first layer, or units of a hidden layer; wideresnet28: the k of WRN-28-k; densenet190: its
    growth rate. The other layers scale with it."""
    weights: Annotated[str | None, own("FILE", "drawn by --seed"), Fact(piece="from{}", since=None)] = None
    """Begin from this file's: torchvision's, timm's, a run's, or what torch.save or safetensors made of a state_dict.
    With --epochs 0 they are measured as they are, and attacked and interpolated as a run."""
    dropout: Annotated[float, Fact("[0, 1)", "dropout{}", since=0.0)] = 0.0
    """Drop activations with this probability: of preactresnet18 and fastnet between the two convolutions of each block,
    of smallcnn before its last convolution. No other has a place for it."""


@dataclass(frozen=True)
class TrainingOptions:
    """How it learns: by SGD with momentum or by Adam, the rate a tenth after each drop."""

    recipe: Annotated[Recipe | None, own("{fast}", "none"), Fact(piece="{}", since=None)] = None
    """Other defaults for all below, and for --model, by which CIFAR-10 is learnt in 10 epochs: see scripts/README.md.
    Each is overridden by its own option; --plan shows what is in force."""
    epochs: Annotated[
        Open[int], own("N", "200; digits: 60; imagenet: 90; sounds: 30; tables: 100"), Fact("[0, 1e6]", "{}ep")
    ] = OPEN
    """Passes over the training rows; with --weights also 0."""
    measure_every: Annotated[int, Fact("[1, 1e6]", "every{}", since=1)] = 1
    """Measure on the test rows after every Nth epoch, and after the last: less to wait for. No number that is measured
    changes by it."""
    batch_size: Annotated[
        Open[int], own("N", "128; imagenet: 1024; sounds: 100; tables: 16"), Fact("[2, 1e9]", "b{}")
    ] = OPEN
    """Rows a step, over all processes together."""
    accumulate: Annotated[int, Fact("[1, 1e6]", "acc{}", since=1)] = 1
    """Pass a process's rows of a step in this many pieces, for less memory. The gradient stays the mean over the step;
    BatchNorm measures over one piece."""
    optimizer: Annotated[
        Open[Optimizer], own("{sgd,nesterov,adam}", "sgd; sounds, tables: adam"), Fact(piece="{}", since="sgd")
    ] = OPEN
    """nesterov is SGD with Nesterov's momentum; Adam with its usual betas (0.9, 0.999): the paper's for tables and
    speech."""
    lr: Annotated[
        Open[float], own("RATE", "0.1; adam: 0.001; imagenet: 0.4; sounds: 0.003"), Fact("(0, 1e300]", "lr{}")
    ] = OPEN
    """Learning rate before the first drop, or at the peak."""
    schedule: Annotated[Open[Schedule], own("{drops,triangle}", "drops"), Fact(piece="{}", since="drops")] = OPEN
    """drops: a tenth after each of --lr-drops. triangle: linearly up from a fifth of the rate to all of it, at 23 % of
    the training, then linearly down to 7 % of it."""
    lr_drops: Annotated[
        Open[tuple[float, ...]],
        own("SHARE ...", "0.5 0.75; imagenet: 1/3 2/3 8/9; sounds: 1/3 2/3; tables: none"),
        Fact("(0, 1)", "drops{}"),
    ] = OPEN
    """When the rate drops, as fractions of the training (the authors' epochs 100 and 150 of 200)."""
    rise_epochs: Annotated[Open[int], own("N", "0; imagenet: 5"), Fact("[0, 1e6]", "rise{}", since=0)] = OPEN
    """Before the drops: the rate rises linearly from a quarter of it to all of it, over so many epochs."""
    momentum: Annotated[float | None, own("M", "0.9"), Fact("[0, 1)", "mom{}")] = None
    """Of SGD, with or without Nesterov's."""
    weight_decay: Annotated[Open[float], own("L2", "1e-4; adam: 0"), Fact("[0, 1e300]", "wd{}")] = OPEN
    """L2 penalty on every parameter, as the authors'."""
    bias_lr: Annotated[Open[float], own("TIMES", "1"), Fact("(0, 1e6]", "bias{}", since=1.0)] = OPEN
    """Learn BatchNorm's biases at this many times the rate, under a penalty as much smaller: they decay as the rest."""
    label_smoothing: Annotated[Open[float], own("SHARE", "0"), Fact("[0, 1)", "smooth{}", since=0.0)] = OPEN
    """Spread this share of each label evenly over all classes, in training."""
    noise: Annotated[float, Fact("[0, 1e6]", "noise{}", since=0.0)] = 0.0
    """Add Gaussian noise to what the network is given in training: so many standard deviations of each channel."""
    lookahead: Annotated[Open[int], own("STEPS", "0: off"), Fact("[0, 1e6]", "look{}", since=0)] = OPEN
    """Every so many steps put the weights back to their moving average, ever more slowly as training ends."""
    augment: Annotated[
        Open[Augment],
        own("{crop-flip,translate-flip,resized-crop,none}", "cifar10, cifar100: crop-flip; imagenet: resized-crop"),
        Fact(piece=lambda it: "aug" + it.replace("-", "")),
    ] = OPEN
    """crop-flip: cropped from zero padding (1/8 of the side), flipped. translate-flip: moved by 1/16, mirrored in every
    other epoch. resized-crop: a box of 8 to 100 % of the image, scaled to --size, flipped; with --stream."""
    seed: Annotated[int, Fact(SEEDS)] = 0
    """Initial weights, order, partners, lambda, crops, flips. ERM and mixup of one seed share all they can."""


@dataclass(frozen=True)
class MixupOptions:
    """ERM or mixup. Beside --mixup, these mean something with it alone."""

    mixup: bool = False
    """Train on mixed pairs of rows (mixup) rather than on the rows themselves (ERM)."""
    alpha: Annotated[float | None, own("A", "1.0"), Fact("(0, 1e6]")] = None
    """lambda ~ Beta(alpha, alpha): towards 0 it is ERM, 1 is uniform, large trains on midpoints. With --mixup."""
    mix: Annotated[Mix, Fact(piece="{}", since="inputs")] = "inputs"
    """inputs: mixup. patches: a box of the partner, lambda the share that is left (CutMix). layerN: what layer N is
    given (section 3.8). hidden: before a layer drawn each batch (manifold mixup; its paper's --alpha is 2)."""
    partners: Annotated[int, Fact("[1, 9]", "partners{}", since=1)] = 1
    """Mix this many other rows into each; of several, the shares are drawn from Dirichlet(alpha, alpha, ...)."""
    pairs: Annotated[Pairing, Fact(piece=lambda it: it.replace("-", ""), since="any")] = "any"
    """Partners of the same batch, whatever their class; or of the same class, from all training rows."""
    neighbours: Annotated[
        int | None, own("K", "random partners; the paper: 200"), Fact("[1, 1e6]", "near{}", since=None)
    ] = None
    """Draw partners from a row's K nearest neighbours among all training rows, or, by --pairs same-class, its class."""
    targets: Annotated[Targets, Fact(piece="{}", since="mixed")] = "mixed"
    """heavier: the class of the row with the largest share alone, so that inputs are mixed and labels are not."""
    lam_per: Annotated[LamPer | None, own("{batch,row}", "batch, as the authors'"), Fact(piece="per{}")] = None
    """One lambda a batch, or one a row. With --mixup."""
    warmup_epochs: Annotated[
        Open[int], own("N", "0; sounds: 5, as the paper's"), Fact("[0, 1e6]", "warm{}", since=0)
    ] = OPEN
    """Train so many epochs by ERM before mixup begins. With --mixup."""
    cooldown_epochs: Annotated[int, Fact("[0, 1e6]", "cool{}", since=0)] = 0
    """Train the last so many epochs by ERM. With --mixup."""
    mixup_prob: Annotated[float, Fact("[0, 1]", "prob{}", since=1.0)] = 1.0
    """Mix a batch (with --lam-per row: a row) with this probability, and leave it as it is otherwise."""
    regmixup: Annotated[float | None, own("ETA", "mixed rows alone"), Fact("[0, 1e6]", "reg{}", since=None)] = None
    """Train on the rows as they are, and ETA times the loss of the mixed ones is added (RegMixup). 0 is ERM."""

    @property
    def pastes(self) -> bool:
        """Whether boxes of one row are pasted into another."""
        return self.mix in PASTED

    @property
    def passes_once(self) -> bool:
        """Whether rows pass the network once, as those do that are not mixed."""
        return self.mix in ("inputs", *PASTED) and self.regmixup is None


# The options that mean something under mixup alone, and what a record of ERM says of each.
OF_MIXUP: dict[str, Any] = {
    field.name: earlier(MixupOptions).get(field.name)
    for field in dataclasses.fields(MixupOptions)
    if field.name != "mixup"
}


@dataclass(frozen=True)
class TrainConfig(MixupOptions, TrainingOptions, ModelOptions, DataOptions):
    """Every option that decides the numbers of a run. Resolved, nothing in it is open: so it goes into the record."""


@dataclass(frozen=True)
class RunOptions(MachineWithModels):
    """Where and how this machine runs it. None of it changes what is measured."""

    tracker: Annotated[Tracker | None, own("{" + ",".join(get_args(Tracker)) + "}", "none")] = None
    """Also log the curves, through Accelerate, by any of these that is installed; tensorboard's go to runs/."""
    config: Annotated[Path | None, own("FILE", "none")] = None
    """Take options from this YAML file, or from a train record (its run again). The command line wins over it."""


@dataclass(frozen=True)
class TrainOptions:
    data: DataOptions = DataOptions()
    model: ModelOptions = ModelOptions()
    mixing: MixupOptions = MixupOptions()
    training: TrainingOptions = TrainingOptions()
    run: RunOptions = RunOptions()

    @property
    def asked(self) -> TrainConfig:
        """What was asked for of a configuration; the rest is open."""
        return TrainConfig(**(vars(self.data) | vars(self.model) | vars(self.mixing) | vars(self.training)))

    @property
    def config_file(self) -> Path | None:
        """Where the options stand that the command line does not name."""
        return self.run.config

    def source(self) -> Source:
        """raises UserError for a data set that cannot be had"""
        return sources.find(self.data.dataset, self.run.data_dir, places.known_data(self.run.checkpoint_dir))

    def refuse_clashes(self) -> None:
        """raises UserError for options that mean nothing beside the others, and a network that there is not"""
        asked = self.asked
        networks.check(asked.model, asked.weights)
        if asked.epochs == 0 and asked.weights is None:
            raise UserError("--epochs 0: leaves the network as it was drawn; name its --weights, or train it.")
        if asked.epochs == 0 and asked.mixup:
            raise UserError("--mixup: means nothing with --epochs 0, which trains nothing; leave one of the two out.")
        if not asked.mixup:
            for name, usual in OF_MIXUP.items():
                value = getattr(asked, name)
                if value is not None and value != usual:
                    raise UserError(
                        f"{flag(name)} {value}: means nothing without --mixup; add --mixup, or leave it out."
                    )
        held = {"--holdout": asked.holdout, "--holdout-share": asked.holdout_share}
        held_out = [f"{option} {value}" for option, value in held.items() if value is not None]
        if len(held_out) > 1:
            raise UserError(f"{' and '.join(held_out)}: say the same twice; leave one of the two out.")
        if held_out and asked.test_subset is not None:
            raise UserError(
                f"--test-subset {asked.test_subset}: of the test part, which {held_out[0]} puts aside; leave one of "
                "the two out."
            )
        if asked.partners > 1 and asked.pastes:
            raise UserError(
                f"--partners {asked.partners}: boxes of several would overlap; leave it or --mix {asked.mix} out."
            )
        drops = asked.lr_drops or ()
        if list(drops) != sorted(set(drops)):
            raise UserError(f"--lr-drops {' '.join(map(str, drops))}: must rise, each drop after the one before it.")

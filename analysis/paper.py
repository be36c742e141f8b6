"""What the deck and the paper have, as data with the place each number is from. Nothing here is measured by us.

Sources: the deck (22 slides, 2021; its numbers stand in text, what is read off its pictures is marked so), and the
paper (Zhang et al., ICLR 2018, arXiv 1710.09412).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from analysis.methods import ERM, MIXUP, Method
from common.records import Record

Configuration = Mapping[str, Any]


@dataclass(frozen=True)
class Number:
    """A number of theirs, in percent, as printed, and where.

    seen  in a text that has it; else it is from memory
    """

    value: float
    place: str
    seen: bool = True

    def __str__(self) -> str:
        return f"{self.value:g}" + ("" if self.seen else "*")


FROM_MEMORY = (
    "* from memory: not checked against the paper's text. Its other numbers are as texts that quote it have them: its "
    "Tables 1 to 5 were not read."
)


@dataclass(frozen=True)
class Corrupted:
    """A row of Table 2: test error of the best epoch and of the last, and the training error of the last on rows of
    right and of replaced labels."""

    best: Number
    last: Number
    real: Number
    corrupted: Number


@dataclass(frozen=True)
class Compared:
    """A row of the deck's comparison table.

    box  clean, white-box or black-box
    """

    experiment: str
    method: Literal["ERM", "mixup"]
    box: Literal["clean", "white", "black"]
    deck: Number
    paper: Number


# Slide 20, in its order and its words. It names no unit: the first two are errors (slide 16 has their complements to
# 100), of the others nothing says whether they are errors or accuracies; the paper's are errors.
SLIDE_20 = [
    Compared("CIFAR_10 classification (Mixup)", "mixup", "clean", Number(4.21, "slide 20"), Number(4.2, "Fig. 3")),
    Compared("CIFAR_10 classification (ERM)", "ERM", "clean", Number(5.37, "slide 20"), Number(5.6, "Fig. 3")),
    Compared("White Box FGSM (Mixup)", "mixup", "white", Number(49.25, "slide 20"), Number(75.2, "Table 3")),
    Compared("Black Box FGSM (Mixup)", "mixup", "black", Number(49.76, "slide 20"), Number(46.0, "Table 3")),
    Compared("White Box FGSM (ERM)", "ERM", "white", Number(53.7, "slide 20"), Number(90.7, "Table 3")),
    Compared("Black Box FGSM (ERM)", "ERM", "black", Number(55.07, "slide 20"), Number(57.0, "Table 3")),
]

# Fig. 2a, percent of misses, digitised from the deck's copy of the picture (slide 13), to 0.3.
FIG_2A: dict[str, dict[float, float]] = {
    "ERM": {
        0: 1.4,
        0.1: 1.6,
        0.2: 3.6,
        0.3: 8.5,
        0.4: 14.3,
        0.5: 16.4,
        0.6: 13.8,
        0.7: 8.0,
        0.8: 3.4,
        0.9: 1.6,
        1: 1.3,
    },
    "mixup": {0: 0.6, 0.1: 0.8, 0.2: 1.8, 0.3: 3.6, 0.4: 5.3, 0.5: 5.9, 0.6: 5.4, 0.7: 3.5, 0.8: 1.8, 0.9: 0.8, 1: 0.6},
}


def _corrupted(best: float, last: float, real: float, corrupted: float) -> Corrupted:
    tested = (Number(value, "Table 2") for value in (best, last))
    trained = (Number(value, "Table 2", seen=False) for value in (real, corrupted))
    return Corrupted(*tested, *trained)


# Table 2, by the share of labels that are replaced; each family of methods in its best setting, as the paper has it (of
# mixup with dropout, α and p are from memory).
TABLE_2: dict[float, dict[Method, Corrupted]] = {
    0.2: {
        ERM: _corrupted(12.7, 16.6, 0.05, 0.28),
        Method(dropout=0.7): _corrupted(8.8, 10.4, 5.26, 83.55),
        Method(8.0): _corrupted(5.9, 6.4, 2.27, 86.32),
        Method(4.0, dropout=0.1): _corrupted(6.2, 6.2, 1.92, 85.02),
    },
    0.5: {
        ERM: _corrupted(18.8, 44.6, 0.26, 0.64),
        Method(dropout=0.8): _corrupted(14.1, 15.5, 12.71, 86.98),
        Method(32.0): _corrupted(11.3, 12.7, 5.84, 85.71),
        Method(8.0, dropout=0.3): _corrupted(10.9, 10.9, 7.56, 87.90),
    },
    0.8: {
        ERM: _corrupted(36.5, 73.9, 0.62, 0.83),
        Method(dropout=0.8): _corrupted(30.9, 35.1, 29.84, 86.37),
        Method(32.0): _corrupted(25.3, 30.9, 18.92, 85.44),
        Method(8.0, dropout=0.3): _corrupted(24.0, 24.8, 19.70, 87.67),
    },
}


@dataclass(frozen=True)
class Ablated:
    """A row of Table 5: its method and variant, and the median error of the last ten epochs by weight decay. AC: pairs
    of all classes, SC: of the same; RP: random ones, KNN: of neighbours."""

    method: str
    variant: str
    errors: Mapping[float, Number]


def _ablated(method: str, variant: str, *errors: float, seen: bool = False) -> Ablated:
    decays = zip((1e-4, 5e-4), errors, strict=True)
    return Ablated(method, variant, {decay: Number(error, "Table 5", seen) for decay, error in decays})


def _more(**options: Any) -> tuple[tuple[str, Any], ...]:
    return tuple(options.items())


PAPERS_NEIGHBOURS = 200  # of 50,000 rows
ONLY, LABELS, BOTH, NOISE = "mix inputs only", "label smoothing", "mix inputs + smoothing", "Gaussian noise"
_HEAVIER = {"targets": "heavier"}
_ONLY: dict[str, tuple[dict[str, Any], tuple[float, float]]] = {  # by variant: which pairs, and the errors
    "SC + KNN": ({"pairs": "same-class", "neighbours": PAPERS_NEIGHBOURS}, (5.45, 5.52)),
    "AC + KNN": ({"neighbours": PAPERS_NEIGHBOURS}, (5.43, 5.48)),
    "SC + RP": ({"pairs": "same-class"}, (5.23, 5.55)),
    "AC + RP": ({}, (5.17, 5.72)),
}
_LAYERS = [(4.44, 4.51), (4.56, 4.61), (5.39, 5.55), (5.95, 5.43), (5.39, 5.15)]
_LABELS = {0.05: (5.25, 5.02), 0.1: (5.33, 5.17), 0.2: (5.34, 5.06)}
_BOTH = {0.05: (5.02, 5.40), 0.1: (5.08, 5.09), 0.2: (4.98, 5.06), 0.4: (5.25, 5.39)}
_NOISE = {0.05: (5.53, 5.04), 0.1: (6.41, 5.86), 0.2: (7.16, 7.24)}
# Table 5, in its order; all but ERM's and mixup's numbers are from memory.
TABLE_5: dict[Method, Ablated] = {
    ERM: _ablated("ERM", "", 5.53, 5.18, seen=True),
    MIXUP: _ablated("mixup", "AC + RP", 4.24, 4.68, seen=True),
    Method(1.0, more=_more(neighbours=PAPERS_NEIGHBOURS)): _ablated("mixup", "AC + KNN", 4.98, 5.26),
    **{
        Method(1.0, mix=f"layer{layer}"): _ablated("mix labels + latent", f"layer {layer}", *errors)
        for layer, errors in enumerate(_LAYERS, 1)
    },
    **{
        Method(1.0, more=_more(**pairs | _HEAVIER)): _ablated(ONLY, variant, *errors)
        for variant, (pairs, errors) in _ONLY.items()
    },
    **{Method(more=_more(label_smoothing=e)): _ablated(LABELS, f"ε = {e:g}", *of) for e, of in _LABELS.items()},
    **{
        Method(1.0, more=_more(**_HEAVIER, label_smoothing=e)): _ablated(BOTH, f"ε = {e:g}", *of)
        for e, of in _BOTH.items()
    },
    **{Method(more=_more(noise=s)): _ablated(NOISE, f"σ = {s:g}", *of) for s, of in _NOISE.items()},
}
# Fig. 4, a table: test error on the Google commands by network and α, 0 for ERM. Which LeNet theirs is, is not known.
_LENET = {alpha: Number(value, "Fig. 4", seen=False) for alpha, value in ((0.0, 10.3), (0.1, 10.8), (0.2, 11.3))}
FIG_4: dict[str, dict[float, Number]] = {
    "lenet": _LENET,
    "lenet_large": _LENET,
    "vgg11": {0: Number(4.6, "Fig. 4"), 0.1: Number(3.8, "Fig. 4", seen=False), 0.2: Number(3.4, "Fig. 4")},
}
SPEECH = "65,000 utterances of 30 words (Google commands)"
# Table 4: error of ERM and of mixup on six tables.
TABLE_4: dict[str, tuple[Number, Number]] = {
    "abalone": (Number(74.0, "Table 4"), Number(73.6, "Table 4")),
    "arcene": (Number(57.6, "Table 4", seen=False), Number(48.0, "Table 4", seen=False)),
    "arrhythmia": (Number(56.6, "Table 4", seen=False), Number(46.3, "Table 4", seen=False)),
    "htru2": (Number(2.0, "Table 4", seen=False), Number(2.0, "Table 4", seen=False)),
    "iris": (Number(21.3, "Table 4"), Number(17.3, "Table 4")),
    "phishing": (Number(16.3, "Table 4", seen=False), Number(15.2, "Table 4", seen=False)),
}

PAPERS_EPSILON = 4.0  # in 1/255, section 3.5

# What the deck says of its training (slides 16 to 19, and its repository's README), and what the paper says of its own
# on CIFAR-10 (section 3.2) and in section 3.5, in the words of our records.
DECK: Configuration = {
    "dataset": "cifar10",
    "images": 50_000,
    "model": "preactresnet18",
    "width": 64,
    "epochs": 200,
    "lr": 0.1,
    "weight_decay": 1e-4,
    "corrupt_labels": 0.0,
}
DECK_FLOPS = 33.3e15  # of its training: forward and backward passes, by common/costs.py
DECK_IS_SILENT_ON = ("batch, α of its runs, crops, seeds", "which epoch", "ε and its unit", "clipping")
NOT_GIVEN = "drawn by the seed"
PAPER: Configuration = {
    **DECK,
    "batch_size": 128,
    "optimizer": "sgd",
    "momentum": 0.9,
    "schedule": "drops",
    "lr_drops": [0.5, 0.75],
    "lam_per": "batch",
    "test_images": 10_000,
    "weights": NOT_GIVEN,
    "augment": "crop-flip",
    "alpha": 1.0,
    "dropout": 0.0,
    "label_smoothing": 0.0,
}
PAPER_UNDER_ATTACK: Configuration = {"dataset": "ImageNet", "model": "ResNet-101"}

WORDS = {
    "dataset": "{} instead of {}",
    "images": "{:,} training images instead of {:,}",
    "model": "{} instead of {}",
    "width": "width {} instead of {}",
    "epochs": "{} epochs instead of {}",
    "batch_size": "batches of {} instead of {}",
    "optimizer": "{} instead of {}",
    "momentum": "momentum {:g} instead of {:g}",
    "schedule": "schedule {} instead of {}",
    "lr": "rate {:g} instead of {:g}",
    "lr_drops": "rate drops at {} instead of {}",
    "weight_decay": "weight decay {:g} instead of {:g}",
    "corrupt_labels": "{:.0%} of the labels corrupted instead of {:.0%}",
    "dropout": "dropout {:g} instead of {:g}",
    "label_smoothing": "label smoothing {:g} instead of {:g}",
    "augment": "augmentation {} instead of {}",
    "alpha": "α = {:g} instead of {:g}",
    "lam_per": "λ per {} instead of {}",
    "test_images": "{:,} test images instead of {:,}",
    "weights": "from weights {}",
}


def is_the_decks_set(config: Configuration) -> bool:
    """Whether a run is of the data that the deck's numbers are of, so that it can be held against them."""
    return bool(config["dataset"] == DECK["dataset"])


def departures(train: Record, theirs: Configuration) -> list[str]:
    """Each field of a train record that is not as theirs, in words: "width 16 instead of 64". ERM has no α to compare.

    Fields that mean nothing across data sets (rows, width) are left out where the data set is another.
    """
    config = train["config"]
    ours = config | {"images": train["data"]["train"], "test_images": train["data"]["measured"]}
    fields = [field for field in WORDS if field in theirs and ours[field] is not None]
    differing = [field for field in fields if ours[field] != theirs[field]]
    if "dataset" in differing:
        differing = [field for field in differing if field in ("dataset", "model", "alpha")]
    elif "model" in differing:
        differing = [field for field in differing if field != "width"]
    return [WORDS[field].format(ours[field], theirs[field]) for field in differing]

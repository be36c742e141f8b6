"""The networks, a line each: what is known of one without torch. `common.models` holds them, a file each.

Others are named by where they come from: `torchvision:NAME`, `timm:NAME`, or `FILE.py:CLASS`, a file of the user's. The
last is called `CLASS@DIGEST` in records, by the first digits of the file's SHA-256: no path, and nothing that could be
run. A file of weights is its digest there.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from common.errors import UserError, meant


@dataclass(frozen=True)
class Network:
    """where          its module in `common.models`, and its class
    width          by default, which gives the paper's network
    takes          kinds of data
    scales         whether --width makes it narrower or wider
    smallest_side  of an image or a spectrogram, in pixels, that its halvings need
    has_dropout    whether it has a place for dropout
    is_whitened    whether its first layer whitens patches of the training images
    is_sized       whether it has a weight for each place of its inputs: it is built for their size
    layers         hidden ones, before which rows can be mixed: `hidden` of its class has what makes each
    manifold       of these (0: the inputs) the ones that manifold mixup draws from
    """

    where: str
    width: int
    takes: tuple[str, ...] = ("images", "sounds")
    scales: bool = True
    smallest_side: int = 1
    has_dropout: bool = False
    is_whitened: bool = False
    is_sized: bool = False
    layers: int = 0
    manifold: tuple[int, ...] = (0, 1, 2)


# The layers of the ResNets are counted as in Table 5; Verma et al. 2019 draw from what they call 0, 1 and 2.
NETWORKS = {
    "preactresnet18": Network("preactresnet.PreActResNet18", 64, has_dropout=True, layers=5, manifold=(0, 2, 3)),
    "resnet18": Network("resnet.ResNet18", 64, layers=5, manifold=(0, 2, 3)),
    "resnet18_imagenet": Network("imagenet.ResNet18", 64, scales=False, layers=5, manifold=(0, 2, 3)),
    "resnet50": Network("imagenet.ResNet50", 64, scales=False, layers=5, manifold=(0, 2, 3)),
    "resnet101": Network("imagenet.ResNet101", 64, scales=False, layers=5, manifold=(0, 2, 3)),
    "resnext101_32x4d": Network("imagenet.ResNeXt101x32x4d", 64, scales=False, layers=5, manifold=(0, 2, 3)),
    "resnext101_64x4d": Network("imagenet.ResNeXt101x64x4d", 64, scales=False, layers=5, manifold=(0, 2, 3)),
    "wideresnet28": Network("wideresnet.WideResNet28", 10),
    "densenet190": Network("densenet.DenseNet190", 40, smallest_side=4),
    "vgg11": Network("vgg.VGG11", 64, smallest_side=32),
    "lenet": Network("lenet.LeNet", 20, smallest_side=16, layers=3),
    "lenet_large": Network("lenet.LargeLeNet", 20, smallest_side=16, is_sized=True, layers=3),
    "fastnet": Network(
        "fastnet.FastNet", 64, takes=("images",), smallest_side=9, has_dropout=True, is_whitened=True, layers=4
    ),
    "smallcnn": Network("smallcnn.SmallCNN", 32, takes=("images",), has_dropout=True, layers=3),
    "mlp": Network("mlp.MLP", 128, takes=("table",), layers=2),
}
# Those of a library, and of a file of the user's: as they are made there, of one width.
OF_A_LIBRARY = Network("", 1, takes=("images",), scales=False)
OF_A_FILE = Network("", 1, takes=("images", "sounds", "table"), scales=False)
# What torchvision calls networks that are in the table: one network has one name.
TORCHVISIONS = {"resnet18": "resnet18_imagenet"} | {
    name: name for name in ("resnet50", "resnet101", "resnext101_64x4d")
}

LIBRARY = re.compile(r"torchvision:\w+|timm:\w+(?:\.\w+)?")
FILE = re.compile(r"(?P<file>.+\.py):(?P<name>\w+)")
RECORDED = re.compile(r"(?P<name>\w+)@(?P<digest>[0-9a-f]{12})")


GIVEN = re.compile(r"[0-9a-f]{12}")


def network(model: str) -> Network:
    """What is known of a network that `named` has named."""
    return NETWORKS.get(model) or (OF_A_FILE if RECORDED.fullmatch(model) else OF_A_LIBRARY)


def is_one(model: str) -> bool:
    """Whether a network could be called so in a record."""
    return model in NETWORKS or any(form.fullmatch(model) for form in (LIBRARY, RECORDED))


def named(model: str) -> str:
    """A network as a record calls it, by what was typed, or by what a record calls it.

    raises UserError for what none is called, and for a file that cannot be read
    """
    if found := FILE.fullmatch(model):
        return f"{found['name']}@{digest(Path(found['file']), '--model')}"
    library, _, name = model.partition(":")
    if library == "torchvision":
        model = TORCHVISIONS.get(name, model)
    if is_one(model):
        return model
    raise UserError(
        f"--model {model}: is none of {', '.join(NETWORKS)}, nor torchvision:NAME, timm:NAME or FILE.py:CLASS"
        f"{meant(model, NETWORKS)}."
    )


def piece(model: str) -> str:
    """A network as part of a run's name."""
    if found := RECORDED.fullmatch(model):
        return f"{found['name']}+{found['digest']}"
    return model.replace(":", ".")


def file_of(model: str | None) -> Path | None:
    """The user's file that was typed, if one was."""
    found = FILE.fullmatch(model or "")
    return Path(found["file"]) if found else None


def digest(file: Path, option: str) -> str:
    """The first digits of the SHA-256 of a file of the user's. raises UserError where it cannot be read"""
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()[:12]
    except OSError as error:
        raise UserError(f"{option}: {file}: {error.strerror}; name a file that can be read.") from None


def given(weights: str) -> str:
    """A file of weights as a record calls it, by its path, or by what a record calls it.

    raises UserError for a file that cannot be read
    """
    if GIVEN.fullmatch(weights) and not Path(weights).exists():
        return weights
    return digest(Path(weights), "--weights")


def check(model: str | None, weights: str | None) -> None:
    """raises UserError, without reading a file, for what cannot be asked for: there is no such network, or it is what a
    record calls one of the user's own, whose code is not to be run for a record's sake; and the same of weights"""
    if weights is not None and GIVEN.fullmatch(weights) and not Path(weights).exists():
        raise UserError(
            f"--weights {weights}: is what a record calls a file, by its SHA-256; name the file: --weights FILE"
        )
    if model is not None and RECORDED.fullmatch(model):
        raise UserError(
            f"--model {model}: is what a record calls a network of somebody's own, whose code is run only where its "
            f"file is named: --model FILE.py:{model.partition('@')[0]}"
        )
    if model is not None and not FILE.fullmatch(model):
        named(model)

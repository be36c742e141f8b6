"""The networks, a line each: what is known of one without torch. `common.models` holds them, a file each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal


@dataclass(frozen=True)
class Network:
    """where          its module in `common.models`, and its class
    width          by default, which gives the paper's network
    takes          kinds of data
    smallest_side  of an image or a spectrogram, in pixels, that its halvings need
    has_dropout    whether it has a place for dropout
    is_whitened    whether its first layer whitens patches of the training images
    """

    where: str
    width: int
    takes: tuple[str, ...] = ("images", "sounds")
    smallest_side: int = 1
    has_dropout: bool = False
    is_whitened: bool = False


NETWORKS = {
    "preactresnet18": Network("preactresnet.PreActResNet18", 64, has_dropout=True),  # section 3.4
    "resnet18": Network("resnet.ResNet18", 64),
    "wideresnet28": Network("wideresnet.WideResNet28", 10),
    "densenet190": Network("densenet.DenseNet190", 40, smallest_side=4),
    "vgg11": Network("vgg.VGG11", 64, smallest_side=32),
    "lenet": Network("lenet.LeNet", 20, smallest_side=16),
    "fastnet": Network("fastnet.FastNet", 64, takes=("images",), smallest_side=9, is_whitened=True),
    "smallcnn": Network("smallcnn.SmallCNN", 32, takes=("images",), has_dropout=True),
    "mlp": Network("mlp.MLP", 128, takes=("table",)),
}

if TYPE_CHECKING:
    Model = str
else:
    Model = Literal[tuple(NETWORKS)]

"""The networks, a line each: what is known of one without torch. `common.models` holds them, a file each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal


@dataclass(frozen=True)
class Network:
    """where          its module in `common.models`, and its class
    width          by default, which gives the paper's network
    scales         whether --width makes it narrower or wider
    takes          kinds of data
    smallest_side  of an image or a spectrogram, in pixels, that its halvings need
    has_dropout    whether it has a place for dropout
    is_whitened    whether its first layer whitens patches of the training images
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
    "fastnet": Network("fastnet.FastNet", 64, takes=("images",), smallest_side=9, is_whitened=True, layers=4),
    "smallcnn": Network("smallcnn.SmallCNN", 32, takes=("images",), has_dropout=True, layers=3),
    "mlp": Network("mlp.MLP", 128, takes=("table",), layers=2),
}

if TYPE_CHECKING:
    Model = str
else:
    Model = Literal[tuple(NETWORKS)]

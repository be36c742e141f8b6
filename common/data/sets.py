"""The data sets that are known by name, a line each: what is known of one without torch, and unread."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """kind     'images', 'sounds' or 'table'
    side     of its images, in pixels
    flips    whether an image cropped and flipped is still of its class: then it is trained on so
    package  the function of `sklearn.datasets` that reads it
    hub      its id on the Hugging Face hub, of all images that no package holds, and of these alone: reading sounds
             takes torchcodec, and the hub's Google commands a script that `datasets` no longer runs
    copied   the folder that its parquet files lie in in a copy of the hub's
    archive  the class of `torchvision.datasets` that reads its authors' archive, and the folder that this unpacks to
    is_large    whether it does not fit in memory: its images stay encoded
    is_small_test  whether its test part is too small to tell much by: a larger share is drawn around it once and for
                   all, so that what another --data-seed draws are training rows
    unlabelled  what it holds beside its parts, without classes
    notes    what is to be said of it, for the record
    """

    kind: str
    side: int | None = None
    flips: bool = False
    package: str = ""
    hub: str = ""
    copied: str = ""
    archive: tuple[str, str] | None = None
    is_large: bool = False
    is_small_test: bool = False
    unlabelled: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


CIFAR10 = ("CIFAR10", "cifar-10-batches-py")
CIFAR100 = ("CIFAR100", "cifar-100-python")  # of which the fine labels are learnt
STANDS_IN = "stands in for the paper's Google commands (65,000 utterances of 30 words)"

# In the order in which they are named to the user; a table without a package is one of the paper's CSV files.
SETS = {
    "cifar10": Known("images", 32, flips=True, hub="uoft-cs/cifar10", copied="plain_text", archive=CIFAR10),
    "cifar100": Known("images", 32, flips=True, hub="uoft-cs/cifar100", copied="cifar100", archive=CIFAR100),
    "imagenet": Known("images", 224, flips=True, hub="ILSVRC/imagenet-1k", is_large=True, unlabelled=("test",)),
    "speech_commands": Known("sounds"),
    "spoken_digits": Known("sounds", is_small_test=True, notes=(STANDS_IN,)),
    "digits": Known("images", 8, package="load_digits", is_small_test=True),
    "iris": Known("table", package="load_iris"),
    "wine": Known("table", package="load_wine"),
    "breast_cancer": Known("table", package="load_breast_cancer"),
    "abalone": Known("table"),
    "arcene": Known("table"),
    "arrhythmia": Known("table"),
    "htru2": Known("table"),
    "phishing": Known("table"),
}

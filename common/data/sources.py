"""Where a data set comes from, decided without reading it. Nothing heavy is imported here: a set that cannot be had is
reported within two seconds of the start."""

import glob
import os
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from common import places
from common.data import online
from common.data.layouts import LISTS, PARQUET, PARTS, UNLISTED, WORDS, kind_of, layout_of
from common.data.sets import SETS
from common.errors import UserError, meant

ARCHIVE, PACKAGE, CSV = "original archive", "scikit-learn", "CSV file"
HUB = "hub:"  # before the id of a set on the Hugging Face hub, OWNER/NAME
EXAMPLE = "as in --dataset hub:zalando-datasets/fashion_mnist"
UNREAD = [name for name, one in SETS.items() if one.hub or one.package]  # sets that need no file of the user's
ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz")  # of a table, in any case; the first ones first
# What is not read, and is converted by a line of scripts/README.md.
FOREIGN = {
    ".npz": "a NumPy archive",
    ".npy": "a NumPy array",
    ".xlsx": "a spreadsheet",
    ".xls": "a spreadsheet",
    ".ods": "a spreadsheet",
    ".parquet": "a single parquet file",
    ".arff": "an ARFF file",
    ".json": "a JSON file",
    ".jsonl": "a JSON file",
    ".mat": "a MATLAB file",
    "ubyte": "an IDX file",
    "ubyte.gz": "an IDX file",
    ".zip": "an archive, which is to be unpacked first",
    ".tar": "an archive, which is to be unpacked first",
    ".tar.gz": "an archive, which is to be unpacked first",
    ".tgz": "an archive, which is to be unpacked first",
}


@dataclass(frozen=True)
class Source:
    """A data set that can be read, and where from.

    name    'cifar100', 'digits', 'OWNER--NAME' of a set of the hub's (whose ids hold no '--'), or the last part of the
            user's path, of a CSV file without its ending: goes into run names
    kind    'images', 'sounds' or 'table'
    origin  for the record, without paths of the machine: one of the origins above or of `layouts`, or
            'hub uoft-cs/cifar100'
    path    the folder that holds the local files, or the CSV file; None for a set of a package or the hub
    parts   what the training and the test part are called there; of one part the test part is to be drawn, and "" is
            the folder itself
    notes   what is to be said of the parts, for the record
    """

    name: str
    kind: str
    origin: str
    path: Path | None
    parts: tuple[str, ...] = PARTS
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", unicodedata.normalize("NFC", self.name))  # an é is two letters on a Mac's disk
        if not re.fullmatch(r"\w[\w.-]*", self.name):
            raise UserError(
                f"--dataset: the {'file' if self.origin == CSV else 'folder'}'s name '{self.name}' becomes part of run "
                "names, so it may hold only letters, digits, '_', '.' and '-', and neither of the last two first; "
                "rename it or make a link to it under such a name."
            )


@dataclass(frozen=True)
class Reading:
    """How a set is read and cut into its parts, where there is a choice.

    target          the column of the class
    drop            columns that are not learnt; given, the others are learnt whatever they give away
    size            the side in pixels of the squares that images are cut to; None for their most common size
    test_share      the share of each class that is the test part, drawn by data_seed; None where that is given
    distinct        whether one of rows that are the same is kept, and no other
    stream          whether images stay encoded, and are decoded when they are needed
    without_margin  whether an image is measured on without its margin, since crops of all scales are trained on: its
                    middle, 7/8 of its shorter side
    per_utterance   whether each spectrogram is normalised by itself
    """

    target: str | None = None
    drop: tuple[str, ...] | None = None
    size: int | None = None
    test_share: float | None = None
    data_seed: int = 0
    distinct: bool = False
    stream: bool = False
    without_margin: bool = False
    per_utterance: bool = False


def find(dataset: str, data_dir: Path | None, known: Path | None = None) -> Source:
    """The source of ``--dataset``: local files first, then the package that ships it, then the hub.

    dataset   a known name, 'hub:OWNER/NAME', a folder or CSV file of ``data_dir``, or a path (it holds a '/', begins
              with '.', ends in .csv, .tsv or .txt, gzipped or not, or is a folder)
    data_dir  ``--data-dir``; None: the variable MIXUP_DATA_DIR, if set
    known     a folder of links that `remember` made, where a set of the user's own is looked for last

    Raises UserError, which names the ways to get the set, where there is none; local files that are there by half are
    an error, never a reason to take another source.
    """
    if data_dir is not None and not data_dir.is_dir():
        raise UserError(f"--data-dir {data_dir} is not a folder.")
    is_of_the_hub = dataset.startswith(HUB)
    dataset = _name_of(dataset.removeprefix(HUB)) if is_of_the_hub else dataset
    one = SETS.get(dataset)
    if one and one.package:
        return Source(dataset, one.kind, PACKAGE, None)
    root = data_dir or _data_dir_of_the_environment()
    if one and one.kind == "images":
        return _local_images(dataset, root) or _hub(dataset, one.hub, root)
    if one and one.kind == "sounds":
        return _local_sounds(dataset, root)
    if not is_of_the_hub and dataset.lower().endswith(ENDINGS):
        return _csv(dataset, root, known)
    if "/" in dataset or dataset.startswith(".") or (not is_of_the_hub and dataset.lower().endswith(tuple(FOREIGN))):
        return _folder(Path(dataset).expanduser())
    folders = [folder for folder in (root, Path(), known if data_dir is None else None) if folder and dataset]
    for folder in folders:
        if (folder / dataset).is_dir() and layout_of(folder / dataset, _unlabelled(dataset)):
            return _folder(folder / dataset)
        if file := _csv_of(dataset, folder):
            return Source(dataset, "table", CSV, file)
    for folder in folders:
        if (folder / dataset).is_dir():
            return _folder(folder / dataset)  # raises UserError: it holds no set
    if is_hub_id(id_ := dataset.replace("--", "/")):
        return _hub(dataset, id_, root)
    raise _no_table(dataset, root) if one else _unknown(dataset, root)


def _name_of(hub_id: str) -> str:
    """What a set of the hub's is called in names: as it is known here, else by a name that no other id gives."""
    if not is_hub_id(hub_id):
        raise UserError(f"--dataset {HUB}{hub_id}: a set of the hub's is named by its owner and its name, {EXAMPLE}.")
    return next((name for name, one in SETS.items() if one.hub == hub_id), hub_id.replace("/", "--"))


def is_hub_id(text: str) -> bool:
    """Whether it could be OWNER/NAME on the Hugging Face hub, which takes neither '--' nor '..' into an id."""
    return re.fullmatch(r"(?!.*(--|\.\.))\w[\w.-]*/\w[\w.-]*", text, re.ASCII) is not None


def remember(source: Source, known: Path) -> None:
    """Leaves a link to a set of the user's own in the folder ``known``, so that `find` has it by its name alone, as
    records know it. Where there are no links (on some systems), nothing."""
    if source.path is None or source.name in SETS:
        return
    ending = "".join(source.path.suffixes[-2:]) if source.path.suffix.lower() == ".gz" else source.path.suffix
    link = known / (source.name.removesuffix(ending) + ending if source.origin == CSV else source.name)
    with suppress(OSError, NotImplementedError):
        known.mkdir(parents=True, exist_ok=True)
        temporary = known / f".{link.name}.{os.getpid()}"
        temporary.symlink_to(source.path.resolve())
        os.replace(temporary, link)


def _data_dir_of_the_environment() -> Path | None:
    value = os.environ.get("MIXUP_DATA_DIR")
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise UserError(f"MIXUP_DATA_DIR is {folder}, which is not a folder.")
    return folder


def _folder(folder: Path) -> Source:
    if not folder.is_dir():
        what = next((what for ending, what in FOREIGN.items() if folder.name.lower().endswith(ending)), None)
        if what and folder.is_file():
            raise UserError(f"--dataset {folder}: {what}; scripts/README.md has the line that makes a set of it.")
        hub = f" A set of the Hugging Face hub's is --dataset {HUB}{folder}." if is_hub_id(str(folder)) else ""
        raise UserError(f"--dataset {folder} is not a folder.{hub}")
    layout = layout_of(folder, _unlabelled(folder.resolve().name))
    if layout is None:
        foreign = next((path for path in sorted(folder.iterdir()) if path.name.lower().endswith(tuple(FOREIGN))), None)
        hint = (
            f" {foreign.name} is not read as it is: scripts/README.md has the line that converts it." if foreign else ""
        )
        raise UserError(
            f"--dataset: {folder} holds neither train.parquet and test.parquet, nor the folders train/ and test/ (or "
            "val/) with a folder of images or WAV files for each class, nor such class folders "
            f"themselves.{hint}"
        )
    name = folder.resolve().name
    if name in SETS and SETS[name].package:
        raise UserError(
            f"--dataset {folder}: is called as the {name} that scikit-learn ships, and so would its runs and records "
            "be; rename the folder."
        )
    return Source(name, kind_of(folder, layout), layout.origin, folder, layout.parts, layout.notes)


def _line(embedded: str) -> str:
    """What trains on a set that needs no file."""
    return places.command("train", "--dataset", embedded, "--mixup")


def _local_sounds(name: str, root: Path | None) -> Source:
    folder = root / name if root else None
    layout = layout_of(folder) if folder and folder.is_dir() else None
    holds = folder and layout and (layout.origin in (PARQUET, WORDS) or kind_of(folder, layout) == "sounds")
    if layout and holds and layout.origin != UNLISTED:
        return Source(name, "sounds", layout.origin, folder, layout.parts, layout.notes)
    looked = f"{folder} does not hold it" if root else "no local folder is named (--data-dir, MIXUP_DATA_DIR)"
    raise UserError(
        f"The data set {name} cannot be had: {looked}, and the Hugging Face hub is not asked for sounds. Ways to get "
        f"it: --data-dir FOLDER, where FOLDER holds {name}/train.parquet and {name}/test.parquet with the columns "
        f"audio and label, or {name}/train/ and {name}/test/ with a folder of WAV files for each word, or such folders "
        f"beside {LISTS[0]} and {LISTS[1]}. A set that needs "
        f"neither works here at once:\n    {_line('digits')}"
    )


def _csv(dataset: str, root: Path | None, known: Path | None) -> Source:
    """A CSV file by its path, or by its whole name in the data folder. One that is called as a set that needs no file
    keeps its ending in its name, so that their runs have names of their own."""
    typed = Path(dataset).expanduser()
    places = [typed] if "/" in dataset or root is None else [typed, root / "uci" / typed, root / typed]
    places += [known / typed] if "/" not in dataset and known else []
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        looked = f", nor is it in {root}" if "/" not in dataset and root else ""
        raise UserError(f"--dataset {dataset} is not a file{looked}.")
    stem = re.sub(r"\.(csv|tsv|txt)(\.gz)?$", "", file.name, flags=re.I)
    return Source(file.name if stem in UNREAD else stem, "table", CSV, file)


def _csv_of(name: str, folder: Path) -> Path | None:
    """The CSV file of a set in a folder, or else one of another ending. Raises UserError where there are several."""
    files = [
        path
        for place in (folder / "uci", folder)
        for path in sorted(place.glob(f"{glob.escape(name)}.*"))
        if path.is_file()
    ]
    sorts = (("." + ending, f".{ending}.gz") for ending in ("csv", "tsv", "txt"))
    found = next((these for sort in sorts if (these := [f for f in files if f.name[len(name) :].lower() in sort])), [])
    if len(found) > 1:
        raise UserError(f"--dataset {name}: {found[0]} and {found[1]} are both there; leave one of them.")
    return found[0] if found else None


def _no_table(name: str, root: Path | None) -> UserError:
    looked = f"{root} does not hold it" if root else "no local folder is named (--data-dir, MIXUP_DATA_DIR)"
    return UserError(
        f"The data set {name} cannot be had: {looked}. It comes from the UCI repository (archive.ics.uci.edu) as a CSV "
        f"file of your making, with a header line and the class in a column 'label': --data-dir FOLDER, where FOLDER "
        f"holds {name}.csv or {name}.csv.gz, or has it in uci/. A table that needs no file:\n    {_line('wine')}"
    )


def _local_images(name: str, root: Path | None) -> Source | None:
    """Of a set that is known by name; None where there is nothing of it."""
    if root is None:
        return None
    copied, archive = SETS[name].copied, SETS[name].archive
    for folder in (root / name, *([root / name / copied] if copied else [])):
        if folder.is_dir() and (layout := layout_of(folder, _unlabelled(name))):
            if len(layout.parts) < len(PARTS):
                raise UserError(f"{folder} holds {layout.parts[0] or 'class folders'} but no test.parquet or test/.")
            return Source(name, "images", layout.origin, folder, layout.parts, layout.notes)
    for folder in (root, root / name):
        if archive and (folder / archive[1]).is_dir():
            return Source(name, "images", ARCHIVE, folder)
    return None


def _unlabelled(name: str) -> tuple[str, ...]:
    return SETS[name].unlabelled if name in SETS else ()


def _hub(name: str, hub_id: str, root: Path | None) -> Source:
    """The hub, where it answers or `datasets` has kept the set from an earlier time; what its parts are called is known
    once it is read.

    name    of the set, in run names
    hub_id  OWNER/NAME
    """
    if Path(hub_id).exists():
        raise UserError(
            f"The folder {hub_id} of the working directory would be read in place of the hub's {hub_id}; "
            f"rename it, or name it by its path: --dataset ./{hub_id}."
        )
    obstacle = None if online.kept_by_datasets(hub_id) else online.obstacle()
    if obstacle is None:
        return Source(name, "images", f"hub {hub_id}", None)
    looked = f"not in {root}" if root else "no local folder is named (--data-dir, MIXUP_DATA_DIR)"
    archive = SETS[name].archive if name in SETS else None
    unpacked = f" or the original archive's {archive[1]}" if archive else ""
    if name in SETS and SETS[name].is_large:
        unpacked = f", or {name}/train/ and {name}/val/ with a folder of images for each class"
    raise UserError(
        f"The data set {name} cannot be had: {looked}, and on the Hugging Face hub ({hub_id}) it is out of reach: "
        f"{obstacle}. Ways to get it: --data-dir FOLDER, where FOLDER holds {name}/train.parquet and "
        f"{name}/test.parquet{unpacked}; or run once with a network, which "
        f"keeps it. A set that needs neither works here at once:\n    {_line('digits')}"
    )


def _unknown(dataset: str, root: Path | None) -> UserError:
    looked = f", and {root} holds no folder or CSV file of that name" if root else ""
    return UserError(
        f"--dataset {dataset} is no known data set{looked}{meant(dataset, SETS)}. Known are "
        f"{', '.join(SETS)}; a folder of your own is named by a path with a slash, such as ./{dataset}, a table by its "
        f"file, such as {dataset}.csv, and images on the Hugging Face hub by {HUB}OWNER/NAME; one that "
        "lies elsewhere now than when it was trained on is found by --data-dir FOLDER, the folder that holds it."
    )

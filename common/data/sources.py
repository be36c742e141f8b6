"""Where a data set comes from, decided without reading it. Nothing heavy is imported here: a set that cannot be had is
reported within two seconds of the start."""

import difflib
import glob
import os
import re
import socket
import threading
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from common import places
from common.errors import UserError

PARTS = ("train", "test")
# What the parts are called elsewhere, whatever the case: the first that is there counts, a validation part where there
# is no test part.
CALLED = {"train": (("train", "training"),), "test": (("test", "testing"), ("val", "valid", "validation"))}
PARQUET, FOLDERS, ARCHIVE, PACKAGE = "parquet files", "class folders", "original archive", "scikit-learn"
CSV = "CSV file"
WORDS = "word folders with lists"
LISTS = ("validation_list.txt", "testing_list.txt")  # of the Google commands: what is not trained on
EMBEDDED = {"digits": "images", "iris": "table", "wine": "table", "breast_cancer": "table"}  # name: kind
TABLES = ("abalone", "arcene", "arrhythmia", "htru2", "phishing")  # the paper's, with iris: CSV files
ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz")  # of a table, in any case; the first ones first
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm")
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
# Sets of sounds that are known by name, and what is to be said of each. Not from the hub: reading its sounds takes
# torchcodec, and its Google commands a script that `datasets` no longer runs.
SOUNDS = {
    "speech_commands": (),
    "spoken_digits": ("stands in for the paper's Google commands (65,000 utterances of 30 words)",),
}
HUB = {"cifar10": "uoft-cs/cifar10", "cifar100": "uoft-cs/cifar100"}  # name: id on the Hugging Face hub
HUB_FOLDERS = {"cifar10": "plain_text", "cifar100": "cifar100"}  # where its parquet files lie in a copy of the hub's
ARCHIVE_FOLDERS = {"cifar10": "cifar-10-batches-py", "cifar100": "cifar-100-python"}  # as their authors' archive has it
PATIENCE = 1.0  # seconds that the hub has to answer


@dataclass(frozen=True)
class Source:
    """A data set that can be read, and where from.

    name    'cifar100', 'digits', or the last part of the user's path, of a CSV file without its ending: goes into run
            names
    kind    'images', 'sounds' or 'table'
    origin  for the record, without paths of the machine: one of the origins above, or 'hub uoft-cs/cifar100'
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

    target      the column of the class
    drop        columns that are not learnt; given, the others are learnt whatever they give away
    size        the side in pixels of the squares that images are cut to; None for their most common size
    test_share  the share of each class that is the test part, drawn by data_seed; None where the test part is given
    """

    target: str | None = None
    drop: tuple[str, ...] | None = None
    size: int | None = None
    test_share: float | None = None
    data_seed: int = 0


def find(dataset: str, data_dir: Path | None, known: Path | None = None) -> Source:
    """The source of ``--dataset``: local files first, then the package that ships it, then the hub.

    dataset   a known name, a folder or CSV file of ``data_dir``, or a path (it holds a '/', begins with '.', ends in
              .csv, .tsv or .txt, gzipped or not, or is a folder)
    data_dir  ``--data-dir``; None: the variable MIXUP_DATA_DIR, if set
    known     a folder of links that `remember` made, where a set of the user's own is looked for last

    Raises UserError, which names the ways to get the set, where there is none; local files that are there by half are
    an error, never a reason to take another source.
    """
    if data_dir is not None and not data_dir.is_dir():
        raise UserError(f"--data-dir {data_dir} is not a folder.")
    if dataset in EMBEDDED:
        return Source(dataset, EMBEDDED[dataset], PACKAGE, None)
    root = data_dir or _data_dir_of_the_environment()
    if dataset in HUB:
        return _local_cifar(dataset, root) or _hub(dataset, root)
    if dataset in SOUNDS:
        return _local_sounds(dataset, root)
    if dataset.lower().endswith(ENDINGS):
        return _csv(dataset, root, known)
    if "/" in dataset or dataset.startswith(".") or dataset.lower().endswith(tuple(FOREIGN)):
        return _folder(Path(dataset).expanduser())
    for folder in (root, Path(), known if data_dir is None else None):
        if folder is not None and dataset and (folder / dataset).is_dir():
            return _folder(folder / dataset)
        if folder is not None and dataset and (file := _csv_of(dataset, folder)):
            return Source(dataset, "table", CSV, file)
    raise _no_table(dataset, root) if dataset in TABLES else _unknown(dataset, root)


def remember(source: Source, known: Path) -> None:
    """Leaves a link to a set of the user's own in the folder ``known``, so that `find` has it by its name alone, as
    records know it. Where there are no links (on some systems), nothing."""
    if source.path is None or source.name in (*HUB, *SOUNDS, *EMBEDDED, *TABLES):
        return
    ending = "".join(source.path.suffixes[-2:]) if source.path.suffix.lower() == ".gz" else source.path.suffix
    link = known / (source.name.removesuffix(ending) + ending if source.origin == CSV else source.name)
    with suppress(OSError, NotImplementedError):
        known.mkdir(parents=True, exist_ok=True)
        temporary = known / f".{link.name}.{os.getpid()}"
        temporary.symlink_to(source.path.resolve())
        os.replace(temporary, link)


def parquet_files(folder: Path, part: str) -> list[Path]:
    """``train.parquet``, or the shards ``train-00000-of-00002.parquet`` in their order, in the folder or, as in a copy
    of one of the hub's, in its ``data/``; [] where there are neither.

    Raises UserError where a shard is missing.
    """
    for place in (folder, folder / "data"):
        if found := _parquet_files_in(place, part):
            return found
    return []


def _parquet_files_in(folder: Path, part: str) -> list[Path]:
    whole = folder / f"{part}.parquet"
    if whole.is_file():
        return [whole]
    shards = sorted(path for path in folder.glob(f"{glob.escape(part)}-*.parquet") if _shard_count(path))
    if shards and len(shards) != _shard_count(shards[-1]):
        raise UserError(f"{folder}: {len(shards)} of {_shard_count(shards[-1])} files {part}-*.parquet are there.")
    return shards


def _shard_count(path: Path) -> int:
    match = re.fullmatch(r"\w+-\d{5}-of-(\d{5})", path.stem)
    return int(match[1]) if match else 0


def _data_dir_of_the_environment() -> Path | None:
    value = os.environ.get("MIXUP_DATA_DIR")
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise UserError(f"MIXUP_DATA_DIR is {folder}, which is not a folder.")
    return folder


@dataclass(frozen=True)
class _Layout:
    """origin, parts, notes  as in `Source`"""

    origin: str
    parts: tuple[str, ...] = PARTS
    notes: tuple[str, ...] = ()


def _layout(folder: Path) -> _Layout | None:
    """How the set lies in its folder; None where there is none. Raises UserError for half a set, and for two."""
    inside = sorted(path for path in folder.iterdir()) if folder.is_dir() else []
    folders = {path.name: f"{path.name}/" for path in inside if path.is_dir()}
    parquet = {
        name: path.name
        for place in (folder / "data", folder)
        for path in sorted(place.glob("*.parquet"))
        if path.is_file() and (name := re.sub(r"-\d{5}-of-\d{5}$", "", path.stem))
    }
    lists = [name for name in LISTS if (folder / name).is_file()]
    found = {
        origin: layout
        for origin, names in ((PARQUET, parquet), (FOLDERS, folders))
        if (layout := _named(folder, origin, names))
    }
    if lists:
        for missing in (name for name in LISTS if name not in lists):
            raise UserError(f"{folder} holds {lists[0]} but no {missing}.")
        found[WORDS] = _Layout(WORDS)
    if len(found) > 1:
        several = " and ".join(
            {PARQUET: "parquet files", FOLDERS: "folders of images", WORDS: LISTS[0]}[o] for o in found
        )
        raise UserError(f"{folder} holds {several}, which are different sets; leave one of the two.")
    if found:
        return next(iter(found.values()))
    if len([name for name in folders if _holds_pictures(folder / name)]) > 1:
        return _Layout(FOLDERS, ("",))
    return None


def _named(folder: Path, origin: str, names: dict[str, str]) -> _Layout | None:
    """The parts among what lies in a folder.

    names  of the parts that could be, and how they are shown
    """
    chosen: dict[str, str] = {}
    notes = []
    for part, sorts in CALLED.items():
        for words in sorts:
            there = [name for name in names if name.lower() in words]
            if len(there) > 1:
                raise UserError(f"{folder} holds {' and '.join(names[name] for name in there)}; leave one of them.")
            if there and part in chosen:
                notes.append(f"the validation part ({there[0]}) is left out")
            elif there:
                chosen[part] = there[0]
    if not chosen:
        return None
    if "train" not in chosen:
        ending = ".parquet" if origin == PARQUET else "/"
        raise UserError(f"{folder} holds {names[chosen['test']]} but no train{ending}.")
    if "test" in chosen and chosen["test"].lower() not in CALLED["test"][0]:
        notes.append(f"what is measured on is the validation part ({chosen['test']}): there is no other")
    return _Layout(origin, tuple(chosen.values()), tuple(notes))


def _holds_pictures(folder: Path) -> bool:
    return any(path.suffix.lower() in PICTURES for path in folder.iterdir())


def _folder(folder: Path) -> Source:
    if not folder.is_dir():
        what = next((what for ending, what in FOREIGN.items() if folder.name.lower().endswith(ending)), None)
        if what and folder.is_file():
            raise UserError(f"--dataset {folder}: {what}; scripts/README.md has the line that makes a set of it.")
        raise UserError(f"--dataset {folder} is not a folder.")
    layout = _layout(folder)
    if layout is None:
        foreign = next((path for path in sorted(folder.iterdir()) if path.name.lower().endswith(tuple(FOREIGN))), None)
        hint = (
            f" {foreign.name} is not read as it is: scripts/README.md has the line that converts it." if foreign else ""
        )
        raise UserError(
            f"--dataset: {folder} holds neither train.parquet and test.parquet, nor the folders train/ and test/ (or "
            "val/) with a folder of images for each class, nor such class folders themselves, nor "
            f"{' and '.join(LISTS)} beside a folder of WAV files for each word.{hint}"
        )
    return Source(folder.resolve().name, _kind(folder, layout), layout.origin, folder, layout.parts, layout.notes)


def _kind(folder: Path, layout: _Layout) -> str:
    """Of a set of the user's own: what it is shows in its layout, or in the columns of its parquet files."""
    if layout.origin != PARQUET:
        return "sounds" if layout.origin == WORDS else "images"
    import pyarrow as pa
    import pyarrow.parquet as pq

    from common.data.columns import holds_sounds

    try:
        schema = pq.read_schema(parquet_files(folder, layout.parts[0])[0])
    except (pa.ArrowException, OSError, ValueError):
        return "images"  # the reader says what is wrong with it
    return "sounds" if holds_sounds(schema) else "images"


def _line(embedded: str) -> str:
    """What trains on a set that needs no file."""
    return places.command("train", "--dataset", embedded, "--mixup")


def _local_sounds(name: str, root: Path | None) -> Source:
    folder = root / name if root else None
    layout = _layout(folder) if folder and folder.is_dir() else None
    if layout and layout.origin in (PARQUET, WORDS):
        return Source(name, "sounds", layout.origin, folder, layout.parts, layout.notes)
    looked = f"{folder} does not hold it" if root else "no local folder is named (--data-dir, MIXUP_DATA_DIR)"
    raise UserError(
        f"The data set {name} cannot be had: {looked}, and the Hugging Face hub is not asked for sounds. Ways to get "
        f"it: --data-dir FOLDER, where FOLDER holds {name}/train.parquet and {name}/test.parquet with the columns "
        f"audio and label, or {name}/{LISTS[0]}, {LISTS[1]} and a folder of WAV files for each word. A set that needs "
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
    return Source(file.name if stem in (*HUB, *EMBEDDED) else stem, "table", CSV, file)


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


def _local_cifar(name: str, root: Path | None) -> Source | None:
    if root is None:
        return None
    for folder in (root / name, root / name / HUB_FOLDERS[name]):
        if folder.is_dir() and (layout := _layout(folder)):
            if len(layout.parts) < len(PARTS):
                raise UserError(f"{folder} holds {layout.parts[0] or 'class folders'} but no test.parquet or test/.")
            return Source(name, "images", layout.origin, folder, layout.parts, layout.notes)
    for folder in (root, root / name):
        if (folder / ARCHIVE_FOLDERS[name]).is_dir():
            return Source(name, "images", ARCHIVE, folder)
    return None


def _hub(name: str, root: Path | None) -> Source:
    """The hub, where it answers or `datasets` has kept the set from an earlier time."""
    if Path(HUB[name]).exists():
        raise UserError(
            f"The folder {HUB[name]} of the working directory would be read in place of the hub's {HUB[name]}; "
            f"rename it, or name it by its path: --dataset ./{HUB[name]}."
        )
    obstacle = None if _kept_by_datasets(HUB[name]) else _obstacle()
    if obstacle is None:
        return Source(name, "images", f"hub {HUB[name]}", None)
    looked = f"not in {root}" if root else "no local folder is named (--data-dir, MIXUP_DATA_DIR)"
    raise UserError(
        f"The data set {name} cannot be had: {looked}, and on the Hugging Face hub ({HUB[name]}) it is out of reach: "
        f"{obstacle}. Ways to get it: --data-dir FOLDER, where FOLDER holds {name}/train.parquet and "
        f"{name}/test.parquet or the original archive's {ARCHIVE_FOLDERS[name]}; or run once with a network, which "
        f"keeps it. A set that needs neither works here at once:\n    {_line('digits')}"
    )


def _obstacle() -> str | None:
    """Why the hub cannot be asked, or None. Says so within PATIENCE, also where the resolver hangs."""
    for variable in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        if os.environ.get(variable, "").upper() in ("1", "ON", "YES", "TRUE"):
            return f"{variable} is set"
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return None  # a proxy resolves and connects in our place: only a request would tell
    address = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    host = address.hostname or ""
    port = address.port or (80 if address.scheme == "http" else 443)
    answered = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection((host, port), timeout=PATIENCE).close()
            answered.set()
        except OSError:
            pass  # no answer is the answer

    thread = threading.Thread(target=connect, daemon=True)  # a name look-up has no time limit of its own
    thread.start()
    thread.join(PATIENCE)
    return None if answered.is_set() else f"no connection to {host}:{port} within {PATIENCE:g} s"


def _kept_by_datasets(hub_id: str) -> bool:
    home = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "huggingface"
    cache = os.environ.get("HF_DATASETS_CACHE") or Path(os.environ.get("HF_HOME") or home) / "datasets"
    folder = Path(cache).expanduser() / hub_id.replace("/", "___")
    return any(folder.rglob("dataset_info.json"))  # written last, when the set is whole


def _unknown(dataset: str, root: Path | None) -> UserError:
    known = [*HUB, *SOUNDS, *EMBEDDED, *TABLES]
    near = difflib.get_close_matches(dataset, known, n=1, cutoff=0.5)
    meant = f" Did you mean {near[0]}?" if near else ""
    looked = f", and {root} holds no folder or CSV file of that name" if root else ""
    return UserError(
        f"--dataset {dataset} is no known data set{looked}.{meant} Known are {', '.join(known)}; a folder of your own "
        f"is named by a path with a slash, such as ./{dataset}, and a table by its file, such as {dataset}.csv; one "
        "that lies elsewhere now than when it was trained on is found by --data-dir FOLDER, the folder that holds it."
    )

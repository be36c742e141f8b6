"""How a set of images or sounds lies in a folder or in the splits of a hub's: what its parts are called, and which are
read. No file is read but the columns of one; nothing heavy is imported."""

import glob
import re
from dataclasses import dataclass
from pathlib import Path

from common.errors import UserError

PARTS = ("train", "test")
# What the parts are called elsewhere, whatever the case: the first that is there counts, a validation part where there
# is no test part.
CALLED = {"train": (("train", "training"),), "test": (("test", "testing"), ("val", "valid", "validation"))}
PARQUET, FOLDERS = "parquet files", "class folders"
WORDS, UNLISTED = "word folders with lists", "word folders"  # of sounds
NOISE = "_background_noise_"  # of the Google commands: minutes of it to mix in, no word
LISTS = ("validation_list.txt", "testing_list.txt")  # of the Google commands: what is not trained on
LISTED = ("val.txt", "LOC_val_solution.csv", "imagenet_2012_validation_synset_labels.txt")  # of a part without folders
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm")


@dataclass(frozen=True)
class Layout:
    """origin, parts, notes  as in `Source`"""

    origin: str
    parts: tuple[str, ...] = PARTS
    notes: tuple[str, ...] = ()


def is_picture(name: str) -> bool:
    return name.lower().endswith(PICTURES)


def is_recording(name: str) -> bool:
    return name.lower().endswith(".wav")


def layout_of(folder: Path, unlabelled: tuple[str, ...] = ()) -> Layout | None:
    """How the set lies in its folder; None where there is none. Raises UserError for half a set, and for two.

    unlabelled  what is there without classes, and is no part
    """
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
        if (layout := parts_of(str(folder), origin, {n: shown for n, shown in names.items() if n not in unlabelled}))
    }
    if lists:
        for missing in (name for name in LISTS if name not in lists):
            raise UserError(f"{folder} holds {lists[0]} but no {missing}.")
        found[WORDS] = Layout(WORDS)
    if len(found) > 1:
        several = " and ".join(
            {PARQUET: "parquet files", FOLDERS: "folders of files", WORDS: LISTS[0]}[o] for o in found
        )
        raise UserError(f"{folder} holds {several}, which are different sets; leave one of the two.")
    if found:
        return next(iter(found.values()))
    for origin, is_one in ((FOLDERS, is_picture), (UNLISTED, is_recording)):
        if len([name for name in folders if any(is_one(path.name) for path in (folder / name).iterdir())]) > 1:
            return Layout(origin, ("",))
    return None


def parts_of(where: str, origin: str, names: dict[str, str]) -> Layout | None:
    """The parts among what is there; None where there is none.

    where  for messages
    names  of the parts that could be, and how they are shown
    """
    chosen: dict[str, str] = {}
    notes = []
    for part, sorts in CALLED.items():
        for words in sorts:
            there = [name for name in names if name.lower() in words]
            if len(there) > 1:
                raise UserError(f"{where} holds {' and '.join(names[name] for name in there)}; leave one of them.")
            if there and part in chosen:
                notes.append(f"the validation part ({there[0]}) is left out")
            elif there:
                chosen[part] = there[0]
    if not chosen:
        return None
    if "train" not in chosen:
        ending = {PARQUET: ".parquet", FOLDERS: "/"}.get(origin, "")
        raise UserError(f"{where} holds {names[chosen['test']]} but no train{ending}.")
    if "test" in chosen and chosen["test"].lower() not in CALLED["test"][0]:
        notes.append(f"what is measured on is the validation part ({chosen['test']}): there is no other")
    return Layout(origin, tuple(chosen.values()), tuple(notes))


def kind_of(folder: Path, layout: Layout) -> str:
    """Of a set of the user's own: what it is shows in its layout, in the first file of its class folders that is known
    by its name, or in the columns of its parquet files."""
    if layout.origin in (WORDS, UNLISTED):
        return "sounds"
    if layout.origin == FOLDERS:
        classes = sorted((folder / layout.parts[0]).glob("[!.]*"))
        names = (path.name for one in classes for path in sorted(one.glob("[!.]*")))
        known = next((name for name in names if is_recording(name) or is_picture(name)), "")
        return "sounds" if is_recording(known) else "images"
    import pyarrow as pa  # 0.15 s, which no --help is to wait for
    import pyarrow.parquet as pq

    from common.data.columns import holds_sounds

    try:
        schema = pq.read_schema(parquet_files(folder, layout.parts[0])[0])
    except (pa.ArrowException, OSError, ValueError):
        return "images"  # the reader says what is wrong with it
    return "sounds" if holds_sounds(schema) else "images"


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

"""Sets of images from the Hugging Face hub, through `datasets`, which downloads them once and keeps them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import datasets
from datasets.table import embed_table_storage

from common.data.cache import folder
from common.data.encoded import Encoded
from common.data.layouts import parts_of
from common.data.parquet import from_table
from common.data.sets import SETS
from common.data.sources import Source
from common.errors import UserError

Splits = Mapping[str, datasets.Dataset]


def fetch(source: Source) -> tuple[Source, Splits]:
    """The source with what its parts are called on the hub, and all that is there.

    Raises UserError where the hub breaks off, the set is not there or not open to everybody, it comes in several
    configurations, or none of its splits is for training.
    """
    hub_id = source.origin.removeprefix("hub ")
    try:
        splits = datasets.load_dataset(hub_id)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        raise UserError(
            f"The data set {hub_id} could not be had from the Hugging Face hub: "
            f"{' '.join(str(error).split()).removesuffix('.')}. {_way_out(hub_id, str(error))}Without it: --data-dir "
            f"FOLDER with {source.name}/train.parquet and {source.name}/test.parquet."
        ) from error
    known = SETS.get(source.name)
    labelled = {name: name for name in splits if known is None or name not in known.unlabelled}
    layout = parts_of(f"The hub's {hub_id}", source.origin, labelled)
    if layout is None:
        raise UserError(
            f"The hub's {hub_id} holds {', '.join(splits)}, none of which is called train or test; {_copy(source)}"
        )
    return replace(source, parts=layout.parts, notes=layout.notes), splits


def revision(source: Source, splits: Splits) -> str:
    """Which revision was fetched, in the words of `datasets`."""
    return " ".join(splits[part]._fingerprint for part in source.parts)


def encoded(splits: Splits, part: str, target: str | None, where: str = "", is_mapped: bool = False) -> Encoded:
    """``part`` as the hub calls it. Raises UserError as `parquet.from_table`.

    where      for messages
    is_mapped  whether its files stay in what is mapped into memory
    """
    where = where or f"the hub's part '{part}'"
    if is_mapped:
        mapped = splits[part].data.table.replace_schema_metadata(splits[part].features.arrow_schema.metadata)
        return from_table(mapped, "images", where, target, is_mapped=True)
    table = splits[part].with_format("arrow")[:]
    if splits[part].info.builder_name == "imagefolder":  # paths into what `datasets` itself has unpacked
        table = embed_table_storage(table)
    return from_table(table, "images", where, target)


def from_files(files: Mapping[str, list[Path]]) -> Splits:
    """What lies in parquet files, as `datasets` maps it into memory: it writes them out once, into the cache, since a
    row of a parquet file cannot be read without the hundred around it. files  of each part"""
    named = {part: [str(file) for file in some] for part, some in files.items()}
    try:
        return datasets.load_dataset("parquet", data_files=named, cache_dir=str(folder() / "arrow"))
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        first = next(iter(files.values()))[0]
        raise UserError(
            f"{first.parent}: the parquet files cannot be read: {' '.join(str(error.__cause__ or error).split())}. "
            "Where one is damaged or cut off, fetch it again."
        ) from error


def _way_out(hub_id: str, error: str) -> str:
    if "gated" in error or "cannot be accessed" in error:
        return (
            f"Where it is open to those who ask, ask at huggingface.co/datasets/{hub_id}, then log in by `hf auth "
            "login`, and this command goes on. "
        )
    return ""


def _copy(source: Source) -> str:
    return f"put those that are meant as train.parquet and test.parquet into FOLDER/{source.name}, and add --data-dir."

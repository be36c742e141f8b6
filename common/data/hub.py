"""Sets of images from the Hugging Face hub, through `datasets`, which downloads them once and keeps them."""

from collections.abc import Mapping
from dataclasses import replace

import datasets
from datasets.table import embed_table_storage

from common.data.encoded import Encoded
from common.data.layouts import parts_of
from common.data.parquet import from_table
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
    layout = parts_of(f"The hub's {hub_id}", source.origin, {name: name for name in splits})
    if layout is None:
        raise UserError(
            f"The hub's {hub_id} holds {', '.join(splits)}, none of which is called train or test; {_copy(source)}"
        )
    return replace(source, parts=layout.parts, notes=layout.notes), splits


def revision(source: Source, splits: Splits) -> str:
    """Which revision was fetched, in the words of `datasets`."""
    return " ".join(splits[part]._fingerprint for part in source.parts)


def encoded(splits: Splits, part: str, target: str | None) -> Encoded:
    """``part`` as the hub calls it. Raises UserError as `parquet.from_table`."""
    table = splits[part].with_format("arrow")[:]
    if splits[part].info.builder_name == "imagefolder":  # paths into what `datasets` itself has unpacked
        table = embed_table_storage(table)
    return from_table(table, "images", f"the hub's part '{part}'", target)


def _way_out(hub_id: str, error: str) -> str:
    if "gated" in error or "cannot be accessed" in error:
        return (
            f"Where it is open to those who ask, ask at huggingface.co/datasets/{hub_id}, then log in by `hf auth "
            "login`, and this command goes on. "
        )
    return ""


def _copy(source: Source) -> str:
    return f"put those that are meant as train.parquet and test.parquet into FOLDER/{source.name}, and add --data-dir."

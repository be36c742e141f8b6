"""The CIFAR sets from the Hugging Face hub, through `datasets`, which downloads it once and keeps it."""

from collections.abc import Mapping

import datasets

from common.data.encoded import Encoded
from common.data.parquet import from_table
from common.data.sources import HUB, PARTS
from common.errors import UserError


def fetch(name: str) -> Mapping[str, datasets.Dataset]:
    """Raises UserError where the hub breaks off or the set is not there."""
    try:
        return datasets.load_dataset(HUB[name])
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise UserError(
            f"The data set {HUB[name]} could not be had from the Hugging Face hub: {error}. Without it: --data-dir "
            f"FOLDER with {name}/train.parquet and {name}/test.parquet."
        ) from error


def revision(splits: Mapping[str, datasets.Dataset]) -> str:
    """Which revision was fetched, in the words of `datasets`."""
    return " ".join(splits[part]._fingerprint for part in PARTS)


def encoded(splits: Mapping[str, datasets.Dataset], part: str, target: str | None) -> Encoded:
    return from_table(splits[part].with_format("arrow")[:], "images", f"the hub's part '{part}'", target)

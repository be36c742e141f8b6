"""A training of seconds, and what is compared of two."""

from pathlib import Path

from common import records
from scripts import train

ROOT = Path(__file__).resolve().parents[2]
# Sizes that divide nothing: 103 rows in batches of 17 leave a single one, which joins the last batch.
SMALL = ["--dataset", "digits", "--subset", "103", "--holdout", "37", "--batch-size", "17", "--epochs", "4"]
SMALL += ["--width", "4", "--threads", "1"]


def run(*argv):
    path = train.main([*SMALL, *map(str, argv)])
    return path and records.read(path)


def measured(record):
    """All but when, where and how fast."""
    return {key: record[key] for key in ("run", "config", "data", "weights", "curve", "final")}

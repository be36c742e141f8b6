"""Small tables, written and read."""

import numpy as np

from common.data.load import load
from common.data.selection import select
from common.data.sources import Reading, find

SHARE = 0.25


def write(path, rows, header="size,colour,weight,label"):
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def plain_rows(n=24):
    """Numbers, texts, gaps in both, two classes; row 2 again as row 5."""
    rows = [
        [(row * 7 % 25) ** 2, ("red", "green", "blue")[row % 3], row * 0.5, "no" if row % 2 else "yes"]
        for row in range(n)
    ]
    rows[3][0] = rows[10][0] = ""
    rows[7][1] = ""
    rows[6][:3] = rows[2][:3]
    return rows


def read(path, target="label", share=SHARE, data_seed=0, subset=None, holdout=None, drop=None):
    return select(
        load(find(str(path), None), Reading(target, drop, None, share, data_seed)), subset, holdout, data_seed
    )


def measured(path, holdout):
    """The rows of the file that a run is measured on: its size is another in each row."""
    numbered = path.with_name("numbered.csv")
    lines = path.read_text().splitlines()
    labels = [line.rsplit(",", 1)[1] for line in lines[1:]]
    write(numbered, enumerate(labels), header="number,label")
    data = read(numbered, holdout=holdout, drop=())
    return data.test.inputs[:, 0].int().tolist()


NOISE = np.random.default_rng(0).normal(size=60).round(3).tolist()

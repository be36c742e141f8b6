"""What scripts import, imported once by a process of which each then begins as a copy (scripts/_study/crew.py).

Nothing of it looks for a GPU, which a copy could not use after that.
"""

from importlib import import_module

from common import records

IMPORTED = (
    "torch._dynamo",  # which comes with the first optimizer
    *(
        "common.cli",
        "common.progress",
        "common.costs",
        "common.runs",
        "common.trained",
        "common.matrix",
        "common.probes",
        "common.toys",
    ),
    *("common.gan.measures", "common.gan.pair", "common.data.embedded"),
    *("sklearn.ensemble", "sklearn.linear_model", "sklearn.neural_network"),  # of baseline.py
)
for name in IMPORTED:
    import_module(name)
records.code()  # of which this is, whatever the files become

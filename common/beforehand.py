"""What scripts import, imported once by a process of which each then begins as a copy (scripts/_study/crew.py).

Nothing of it looks for a GPU, which a copy could not use after that.
"""

import signal
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
heard = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the study, with which this process ends
for name in IMPORTED:
    import_module(name)
signal.signal(signal.SIGINT, heard)
records.code()  # this is what they run, whatever the files become

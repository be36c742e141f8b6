"""What scripts import, imported once by a process of which each then begins as a copy (scripts/_study/crew.py).

Nothing of it looks for a GPU, which a copy could not use after that.
"""

from importlib import import_module

from common import records

IMPORTED = ["torch._dynamo"]  # which comes with the first optimizer
IMPORTED += [f"common.{name}" for name in ("cli", "progress", "costs", "runs", "trained", "matrix", "probes", "toys")]
IMPORTED += ["common.gan.measures", "common.gan.pair", "common.data.embedded"]
IMPORTED += ["sklearn.ensemble", "sklearn.linear_model", "sklearn.neural_network"]  # of baseline.py
for name in IMPORTED:
    import_module(name)
records.code()  # of which this is, whatever the files become

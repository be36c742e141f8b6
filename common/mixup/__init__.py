"""Ways of mixing as values: what one draws of an epoch's plan, how it mixes a batch, and its loss.

mixup (Zhang et al. 2018, section 2) is the first; ERM is mixup whose lambda is 1, not a branch. `arithmetic` is what is
done to tensors, `pairs` who is mixed with whom (`neighbours` finds the nearest), `ways` the values themselves, `made`
how options become one. Chance is drawn in `pairs` and `ways`, as a part of the plan of an epoch; the arithmetic knows
of none.
"""

from common.mixup.arithmetic import mix, mixed_cross_entropy, mixed_hits
from common.mixup.made import of
from common.mixup.pairs import InBlocks, Neighbours, Pairs, SameClass
from common.mixup.ways import ERM, Batch, CutMix, Drawn, Mixup

__all__ = [
    "ERM",
    "Batch",
    "CutMix",
    "Drawn",
    "InBlocks",
    "Mixup",
    "Neighbours",
    "Pairs",
    "SameClass",
    "mix",
    "mixed_cross_entropy",
    "mixed_hits",
    "of",
]

"""How the rate rises and falls, apart from torch: what trains by it and what checks a record of it share it."""

QUARTER = 0.25  # of the rate, from which it rises before the drops: the paper's 0.1 of 0.4
FIRST, PEAK, LAST = 0.2, 0.23, 0.07  # the rate at the first step, the share of the training at the peak, the last rate


def triangle(share: float) -> float:
    """The rate after this share of the training, over its peak: linearly up, then linearly down (Jordan 2024)."""
    if share < PEAK:
        return FIRST + (1 - FIRST) * share / PEAK
    return 1 - (1 - LAST) * (share - PEAK) / (1 - PEAK)


def risen(epoch: float, rise_epochs: int) -> float:
    """The rate after so many epochs, over what it is before the first drop: linearly up from a quarter (section 3.1;
    Goyal et al. 2017, section 2.2)."""
    return min(1.0, QUARTER + (1 - QUARTER) * epoch / rise_epochs) if rise_epochs else 1.0

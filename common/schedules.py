"""The schedule that rises and falls, apart from torch: what trains by it and what checks a record of it share it."""

FIRST, PEAK, LAST = 0.2, 0.23, 0.07  # the rate at the first step, the share of the training at the peak, the last rate


def triangle(share: float) -> float:
    """The rate after this share of the training, over its peak: linearly up, then linearly down (Jordan 2024)."""
    if share < PEAK:
        return FIRST + (1 - FIRST) * share / PEAK
    return 1 - (1 - LAST) * (share - PEAK) / (1 - PEAK)

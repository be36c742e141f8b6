"""Misses at each lambda, ours and by a plain loop of forward passes."""

import torch
from torch.utils.data import DataLoader, TensorDataset

from _benchmark.contest import Turn
from _benchmark.subjects import device_here, finished, random_images
from common import probes, processes
from common.options.benchmark import MeasuredConfig

POINTS = 21  # interpolate.py's own


def our_misses(measured: MeasuredConfig) -> Turn:
    """As interpolate.py counts them. A turn returns the misses at each lambda."""
    accelerator = processes.start(torch.get_num_threads(), None)
    part = random_images(measured.rows).to(accelerator.device)
    network = finished(measured.width)[0].to(accelerator.device)
    pairs = probes.draw_pairs(len(part), measured.rows, 0).to(accelerator.device)

    def turn() -> list[int]:
        table = probes.between(accelerator, network, part, pairs, probes.lambdas(POINTS), 0, lambda _: None)
        return table[probes.MISSED].sum(axis=1).astype(int).tolist()

    return turn


def plain_misses(measured: MeasuredConfig) -> Turn:
    """What people write: at each lambda, a pass over a DataLoader of pairs."""
    device = device_here()
    part = random_images(measured.rows)
    pairs = probes.draw_pairs(len(part), measured.rows, 0)
    pixels = part.whole / 255
    ends = [tensor[rows] for rows in (pairs.first, pairs.second) for tensor in (pixels, part.labels)]
    loader = DataLoader(TensorDataset(*ends), measured.batch_size)
    network = finished(measured.width)[0].to(device).to(memory_format=torch.contiguous_format)

    @torch.no_grad()
    def turn() -> list[int]:
        misses = []
        for lam in probes.lambdas(POINTS):
            missed = 0
            for batch in loader:
                x_i, y_i, x_j, y_j = (tensor.to(device) for tensor in batch)
                predicted = network(lam * x_i + (1 - lam) * x_j).argmax(dim=1)
                missed += int(((predicted != y_i) & (predicted != y_j)).sum())
            misses.append(missed)
        return misses

    return turn

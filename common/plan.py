"""An epoch, planned before it is run: the order, each row's partner, lambda, crop and flip.

All of it is drawn here, on the CPU, for all rows at once, from streams named by (seed, epoch). Nothing else in training
draws a random number (but dropout, by seed, epoch and process), so a run resumes without random state, and one process
or eight see the same batches.
"""

import dataclasses
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from common.chance import rng
from common.mixup import Mixup
from common.shapes import Boxes, BoxesOfAll, Flags, Inputs, Lambdas, Rows

SCALES, TRIES = (0.08, 1.0), 10  # of a box: shares of the image's area, and how often one is drawn that may fit
LEAST, MOST = 3 / 4, 4 / 3  # its width over its height


@dataclass(frozen=True)
class Noise:
    """Gaussian noise, drawn place by place when it is needed: that of a whole epoch may not fit in memory.

    std    of each channel or feature, in natural units
    shape  of one input
    """

    seed: int
    epoch: int
    std: tuple[float, ...]
    shape: tuple[int, ...]

    def at(self, places: slice) -> Inputs:
        """(b, ...) of these places, on the CPU."""
        drawn = np.empty((places.stop - places.start, *self.shape), dtype=np.float32)
        for row, place in enumerate(range(places.start, places.stop)):
            rng("noise", self.seed, self.epoch, place).standard_normal(out=drawn[row], dtype=np.float32)
        return torch.from_numpy(drawn) * torch.tensor(self.std).view(-1, *[1] * (len(self.shape) - 1))


@dataclass(frozen=True)
class Plan:
    """One epoch over n rows. Places count the rows in the order in which they are met.

    order    (n,)    the row at each place
    partner  (p, n)  the rows mixed into it: other rows (or the same) of the same global batch, or as the method pairs
    lam      (p, n)  the weight of the row itself; 1 - lam is the partner's
    box      (n, 4)  what CutMix pastes of the partner; None: nothing
    layers           of each global batch, that before which it is mixed; 0: the inputs are
    shift    (n, 2)  per row, not place: top left corner of its crop in the padded image; None: not moved
    crop     (n, 4)  per row, not place: the box that is cut out of it and scaled; None: none is
    flip     (n,)    per row, not place: whether it is mirrored; None: no crop, no flip
    stops            the place after the last of each global batch
    pad              pixels of padding that shift counts from
    reflected        whether the padding is the image's own reflection, or zeros
    noise            added to what is mixed at each place; None: none
    """

    order: Rows
    partner: Int[Tensor, "p b"]
    lam: Lambdas
    box: Boxes | None
    layers: tuple[int, ...]
    shift: Int[Tensor, "b 2"] | None
    flip: Flags | None
    stops: tuple[int, ...]
    pad: int
    reflected: bool = False
    noise: "Noise | None" = None
    crop: BoxesOfAll | None = None

    def members(self, places: slice) -> Rows:
        """The rows that are needed at these places, partners among them: each once, ascending."""
        return torch.cat([self.order[places], self.partner[:, places].flatten()]).unique()

    def batches(self, process: int, processes: int) -> list[tuple[slice, int]]:
        """This process's places of each global batch, and the number of rows of the whole batch.

        The shares are as equal as can be; with more processes than rows some are empty.
        """
        starts = (0, *self.stops[:-1])
        shares = []
        for start, stop in zip(starts, self.stops, strict=True):
            rows = stop - start
            mine = slice(start + rows * process // processes, start + rows * (process + 1) // processes)
            shares.append((mine, rows))
        return shares

    def pieces(self, process: int, processes: int, accumulate: int) -> list[tuple[list[slice], int]]:
        """The same, each share in ``accumulate`` pieces, as equal as can be, whose gradients are added up.

        Every process has as many pieces of a batch as every other one, and no piece is of fewer than two rows, which
        BatchNorm needs, unless the share is: a small batch, such as the last one, is in fewer pieces.
        """
        batches = []
        for share, rows in self.batches(process, processes):
            count = max(1, min(accumulate, rows // processes // 2))
            mine = share.stop - share.start
            cuts = [share.start + mine * piece // count for piece in range(count + 1)]
            batches.append(([slice(*ends) for ends in itertools.pairwise(cuts)], rows))
        return batches

    def to(self, device: torch.device) -> "Plan":
        tensors: dict[str, Any] = {name: t.to(device) for name, t in vars(self).items() if isinstance(t, Tensor)}
        return dataclasses.replace(self, **tensors)


def batch_stops(rows: int, batch_size: int) -> tuple[int, ...]:
    """Where each global batch ends. The last, smaller one is used too, unless it is of a single row, which has no
    partner and no variance to normalise by: that row joins the batch before it."""
    stops = [*range(batch_size, rows, batch_size), rows]
    if len(stops) > 1 and stops[-1] - stops[-2] == 1:
        del stops[-2]
    return tuple(stops)


def draw(
    rows: int,
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    method: Mixup,
    pad: int,
    alternating: bool = False,
    noise: Noise | None = None,
    sizes: np.ndarray | None = None,
) -> Plan:
    """Draws one epoch. Whatever the method, its order, crops and flips are the same.

    method       draws partners and lambda
    pad          pixels of padding to crop from; 0: images are left as they are
    alternating  padded by reflection, and mirrored in every other epoch: half of the rows, drawn once a seed, in the
                 odd ones, the other half in the even ones (Jordan 2024, section 3.6)
    noise        of the same seed and epoch
    sizes        (n, 2) heights and widths of images of which boxes are cut out
    """
    stops = batch_stops(rows, batch_size)
    order = rng("order", seed, epoch).permutation(rows)
    drawn = method.draw(seed, epoch, order, stops)
    shift = rng("crop", seed, epoch).integers(0, 2 * pad, size=(rows, 2), endpoint=True)
    flip = rng("flip", seed, 0 if alternating else epoch).random(rows) < 0.5
    if alternating and epoch % 2:
        flip = ~flip
    return Plan(
        order=torch.from_numpy(order),
        partner=torch.from_numpy(drawn.partner),
        lam=torch.from_numpy(drawn.lam).float(),
        box=None if drawn.box is None else torch.from_numpy(drawn.box),
        layers=drawn.layers,
        shift=torch.from_numpy(shift) if pad else None,
        flip=torch.from_numpy(flip) if pad or sizes is not None else None,
        stops=stops,
        pad=pad,
        reflected=alternating,
        noise=noise,
        crop=None if sizes is None else torch.from_numpy(boxes(seed, epoch, sizes)),
    )


def boxes(seed: int, epoch: int, sizes: np.ndarray) -> np.ndarray:
    """A box of each image, as torchvision's `RandomResizedCrop` draws it: of 8 to 100 % of its area and of proportions
    from 3/4 to 4/3, the first of ten that fits into it; where none does, all of the image but for what is too long.

    sizes    (n, 2) heights and widths
    returns  (n, 4) top, left, height and width

    Source: section 3.1 takes the usual augmentation of ImageNet (Goyal et al. 2017, after Szegedy et al. 2015).
    """
    n, (height, width) = len(sizes), sizes.T
    cut = np.minimum(sizes, np.rint(np.stack([width / LEAST, height * MOST], axis=1)))
    corner = (sizes - cut) // 2
    chance, placed = rng("box of all scales", seed, epoch), rng("place of the box", seed, epoch).random((n, 2))
    is_open = np.ones(n, dtype=bool)
    for _ in range(TRIES):
        area = height * width * chance.uniform(*SCALES, n)
        ratio = np.exp(chance.uniform(np.log(LEAST), np.log(MOST), n))
        drawn = np.rint(np.sqrt(np.stack([area / ratio, area * ratio], axis=1)))
        fits = is_open & (drawn > 0).all(axis=1) & (drawn <= sizes).all(axis=1)
        cut[fits] = drawn[fits]
        corner[fits] = np.floor(placed[fits] * (sizes - drawn + 1)[fits])
        is_open &= ~fits
    return np.concatenate([corner, cut], axis=1).astype(np.int64)

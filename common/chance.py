"""All chance of a study, drawn from named streams: no draw depends on how many draws came before it."""

import hashlib

import numpy as np


def rng(name: str, *key: int | str) -> np.random.Generator:
    """The generator of one named draw, such as ``rng("order", seed, epoch)``.

    The seed is a hash of the name and the key, so that (seed 0, epoch 1) and (seed 1, epoch 0) are unrelated, as are
    two names with the same key. It is drawn on the CPU by NumPy: the same on every device and for any number of
    processes.
    """
    digest = hashlib.blake2b(repr((name, *key)).encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "little")))


def seed(name: str, *key: int | str) -> int:
    """A seed for what draws its own numbers (torch: initial weights, dropout), in [0, 2^63)."""
    return int(rng(name, *key).integers(2**63))

"""Which photos of an item are copies of each other."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pdqhash
from PIL import Image

Bits = npt.NDArray[np.bool_]

LEAST_QUALITY = 50
"""Below it a picture is too plain for its hash to mean anything (PDQ's own recommendation)."""
MOST_BITS = 31
"""Bits, of 256, that the hashes of near duplicates differ by (PDQ's own recommendation)."""


def fingerprint(picture: Image.Image) -> Bits | None:
    """The PDQ hash of an RGB picture, bool[256]; None for one without detail."""
    bits, quality = pdqhash.compute(np.asarray(picture))
    return np.asarray(bits, np.bool_) if quality >= LEAST_QUALITY else None


def groups(hashes: Sequence[str], fingerprints: Sequence[Bits | None]) -> tuple[int, ...]:
    """The number of the first copy of each photo; copies of copies are copies.

    Args:
        hashes: sha256 of each photo.
        fingerprints: its perceptual hash, if it has one.
    """
    first = list(range(len(hashes)))
    for one in range(len(hashes)):
        for other in range(one):
            if hashes[one] == hashes[other] or _alike(fingerprints[one], fingerprints[other]):
                first = [first[other] if f == first[one] else f for f in first]
    return tuple(min(k for k, f in enumerate(first) if f == mine) for mine in first)


def _alike(one: Bits | None, other: Bits | None) -> bool:
    if one is None or other is None:
        return False
    return int(np.count_nonzero(one != other)) <= MOST_BITS

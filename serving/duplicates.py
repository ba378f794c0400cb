"""Photos that are the same, or look the same: a repost is no second witness."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt
import pdqhash
from PIL import Image

LEAST_QUALITY = 50
"""Quality, of 100, below which PDQ says little: plain pictures all look alike to it."""
NEAR = 31
"""Most bits, of 256, in which the PDQ hashes of one picture differ (Meta, 2019)."""
BITS = 256
BLOCK = 1024
"""Hashes that are compared with as many others at once; bounds the memory."""

Groups = list[list[int]]


def fingerprint(picture: Image.Image) -> str:
    """The PDQ hash of an RGB picture in hexadecimal; empty for one too plain to tell."""
    bits, quality = pdqhash.compute(np.asarray(picture.reduce(2)))  # It looks at 64 x 64.
    return np.packbits(bits.astype(bool)).tobytes().hex() if quality >= LEAST_QUALITY else ""


def first_copies(keys: Sequence[str], fingerprints: Sequence[str]) -> tuple[int, ...]:
    """For each photo the number of the first that it copies, its own if none.

    Args:
        keys: what tells the bytes of one photo from those of others.
        fingerprints: how each photo looks, by `fingerprint`.
    """
    leaders = list(range(len(keys)))
    for first, *others in (*same(keys), *alike(fingerprints)):
        for other in others:
            leaders[_leader(leaders, other)] = _leader(leaders, first)
    earliest: dict[int, int] = {}
    return tuple(
        earliest.setdefault(_leader(leaders, index), index) for index in range(len(leaders))
    )


def same(keys: Iterable[Hashable]) -> Groups:
    """Indices of equal keys, for each key that comes more than once; empty keys stay alone."""
    found: dict[Hashable, list[int]] = {}
    for index, key in enumerate(keys):
        if key:
            found.setdefault(key, []).append(index)
    return [group for group in found.values() if len(group) > 1]


def alike(hashes: Sequence[str]) -> Groups:
    """Indices of hashes that are near each other, directly or through others.

    Args:
        hashes: PDQ hashes in hexadecimal; an empty one stays alone.
    """
    members: dict[str, list[int]] = {}
    for index, one in enumerate(hashes):
        if one:
            members.setdefault(one, []).append(index)
    distinct = list(members)
    leaders = list(range(len(distinct)))
    for first, second in _near_pairs(distinct):
        leaders[_leader(leaders, second)] = _leader(leaders, first)
    groups: dict[int, list[int]] = {}
    for number, one in enumerate(distinct):
        groups.setdefault(_leader(leaders, number), []).extend(members[one])
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def _leader(leaders: list[int], number: int) -> int:
    """The representative of a number's group (union-find, with paths halved on the way)."""
    while leaders[number] != number:
        leaders[number] = leaders[leaders[number]]
        number = leaders[number]
    return number


def _near_pairs(hashes: Sequence[str]) -> Iterator[tuple[int, int]]:
    packed = np.frombuffer(bytes.fromhex("".join(hashes)), np.uint8).reshape(-1, BITS // 8)
    starts = range(0, len(packed), BLOCK)
    for start, other in combinations_with_replacement(starts, 2):
        one, another = (_signs(packed[at : at + BLOCK]) for at in (start, other))
        firsts, seconds = np.nonzero(one @ another.T >= BITS - 2 * NEAR)
        pairs = zip((firsts + start).tolist(), (seconds + other).tolist(), strict=True)
        yield from (pair for pair in pairs if pair[0] < pair[1])


def _signs(packed: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Bits of uint8[N, 32] as -1 and 1, [N, 256]; their products count the bits that agree."""
    return np.unpackbits(packed, axis=1).astype(np.float32) * 2 - 1

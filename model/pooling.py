"""Several photos of one item: correlated witnesses, each counted once."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

CORRELATION = 0.5
"""Between the errors of two photos of one wreck: same object, same light, same damage.

Measured on rendered views: no other tenth gives a smaller log-loss or calibration error."""
DOUBT = 1e-3
"""Share of each photo's probability spread over all classes: no photo rules anything out alone."""
DISAGREEMENT = 0.4
"""Share of the largest possible divergence from which photos are said to disagree."""


def floored(probabilities: npt.ArrayLike) -> Array:
    """Probabilities[..., C], none of them 0 or 1."""
    values = np.asarray(probabilities, np.float64)
    return np.asarray((1 - DOUBT) * values + DOUBT / values.shape[-1])


def shares(groups: Sequence[int]) -> Array:
    """The share of each photo in the item, float[P]; copies of one photo share one voice.

    Args:
        groups: the number of the group of copies that each photo belongs to.
    """
    members = np.bincount(groups)
    return np.asarray([1 / (np.count_nonzero(members) * members[group]) for group in groups])


def effective(count: int, correlation: float = CORRELATION) -> float:
    """How many independent photos so many correlated ones are worth (Kish, 1965, design effect)."""
    return count / (1 + (count - 1) * correlation)


def pool(
    probabilities: npt.ArrayLike, groups: Sequence[int], correlation: float = CORRELATION
) -> Array:
    """Probabilities[C] of an item from those of its photos, [P, C], none of them 0 or 1.

    A logarithmic opinion pool (Genest and Zidek, 1986): the classes that every photo allows win
    over those that one photo likes and another excludes. Its exponent is the effective number of
    photos, between 1 (always the same view) and their count (independent views); it sets how
    confident the item is, never how its candidates rank.

    Args:
        probabilities: one row a photo.
        groups: the group of copies of each photo.
        correlation: between the errors of two photos that are no copies.
    """
    weights = effective(len(set(groups)), correlation) * shares(groups)
    log = weights @ np.log(floored(probabilities))
    return np.asarray(np.exp(log - np.logaddexp.reduce(log)))


def disagreement(probabilities: npt.ArrayLike, groups: Sequence[int]) -> float:
    """0 for photos that say the same, 1 for photos that exclude each other.

    The Jensen-Shannon divergence (Lin, 1991) of [P, C] as a share of its largest value.
    """
    count = len(set(groups))
    if count < 2:
        return 0.0
    values, weights = floored(probabilities), shares(groups)
    divergence = _entropy(weights @ values) - weights @ _entropy(values)
    return float(np.clip(divergence / np.log(count), 0, 1))


def _entropy(probabilities: Array) -> Array:
    return np.asarray(-(probabilities * np.log(probabilities)).sum(axis=-1))

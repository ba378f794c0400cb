"""What the numbers of the network mean: pure functions on arrays."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from wreckid.datasets.catalogue import NOT_A_UAV

Array = npt.NDArray[np.float64]

GAMMA = 0.1
"""Exponent of the generalised entropy; small ones look at the unlikely classes too."""
SMALLEST = 1e-7
"""Probability below which a class adds no less to the generalised entropy."""

OutsideScore = Literal["energy", "gen"]


def probabilities(logits: npt.ArrayLike, temperature: float) -> Array:
    """Softmax of logits[..., C] over a temperature (Guo et al., 2017)."""
    scaled = np.asarray(logits, np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def leading_family(
    posterior: npt.ArrayLike, families: Sequence[str]
) -> tuple[npt.NDArray[np.str_], Array]:
    """The family of UAVs with the largest sum for each of posterior[..., C], and that sum.

    Args:
        posterior: the probabilities of the classes.
        families: the family of each class; `not-a-uav` is none.
    """
    names = np.array(sorted(set(families) - {NOT_A_UAV}))
    member = np.equal.outer(np.array(families), names)
    shares = np.asarray(posterior, np.float64) @ member
    return names[shares.argmax(axis=-1)], shares.max(axis=-1)


def energy(logits: npt.ArrayLike, temperature: float) -> Array:
    """Free energy, -T log sum exp(logits / T), of logits[..., C] (Liu et al., 2020).

    The higher it is, the less the photo is like what the network was trained on.
    """
    scaled = np.asarray(logits, np.float64) / temperature
    return np.asarray(-temperature * np.logaddexp.reduce(scaled, axis=-1))


def generalised_entropy(logits: npt.ArrayLike, temperature: float) -> Array:
    """GEN, the mean of (p (1 - p))^0.1 over all classes, of logits[..., C] (Liu et al., 2023).

    The higher it is, the more the probabilities are spread, and the less the photo is like what
    the network was trained on.
    """
    p = np.clip(probabilities(logits, temperature), SMALLEST, 1 - SMALLEST)
    return np.asarray(((p * (1 - p)) ** GAMMA).mean(axis=-1))


OUTSIDE: Mapping[OutsideScore, Callable[[npt.ArrayLike, float], Array]] = {
    "energy": energy,
    "gen": generalised_entropy,
}
"""Out-of-catalogue scores of logits[..., C] at a temperature, by the name in a manifest."""


def prediction_set(probabilities: npt.ArrayLike, quantile: float) -> tuple[int, ...]:
    """Classes whose score 1 - p is at most the calibrated quantile, the most probable first.

    The least ambiguous set-valued classifier (Sadinle, Lei and Wasserman, 2019), for
    probabilities[C]. The set is empty where no class conforms.
    """
    values = np.asarray(probabilities, np.float64)
    return tuple(index for index in ranking(values) if 1 - values[index] <= quantile)


def ranking(probabilities: npt.ArrayLike) -> tuple[int, ...]:
    """Classes of probabilities[C], the most probable first, ties in the order of the classes."""
    order = np.argsort(-np.asarray(probabilities, np.float64), kind="stable")
    return tuple(int(index) for index in order)

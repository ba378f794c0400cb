"""An airframe drawn by another hand: the same type, its unmeasured proportions a little different.

Publications give length and span; how thick a hull is and how broad a wing, is read off drawings
and photos. A network must not rely on that to the centimetre.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from wreckid.datasets.airframes.airframe import Part

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

DEVIATION = 0.07
"""Standard deviation of a part's width and thickness, as a share."""


def varied(parts: Sequence[Part], rng: Rng) -> tuple[Part, ...]:
    """Make each part a little broader or narrower, thicker or thinner, as long as before.

    A part on the left and its counterpart on the right change alike, so do pieces of one name.
    """
    factors: dict[str, Array] = {}
    changed = []
    for part in parts:
        name = part.name.removeprefix("left ").removeprefix("right ")
        if name not in factors:
            factors[name] = np.exp(rng.normal(0, DEVIATION, 3))
        changed.append(_broadened(part, factors[name]))
    return tuple(changed)


def _broadened(part: Part, factors: Array) -> Part:
    """Scaled about its middle by float[3] factors, except along its longest way."""
    low, high = part.mesh.bounds
    scale = np.diag([*np.where(np.arange(3) == np.argmax(high - low), 1.0, factors), 1.0])
    scale[:3, 3] = (low + high) / 2 * (1 - scale.diagonal()[:3])
    return part.moved(scale)

"""Soil and soot: how much of a surface they cover, and the colours of what they lie on."""

import numpy as np
import numpy.typing as npt

from wreckid.datasets.airframes.wreckage import Wreck, bounds
from wreckid.datasets.noise import SmoothNoise

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

SOOT = np.array([0.012, 0.011, 0.010], np.float32)
"""Linear colour."""


def soil_amount(rng: Rng) -> float:
    """How soiled a wreck is, 0 to 0.5; three in ten are clean."""
    return float(rng.uniform(0, 0.5) * (rng.random() < 0.7))


def soil_cover(amount: float, fine: Array, coarse: Array) -> Array:
    """Share of each place that soil covers, from fine and coarse noise there."""
    return np.clip(amount * (0.5 + 0.5 * fine + 0.3 * coarse), 0, 0.9)


def soot_cover(burnt: float, fine: Array, coarse: Array) -> Array:
    """Share of each place that soot covers, from how much burnt, 0 to 1, and noise there."""
    return np.clip(burnt * (1.2 + 0.5 * coarse + 0.3 * fine), 0, 0.97)


class Dirt:
    """Soil and soot on engines, gear and things lying around."""

    def __init__(self, wreck: Wreck, soil: Array, rng: Rng) -> None:
        size = float(np.ptp(bounds(wreck.parts), axis=0).max())
        self._fine = SmoothNoise(rng, wavelength=size * 0.05)
        self._coarse = SmoothNoise(rng, wavelength=size * 0.4)
        self._soil = soil
        self._amount = soil_amount(rng)

    def on(self, points: Array, base: Array, burnt: float) -> Array:
        """Linear colours float[N, 3] at points, from one colour or one a point."""
        fine, coarse = self._fine(points), self._coarse(points)
        soiled = soil_cover(self._amount, fine, coarse)[:, None]
        sooted = soot_cover(burnt, fine, coarse)[:, None]
        colour = (1 - soiled) * np.clip(base * (1 + 0.06 * fine)[:, None], 0, 0.9)
        colour = colour + soiled * self._soil
        return np.asarray((1 - sooted) * colour + sooted * SOOT)

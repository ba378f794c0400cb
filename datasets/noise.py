"""Smooth random fields, the raw material of dents, dirt, soot and relief."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

WAVES = 12


class SmoothNoise:
    """A sum of plane waves with random directions and phases, about zero mean and unit variance.

    Source: Shinozuka and Jan, Digital simulation of random processes, J. Sound Vib. 25 (1972).

    Args:
        rng: decides directions and phases.
        wavelength: in metres; waves are between half and twice as long.
        dimensions: of the points.
    """

    def __init__(self, rng: np.random.Generator, wavelength: float, dimensions: int = 3) -> None:
        direction = rng.normal(size=(dimensions, WAVES))
        direction /= np.linalg.norm(direction, axis=0)
        self._waves = direction * 2 * np.pi / (wavelength * 2 ** rng.uniform(-1, 1, WAVES))
        self._phases = rng.uniform(0, 2 * np.pi, WAVES)

    def __call__(self, points: Array) -> Array:
        """Values at float[N, dimensions] points in metres, as float[N], to six digits."""
        angles = (points @ self._waves + self._phases).astype(np.float32)
        return np.asarray(np.sin(angles).sum(axis=1) * np.sqrt(2 / WAVES), np.float64)

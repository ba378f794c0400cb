"""A wreck laid over a picture of some place."""

import numpy as np
import numpy.typing as npt

from wreckid.datasets.colour import linear, luminance
from wreckid.datasets.places.surroundings import Surroundings, background

Light = npt.NDArray[np.float32]
Rng = np.random.Generator


def behind(around: Surroundings, pixels: int, rng: Rng) -> Light:
    """Linear light of a random place, float32[H, W, 3]: a real photo, or two colours and a haze."""
    if not around.backgrounds:
        return _plain(pixels, rng)
    photo = background(around, pixels, rng)
    return linear(np.asarray(photo, np.float64) / 255).astype(np.float32)


def _plain(pixels: int, rng: Rng) -> Light:
    """Sky above ground with a soft line between."""
    sky, ground = rng.uniform(0.3, 1, 3), rng.uniform(0.05, 0.5, 3)
    down = np.linspace(0, 1, pixels) - rng.uniform(-0.2, 1.2)
    share = 1 / (1 + np.exp(-down / rng.uniform(0.01, 0.1)))
    rows = sky + share[:, None] * (ground - sky)
    return np.repeat(rows[:, None], pixels, axis=1).astype(np.float32)


def laid_over(wreck: Light, place: Light, rng: Rng) -> Light:
    """Lay a wreck over a place, with its own light brought to that of the place.

    Args:
        wreck: float32[H, W, 4], linear light times cover, and cover.
        place: float32[H, W, 3].
        rng: decides how well the two lights agree.
    """
    cover = np.clip(wreck[..., 3:], 0, 1)
    bright = float(luminance(wreck[..., :3]).sum() / (cover.sum() + 1e-3)) + 1e-6
    wanted = float(luminance(place).mean()) * np.exp(rng.normal(0, 0.4))
    gain = np.clip(wanted / bright, 0.35 / bright * 0.2, 0.8 / bright)
    return np.asarray(wreck[..., :3] * gain + place * (1 - cover), np.float32)

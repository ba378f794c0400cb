"""Real pictures to set scenes in."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

Rng = np.random.Generator


@dataclass(frozen=True)
class Surroundings:
    """Real pictures to set scenes in; either may be empty."""

    backgrounds: tuple[Path, ...] = ()
    lights: tuple[Path, ...] = ()


def background(around: Surroundings, pixels: int, rng: Rng) -> Image.Image:
    """A random square of a random background photo, at most four times enlarged."""
    with Image.open(around.backgrounds[rng.integers(len(around.backgrounds))]) as photo:
        image = photo.convert("RGB")
    side = int(min(image.size) * rng.uniform(0.35, 1))
    left, top = (int(rng.integers(0, extent - side + 1)) for extent in image.size)
    square = image.resize((pixels, pixels), box=(left, top, left + side, top + side))
    return square.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else square

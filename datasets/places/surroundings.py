"""Real pictures to set scenes in."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from wreckid.datasets.errors import SetupError

Rng = np.random.Generator


@dataclass(frozen=True)
class Surroundings:
    """Real pictures to set scenes in; either may be empty."""

    backgrounds: tuple[Path, ...] = ()
    lights: tuple[Path, ...] = ()


def background(around: Surroundings, pixels: int, rng: Rng) -> Image.Image:
    """A random square of a random background photo, at most four times enlarged."""
    image = _upright(around.backgrounds[rng.integers(len(around.backgrounds))])
    side = int(min(image.size) * rng.uniform(0.35, 1))
    left, top = (int(rng.integers(0, extent - side + 1)) for extent in image.size)
    square = image.resize((pixels, pixels), box=(left, top, left + side, top + side))
    return square.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else square


def refuse_unreadable_backgrounds(around: Surroundings) -> None:
    """See that every background can be read, before the first is asked for.

    Raises:
        SetupError: one cannot.
    """
    for file in around.backgrounds:
        try:
            _upright(file)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise SetupError(
                f"{file} is no photo that can be read: take it out of the backgrounds."
            ) from error


def _upright(file: Path) -> Image.Image:
    with Image.open(file) as photo:
        return ImageOps.exif_transpose(photo).convert("RGB")

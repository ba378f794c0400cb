"""What happens to photos on their way: six corruptions, each at five levels."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from wreckid.model.preprocessing import SMALLEST_SIDE

LEVELS = (1, 2, 3, 4, 5)

Corruption = Callable[[Image.Image, int, np.random.Generator], Image.Image]


def _jpeg(image: Image.Image, level: int, _: np.random.Generator) -> Image.Image:
    quality = (40, 25, 15, 10, 5)[level - 1]
    file = BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def _blur(image: Image.Image, level: int, _: np.random.Generator) -> Image.Image:
    radius = (0.003, 0.006, 0.010, 0.015, 0.022)[level - 1] * min(image.size)
    return image.filter(ImageFilter.GaussianBlur(radius))


def _dark(image: Image.Image, level: int, _: np.random.Generator) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance((0.6, 0.4, 0.25, 0.15, 0.08)[level - 1])


def _crop(image: Image.Image, level: int, rng: np.random.Generator) -> Image.Image:
    """A part of the picture, with no side below `SMALLEST_SIDE`: smaller photos are not taken."""
    kept = (0.9, 0.75, 0.6, 0.5, 0.4)[level - 1]
    return image.crop(_window(image, kept, rng, SMALLEST_SIDE))


def _rescale(image: Image.Image, level: int, _: np.random.Generator) -> Image.Image:
    side = (160, 112, 80, 56, 40)[level - 1]
    small = image.copy()
    small.thumbnail((side, side))
    return small.resize(image.size, Image.Resampling.BILINEAR)


def _occlusion(image: Image.Image, level: int, rng: np.random.Generator) -> Image.Image:
    """Something flat in front of a tenth to a half of the picture."""
    hidden = (0.1, 0.2, 0.3, 0.4, 0.5)[level - 1]
    covered = image.copy()
    shade = tuple(int(value) for value in rng.integers(0, 256, 3))
    ImageDraw.Draw(covered).rectangle(_window(image, hidden**0.5, rng), fill=shade)
    return covered


def _window(
    image: Image.Image, share: float, rng: np.random.Generator, at_least: int = 1
) -> tuple[int, int, int, int]:
    """A window somewhere in the picture: this share of each side, and at least so many pixels."""
    width, height = (min(side, max(at_least, round(side * share))) for side in image.size)
    left = int(rng.integers(image.width - width + 1))
    top = int(rng.integers(image.height - height + 1))
    return left, top, left + width, top + height


CORRUPTIONS: dict[str, Corruption] = {
    "jpeg": _jpeg,
    "blur": _blur,
    "dark": _dark,
    "crop": _crop,
    "rescale": _rescale,
    "occlusion": _occlusion,
}


def corrupted(image: Image.Image, kind: str, level: int, rng: np.random.Generator) -> Image.Image:
    """A picture after one corruption; the picture itself stays as it is.

    Args:
        image: upright RGB.
        kind: one of `CORRUPTIONS`.
        level: 1, hardly seen, to 5, hard for anyone.
        rng: draws where a crop or an occlusion falls.
    """
    return CORRUPTIONS[kind](image, level, rng)


def corrupted_at_random(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A picture after any corruption at any level; one in six stays as it is."""
    level = int(rng.integers(len(LEVELS) + 1))
    kind = list(CORRUPTIONS)[int(rng.integers(len(CORRUPTIONS)))]
    return corrupted(image, kind, level, rng) if level else image

"""What a picture's pixels say of its worth: blurred, tiny, or a picture of a screen."""

from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import laplace

from wreckid.serving.camera import Tags

Look = Literal["blurred", "tiny", "screenshot"]

SHARP = 50.0
"""Variance of the Laplacian of luminance (0..255) below which a picture is blurred, for pictures
of at most 512 pixels a side (Pech-Pacheco et al., 2000). Of 83 everyday photos the least sharp
has 68; all fall below it when blurred by 1.5 pixels."""
TINY = 160
"""Pixels on the short side of a photo below which hardly a part can be made out."""
PLAIN = 3.0
"""Standard deviation of luminance below which a row or column of pixels is part of a bar."""
BAR = 0.05
"""Share of a side that bars take up at each of two opposite edges of a screenshot."""
CAMERA = ("Make", "Model", "FNumber", "ExposureTime")
"""EXIF tags that a camera writes and a screenshot lacks."""


def looks(picture: Image.Image, size: tuple[int, int], kind: str, tags: Tags) -> tuple[Look, ...]:
    """What is wrong with a photo, if anything.

    Args:
        picture: the photo, upright RGB, at most 512 pixels a side.
        size: width and height of the photo itself.
        kind: its format, as Pillow names it.
        tags: its EXIF.
    """
    luminance = np.asarray(picture.convert("L"), np.float32)
    found: dict[Look, bool] = {
        "blurred": float(laplace(luminance).var()) < SHARP,
        "tiny": min(size) < TINY,
        "screenshot": _is_of_screen(luminance, kind, tags),
    }
    return tuple(look for look, is_so in found.items() if is_so)


def _is_of_screen(luminance: npt.NDArray[np.float32], kind: str, tags: Tags) -> bool:
    """A camera writes neither PNG nor plain bars along two opposite edges."""
    if any(name in tags for name in CAMERA):
        return False
    return kind == "PNG" or _has_bars(luminance) or _has_bars(luminance.T)


def _has_bars(luminance: npt.NDArray[np.float32]) -> bool:
    """Whether the first and last rows are plain, and not all between them are."""
    plain = luminance.std(axis=1) < PLAIN
    edge = max(2, round(BAR * len(plain)))
    return bool(plain[:edge].all() and plain[-edge:].all() and not plain.all())

"""What a report shows of a photo: a thumbnail, the class map, and a hash of how it looks."""

from base64 import b64encode
from io import BytesIO
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from wreckid.serving.classifier import View
from wreckid.serving.overlay import COLOUR, STRONGEST

SIDE = 240
"""Longest side of a thumbnail in pixels."""
MAP_SIDE = 28
"""Side of the class map in pixels."""


class Picture(NamedTuple):
    """One photo as a report shows it.

    Attributes:
        photo: its number in the item.
        thumbnail: JPEG as a `data:` address.
        map: class map of the leading candidate, PNG as a `data:` address.
        looks: PDQ hash of 256 bits in hexadecimal; empty for a picture too plain to tell.
    """

    photo: int
    thumbnail: str
    map: str
    looks: str


def picture(photo: int, view: View, peak: float) -> Picture:
    """Make small what a view shows; `peak` is the strongest evidence in the item, in logits."""
    small = view.picture.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR)
    return Picture(
        photo,
        _address(small, "JPEG", quality=70),
        _address(_overlay(view.evidence, peak), "PNG"),
        view.fingerprint,
    )


def _overlay(evidence: npt.NDArray[np.float32], peak: float) -> Image.Image:
    """RGBA; browsers stretch it over the photo."""
    share = np.clip(evidence / peak, 0, 1) if peak > 0 else np.zeros_like(evidence)
    opacity = Image.fromarray((share * STRONGEST).astype(np.uint8))
    overlay = Image.new("RGBA", (MAP_SIDE, MAP_SIDE), COLOUR)
    overlay.putalpha(opacity.resize(overlay.size, Image.Resampling.BICUBIC))
    return overlay


def _address(image: Image.Image, kind: str, **options: int) -> str:
    file = BytesIO()
    image.save(file, kind, **options)
    return f"data:image/{kind.lower()};base64,{b64encode(file.getvalue()).decode()}"

"""Pictures for the page, small enough for a weak line."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from wreckid.serving.classifier import View

WEBP = {"quality": 70, "method": 2}
"""Small, and quick to write."""
OVERLAY_SIDE = 48
"""Side in pixels of the class map as sent; browsers smooth it over the photo."""

COLOUR = (255, 0, 128)
"""A colour that wreckage, soil and sky seldom have."""
STRONGEST = 190
"""Opacity, of 255, where the evidence is greatest."""


@dataclass(frozen=True)
class Shown:
    """A photo and its class map, as addresses; None where the size is told by the file alone."""

    name: str
    picture: str
    overlay: str
    width: int | None = None
    height: int | None = None


def show(views: Sequence[View]) -> tuple[Shown, ...]:
    """Encode the views of an item; the strongest evidence in any photo is the most opaque."""
    peak = max((float(view.evidence.max()) for view in views), default=0.0)
    return tuple(
        Shown(
            name=view.name,
            width=view.picture.width,
            height=view.picture.height,
            picture=address(view.picture, "WEBP", **WEBP),
            overlay=address(overlay(view.evidence, peak, OVERLAY_SIDE), "WEBP", **WEBP),
        )
        for view in views
    )


def overlay(evidence: npt.NDArray[np.float32], peak: float, side: int) -> Image.Image:
    """RGBA of what speaks for the candidate; what speaks against it stays clear.

    Args:
        evidence: [h, w] in logits.
        peak: the strongest evidence in the item, in logits; the most opaque.
        side: of the square in pixels; browsers stretch it over the photo.
    """
    share = np.clip(evidence / peak, 0, 1) if peak > 0 else np.zeros_like(evidence)
    opacity = Image.fromarray((share * STRONGEST).astype(np.uint8))
    coloured = Image.new("RGBA", (side, side), COLOUR)
    coloured.putalpha(opacity.resize(coloured.size, Image.Resampling.BICUBIC))
    return coloured


def address(image: Image.Image, kind: str, **options: int) -> str:
    """An image as a `data:` address, in a format that Pillow writes."""
    return f"data:image/{kind.lower()};base64,{b64encode(encoded(image, kind, **options)).decode()}"


def encoded(image: Image.Image, kind: str, **options: int) -> bytes:
    """An image as a file, in a format that Pillow writes."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()

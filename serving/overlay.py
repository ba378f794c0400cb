"""Pictures for the page, small enough for a weak line."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from wreckid.serving.classifier import View

OVERLAY_SIDE = 48
"""Side in pixels of the class map as sent; browsers smooth it over the photo."""

COLOUR = (255, 0, 128)
"""A colour that wreckage, soil and sky seldom have."""
STRONGEST = 190
"""Opacity, of 255, where the evidence is greatest."""


@dataclass(frozen=True)
class Shown:
    """A photo and its class map as `data:` addresses."""

    name: str
    width: int
    height: int
    picture: str
    overlay: str


def show(views: Sequence[View]) -> tuple[Shown, ...]:
    """Encode the views of an item; the strongest evidence in any photo is the most opaque."""
    peak = max((float(view.evidence.max()) for view in views), default=0.0)
    return tuple(
        Shown(
            name=view.name,
            width=view.picture.width,
            height=view.picture.height,
            picture=_address(view.picture),
            overlay=_address(_overlay(view.evidence, peak)),
        )
        for view in views
    )


def _overlay(evidence: npt.NDArray[np.float32], peak: float) -> Image.Image:
    """RGBA of what speaks for the candidate; what speaks against it stays clear."""
    share = np.clip(evidence / peak, 0, 1) if peak > 0 else np.zeros_like(evidence)
    opacity = Image.fromarray((share * STRONGEST).astype(np.uint8))
    overlay = Image.new("RGBA", (OVERLAY_SIDE, OVERLAY_SIDE), COLOUR)
    overlay.putalpha(opacity.resize(overlay.size, Image.Resampling.BICUBIC))
    return overlay


def _address(image: Image.Image) -> str:
    file = BytesIO()
    image.save(file, "WEBP", quality=70, method=2)
    return f"data:image/webp;base64,{b64encode(file.getvalue()).decode()}"

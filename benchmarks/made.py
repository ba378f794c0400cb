"""Photos that are made to be measured with."""

from io import BytesIO

import numpy as np
from PIL import Image

PHONE = (4000, 3000)
"""Pixels of a phone's photo, width and height."""
QUALITY = 88
"""Of JPEGs; phones choose about that."""


def noise(size: tuple[int, int]) -> Image.Image:
    """Coloured noise, about as detailed as a photo of that width and height."""
    width, height = (side * 7 // 40 for side in size)
    pixels = np.random.default_rng(1).integers(0, 255, (height, width, 3))
    return Image.fromarray(pixels.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)


def jpeg(image: Image.Image) -> bytes:
    """An image as a JPEG file."""
    file = BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()

"""Letters for stencils, watermarks and captions."""

from functools import lru_cache

import font_roboto
from PIL import ImageFont


@lru_cache(maxsize=64)
def font(size: int) -> ImageFont.FreeTypeFont:
    """Roboto, which has Latin and Cyrillic letters, in a size in pixels."""
    return ImageFont.truetype(font_roboto.RobotoMedium, size)

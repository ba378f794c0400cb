"""Letters for stencils, watermarks and captions."""

from functools import lru_cache

from PIL import ImageFont


@lru_cache(maxsize=32)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A sans-serif of a size in pixels."""
    return ImageFont.load_default(size)

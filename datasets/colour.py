"""Colours as people write them, as pictures hold them, and as light."""

import numpy as np
import numpy.typing as npt
from PIL import ImageColor

Array = npt.NDArray[np.float32]


def hue(name: str) -> npt.NDArray[np.float64]:
    """Linear light of `#rrggbb`, float[3]."""
    return linear(np.array(ImageColor.getrgb(name)[:3]) / 255)


def linear(srgb: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """sRGB values in 0..1 to linear light (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def encoded(light: Array) -> Array:
    """Linear light to sRGB values in 0..1, clipped (IEC 61966-2-1)."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def luminance(light: Array) -> Array:
    """Relative luminance of float[..., 3] linear light (ITU-R BT.709)."""
    return np.asarray(light @ np.array([0.2126, 0.7152, 0.0722], np.float32))

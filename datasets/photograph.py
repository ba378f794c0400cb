"""Light on the sensor -> the picture a person would have taken and passed on."""

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Array = npt.NDArray[np.float32]
Rng = np.random.Generator


@dataclass(frozen=True)
class Development:
    """How a picture is exposed, coloured, blurred and saved."""

    brightness: float
    balance: tuple[float, float, float]
    contrast: float
    blur: float
    noise: float
    quality: int


def random_development(rng: Rng) -> Development:
    """Settings between a good camera and a bad phone behind a messenger."""
    warmth, tint = rng.normal(0, 0.08), rng.normal(0, 0.03)
    return Development(
        brightness=float(np.exp(rng.normal(-0.1, 0.35))),
        balance=(1 + warmth, 1 + tint, 1 - warmth),
        contrast=float(np.exp(rng.normal(0, 0.2))),
        blur=float(0.35 + abs(rng.normal(0, 0.4))),
        noise=float(abs(rng.normal(0, 0.008))),
        quality=int(rng.integers(45, 96)),
    )


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


def developed(light: Array, settings: Development, rng: Rng) -> Image.Image:
    """Expose to a middle grey, colour, blur and add sensor noise.

    Args:
        light: float[H, W, 3] linear light in any scale.
        settings: the camera.
        rng: decides the sensor noise.
    """
    middle = float(np.percentile(luminance(light), 60)) + 1e-6
    exposed = light * (0.3 * settings.brightness / middle)
    exposed = exposed / (1 + 0.25 * exposed) * np.array(settings.balance, np.float32)
    values = encoded(exposed)
    values = 0.45 + (values - 0.45) * settings.contrast
    image = Image.fromarray((np.clip(values, 0, 1) * 255).astype(np.uint8))
    blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(settings.blur)), np.float32)
    grain = rng.normal(0, settings.noise * 255, blurred.shape)
    return Image.fromarray(np.clip(blurred + grain, 0, 255).astype(np.uint8))


def annotated(image: Image.Image, rng: Rng) -> Image.Image:
    """Now and then a press watermark, a red circle or the border of a screenshot."""
    image = image.copy()
    pen = ImageDraw.Draw(image)
    width, height = image.size
    if rng.random() < 0.06:
        text = "".join(rng.choice(list("ABCDEFGHIKLMNOPRSTabcdefghiklmnopr.:/ 0123456789"), 14))
        place = rng.uniform(0, 0.7) * width, rng.choice([0.03, 0.9]) * height
        font = ImageFont.load_default(float(rng.uniform(0.04, 0.09)) * height)
        pen.text(place, text, fill=str(rng.choice(["white", "yellow", "black"])), font=font)
    if rng.random() < 0.03:
        centre, radius = rng.uniform(0.3, 0.7, 2) * width, rng.uniform(0.1, 0.3) * width
        pen.ellipse([*(centre - radius), *(centre + radius)], outline="red", width=width // 70)
    if rng.random() < 0.04:
        bar = int(height * rng.uniform(0.04, 0.12))
        pen.rectangle([0, 0, width, bar], fill="black")
        pen.rectangle([0, height - bar, width, height], fill="black")
    return image


def jpeg(image: Image.Image, quality: int) -> bytes:
    """The bytes of a JPEG file."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()

"""Light on the sensor -> the picture a person would have taken and passed on."""

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from wreckid.datasets.colour import encoded, luminance
from wreckid.datasets.pictures.marks import arrow, bars, caption, circle, watermark

Array = npt.NDArray[np.float32]
Rng = np.random.Generator


UNTOUCHED = 0.7
"""Share of pictures that are passed on as they were taken."""
MARKS = ((watermark, 0.24), (caption, 0.16), (circle, 0.12), (arrow, 0.08), (bars, 0.2))
"""What is put on the others, each with its chance."""


@dataclass(frozen=True)
class Development:
    """How a picture is exposed, coloured, blurred and saved.

    Attributes:
        brightness: exposure as a factor.
        adaptation: how far the white balance takes the picture's mean colour to grey, 0 to 1.
        balance: factors of red, green and blue by which it errs.
        contrast: around a middle grey, as a factor.
        blur: standard deviation of the lens's blur in pixels.
        noise: standard deviation of the sensor's noise in good light, of a range of 1.
        quality: of JPEG.
        shake: how far the camera moved in pixels, right and down.
        vignette: share of light lost in the corners.
        levels: how far the picture's own range is stretched towards black and white, 0 to 1.
        sharpening: strength of the camera's edge sharpening (unsharp mask), as a factor.
    """

    brightness: float
    balance: tuple[float, float, float]
    contrast: float
    blur: float
    noise: float
    quality: int
    shake: tuple[float, float] = (0, 0)
    vignette: float = 0
    levels: float = 0
    sharpening: float = 0
    adaptation: float = 0


def random_development(rng: Rng) -> Development:
    """Settings between a good camera and a bad phone in a shaking hand.

    A photo is much larger than what a network sees of it, so most are sharp there, and cameras
    spread what they see from black to white: `benchmarks/sharpness.py` holds both against photos.
    """
    warmth, tint = rng.normal(0, 0.08), rng.normal(0, 0.03)
    defocus = rng.exponential(1.2) * (rng.random() < 0.15)
    turn, far = rng.uniform(0, np.pi), rng.uniform(1, 5) * (rng.random() < 0.1)
    return Development(
        brightness=float(np.exp(rng.normal(-0.25, 0.5))),
        balance=(1 + warmth, 1 + tint, 1 - warmth),
        contrast=float(np.exp(rng.normal(0.1, 0.2))),
        blur=float(abs(rng.normal(0, 0.2)) + defocus),
        noise=float(abs(rng.normal(0, 0.008))),
        quality=int(rng.integers(45, 90) if rng.random() < 0.4 else rng.integers(90, 97)),
        shake=(float(far * np.cos(turn)), float(far * np.sin(turn))),
        vignette=float(rng.uniform(0, 0.5) * (rng.random() < 0.3)),
        levels=float(rng.uniform(0, 1)),
        sharpening=float(rng.uniform(0, 2)),
        adaptation=float(rng.uniform(0, 0.8)),
    )


def developed(light: Array, settings: Development, rng: Rng) -> Image.Image:
    """Expose to a middle grey, shake, darken the corners, colour, blur, add noise and sharpen.

    Args:
        light: float[H, W, 3] linear light in any scale.
        settings: the camera.
        rng: decides the sensor noise.
    """
    middle = float(np.percentile(luminance(light), 60)) + 1e-6
    exposed = _shaken(light, settings.shake) * (0.3 * settings.brightness / middle)
    exposed = exposed * _falloff(exposed.shape, settings.vignette)[..., None]
    exposed = exposed * _white_balance(exposed, settings)
    exposed = exposed / (1 + 0.25 * exposed)
    values = _levelled(encoded(exposed), settings.levels)
    values = 0.45 + (values - 0.45) * settings.contrast
    image = Image.fromarray((np.clip(values, 0, 1) * 255).astype(np.uint8))
    blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(settings.blur)), np.float32)
    grain = _grain(np.asarray(blurred / 255, np.float32), middle, rng) * settings.noise * 255
    taken = Image.fromarray(np.clip(blurred + grain, 0, 255).astype(np.uint8))
    return taken.filter(ImageFilter.UnsharpMask(1, round(100 * settings.sharpening), 0))


def _white_balance(light: Array, settings: Development) -> Array:
    """Factors of red, green and blue, a part of the way to a grey world.

    Source: Buchsbaum, A spatial processor model for object colour perception, 1980.
    """
    mean = light.mean((0, 1)) + 1e-6
    full = np.clip(mean.mean() / mean, 0.5, 2)
    return np.asarray(full**settings.adaptation * settings.balance, np.float32)


def _levelled(values: Array, share: float) -> Array:
    """Values with their range stretched by a share of the way to 0..1; a hundredth is clipped."""
    low, high = np.percentile(values, [0.5, 99.5])
    full = (values - low) / max(high - low, 0.2)
    return np.asarray(values + share * (full - values))


def _shaken(light: Array, shake: tuple[float, float]) -> Array:
    """The mean of the picture along a way in pixels."""
    steps = int(np.ceil(np.hypot(*shake)))
    if steps == 0:
        return light
    reach = int(np.ceil(np.abs(shake).max()))
    padded = np.pad(light, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    height, width, _ = light.shape
    total = np.zeros_like(light)
    for share in np.linspace(-0.5, 0.5, steps + 1):
        right, down = (reach + round(share * way) for way in shake)
        total += padded[down : down + height, right : right + width]
    return np.asarray(total / (steps + 1))


def _falloff(shape: tuple[int, ...], vignette: float) -> Array:
    """Share of light that each pixel keeps, float32[H, W]."""
    rows, columns = (np.linspace(-1, 1, extent, dtype=np.float32) for extent in shape[:2])
    return np.asarray(1 - vignette * (rows[:, None] ** 2 + columns**2) / 2)


def _grain(values: Array, middle: float, rng: Rng) -> Array:
    """Noise of about unit deviation by day, more in shadows and up to four times at night."""
    gain = float(np.clip((0.1 / middle) ** 0.5, 1, 4))
    return np.asarray(rng.standard_normal(values.shape, np.float32) * gain * (1.4 - 0.8 * values))


def annotated(image: Image.Image, rng: Rng) -> Image.Image:
    """Pass a picture on: mostly untouched, else saved again and again, or written on."""
    if rng.random() < UNTOUCHED:
        return image.copy()
    for mark, chance in MARKS:
        if rng.random() < chance:
            image = mark(image, rng)
    return _resaved(image, rng)


def _resaved(image: Image.Image, rng: Rng) -> Image.Image:
    """Made smaller and larger again, with a round of JPEG each time."""
    for _ in range(rng.integers(1, 3)):
        share = rng.uniform(0.7, 1)
        small = image.resize([max(8, int(extent * share)) for extent in image.size])
        with Image.open(io.BytesIO(jpeg(small, int(rng.integers(40, 90))))) as saved:
            image = saved.resize(image.size)
    return image


def jpeg(image: Image.Image, quality: int) -> bytes:
    """The bytes of a JPEG file."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()

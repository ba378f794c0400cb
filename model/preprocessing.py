"""Bytes of a photo to an upright RGB picture to the input array, for training and serving alike."""

import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import IO, Annotated, Literal

import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.Image import Transpose
from pydantic import BaseModel, ConfigDict, Field

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF")
"""The formats that are read, as Pillow names them; its JPEG reader opens MPO too."""

MOST_PAGES = 100
"""Most pages of a TIFF file that are looked at."""

REDUCED = 1
"""Bit of a TIFF page's `NewSubfileType`: it shows another page made small."""

MOST_PIXELS = 64_000_000
"""Most pixels held in memory for one photo."""

SMALLEST_SIDE = 32
"""Fewest pixels on a side of a photo that can show anything."""

FailureCode = Literal[
    "empty",
    "not-an-image",
    "truncated",
    "too-large",
    "too-small",
    "unreadable",
    "missing",
    "changing",
    "box-outside",
    "too-many-pages",
]

SENTENCES: dict[FailureCode, str] = {
    "empty": "The file is empty: copy it again from the camera or the sender.",
    "not-an-image": "The file is not a photo in a format that can be read:"
    " send a JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC or AVIF file.",
    "truncated": "The file breaks off before its end: copy it again from the camera or the sender.",
    "too-large": "The photo is too large to be read safely:"
    " keep the original and send a copy with fewer pixels.",
    "too-small": f"The photo has fewer than {SMALLEST_SIDE} pixels on a side:"
    " send the original instead of a thumbnail.",
    "unreadable": "The file is damaged and cannot be read:"
    " copy it again from the camera or the sender.",
    "missing": "The file was not there when it was to be read: look for it where it was collected.",
    "changing": "The file changed while it was read:"
    " wait until whatever writes it has ended, then start a new run.",
    "box-outside": "The box leaves too few pixels within the photo:"
    " give it in pixels of the upright photo, then start a new run.",
    "too-many-pages": f"The file has more than {MOST_PAGES} pages, and no more were looked at:"
    " split it and send the rest apart.",
}

TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""What puts a picture upright, by its EXIF orientation."""

QUARTER_TURNS = {
    Transpose.TRANSPOSE,
    Transpose.ROTATE_270,
    Transpose.TRANSVERSE,
    Transpose.ROTATE_90,
}

pillow_heif.register_heif_opener()
logging.getLogger("PIL").addHandler(logging.NullHandler())
Image.MAX_IMAGE_PIXELS = None  # `_too_large` counts what is held, which draft mode makes less.


class InputSpec(BaseModel):
    """What a network takes in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Annotated[int, Field(ge=32, le=1024, description="Side of the square input in pixels.")]
    mean: tuple[float, float, float] = Field(description="Subtracted from RGB in 0..1.")
    std: tuple[float, float, float] = Field(description="Divides RGB after the mean is taken off.")
    resize: Literal["squash"] = Field(description="The whole photo, sides not kept.")


@dataclass(frozen=True)
class Photo:
    """A decoded photo.

    Attributes:
        image: upright RGB, possibly smaller than the photo.
        width: pixels of the upright photo at full size.
        height: pixels of the upright photo at full size.
        format: the format's name, such as `JPEG`.
    """

    image: Image.Image
    width: int
    height: int
    format: str


@dataclass(frozen=True)
class Failure:
    """Why a photo cannot be used, and a sentence that says what to do."""

    code: FailureCode

    @property
    def message(self) -> str:
        """One sentence for the person who sent the photo."""
        return SENTENCES[self.code]


def pages(file: IO[bytes]) -> tuple[int, ...]:
    """Numbers of the pages of a TIFF file that are pictures of their own, from 0.

    The last is `MOST_PAGES` where there are more; any other file has page 0.
    """
    with warnings.catch_warnings(action="ignore"):
        try:
            with Image.open(file, formats=("TIFF",)) as image:
                return tuple(_own_pages(image)) or (0,)
        except Exception:  # What is wrong with the file shows when it is decoded.
            return (0,)


def decode(data: bytes, at_least: int, page: int = 0) -> Photo | Failure:
    """Decode a photo into upright RGB; never raises, whatever the bytes.

    Args:
        data: the file as received.
        at_least: pixels that the picture keeps on its short side; a JPEG with more is scaled
            down while it is decoded.
        page: which picture of the file, from 0.
    """
    if not data:
        return Failure("empty")
    if page >= MOST_PAGES:
        return Failure("too-many-pages")
    with warnings.catch_warnings(action="ignore"):
        try:
            with Image.open(BytesIO(data), formats=FORMATS) as image:
                image.seek(page)
                image.decodermaxblock = len(data)  # Block by block, threads wait for each other.
                return _decode_opened(image, at_least)
        except UnidentifiedImageError:
            return Failure("unreadable" if _has_known_signature(data) else "not-an-image")
        except MemoryError:
            return Failure("too-large")
        except Exception as error:  # Damaged files make the decoders raise nearly anything.
            return Failure("truncated" if "truncated" in str(error).lower() else "unreadable")


def to_array(image: Image.Image, spec: InputSpec) -> npt.NDArray[np.float32]:
    """Squash an RGB picture to the network's input, float32[3, size, size]."""
    side = (spec.size, spec.size)
    squashed = np.asarray(image.resize(side, Image.Resampling.BICUBIC, reducing_gap=3.0))
    array = np.empty((3, *side), np.float32)
    for channel, levels in enumerate(_levels(spec)):
        np.take(levels, squashed[..., channel], out=array[channel])
    return array


@cache
def _levels(spec: InputSpec) -> npt.NDArray[np.float32]:
    """[3, 256]: what each value of a channel becomes."""
    scaled = np.arange(256, dtype=np.float32)[:, None] / 255
    normalised = (scaled - np.array(spec.mean, np.float32)) / np.array(spec.std, np.float32)
    return np.ascontiguousarray(normalised.T)


def _own_pages(image: Image.Image) -> Iterator[int]:
    for page in range(MOST_PAGES + 1):
        try:
            image.seek(page)
        except EOFError:
            return
        if not image.getexif().get(ExifTags.Base.NewSubfileType, 0) & REDUCED:
            yield page


def _decode_opened(image: Image.Image, at_least: int) -> Photo | Failure:
    full = image.size
    if min(full) < SMALLEST_SIDE:
        return Failure("too-small")
    image.draft("RGB", (at_least, at_least))
    if _too_large(image, full):
        return Failure("too-large")
    image.load()
    turn = _turn(image)
    rgb = _to_rgb(image)
    width, height = full[::-1] if turn in QUARTER_TURNS else full
    upright = rgb if turn is None else rgb.transpose(turn)
    return Photo(upright, width, height, image.format or "")


def _too_large(image: Image.Image, full: tuple[int, int]) -> bool:
    """Whether decoding would hold too many pixels; a progressive JPEG holds all of its own."""
    width, height = full if "progressive" in image.info else image.size
    return width * height > MOST_PIXELS


def _turn(image: Image.Image) -> Transpose | None:
    try:
        return TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Damaged EXIF says nothing about the pixels.
        return None


def _to_rgb(image: Image.Image) -> Image.Image:
    """Any mode as RGB: deep pixels scaled, transparency laid over white."""
    if image.mode.startswith("I;16"):
        return _scaled(image, 0, 65535)
    if image.mode in ("I", "F"):
        return _scaled(image, *image.getextrema())
    if image.has_transparency_data:
        return _over_white(image.convert("RGBA"))
    return image.convert("RGB")


def _scaled(image: Image.Image, low: float, high: float) -> Image.Image:
    values = (np.asarray(image, np.float64) - low) / max(high - low, 1e-9)
    return Image.fromarray((values * 255).round().astype(np.uint8)).convert("RGB")


def _over_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _has_known_signature(data: bytes) -> bool:
    checks = (Image.OPEN[name][1] for name in FORMATS)
    return any(check is not None and bool(check(data[:16])) for check in checks)

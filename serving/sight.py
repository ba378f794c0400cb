"""A photo as received to its record and, where it can be read, what the network takes."""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageStat

from wreckid.model.preprocessing import Failure, InputSpec, Photo, decode, to_array
from wreckid.serving.intake import NamedBytes, label
from wreckid.serving.result import Flag, PhotoFailure, PhotoRecord

PICTURE_SIDE = 512
"""Longest side in pixels of the picture kept to be shown; an eighth of a usual phone's photo."""

SMALL = 224
"""Pixels on the short side below which a photo is flagged as small."""

DARK = 40
"""Mean luminance, of 255, below which a photo is flagged as dark."""


@dataclass(frozen=True)
class Sight:
    """A photo that could be read.

    Attributes:
        array: the network's input, float32[3, H, W].
        picture: upright RGB, made small.
    """

    array: npt.NDArray[np.float32]
    picture: Image.Image


@dataclass(frozen=True)
class Seen:
    """The record of a photo; `sight` is None for one that could not be read."""

    record: PhotoRecord
    sight: Sight | None


def see(photo: NamedBytes, spec: InputSpec) -> Seen:
    """Hash, decode and prepare one photo; a bad one is a record with its failure."""
    name = label(photo.name)
    if isinstance(photo.data, Failure):
        return Seen(PhotoRecord(name=name, sha256=photo.sha256, failure=_failure(photo.data)), None)
    sha256 = hashlib.sha256(photo.data).hexdigest()
    decoded = decode(photo.data, at_least=spec.size)
    if isinstance(decoded, Failure):
        return Seen(PhotoRecord(name=name, sha256=sha256, failure=_failure(decoded)), None)
    sight = Sight(to_array(decoded.image, spec), _small(decoded.image))
    record = PhotoRecord(
        name=name,
        sha256=sha256,
        width=decoded.width,
        height=decoded.height,
        format=decoded.format,
        flags=_flags(decoded, sight.picture),
    )
    return Seen(record, sight)


def _failure(failure: Failure) -> PhotoFailure:
    return PhotoFailure(code=failure.code, message=failure.message)


def _small(image: Image.Image) -> Image.Image:
    picture = image.copy()
    picture.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
    return picture


def _flags(photo: Photo, picture: Image.Image) -> tuple[Flag, ...]:
    small: tuple[Flag, ...] = ("small",) if min(photo.width, photo.height) < SMALL else ()
    dark: tuple[Flag, ...] = ("dark",) if _luminance(picture) < DARK else ()
    return small + dark


def _luminance(picture: Image.Image) -> float:
    return float(ImageStat.Stat(picture.convert("L")).mean[0])

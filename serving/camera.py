"""What a photo says of its camera, place and time: kept in a side record, never trusted."""

import math
from io import BytesIO
from typing import Any

from PIL import ExifTags, Image
from PIL.Image import Exif

from wreckid.model.preprocessing import FORMATS

MOST_CHARACTERS = 400
"""Longest text that is kept of one tag; binary tags are left out."""

Tags = dict[str, Any]


def camera_data(data: bytes) -> Tags:
    """The EXIF of a photo by the names of its tags, GPS as `GPS…`; empty where there is none."""
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            return _tags(image.getexif())
    except Exception:  # Damaged EXIF makes the reader raise nearly anything.
        return {}


def _tags(exif: Exif) -> Tags:
    tags = {
        ExifTags.TAGS.get(tag, hex(tag)): _readable(value)
        for tag, value in {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}.items()
    }
    places = {
        ExifTags.GPSTAGS.get(tag, hex(tag)): _readable(value)
        for tag, value in exif.get_ifd(ExifTags.IFD.GPSInfo).items()
    }
    return {name: value for name, value in (tags | places).items() if value is not None}


def _readable(value: object) -> str | int | float | list[Any] | None:
    """A value fit for JSON; None for what no person could read."""
    if isinstance(value, str):
        return value.strip("\0 ")[:MOST_CHARACTERS].encode(errors="replace").decode()
    if isinstance(value, int):
        return value
    if isinstance(value, tuple):
        return [_readable(part) for part in value[:16]]
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None

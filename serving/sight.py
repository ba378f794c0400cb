"""A photo as received to its record and, where it can be read, what the network takes."""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageStat

from wreckid.model.evidence import Box, EvidenceError
from wreckid.model.preprocessing import Failure, InputSpec, Photo, decode, to_array
from wreckid.serving.credentials import credentials
from wreckid.serving.duplicates import fingerprint
from wreckid.serving.intake import NamedBytes, label
from wreckid.serving.result import Flag, PhotoFailure, PhotoRecord

PICTURE_SIDE = 512
"""Longest side in pixels of the picture kept to be shown; an eighth of a usual phone's photo."""

SMALL = 224
"""Pixels on the short side below which a photo is flagged as small."""

DARK = 40
"""Mean luminance, of 255, below which a photo is flagged as dark."""

MARGIN = 0.1
"""Room left around a box on each side, as a share of it: training pictures leave some too."""
SMALLEST_BOX = 16
"""Fewest pixels on a side of a box that can show anything."""
NEARER, NEAREST = 1.5, 4.0
"""How many times the pixels of the network's input a photo is decoded to on its short side: for a
second look at a part of it, or when only a box of it is looked at."""


Frame = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


@dataclass(frozen=True)
class Sight:
    """A photo that could be read.

    Attributes:
        array: the network's input, float32[3, H, W].
        picture: what was looked at, upright RGB, made small; a second look is at this.
        fingerprint: how the whole photo looks, by `duplicates.fingerprint`.
        frame: left, top, right, bottom of the picture in pixels of the upright photo.
    """

    array: npt.NDArray[np.float32]
    picture: Image.Image
    fingerprint: str
    frame: Frame

    def in_photo(self, box: Frame) -> Frame:
        """A box in pixels of the picture, in pixels of the upright photo."""
        left, top, right, bottom = self.frame
        across, down = (right - left) / self.picture.width, (bottom - top) / self.picture.height
        return (
            left + box[0] * across,
            top + box[1] * down,
            left + box[2] * across,
            top + box[3] * down,
        )


@dataclass(frozen=True)
class Seen:
    """The record of a photo; `sight` is None for one that could not be read."""

    record: PhotoRecord
    sight: Sight | None


def see(photo: NamedBytes, spec: InputSpec, box: Box | None = None) -> Seen:
    """Hash, decode and prepare one photo; a bad one is a record with its failure.

    Args:
        photo: the file as received.
        spec: what the network takes in.
        box: where in the photo the wreck is, if that was said.

    Raises:
        EvidenceError: the box is not in the photo.
    """
    if isinstance(photo.data, Failure):
        return unseen(photo, photo.data)
    decoded = decode(photo.data, decoded_side(spec, box), page=photo.page or 0)
    if isinstance(decoded, Failure):
        return unseen(photo, decoded)
    frame = _around(decoded, box) if box else (0, 0, decoded.width, decoded.height)
    looked_at = _cut(decoded, frame) if box else decoded.image
    whole = small(decoded.image)
    picture = small(looked_at) if box else whole
    sight = Sight(to_array(looked_at, spec), picture, fingerprint(whole), frame)
    record = PhotoRecord(
        name=label(photo.name, photo.page),
        sha256=hashlib.sha256(photo.data).hexdigest(),
        width=decoded.width,
        height=decoded.height,
        format=decoded.format,
        page=None if photo.page is None else photo.page + 1,
        credentials=credentials(photo.data),
        box=box,
        flags=_flags(decoded, sight.picture),
    )
    return Seen(record, sight)


def unseen(photo: NamedBytes, failure: Failure) -> Seen:
    """The record of a photo that is not looked at, and why."""
    had = None if isinstance(photo.data, Failure) else hashlib.sha256(photo.data).hexdigest()
    name = label(photo.name, photo.page)
    why = PhotoFailure(code=failure.code, message=failure.message)
    return Seen(PhotoRecord(name=name, sha256=had or photo.sha256, failure=why), None)


def _around(photo: Photo, box: Box) -> Frame:
    """A box and a margin around it, as far as the photo goes."""
    if min(box.right, photo.width) - box.left < SMALLEST_BOX or (
        min(box.bottom, photo.height) - box.top < SMALLEST_BOX
    ):
        raise EvidenceError(
            f"evidence.boxes: the box of photo {box.photo} has fewer than {SMALLEST_BOX} pixels"
            f" on a side within the {photo.width} × {photo.height} of the upright photo."
        )
    return with_margin(box, photo.width, photo.height)


def with_margin(box: Box, width: int, height: int) -> Frame:
    """What is looked at of a photo of so many pixels where the wreck is in a box."""
    wide, high = MARGIN * (box.right - box.left), MARGIN * (box.bottom - box.top)
    return (
        max(box.left - wide, 0),
        max(box.top - high, 0),
        min(box.right + wide, width),
        min(box.bottom + high, height),
    )


def _cut(photo: Photo, frame: Frame) -> Image.Image:
    """The part of a photo in a frame."""
    scale = photo.image.width / photo.width
    left, top, right, bottom = (round(edge * scale) for edge in frame)
    return photo.image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


def decoded_side(spec: InputSpec, box: Box | None = None) -> int:
    """Pixels that a decoded photo keeps on its short side, at least."""
    return int(spec.size * (NEAREST if box else NEARER))


def small(image: Image.Image) -> Image.Image:
    """A copy of a picture, small enough to be kept, shown and looked at again."""
    picture = image.copy()
    picture.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
    return picture


def _flags(photo: Photo, picture: Image.Image) -> tuple[Flag, ...]:
    small: tuple[Flag, ...] = ("small",) if min(photo.width, photo.height) < SMALL else ()
    dark: tuple[Flag, ...] = ("dark",) if _luminance(picture) < DARK else ()
    return small + dark


def _luminance(picture: Image.Image) -> float:
    return float(ImageStat.Stat(picture.convert("L")).mean[0])

"""What a report shows of a photo: a thumbnail, the class map, and a hash of how it looks."""

import math
from typing import NamedTuple

from wreckid.serving.classifier import View
from wreckid.serving.overlay import address, overlay

SIDE = 256
"""Longest side of a thumbnail in pixels."""
MAP_SIDE = 28
"""Side of the class map in pixels."""


class Picture(NamedTuple):
    """One photo as a report shows it.

    Attributes:
        photo: its number in the item.
        thumbnail: JPEG as a `data:` address.
        map: class map of the leading candidate, PNG as a `data:` address.
        looks: PDQ hash of 256 bits in hexadecimal; empty for a picture too plain to tell.
    """

    photo: int
    thumbnail: str
    map: str
    looks: str


def picture(photo: int, view: View, peak: float) -> Picture:
    """Make small what a view shows; `peak` is the strongest evidence in the item, in logits."""
    small = view.picture.reduce(math.ceil(max(view.picture.size) / SIDE))
    return Picture(
        photo,
        address(small, "JPEG", quality=70),
        address(overlay(view.evidence, peak, MAP_SIDE), "PNG"),
        view.fingerprint,
    )

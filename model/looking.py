"""How the network looks at a photo: at the whole, then at the part where it sees a UAV.

Where that is most of the photo, it may look at the whole as in a mirror: aircraft are nearly alike
on both sides, and what the network sees in one of two images only is likely to be chance.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from wreckid.model.outputs import Array, Outputs, unstacked
from wreckid.model.preprocessing import InputSpec, to_array

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""

NARROWEST, WIDEST = 0.5, 2.4
"""Shapes of photos, width to height: a phone held upright and a strip cut from a press photo."""


class SecondLook(BaseModel):
    """What is looked at after the whole of a photo."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    probability: Annotated[float, Field(gt=0, lt=1)] = Field(
        description="Of a UAV at a place, from which the place belongs to the part."
    )
    largest: Annotated[float, Field(gt=0, le=1)] = Field(
        description="Share of the photo below which the part is worth a look."
    )
    mirrored: bool = Field(
        default=False, description="Whether a photo with a larger part is looked at mirrored."
    )


@dataclass(frozen=True)
class Gaze:
    """A network and how it is to look.

    Attributes:
        run: the network, on float32[N, 3, size, size].
        spec: how it takes pictures.
        none: the class that is no UAV.
        second: when to look twice; never if None.
    """

    run: Callable[[Array], Outputs]
    spec: InputSpec
    none: int
    second: SecondLook | None

    def look(
        self, wholes: Sequence[Array], pictures: Sequence[Image.Image]
    ) -> Iterator[tuple[Outputs, Box | None]]:
        """What the network says of each photo, and which small part was looked at again, if any.

        Args:
            wholes: the network's input for each whole photo, float32[3, size, size].
            pictures: the same photos, RGB, with as many pixels as a second look is to have.
        """
        first = list(unstacked(self.run(np.stack(wholes))))
        again = [self._again(*one) for one in zip(first, wholes, pictures, strict=True)]
        views = [view for view, _ in filter(None, again)]
        second = unstacked(self.run(np.stack(views))) if views else iter(())
        for one, other in zip(first, again, strict=True):
            yield (together(one, next(second)), other[1]) if other else (one, None)

    def _again(
        self, first: Outputs, whole: Array, picture: Image.Image
    ) -> tuple[Array, Box | None] | None:
        """What is looked at after the whole, and which part of the photo that is; None if nothing.

        Returns:
            The network's input, float32[3, size, size], and a box unless it is the whole mirrored.
        """
        if self.second is None:
            return None
        seen = part(first, self.none, self.second, picture.size)
        if seen is None:
            return None
        if seen != (0, 0, *picture.size):
            return to_array(picture.crop(seen), self.spec), seen
        return (whole[..., ::-1], None) if self.second.mirrored else None


def part(outputs: Outputs, none: int, rule: SecondLook, size: tuple[int, int]) -> Box | None:
    """What surrounds the places that show a UAV, in a photo's shape; None if no place shows one.

    Since pooling and head are linear, the class map and the bias are the logits of each place
    (class activation mapping, Zhou et al., 2016).

    Args:
        outputs: of one photo.
        none: the class that is no UAV.
        rule: which places count.
        size: width and height of the photo in pixels.

    Returns:
        A part worth a look by itself, or else the whole photo.
    """
    here = (
        outputs.class_map[0] + (outputs.logits - outputs.class_map.mean((2, 3)))[0, :, None, None]
    )
    odds = np.logaddexp.reduce(np.delete(here, none, axis=0)) - here[none]
    rows, columns = np.nonzero(odds >= math.log(rule.probability / (1 - rule.probability)))
    if not len(rows):
        return None
    left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    height, width = odds.shape
    if (right - left) * (bottom - top) >= rule.largest * width * height:
        return 0, 0, *size
    across, down = size[0] / width, size[1] / height
    box = (int(left * across), int(top * down), int(right * across), int(bottom * down))
    return in_shape(box, size)


def in_shape(box: Box, size: tuple[int, int]) -> Box:
    """A box grown to the shape of a photo, as far as width and height of the picture allow."""
    (left, top, right, bottom), (width, height) = box, size
    left, right = _widened(left, right, NARROWEST * (bottom - top), width)
    top, bottom = _widened(top, bottom, (right - left) / WIDEST, height)
    return left, top, right, bottom


def together(first: Outputs, second: Outputs) -> Outputs:
    """Both looks as one, with the class map of the whole photo."""
    return Outputs(
        (first.logits + second.logits) * np.float32(0.5),
        (first.embedding + second.embedding) * np.float32(0.5),
        first.class_map,
    )


def _widened(low: int, high: int, at_least: float, size: int) -> tuple[int, int]:
    """A stretch grown on both sides to a length, as far as the whole side allows."""
    length = min(size, max(high - low, math.ceil(at_least)))
    start = low - (length - (high - low)) // 2
    start = min(max(0, start), size - length)
    return start, start + length

"""What is painted on a skin: colours, patches, panel lines, hatches, stencils, dirt and soot.

A livery is an atlas of four drawings of the whole airframe, from above, below, left and right, on
which every face of a skin finds its place by where it was on the airframe and where it faced.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from wreckid.datasets.airframes.airframe import Part
from wreckid.datasets.airframes.dirt import SOOT, soil_amount, soil_cover, soot_cover
from wreckid.datasets.lettering import font
from wreckid.datasets.noise import SmoothNoise

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

WIDTH, HEIGHT = 320, 160
"""Pixels of one drawing, along and across the airframe."""
COARSE = 4
"""Pixels from one value of a noise to the next."""
ABOVE, BELOW, LEFT, RIGHT = range(4)
LINES = 0.7
"""Share of liveries with panel lines."""
STENCILS = 0.6
"""Share of liveries with letters."""
CAMOUFLAGED = 0.12
"""Share of liveries in patches of two colours."""
LETTERS = ((0.01, 0.01, 0.01), (0.05, 0.05, 0.06), (0.8, 0.8, 0.8), (0.5, 0.03, 0.03))
"""Linear colours of letters: black, grey, white, red."""


@dataclass(frozen=True)
class Frame:
    """The box of the whole airframe, float[3] each, in metres."""

    low: Array
    size: Array

    @classmethod
    def around(cls, parts: Sequence[Part]) -> "Frame":
        """The box around the places of parts on their airframe."""
        places = np.concatenate([part.home for part in parts])
        low = places.min(axis=0)
        return cls(low, np.maximum(places.max(axis=0) - low, 1e-3))

    def on_atlas(self, part: Part) -> tuple[npt.NDArray[np.int64], Array]:
        """Drawing int[F] of each face, and place float[F, 3, 2] of its corners in pixels there."""
        corners = part.home[part.mesh.faces]
        facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        level = abs(facing[:, 2]) >= abs(facing[:, 1])
        drawing = np.where(
            level, np.where(facing[:, 2] > 0, ABOVE, BELOW), np.where(facing[:, 1] > 0, LEFT, RIGHT)
        )
        x, y, z = np.moveaxis((corners - self.low) / self.size, 2, 0)
        along = np.where((drawing == LEFT)[:, None], 1 - x, x)
        up = np.select([(drawing == ABOVE)[:, None], (drawing == BELOW)[:, None]], [y, 1 - y], z)
        return drawing, np.stack([along * WIDTH, (1 - up) * HEIGHT], axis=2)


class Livery:
    """The paint of one wreck.

    Args:
        parts: the wreck.
        stencils: what the type is known to carry; else made-up serial numbers.
        soil: linear colour of the ground, float[3].
        burnt: how much of the wreck burnt, 0 to 1.
        rng: decides everything else.
    """

    def __init__(
        self, parts: Sequence[Part], stencils: Sequence[str], soil: Array, burnt: float, rng: Rng
    ) -> None:
        self._frame = Frame.around(parts)
        skins = [part for part in parts if part.paint == "skin"]
        self._lines = _panel_lines(rng)
        self._letters = _letters(skins, self._frame, stencils, rng)
        self._ink = np.array(LETTERS[rng.integers(len(LETTERS))], np.float32)
        fine, coarse = _noise(rng, 0.05), _noise(rng, 0.4)
        self._fading = 1 + 0.06 * fine + 0.05 * _noise(rng, 0.2)
        dirt = (
            (soil_cover(soil_amount(rng), fine, coarse), soil.astype(np.float32)),
            (soot_cover(burnt, fine, coarse), SOOT),
        )
        self._covers = [
            (_enlarged(share[..., None]), colour) for share, colour in dirt if share.any()
        ]
        self._patches = _noise(rng, 0.25) > 0 if rng.random() < CAMOUFLAGED else None

    def drawn(self, colour: Array, second: Array) -> npt.NDArray[np.float32]:
        """The atlas in linear light, float[4 HEIGHT, WIDTH, 3], of a colour and its patches."""
        first = np.broadcast_to(colour, (*self._fading.shape, 3))
        patches = np.zeros_like(self._fading) if self._patches is None else self._patches
        paint = np.where(patches[..., None], second, first) * self._fading[..., None]
        light = _enlarged(np.clip(paint, 0.004, 0.9)) * self._lines
        for share, cover in ((self._letters, self._ink), *self._covers):
            light += share * (cover - light)
        return light

    def coordinates(self, part: Part) -> Array:
        """Texture co-ordinates float[F, 3, 2] of the corners of a part's faces, v upwards."""
        drawing, place = self._frame.on_atlas(part)
        place = np.clip(place, 0.5, [WIDTH - 0.5, HEIGHT - 0.5])
        down = place[..., 1] + drawing[:, None] * HEIGHT
        return np.stack([place[..., 0] / WIDTH, 1 - down / (4 * HEIGHT)], axis=2)


def _noise(rng: Rng, wavelength: float) -> Array:
    """Smooth noise over the four drawings at a coarse grid; wavelength as a share of the length."""
    rows, columns = 4 * HEIGHT // COARSE, WIDTH // COARSE
    y, x = np.mgrid[:rows, :columns] / columns
    noise = SmoothNoise(rng, wavelength, dimensions=2)
    return noise(np.stack([x.ravel(), y.ravel()], axis=1)).reshape(rows, columns)


def _enlarged(coarse: Array) -> npt.NDArray[np.float32]:
    channels = [
        Image.fromarray(channel.astype(np.float32)).resize(
            (WIDTH, 4 * HEIGHT), Image.Resampling.BILINEAR
        )
        for channel in np.moveaxis(coarse, 2, 0)
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=2)


def _panel_lines(rng: Rng) -> npt.NDArray[np.float32]:
    """Joints along and across and a few hatches, as factors of the paint, [4 HEIGHT, WIDTH, 1]."""
    sheet = Image.new("L", (WIDTH, 4 * HEIGHT), 255)
    if rng.random() < LINES:
        pen = ImageDraw.Draw(sheet)
        shade = int(rng.uniform(110, 200))
        for x in rng.uniform(0, WIDTH, rng.integers(3, 10)):
            pen.line([x, 0, x, sheet.height], fill=shade)
        for y in rng.uniform(0, sheet.height, rng.integers(8, 32)):
            pen.line([0, y, WIDTH, y], fill=shade)
        for _ in range(rng.integers(0, 24)):
            corner, size = rng.random(2) * sheet.size, rng.uniform(0.02, 0.1, 2) * WIDTH
            pen.rectangle([*corner, *(corner + size)], outline=shade)
    return np.asarray(sheet, np.float32)[..., None] / np.float32(255)


def _letters(
    skins: Sequence[Part], frame: Frame, stencils: Sequence[str], rng: Rng
) -> npt.NDArray[np.float32]:
    """How much each place is covered by letters, [4 HEIGHT, WIDTH, 1]."""
    sheets = [Image.new("L", (WIDTH, HEIGHT), 0) for _ in range(4)]
    if skins and rng.random() < STENCILS:
        for _ in range(rng.integers(1, 4)):
            words = str(rng.choice(stencils)) if stencils and rng.random() < 0.6 else _serial(rng)
            _stencil(sheets, frame, skins[int(rng.integers(len(skins)))], words, rng)
    atlas = np.concatenate([np.asarray(sheet, np.float32) for sheet in sheets])
    return np.asarray(atlas[..., None] / 255, np.float32)


def _stencil(sheets: Sequence[Image.Image], frame: Frame, part: Part, words: str, rng: Rng) -> None:
    """Letters over a random face of a part, as large as a share of the airframe's length."""
    drawing, place = frame.on_atlas(part)
    face = rng.integers(len(drawing))
    seen = int(drawing[face])
    per_metre = np.array([WIDTH, HEIGHT]) / frame.size[[0, 1 if seen in (ABOVE, BELOW) else 2]]
    height = rng.uniform(0.02, 0.07) * frame.size[0] * per_metre[1]
    letters = font(32)
    box = letters.getbbox(words)
    ink = Image.new("L", (int(box[2]) + 2, int(box[3]) + 2), 0)
    ImageDraw.Draw(ink).text((1, 0), words, fill=255, font=letters)
    width = height / per_metre[1] * per_metre[0] * ink.width / ink.height
    ink = ink.resize((max(int(width), 4), max(int(height), 3)), Image.Resampling.BILINEAR)
    middle = place[face].mean(axis=0) - np.array(ink.size) / 2
    sheets[seen].paste(255, (int(middle[0]), int(middle[1])), ink)


def _serial(rng: Rng) -> str:
    """A made-up serial or side number."""
    letters = "".join(rng.choice(list("ABCDEHKMOPTXYZ"), rng.integers(0, 3)))
    digits = "".join(str(digit) for digit in rng.integers(0, 10, rng.integers(1, 5)))
    return f"{letters}{rng.choice(['', '-', ' '])}{digits}" if letters else digits

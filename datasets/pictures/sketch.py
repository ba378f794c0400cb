"""A wreck before a picture of some place, by single rays: sun, sky, shadow and gloss, quickly.

A network needs many more views of an airframe than light paths can make in a night. These teach
what a type looks like from everywhere; full scenes teach what wrecks lie in.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from wreckid.datasets.airframes.airframe import Part
from wreckid.datasets.airframes.dressing import dressed, strewn
from wreckid.datasets.airframes.wreckage import Wreck
from wreckid.datasets.geometry import Scheme
from wreckid.datasets.noise import SmoothNoise
from wreckid.datasets.pictures.backdrop import behind, laid_over
from wreckid.datasets.pictures.camera import Camera, aimed
from wreckid.datasets.pictures.scene import CLUTTERED, Shot
from wreckid.datasets.pictures.skin import Skin, Sun
from wreckid.datasets.pictures.visibility import Sight
from wreckid.datasets.places.clutter import NOTHING, beside
from wreckid.datasets.places.ground import soil_colour
from wreckid.datasets.places.surroundings import Surroundings

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Light = npt.NDArray[np.float32]
Rng = np.random.Generator

OVERSAMPLING = 2
"""Rays along each side of a pixel."""
SHADED = 0.6
"""Share of wrecks on the ground that throw a shadow on it."""
HIDDEN = 0.25
"""Share of pictures in which something stands before a part of the wreck."""


@dataclass(frozen=True)
class Model:
    """A wreck and what lies beside it, painted and ready to be met by rays.

    Attributes:
        parts: of the wreck.
        aloft: whether it flies.
        skin: all surfaces, those of the wreck first; none where there is nothing to see.
    """

    parts: tuple[Part, ...]
    aloft: bool
    skin: Skin | None

    @classmethod
    def of(cls, wreck: Wreck, scheme: Scheme, rng: Rng) -> Self:
        """Paint a wreck, and put things beside it by chance."""
        soil = soil_colour(rng)
        aloft = wreck.damage == "airborne"
        if wreck.damage == NOTHING:
            return cls(wreck.parts, aloft, None)
        own = dressed(wreck, scheme, soil, rng)
        cluttered = not aloft and rng.random() < CLUTTERED
        others = strewn(beside(wreck, rng), wreck, soil, rng) if cluttered else ()
        return cls(wreck.parts, aloft, Skin(own, others, rng))


def sketched(model: Model, around: Surroundings, pixels: int, rng: Rng) -> Shot:
    """Take one picture of a model before a random place."""
    camera = aimed(model.parts, "sky" if model.aloft and rng.random() < 0.5 else "backdrop", rng)
    sun, place = Sun.any(rng), behind(around, pixels, rng)
    light, seen = place, np.zeros((pixels, pixels), bool)
    if model.skin is not None:
        floor = -np.inf if model.aloft or camera.eye[2] <= 0 else 0.0
        shadow = floor == 0 and rng.random() < SHADED
        ground = place * _shadow(model.skin, camera, pixels, sun) if shadow else place
        layers = _cast(model.skin, camera, pixels, sun, floor)
        drawn = laid_over(layers[..., :4], ground, rng)
        light, seen = _hidden(drawn, layers[..., 4] > 0.5, place, rng)
    truth = {"setting": "sketch", "light": "sun", "camera": camera.facts(pixels)}
    return Shot(np.ascontiguousarray(light, np.float32), Sight(seen, None), truth)


def _hidden(light: Light, seen: Mask, place: Light, rng: Rng) -> tuple[Light, Mask]:
    """At times, the place again in front of a part of the wreck."""
    if rng.random() >= HIDDEN:
        return light, seen
    before = _blots(len(light), rng)
    return np.where(before[..., None], place, light), seen & ~before


def _cast(skin: Skin, camera: Camera, pixels: int, sun: Sun, floor: float) -> Light:
    """Light times cover, cover, and cover by the wreck itself, float32[H, W, 5]."""
    rows, columns = camera.frame(skin.surfaces.vertices, pixels)
    ways = camera.rays(pixels * OVERSAMPLING, _finer(rows), _finer(columns))
    meeting, face, places = skin.surfaces.met(camera.eye, ways)
    above = places[:, 2] > floor
    meeting, face, places = meeting[above], face[above], places[above]
    values = np.zeros((len(ways), 5), np.float32)
    values[meeting, :3] = skin.light(face, places, ways[meeting], sun)
    values[meeting, 3] = 1
    values[meeting, 4] = face < skin.own_faces
    sheet = np.zeros((pixels, pixels, 5), np.float32)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    split = values.reshape(height, OVERSAMPLING, width, OVERSAMPLING, 5)
    sheet[rows, columns] = split.mean((1, 3))
    return sheet


def _finer(pixels: slice) -> slice:
    """The rays of a run of pixels."""
    return slice(pixels.start * OVERSAMPLING, pixels.stop * OVERSAMPLING)


def _shadow(skin: Skin, camera: Camera, pixels: int, sun: Sun) -> Light:
    """Share of light that the ground keeps at each pixel, float32[H, W, 1]."""
    ways = camera.rays(pixels)
    down = ways[:, 2] < -1e-3
    ground = camera.eye + ways[down] * (camera.eye[2] / -ways[down, 2])[:, None]
    kept = np.ones(len(ways), np.float32)
    sky = 0.5 * (sun.above.mean() + sun.below.mean())
    dark = sky / (sky + sun.strength * sun.way[2])
    kept[down] = np.where(skin.in_shadow(ground, sun.way), dark, 1)
    return kept.reshape(pixels, pixels, 1)


def _blots(pixels: int, rng: Rng) -> Mask:
    """Random patches, as of leaves or rubble near the camera."""
    rows, columns = np.mgrid[:pixels, :pixels] / pixels
    noise = SmoothNoise(rng, wavelength=rng.uniform(0.08, 0.5), dimensions=2)
    values = noise(np.stack([columns.ravel(), rows.ravel()], axis=1))
    return np.asarray(values > rng.uniform(0.8, 2)).reshape(pixels, pixels)

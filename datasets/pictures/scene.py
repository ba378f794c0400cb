"""A wreck, ground, sky and camera -> linear light on a square sensor (Mitsuba 3, `scalar_rgb`).

World axes: z up, ground at z = 0, lengths in metres.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import mitsuba as mi
import mitsuba_oidn as oidn
import numpy as np
import numpy.typing as npt

from wreckid.datasets.airframes.dressing import Coat, dressed, strewn
from wreckid.datasets.airframes.wreckage import Wreck
from wreckid.datasets.geometry import Scheme
from wreckid.datasets.pictures.backdrop import behind, laid_over
from wreckid.datasets.pictures.camera import aimed, sensor
from wreckid.datasets.pictures.light import light_source
from wreckid.datasets.pictures.visibility import Sight, sight
from wreckid.datasets.places.clutter import NOTHING, beside
from wreckid.datasets.places.ground import ground, soil_colour
from wreckid.datasets.places.surroundings import Surroundings
from wreckid.datasets.shading import shape

mi.set_variant("scalar_rgb")

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

CLUTTERED = 0.35
"""Share of wrecks on the ground with things around them."""


@dataclass(frozen=True)
class Shot:
    """A picture before it is developed.

    Attributes:
        light: linear light, float32[H, W, 3].
        sight: what it shows of the wreck.
        truth: what is known of how it came about.
    """

    light: npt.NDArray[np.float32]
    sight: Sight
    truth: dict[str, Any]


@dataclass(frozen=True)
class Prop:
    """A wreck painted and soiled, ready to be set in scenes.

    Attributes:
        wreck: as it lies.
        soil: linear colour of what it lay in, float[3].
        shapes: what Mitsuba draws of it; none where there is nothing to see.
    """

    wreck: Wreck
    soil: Array
    shapes: dict[str, Any]

    @classmethod
    def of(cls, wreck: Wreck, scheme: Scheme, rng: Rng) -> Self:
        """Paint a wreck in a colour scheme, and soil it."""
        soil = soil_colour(rng)
        coats = () if wreck.damage == NOTHING else dressed(wreck, scheme, soil, rng)
        return cls(wreck, soil, _shapes("wreck", coats, rng))


def _shapes(name: str, coats: Sequence[Coat], rng: Rng) -> dict[str, Any]:
    return {f"{name}-{number}": shape(coat, rng) for number, coat in enumerate(coats)}


def shoot(prop: Prop, around: Surroundings, pixels: int, rng: Rng) -> Shot:
    """Set a wreck in random surroundings and take one picture of it."""
    wreck = prop.wreck
    setting = _setting(wreck, around, rng)
    there = () if wreck.damage == NOTHING else wreck.parts
    camera = aimed(wreck.parts, setting, rng)
    emitters, light_name = light_source(around, rng)
    cluttered = setting == "ground" and rng.random() < CLUTTERED
    things = beside(wreck, rng) if cluttered else ()
    scene: dict[str, Any] = {
        "type": "scene",
        "integrator": {"type": "path", "max_depth": 3, "hide_emitters": setting == "backdrop"},
        "sensor": sensor(camera, pixels),
        **emitters,
        **prop.shapes,
        **_shapes("thing", strewn(things, wreck, prop.soil, rng), rng),
    }
    if setting == "ground":
        scene |= ground(wreck, prop.soil, around, rng)
    seed = int(rng.integers(2**31))
    rendered = _denoised(np.asarray(mi.render(mi.load_dict(scene, parallel=False), seed=seed)))
    light = rendered[..., :3]
    if setting == "backdrop":
        light = laid_over(rendered, behind(around, pixels, rng), rng)
    seen = sight(there, things, camera, pixels, floor=0.0 if setting == "ground" else -np.inf)
    truth = {"setting": setting, "light": light_name, "camera": camera.facts(pixels)}
    return Shot(np.ascontiguousarray(light, np.float32), seen, truth)


def _denoised(rendered: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Light without the grain of few light paths, float[H, W, 4]; alpha as it was."""
    clean = rendered.copy()
    seen = np.nonzero(rendered[..., 3])
    if seen[0].size:
        rows, columns = (slice(max(axis.min() - 8, 0), axis.max() + 8) for axis in seen)
        light = np.ascontiguousarray(rendered[rows, columns, :3])
        clean[rows, columns, :3] = oidn.denoise(light, hdr=True, quality=oidn.Quality.Fast)
    return clean


def _setting(wreck: Wreck, around: Surroundings, rng: Rng) -> str:
    if wreck.damage == "airborne":
        return "backdrop" if around.backgrounds and rng.random() < 0.5 else "sky"
    return "backdrop" if around.backgrounds and rng.random() < 0.3 else "ground"

"""A wreck, ground, sky and camera -> linear light on a square sensor (Mitsuba 3, `scalar_rgb`).

World axes: z up, ground at z = 0, lengths in metres.
"""

from dataclasses import dataclass
from typing import Any

import drjit as dr
import mitsuba as mi
import mitsuba_oidn as oidn
import numpy as np
import numpy.typing as npt

from wreckid.datasets.airframes.dressing import dressed, strewn
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


def two_threads() -> None:
    """Keep Mitsuba to two threads a process; with one, its reader of EXR files waits for ever."""
    dr.set_thread_count(2)


def shoot(wreck: Wreck, scheme: Scheme, around: Surroundings, pixels: int, rng: Rng) -> Shot:
    """Set a wreck in random surroundings and take one picture of it."""
    setting = _setting(wreck, around, rng)
    there = () if wreck.damage == NOTHING else wreck.parts
    camera = aimed(wreck.parts, setting, rng)
    emitters, light_name = light_source(around, rng)
    soil = soil_colour(rng)
    cluttered = setting == "ground" and rng.random() < CLUTTERED
    things = beside(wreck, rng) if cluttered else ()
    coats = (
        *(dressed(wreck, scheme, soil, rng) if there else ()),
        *strewn(things, wreck, soil, rng),
    )
    scene: dict[str, Any] = {
        "type": "scene",
        "integrator": {"type": "path", "max_depth": 3, "hide_emitters": setting == "backdrop"},
        "sensor": sensor(camera, pixels),
        **emitters,
        **{f"coat{number}": shape(coat, rng) for number, coat in enumerate(coats)},
    }
    if setting == "ground":
        scene |= ground(wreck, soil, around, rng)
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

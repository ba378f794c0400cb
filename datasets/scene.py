"""A wreck, ground, sky and camera -> linear light on a square sensor (Mitsuba 3, `scalar_rgb`).

World axes: z up, ground at z = 0, lengths in metres.
"""

from dataclasses import dataclass
from typing import Any

import drjit as dr
import mitsuba as mi
import numpy as np
import numpy.typing as npt
import trimesh
from PIL import ImageColor

from wreckid.datasets.camera import aimed, box_around, sensor
from wreckid.datasets.clutter import NOTHING, beside
from wreckid.datasets.geometry import Paint, Scheme
from wreckid.datasets.ground import ground, soil_colour
from wreckid.datasets.light import light_source
from wreckid.datasets.photograph import linear, luminance
from wreckid.datasets.shading import Camouflage, Dirt, material, painted_mesh
from wreckid.datasets.surroundings import Surroundings, background
from wreckid.datasets.threeview import colour_of
from wreckid.datasets.wreckage import Wreck

mi.set_variant("scalar_rgb")

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

CAMOUFLAGED = 0.12
"""Share of wrecks painted in patches of skin and accent."""


@dataclass(frozen=True)
class Shot:
    """Linear light float32[H, W, 3] and what is known of how it came about."""

    light: npt.NDArray[np.float32]
    truth: dict[str, Any]


def two_threads() -> None:
    """Keep Mitsuba to two threads a process; with one, its reader of EXR files waits for ever."""
    dr.set_thread_count(2)


def shoot(wreck: Wreck, scheme: Scheme, around: Surroundings, pixels: int, rng: Rng) -> Shot:
    """Set a wreck in random surroundings and take one picture of it."""
    setting = _setting(wreck, around, rng)
    camera = aimed(wreck.parts, setting, rng)
    emitters, light_name = light_source(around, rng)
    soil = soil_colour(rng)
    scene: dict[str, Any] = {
        "type": "scene",
        "integrator": {"type": "path", "max_depth": 3, "hide_emitters": setting == "backdrop"},
        "sensor": sensor(camera, pixels),
        **emitters,
        **_objects(wreck, scheme, soil, setting, rng),
    }
    if setting == "ground":
        scene |= ground(wreck, soil, around, rng)
    seed = int(rng.integers(2**31))
    rendered = np.asarray(mi.render(mi.load_dict(scene, parallel=False), seed=seed))
    light = _over_backdrop(rendered, around, rng) if setting == "backdrop" else rendered[..., :3]
    truth = {
        "setting": setting,
        "light": light_name,
        "box": box_around(wreck.parts, camera, pixels),
        "camera": {"distance_m": round(float(np.linalg.norm(camera.eye - camera.target)), 3)},
    }
    return Shot(np.ascontiguousarray(light, np.float32), truth)


def _setting(wreck: Wreck, around: Surroundings, rng: Rng) -> str:
    if wreck.damage == "airborne":
        return "backdrop" if around.backgrounds and rng.random() < 0.6 else "sky"
    return "backdrop" if around.backgrounds and rng.random() < 0.4 else "ground"


def _objects(wreck: Wreck, scheme: Scheme, soil: Array, setting: str, rng: Rng) -> dict[str, Any]:
    """Wreck and clutter, one mesh a paint."""
    there = () if wreck.damage == NOTHING else wreck.parts
    painted = [(part, scheme, wreck.burnt) for part in there]
    if setting == "ground" and rng.random() < 0.35:
        painted += [(part, _any_scheme(rng), 0.0) for part in beside(wreck, rng)]
    dirt = Dirt(wreck, soil, rng)
    fading = np.exp(rng.normal(0, 0.06, 3))
    camouflage = Camouflage(wreck, rng) if rng.random() < CAMOUFLAGED else None
    meshes: dict[Paint, list[tuple[trimesh.Trimesh, Array]]] = {}
    for part, colours, burnt in painted:
        base = _linear(colour_of(part, colours)) * fading * np.exp(rng.normal(0, 0.06))
        if camouflage and part.paint == "skin":
            base = camouflage.on(part.mesh, base, _linear(colours.accent))
        shaded = dirt.on(part.mesh, base, burnt)
        meshes.setdefault(part.paint, []).append((part.mesh, shaded))
    return {
        f"paint-{paint}": painted_mesh(
            trimesh.util.concatenate([mesh for mesh, _ in pieces]),
            np.concatenate([colour for _, colour in pieces]),
            material(paint, rng),
        )
        for paint, pieces in meshes.items()
    }


def _linear(colour: str) -> Array:
    """Linear light of `#rrggbb`, float[3]."""
    return linear(np.array(ImageColor.getrgb(colour)[:3]) / 255)


def _any_scheme(rng: Rng) -> Scheme:
    skin, accent = (f"#{value:06x}" for value in rng.integers(0, 2**24, 2))
    return Scheme(name="any", skin=skin, accent=accent)


def _over_backdrop(
    rendered: npt.NDArray[np.float32], around: Surroundings, rng: Rng
) -> npt.NDArray[np.float32]:
    """Lay the wreck over a photo, with its own light brought to that of the photo."""
    photo = background(around, rendered.shape[0], rng)
    behind = linear(np.asarray(photo, np.float64) / 255).astype(np.float32)
    alpha = np.clip(rendered[..., 3:], 0, 1)
    wreck = rendered[..., :3]
    bright = float(luminance(wreck).sum() / (alpha.sum() + 1e-3)) + 1e-6
    wanted = float(luminance(behind).mean()) * np.exp(rng.normal(0, 0.4))
    gain = np.clip(wanted / bright, 0.35 / bright * 0.2, 0.8 / bright)
    return np.asarray(wreck * gain + behind * (1 - alpha), np.float32)

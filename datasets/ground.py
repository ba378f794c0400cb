"""The ground that a wreck lies on: relief, plain, grass."""

from typing import Any

import mitsuba as mi
import numpy as np
import numpy.typing as npt
import trimesh
from PIL import ImageColor

from wreckid.datasets.noise import SmoothNoise
from wreckid.datasets.photograph import linear
from wreckid.datasets.shading import material, painted_mesh
from wreckid.datasets.surroundings import Surroundings, background
from wreckid.datasets.wreckage import Wreck, bounds

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

GROUND_CELLS = 48
SOILS = ("#6b5a45", "#8a7a5c", "#57603a", "#6f7f45", "#9a9186", "#4b4a47", "#e4e6ea", "#b8a27c")
"""Earth, steppe, grass, concrete, asphalt, snow, sand."""


def soil_colour(rng: Rng) -> Array:
    """Linear colour of the ground, float[3]."""
    colour = ImageColor.getrgb(SOILS[rng.integers(len(SOILS))])
    return linear(np.array(colour[:3]) / 255) * rng.uniform(0.6, 1.2)


def ground(wreck: Wreck, soil: Array, around: Surroundings, rng: Rng) -> dict[str, Any]:
    """Relief with a photo or noise on it near the wreck, a plain beyond, and tufts of grass."""
    low, high = bounds(wreck.parts)
    centre, reach = (low + high)[:2] / 2, 2.5 * float(np.linalg.norm((high - low)[:2])) + 1
    to_world = mi.ScalarTransform4f().translate([*centre.tolist(), -0.03 * reach])
    plain = {
        "type": "rectangle",
        "to_world": to_world.scale([400, 400, 1]),
        "bsdf": {"type": "diffuse", "reflectance": {"type": "rgb", "value": soil.tolist()}},
    }
    parts = {"plain": plain, "relief": _relief(centre, reach, soil, around, rng)}
    if rng.random() < 0.45:
        parts["grass"] = _grass(centre, reach, float(high[2]), rng)
    return parts


def _relief(centre: Array, reach: float, soil: Array, around: Surroundings, rng: Rng) -> Any:
    steps = np.linspace(-1, 1, GROUND_CELLS)
    x, y = (axis.ravel() for axis in np.meshgrid(steps, steps))
    bump = SmoothNoise(rng, wavelength=reach * 0.5, dimensions=2)
    edge = np.clip((1 - np.maximum(abs(x), abs(y))) * 5, 0, 1)
    places = np.stack([x, y], axis=1) * reach
    z = 0.008 * reach * rng.uniform(0, 1.5) * (bump(places) - 1) - 0.03 * reach * (1 - edge)
    faces = trimesh.geometry.triangulate_quads(_grid_quads(GROUND_CELLS))
    mesh = trimesh.Trimesh(np.column_stack([places + centre, z]), faces, process=False)
    fine = SmoothNoise(rng, wavelength=reach * 0.1, dimensions=2)
    shade = np.clip(soil * (1 + 0.2 * fine(places))[:, None], 0.005, 0.95)
    photographed = bool(around.backgrounds) and rng.random() < 0.6
    texture = (
        _photo_texture(around, soil, rng)
        if photographed
        else {"type": "mesh_attribute", "name": "vertex_color"}
    )
    material = {"type": "twosided", "material": {"type": "diffuse", "reflectance": texture}}
    return painted_mesh(mesh, shade, material, places / reach * rng.uniform(0.5, 3))


def _grid_quads(cells: int) -> npt.NDArray[np.int64]:
    corner = (np.arange(cells - 1)[:, None] * cells + np.arange(cells - 1)).ravel()
    return np.stack([corner, corner + 1, corner + cells + 1, corner + cells], axis=1)


def _photo_texture(around: Surroundings, soil: Array, rng: Rng) -> dict[str, Any]:
    """A patch of a real photo, drawn towards the colour of the soil."""
    pixels = linear(np.asarray(background(around, 256, rng), np.float64) / 255)
    mixed = 0.5 * pixels + 0.5 * soil * pixels.mean(axis=2, keepdims=True) / pixels.mean()
    bitmap = mi.Bitmap(np.clip(mixed, 0.002, 0.95).astype(np.float32))
    return {"type": "bitmap", "bitmap": bitmap, "wrap_mode": "mirror", "raw": True}


def _grass(centre: Array, reach: float, top: float, rng: Rng) -> Any:
    """Blades of grass or stubble around and, thinly, over the wreck."""
    count = int(rng.uniform(500, 3000))
    foot = centre + rng.uniform(-0.6, 0.6, (count, 2)) * reach
    height = rng.uniform(0.3, 1.0, count) * min(rng.uniform(0.04, 0.35), 0.6 * top + 0.02)
    lean = rng.normal(0, 0.35, (count, 2)) * height[:, None]
    width = rng.normal(0, 1, (count, 2)) * 0.02 * height[:, None]
    ground = np.zeros(count)
    blades = np.stack(
        [
            np.column_stack([foot - width, ground]),
            np.column_stack([foot + width, ground]),
            np.column_stack([foot + lean, height]),
        ],
        axis=1,
    )
    mesh = trimesh.Trimesh(
        blades.reshape(-1, 3), np.arange(3 * count).reshape(-1, 3), process=False
    )
    colour = linear(
        np.array(ImageColor.getrgb(str(rng.choice(["#5d6b2f", "#9a8a52", "#7a7044"])))) / 255
    )
    shade = np.repeat(colour * rng.uniform(0.6, 1.3, (count, 1)), 3, axis=0)
    return painted_mesh(mesh, shade, material("wood", rng))

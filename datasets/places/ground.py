"""The ground that a wreck lies on, what lies and grows there, and what closes the view."""

from typing import Any

import mitsuba as mi
import numpy as np
import numpy.typing as npt
import trimesh

from wreckid.datasets.airframes.wreckage import Wreck, bounds
from wreckid.datasets.colour import linear
from wreckid.datasets.noise import SmoothNoise
from wreckid.datasets.places.bystanders import bystanders
from wreckid.datasets.places.horizon import HORIZONS
from wreckid.datasets.places.scatter import Plot
from wreckid.datasets.places.surroundings import Surroundings, background
from wreckid.datasets.places.terrain import Surface, Terrain, random_soil, surface, terrain_of
from wreckid.datasets.shading import painted_mesh

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

CELLS = 52
"""Relief cells along a side, finest at the wreck."""
PHOTOGRAPHED = 0.2
"""Share of grounds covered with a patch of a real photo, where there are photos."""


def soil_colour(rng: Rng) -> Array:
    """Linear colour of what a wreck is dirtied with, float[3]; `ground` fits its kind to it."""
    return random_soil(rng)


def ground(wreck: Wreck, soil: Array, around: Surroundings, rng: Rng) -> dict[str, Any]:
    """A kind of ground that goes with the soil: relief, a plain beyond, scatter and horizon."""
    terrain = terrain_of(soil, rng)
    plot = _plot(wreck, terrain, rng)
    photographed = bool(around.backgrounds) and rng.random() < PHOTOGRAPHED
    look = (
        _photo_surface(around, soil, plot.radius, rng)
        if photographed
        else surface(terrain.pattern, plot.radius, rng)
    )
    strewn = [strew(plot, rng) for strew, chance in terrain.scatter if rng.random() < chance]
    shapes = {"plain": _plain(plot, look), "relief": _relief(plot, look, rng)}
    for number, piece in enumerate((*strewn, *bystanders(plot, rng))):
        shapes[f"around-{number}"] = piece.shape()
    if terrain.horizon != "open":
        far = HORIZONS[terrain.horizon](plot.radius, rng)
        shapes["horizon"] = far.moved(plot.centre, rng.uniform(0, 2 * np.pi)).shape()
    return shapes


def _plot(wreck: Wreck, terrain: Terrain, rng: Rng) -> Plot:
    """Soft grounds swell a little over the foot of the wreck; floors are even."""
    low, high = bounds(wreck.parts)
    centre, radius = (low + high)[:2] / 2, float(np.linalg.norm((high - low)[:2])) / 2
    waves = SmoothNoise(rng, wavelength=1.5 * radius, dimensions=2)
    swell, lift = terrain.relief * radius * rng.uniform(0, 1), rng.uniform(-0.2, 0.7)

    def height(places: Array) -> Array:
        return swell * (0.5 * waves(places) + lift)

    return Plot(centre, radius, float(high[2]), height)


def _extent(plot: Plot) -> float:
    """Half the side of the relief in metres."""
    return 12 * plot.radius + 5


def _plain(plot: Plot, look: Surface) -> dict[str, Any]:
    to_world = mi.ScalarTransform4f().translate([*plot.centre.tolist(), -0.06 * plot.radius - 0.01])
    return {
        "type": "rectangle",
        "to_world": to_world.scale([800, 800, 1]),
        "bsdf": {
            "type": "diffuse",
            "reflectance": {"type": "rgb", "value": look.colour.tolist()},
        },
    }


def _relief(plot: Plot, look: Surface, rng: Rng) -> Any:
    """A grid that is finer towards the wreck and sinks under the plain at its edge."""
    steps = np.linspace(-1, 1, CELLS)
    x, y = (axis.ravel() for axis in np.meshgrid(*[np.sign(steps) * np.abs(steps) ** 2.2] * 2))
    places = np.stack([x, y], axis=1) * _extent(plot) + plot.centre
    edge = np.clip((1 - np.hypot(x, y)) * 8, 0, 1)
    z = plot.height(places) * edge - (0.12 * plot.radius + 0.02) * (1 - edge)
    faces = trimesh.geometry.triangulate_quads(_grid_quads(CELLS))
    mesh = trimesh.Trimesh(np.column_stack([places, z]), faces, process=False)
    turn = rng.uniform(0, 2 * np.pi)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    texcoords = (places - plot.centre) @ spin / look.side + rng.random(2)
    colours = np.broadcast_to(look.colour, mesh.vertices.shape)
    return painted_mesh(mesh, colours, look.material, texcoords)


def _grid_quads(cells: int) -> npt.NDArray[np.int64]:
    corner = (np.arange(cells - 1)[:, None] * cells + np.arange(cells - 1)).ravel()
    return np.stack([corner, corner + 1, corner + cells + 1, corner + cells], axis=1)


def _photo_surface(around: Surroundings, soil: Array, radius: float, rng: Rng) -> Surface:
    """A patch of a real photo, drawn towards the colour of the soil."""
    pixels = linear(np.asarray(background(around, 256, rng), np.float64) / 255)
    mixed = 0.5 * pixels + 0.5 * soil * pixels.mean(axis=2, keepdims=True) / pixels.mean()
    values = np.clip(mixed, 0.004, 0.92)
    texture = {
        "type": "bitmap",
        "bitmap": mi.Bitmap(values.astype(np.float32)),
        "wrap_mode": "mirror",
        "raw": True,
    }
    matt = {"type": "twosided", "material": {"type": "diffuse", "reflectance": texture}}
    return Surface(matt, radius * rng.uniform(0.7, 4), values.mean(axis=(0, 1)))

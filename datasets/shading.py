"""Meshes with colour, dirt, soot and gloss, as Mitsuba takes them."""

from typing import Any

import mitsuba as mi
import numpy as np
import numpy.typing as npt
import trimesh

from wreckid.datasets.geometry import Paint
from wreckid.datasets.noise import SmoothNoise
from wreckid.datasets.wreckage import Wreck, bounds

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

ROUGHNESS: dict[Paint, tuple[float, float]] = {
    "skin": (0.25, 0.8),
    "accent": (0.25, 0.8),
    "dark": (0.3, 0.8),
    "metal": (0.2, 0.5),
    "glass": (0.05, 0.15),
    "wood": (0.4, 0.8),
    "rubber": (0.6, 0.9),
    "carbon": (0.2, 0.5),
}
SOOT = np.array([0.012, 0.011, 0.010])


class Camouflage:
    """Patches of a second colour on skins."""

    def __init__(self, wreck: Wreck, rng: Rng) -> None:
        size = float(np.ptp(bounds(wreck.parts), axis=0).max())
        self._patches = SmoothNoise(rng, wavelength=size * 0.25)

    def on(self, mesh: trimesh.Trimesh, first: Array, second: Array) -> Array:
        """Linear colours at the vertices, float[V, 3]."""
        return np.where(self._patches(mesh.vertices)[:, None] > 0, first, second)


class Dirt:
    """Soil and soot on skins, more of both near the ground and the fire."""

    def __init__(self, wreck: Wreck, soil: Array, rng: Rng) -> None:
        size = float(np.ptp(bounds(wreck.parts), axis=0).max())
        self._fine = SmoothNoise(rng, wavelength=size * 0.05)
        self._coarse = SmoothNoise(rng, wavelength=size * 0.4)
        self._soil = soil
        self._amount = rng.uniform(0, 0.5) * (rng.random() < 0.7)

    def on(self, mesh: trimesh.Trimesh, base: Array, burnt: float) -> Array:
        """Linear colours at the vertices, float[V, 3], from one colour or one a vertex."""
        fine, coarse = self._fine(mesh.vertices), self._coarse(mesh.vertices)
        soiled = np.clip(self._amount * (0.5 + 0.5 * fine + 0.3 * coarse), 0, 0.9)[:, None]
        sooted = np.clip(burnt * (1.2 + 0.5 * coarse + 0.3 * fine), 0, 0.97)[:, None]
        colour = (1 - soiled) * np.clip(base * (1 + 0.06 * fine)[:, None], 0, 0.9)
        colour = colour + soiled * self._soil
        return np.asarray((1 - sooted * (burnt > 0)) * colour + sooted * (burnt > 0) * SOOT)


def material(paint: Paint, rng: Rng) -> dict[str, Any]:
    """A glossy surface that takes its colour from the vertices."""
    return {
        "type": "twosided",
        "material": {
            "type": "principled",
            "base_color": {"type": "mesh_attribute", "name": "vertex_color"},
            "roughness": float(rng.uniform(*ROUGHNESS[paint])),
            "metallic": 0.8 if paint == "metal" else 0.0,
            "specular": 0.5,
        },
    }


def painted_mesh(
    mesh: trimesh.Trimesh,
    colours: Array,
    material: dict[str, Any],
    texcoords: Array | None = None,
) -> Any:
    """A Mitsuba shape with linear colours float[V, 3] and texture co-ordinates float[V, 2]."""
    properties = mi.Properties()
    properties["bsdf"] = mi.load_dict(material)
    shape: Any = mi.Mesh(
        "mesh",
        len(mesh.vertices),
        len(mesh.faces),
        has_vertex_normals=True,
        has_vertex_texcoords=texcoords is not None,
        props=properties,
    )
    shape.add_attribute("vertex_color", 3, colours.astype(np.float32).ravel())
    values = mi.traverse(shape)
    values["vertex_positions"] = np.asarray(mesh.vertices, np.float32).ravel()
    values["vertex_normals"] = np.asarray(mesh.vertex_normals, np.float32).ravel()
    values["faces"] = np.asarray(mesh.faces, np.uint32).ravel()
    if texcoords is not None:
        values["vertex_texcoords"] = texcoords.astype(np.float32).ravel()
    values.update()
    return shape

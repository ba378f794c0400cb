"""Meshes with colour and gloss, as Mitsuba takes them."""

from typing import Any

import mitsuba as mi
import numpy as np
import numpy.typing as npt
import trimesh

from wreckid.datasets.airframes.dressing import Coat
from wreckid.datasets.geometry import Paint

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


def shape(coat: Coat, rng: Rng) -> Any:
    """A coat as a Mitsuba shape."""
    if coat.drawing is None:
        return painted_mesh(coat.mesh, coat.colours, _material(coat.paint, rng))
    bitmap = mi.Bitmap(coat.drawing.light)
    texture = {"type": "bitmap", "bitmap": bitmap, "raw": True, "wrap_mode": "clamp"}
    surface = _material(coat.paint, rng, texture)
    return painted_mesh(coat.mesh, coat.colours, surface, coat.drawing.places)


def _material(paint: Paint, rng: Rng, colour: dict[str, Any] | None = None) -> dict[str, Any]:
    """A glossy surface that takes its colour from the vertices, or from a texture."""
    return {
        "type": "twosided",
        "material": {
            "type": "principled",
            "base_color": colour or {"type": "mesh_attribute", "name": "vertex_color"},
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

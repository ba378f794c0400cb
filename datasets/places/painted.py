"""Meshes that carry their own colours, for the things around a wreck."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import trimesh

from wreckid.datasets.shading import painted_mesh

Array = npt.NDArray[np.float64]

MATT: dict[str, Any] = {
    "type": "twosided",
    "material": {
        "type": "diffuse",
        "reflectance": {"type": "mesh_attribute", "name": "vertex_color"},
    },
}


@dataclass(frozen=True)
class Painted:
    """Triangles with a linear colour and, where given, a normal a vertex.

    Attributes:
        vertices: float[V, 3] in metres.
        faces: int[F, 3].
        colours: float[V, 3] linear.
        normals: float[V, 3] or none, for those of the triangles.
    """

    vertices: Array
    faces: npt.NDArray[np.int64]
    colours: Array
    normals: Array | None = None

    def moved(self, place: Array, turn: float = 0) -> "Painted":
        """A copy turned about the vertical by radians, then moved by float[2] or float[3]."""
        cosine, sine = np.cos(turn), np.sin(turn)
        spin = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
        shift = np.zeros(3)
        shift[: len(place)] = place
        normals = None if self.normals is None else self.normals @ spin
        return Painted(self.vertices @ spin + shift, self.faces, self.colours, normals)

    def shape(self) -> Any:
        """The mesh as Mitsuba takes it."""
        mesh = trimesh.Trimesh(
            self.vertices, self.faces, vertex_normals=self.normals, process=False
        )
        return painted_mesh(mesh, self.colours, MATT)


def joined(pieces: Sequence[Painted]) -> Painted:
    """Several as one; normals are kept only where all have some."""
    starts = np.cumsum([0, *(len(piece.vertices) for piece in pieces)])
    normals = [piece.normals for piece in pieces if piece.normals is not None]
    return Painted(
        np.concatenate([piece.vertices for piece in pieces]),
        np.concatenate([piece.faces + start for piece, start in zip(pieces, starts, strict=False)]),
        np.concatenate([piece.colours for piece in pieces]),
        np.concatenate(normals) if len(normals) == len(pieces) else None,
    )


def in_one_colour(mesh: trimesh.Trimesh, colour: Array) -> Painted:
    """A mesh with flat shading in one linear colour."""
    corners = mesh.vertices[mesh.faces].reshape(-1, 3)
    return Painted(
        corners,
        np.arange(len(corners)).reshape(-1, 3),
        np.broadcast_to(colour, corners.shape),
        np.repeat(mesh.face_normals, 3, axis=0),
    )


def copies(base: Painted, places: Array, sizes: Array, turns: Array, tones: Array) -> Painted:
    """A shape put in many places at once.

    Args:
        base: the shape, standing at the origin.
        places: float[N, 3] feet in metres.
        sizes: float[N] or float[N, 3] factors.
        turns: float[N] radians about the vertical.
        tones: float[N] or float[N, 3] factors of colour.
    """
    spun = _turned(base.vertices * sizes.reshape(len(places), 1, -1), turns)
    faces = base.faces + len(base.vertices) * np.arange(len(places))[:, None, None]
    normals = None if base.normals is None else _turned(base.normals[None], turns)
    return Painted(
        (spun + places[:, None]).reshape(-1, 3),
        faces.reshape(-1, 3),
        np.clip(base.colours * tones.reshape(len(places), 1, -1), 0, 0.95).reshape(-1, 3),
        None if normals is None else normals.reshape(-1, 3),
    )


def _turned(points: Array, turns: Array) -> Array:
    """Points float[N or 1, P, 3] turned about the vertical by N angles, float[N, P, 3]."""
    cosine, sine = np.cos(turns)[:, None], np.sin(turns)[:, None]
    x, y, z = np.moveaxis(points, 2, 0)
    level = np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=2)
    height = np.broadcast_to(z[..., None], (*level.shape[:2], 1))
    return np.concatenate([level, height], axis=2)

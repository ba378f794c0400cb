"""Break a part in two along a ragged surface, and lay open what was inside.

Lengths in metres; a plane is an origin and a unit normal.
"""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import manifold3d
import numpy as np
import numpy.typing as npt
import trimesh
from PIL import ImageColor

from wreckid.datasets.airframes.airframe import Part
from wreckid.datasets.noise import SmoothNoise

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

RAGGED = 0.025
"""How far a torn edge strays, as a share of the part's size, within its own thickness."""
FILLINGS = ("#e9e3d2", "#d8c9a0", "#b08d57", "#8f7a4e", "#3a3733", "#1c1b1a", "#1c1b1a")
"""Foam, honeycomb, balsa, plywood, laminate, and the dark of a hollow shell."""
SPARS = ("#26272a", "#26272a", "#a9803f", "#9aa0a6")
"""Carbon, wood and metal."""
CABLES = ("#a32020", "#1b1b1b", "#d8d8d8", "#2c4f9e", "#d6b32c")
SPARRED = frozenset({"wing", "tail", "fin", "boom", "arm"})
"""Kinds that are built around spars; a fuselage holds cables."""


def cut(part: Part, origin: Array, normal: Array, rng: Rng) -> tuple[Part, ...]:
    """Break a part along a ragged surface: the near piece and the far one, or the part as it is.

    The skin is sheared by noise that depends only on the position within the plane, split flat
    by manifold3d, and sheared back: the flat cut becomes a ragged one and everything else stays.
    """
    extents = np.sort(np.ptp(part.mesh.bounds, axis=0))
    reach = min(RAGGED * extents[2], 0.3 * extents[1])
    noise = SmoothNoise(rng, wavelength=extents[2] * 0.12)

    def ragged(points: Array) -> Array:
        flat = points - np.outer((points - origin) @ normal, normal)
        return np.outer(noise(flat) * reach, normal)

    sheared = part.reshaped(lambda points: points + ragged(points))
    halves = _solid(sheared).split_by_plane((-normal).tolist(), -float(normal @ origin))
    if any(half.is_empty() for half in halves):
        return (part,)
    filling = rng.choice(FILLINGS)
    pieces = []
    for side, half in zip(("near", "far"), halves, strict=True):
        skin, home, wound = _skin_and_wound(half)
        piece = replace(part, name=f"{part.name}, {side} piece", mesh=skin, home=home, inside=None)
        laid_open = [_coloured(wound, filling), *_innards(part, wound, rng)]
        whole = replace(piece, inside=trimesh.util.concatenate(laid_open))
        pieces.append(whole.reshaped(lambda points: points - ragged(points)))
    return tuple(pieces)


def _solid(part: Part) -> manifold3d.Manifold:
    """The skin as a solid whose points remember their place on the whole airframe."""
    points = np.hstack([part.mesh.vertices, part.home]).astype(np.float32)
    mesh = manifold3d.Mesh(points, np.ascontiguousarray(part.mesh.faces, np.uint32))
    mesh.merge()
    return manifold3d.Manifold(mesh)


def _skin_and_wound(half: manifold3d.Manifold) -> tuple[trimesh.Trimesh, Array, trimesh.Trimesh]:
    """What was skin before the split, its places on the airframe, and the surface of the split."""
    made = half.to_mesh()
    points = np.asarray(made.vert_properties, np.float64)
    skinned = made.run_index[1] // 3
    used, faces = np.unique(made.tri_verts[:skinned], return_inverse=True)
    skin = trimesh.Trimesh(points[used, :3], faces.reshape(-1, 3), process=False)
    wound = trimesh.Trimesh(points[:, :3], made.tri_verts[skinned:], process=False)
    wound.remove_unreferenced_vertices()
    return skin, points[used, 3:], wound


def _coloured(mesh: trimesh.Trimesh, colour: Any) -> trimesh.Trimesh:
    mesh.visual = trimesh.visual.ColorVisuals(mesh, vertex_colors=ImageColor.getrgb(str(colour)))
    return mesh


def _innards(part: Part, wound: trimesh.Trimesh, rng: Rng) -> list[trimesh.Trimesh]:
    """Spars that stick out of a wing, cables that hang out of a fuselage."""
    size = float(np.ptp(part.mesh.bounds, axis=0).max())
    make, most, colours = (_spar, 2, SPARS) if part.kind in SPARRED else (_cable, 5, CABLES)
    return [
        _coloured(make(wound, size, rng), rng.choice(colours))
        for _ in range(rng.integers(0, most + 1))
    ]


def _spar(wound: trimesh.Trimesh, size: float, rng: Rng) -> trimesh.Trimesh:
    """A tube out of a wound, straight."""
    start = _inner_point(wound, rng)
    way = wound.face_normals.mean(axis=0) + rng.normal(0, 0.08, 3)
    end = start + way / np.linalg.norm(way) * size * rng.exponential(0.06)
    return trimesh.creation.cylinder(size * 0.006, segment=[start, end], sections=8)


def _cable(wound: trimesh.Trimesh, size: float, rng: Rng) -> trimesh.Trimesh:
    """A wire out of a wound, in loose bends."""
    steps = rng.normal(0, 0.02, (5, 3)) + wound.face_normals.mean(axis=0) * 0.015
    path = _inner_point(wound, rng) + size * np.cumsum(steps, axis=0)
    wires = [
        trimesh.creation.cylinder(size * 0.002, segment=pair, sections=6) for pair in pairwise(path)
    ]
    return trimesh.util.concatenate(wires)


def _inner_point(wound: trimesh.Trimesh, rng: Rng) -> Array:
    """A point of a wound, away from its edge."""
    return np.asarray(rng.dirichlet(np.ones(len(wound.vertices))) @ wound.vertices)

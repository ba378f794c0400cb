"""Parts, colours, dirt and damage -> shapes as Mitsuba takes them, one for each paint."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import mitsuba as mi
import numpy as np
import numpy.typing as npt
import trimesh

from wreckid.datasets.airframe import Part
from wreckid.datasets.dirt import Dirt
from wreckid.datasets.geometry import Paint, Scheme
from wreckid.datasets.livery import Livery
from wreckid.datasets.photograph import linear
from wreckid.datasets.shading import material, painted_mesh
from wreckid.datasets.texture import hue
from wreckid.datasets.threeview import colour_of
from wreckid.datasets.wreckage import Wreck

Array = npt.NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True)
class _Piece:
    """A mesh with linear colours float[V, 3]."""

    mesh: trimesh.Trimesh
    colours: Array


def dressed(wreck: Wreck, scheme: Scheme, soil: Array, rng: Rng) -> dict[str, Any]:
    """The shapes of a wreck in a colour scheme, lying in soil of a linear colour float[3]."""
    fading = np.exp(rng.normal(0, 0.06, 3))
    livery = Livery(wreck.parts, scheme.stencils, soil, wreck.burnt, rng)
    accent = hue(scheme.accent) * fading
    base: dict[Paint, Array] = {"skin": hue(scheme.skin) * fading, "accent": accent}
    shapes: dict[str, Any] = {}
    for paint, colour in base.items():
        parts = [part for part in wreck.parts if part.paint == paint]
        if parts:
            shapes[paint] = _liveried(parts, paint, livery, livery.drawn(colour, accent), rng)
    plain = [part for part in wreck.parts if part.paint not in base]
    dirt = Dirt(wreck, soil, rng)
    shapes |= _plain(((part, scheme) for part in plain), dirt, wreck.burnt, rng)
    inside = list(_insides(wreck, dirt))
    if inside:
        shapes["inside"] = _shape(inside, material("wood", rng))
    return shapes


def strewn(things: Sequence[Part], wreck: Wreck, soil: Array, rng: Rng) -> dict[str, Any]:
    """The shapes of things around a wreck, in any colours."""
    coloured = ((thing, _any_scheme(rng)) for thing in things)
    shapes = _plain(coloured, Dirt(wreck, soil, rng), 0.0, rng)
    return {f"thing-{paint}": shape for paint, shape in shapes.items()}


def _liveried(
    parts: Sequence[Part], paint: Paint, livery: Livery, drawn: npt.NDArray[np.float32], rng: Rng
) -> Any:
    corners = trimesh.util.concatenate([_unshared(part.mesh) for part in parts])
    places = np.concatenate([livery.coordinates(part).reshape(-1, 2) for part in parts])
    texture = {"type": "bitmap", "bitmap": mi.Bitmap(drawn), "raw": True, "wrap_mode": "clamp"}
    white = np.ones((len(corners.vertices), 3))
    return painted_mesh(corners, white, material(paint, rng, texture), places)


def _unshared(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """The mesh with corners of its own for every face, shaded as before."""
    return trimesh.Trimesh(
        mesh.vertices[mesh.faces].reshape(-1, 3),
        np.arange(mesh.faces.size).reshape(-1, 3),
        vertex_normals=mesh.vertex_normals[mesh.faces].reshape(-1, 3),
        process=False,
    )


def _plain(
    parts: Iterable[tuple[Part, Scheme]], dirt: Dirt, burnt: float, rng: Rng
) -> dict[str, Any]:
    """Parts of one colour each, one shape for each paint."""
    pieces: dict[Paint, list[_Piece]] = {}
    for part, scheme in parts:
        base = hue(colour_of(part, scheme)) * np.exp(rng.normal(0, 0.06))
        colours = dirt.on(part.mesh.vertices, base, burnt)
        pieces.setdefault(part.paint, []).append(_Piece(part.mesh, colours))
    return {paint: _shape(group, material(paint, rng)) for paint, group in pieces.items()}


def _insides(wreck: Wreck, dirt: Dirt) -> Iterator[_Piece]:
    for part in wreck.parts:
        if part.inside is not None:
            colours = linear(part.inside.visual.vertex_colors[:, :3] / 255)
            yield _Piece(part.inside, dirt.on(part.inside.vertices, colours, wreck.burnt))


def _shape(pieces: Sequence[_Piece], material: dict[str, Any]) -> Any:
    mesh = trimesh.util.concatenate([piece.mesh for piece in pieces])
    return painted_mesh(mesh, np.concatenate([piece.colours for piece in pieces]), material)


def _any_scheme(rng: Rng) -> Scheme:
    skin, accent = (f"#{value:06x}" for value in rng.integers(0, 2**24, 2))
    return Scheme(name="any", skin=skin, accent=accent)

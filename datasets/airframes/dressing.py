"""Parts, colours, dirt and damage -> coats: meshes in one paint with the colours they carry."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import trimesh

from wreckid.datasets.airframes.airframe import Part
from wreckid.datasets.airframes.dirt import Dirt
from wreckid.datasets.airframes.livery import Livery
from wreckid.datasets.airframes.paint import colour_of
from wreckid.datasets.airframes.wreckage import Wreck
from wreckid.datasets.colour import hue, linear
from wreckid.datasets.geometry import Paint, Scheme

Array = npt.NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True)
class Drawing:
    """A texture and where it lies on a mesh.

    Attributes:
        light: linear light, float32[H, W, 3].
        places: float[V, 2] co-ordinates in 0..1, rightwards and upwards, of each vertex.
    """

    light: npt.NDArray[np.float32]
    places: Array


@dataclass(frozen=True)
class Coat:
    """A mesh in one paint.

    Attributes:
        paint: decides the gloss.
        mesh: the surface.
        colours: linear colour at each vertex, float[V, 3]; of no account under a drawing.
        drawing: what is painted on it, if anything.
    """

    paint: Paint
    mesh: trimesh.Trimesh
    colours: Array
    drawing: Drawing | None = None


def dressed(wreck: Wreck, scheme: Scheme, soil: Array, rng: Rng) -> tuple[Coat, ...]:
    """The coats of a wreck in a colour scheme, lying in soil of a linear colour float[3]."""
    fading = np.exp(rng.normal(0, 0.06, 3))
    livery = Livery(wreck.parts, scheme.stencils, soil, wreck.burnt, rng)
    accent = hue(scheme.accent) * fading
    base: dict[Paint, Array] = {"skin": hue(scheme.skin) * fading, "accent": accent}
    painted = {paint: [part for part in wreck.parts if part.paint == paint] for paint in base}
    drawn = (
        _liveried(parts, paint, livery, livery.drawn(base[paint], accent))
        for paint, parts in painted.items()
        if parts
    )
    plain = [part for part in wreck.parts if part.paint not in base]
    dirt = Dirt(wreck, soil, rng)
    return (
        *drawn,
        *_plain(((part, scheme) for part in plain), dirt, wreck.burnt, rng),
        *_insides(wreck, dirt),
    )


def strewn(things: Sequence[Part], wreck: Wreck, soil: Array, rng: Rng) -> tuple[Coat, ...]:
    """The coats of things around a wreck, in any colours."""
    coloured = ((thing, _any_scheme(rng)) for thing in things)
    return tuple(_plain(coloured, Dirt(wreck, soil, rng), 0.0, rng))


def _liveried(
    parts: Sequence[Part], paint: Paint, livery: Livery, drawn: npt.NDArray[np.float32]
) -> Coat:
    corners = trimesh.util.concatenate([_unshared(part.mesh) for part in parts])
    places = np.concatenate([livery.coordinates(part).reshape(-1, 2) for part in parts])
    white = np.ones((len(corners.vertices), 3))
    return Coat(paint, corners, white, Drawing(drawn, places))


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
) -> Iterator[Coat]:
    """Parts of one colour each, one coat for each paint."""
    pieces: dict[Paint, list[tuple[trimesh.Trimesh, Array]]] = {}
    for part, scheme in parts:
        base = hue(colour_of(part, scheme)) * np.exp(rng.normal(0, 0.06))
        colours = dirt.on(part.mesh.vertices, base, burnt)
        pieces.setdefault(part.paint, []).append((part.mesh, colours))
    return (_joined(paint, group) for paint, group in pieces.items())


def _insides(wreck: Wreck, dirt: Dirt) -> Iterator[Coat]:
    """What tears have laid open, as one coat, if there is any."""
    opened = [part.inside for part in wreck.parts if part.inside is not None]
    if opened:
        yield _joined("wood", [(mesh, _within(mesh, wreck, dirt)) for mesh in opened])


def _within(mesh: trimesh.Trimesh, wreck: Wreck, dirt: Dirt) -> Array:
    colours = linear(mesh.visual.vertex_colors[:, :3] / 255)
    return dirt.on(mesh.vertices, colours, wreck.burnt)


def _joined(paint: Paint, pieces: Sequence[tuple[trimesh.Trimesh, Array]]) -> Coat:
    meshes, colours = zip(*pieces, strict=True)
    return Coat(paint, trimesh.util.concatenate(meshes), np.concatenate(colours))


def _any_scheme(rng: Rng) -> Scheme:
    skin, accent = (f"#{value:06x}" for value in rng.integers(0, 2**24, 2))
    return Scheme(name="any", skin=skin, accent=accent)

"""Geometry of a type -> named parts as meshes.

Axes and units are those of `wreckid.datasets.geometry`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import trimesh
from scipy.interpolate import PchipInterpolator

from wreckid.datasets.geometry import (
    UNMEASURED,
    Block,
    Body,
    Engine,
    Geometry,
    Paint,
    PartKind,
    Propeller,
    Rod,
    Sphere,
    Surface,
    Wheel,
)

Array = npt.NDArray[np.float64]

AROUND = 28
"""Points around a body or an aerofoil section."""
LONG_EDGE = 0.05
"""Longest panel along a loft, as a share of the loft's own length."""


@dataclass(frozen=True)
class Part:
    """A named piece of an airframe.

    Attributes:
        name: what an investigator would call it.
        kind: its place in the build of an aircraft.
        paint: what it is covered with.
        mesh: its skin, where it now lies.
        home: where each vertex of the skin was on the whole airframe, float[V, 3].
        inside: what a tear has laid open, with colours at its vertices.
    """

    name: str
    kind: PartKind
    paint: Paint
    mesh: trimesh.Trimesh
    home: Array
    inside: trimesh.Trimesh | None = None

    def moved(self, transform: Array) -> "Part":
        """A copy under a 4 x 4 homogeneous transform."""
        return self.reshaped(lambda points: trimesh.transform_points(points, transform))

    def reshaped(self, change: Callable[[Array], Array]) -> "Part":
        """A copy with every point, float[N, 3], moved to another place."""
        skin = trimesh.Trimesh(change(self.mesh.vertices), self.mesh.faces, process=False)
        inside = self.inside and self.inside.copy()
        if inside is not None:
            inside.vertices = change(inside.vertices)
        return replace(self, mesh=skin, inside=inside)


def whole(name: str, kind: PartKind, paint: Paint, mesh: trimesh.Trimesh) -> Part:
    """A part as it left the factory."""
    return Part(name, kind, paint, mesh, home=np.array(mesh.vertices))


def build(geometry: Geometry) -> tuple[Part, ...]:
    """All parts of an airframe, mirrored ones as `right …` and `left …`, as its pilot would say."""
    return tuple(part for spec in geometry.parts for part in _parts_of(spec))


def extents(parts: Sequence[Part]) -> tuple[float, float]:
    """Length and wingspan in metres, without propellers and antennas."""
    measured = [part.mesh.bounds for part in parts if part.kind not in UNMEASURED]
    low, high = np.min(measured, axis=(0, 1)), np.max(measured, axis=(0, 1))
    return float(high[0] - low[0]), float(high[1] - low[1])


def _parts_of(spec: Any) -> Iterator[Part]:
    mesh = _BUILDERS[type(spec)](spec)
    if not spec.mirror:
        yield whole(spec.name, spec.kind, spec.paint, mesh)
        return
    yield whole(f"right {spec.name}", spec.kind, spec.paint, mesh)
    yield whole(f"left {spec.name}", spec.kind, spec.paint, _mirrored(mesh))


def _mirrored(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    return trimesh.Trimesh(mesh.vertices * [1, -1, 1], mesh.faces[:, ::-1], process=False)


def loft(rings: Array) -> trimesh.Trimesh:
    """A closed mesh through rings of points, with flat ends.

    Args:
        rings: float[S, P, 3], S sections of P points each, in the same turning sense.
    """
    count, around, _ = rings.shape
    ring = np.arange(around)
    step = (ring + 1) % around
    quads = [
        np.stack([a + ring, a + step, a + around + step, a + around + ring], axis=1)
        for a in range(0, (count - 1) * around, around)
    ]
    caps = np.concatenate([rings[0], rings[-1], rings[[0, -1]].mean(axis=1)])
    base = count * around
    centre = base + 2 * around
    front = np.stack([np.full(around, centre), base + step, base + ring], axis=1)
    rear = np.stack([np.full(around, centre + 1), base + around + ring, base + around + step], 1)
    sides = trimesh.geometry.triangulate_quads(np.concatenate(quads))
    mesh = trimesh.Trimesh(
        np.concatenate([rings.reshape(-1, 3), caps]),
        np.concatenate([sides, front, rear]),
        process=False,
    )
    if mesh.volume < 0:
        mesh.invert()
    return mesh


def _body(spec: Body) -> trimesh.Trimesh:
    sections = np.array(spec.sections)
    x = sections[:, 0]
    stations = _stations(x, cosine=spec.smooth)
    if spec.smooth and len(x) > 2:
        width, height, z = PchipInterpolator(x, sections[:, 1:])(stations).T
    else:
        width, height, z = (np.interp(stations, x, column) for column in sections[:, 1:].T)
    turn = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
    power = 2 / spec.squareness
    across = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** power / 2
    up = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** power / 2
    rings = np.stack(
        [
            np.broadcast_to(stations[:, None], (len(stations), AROUND)),
            spec.y + width[:, None] * across,
            z[:, None] + height[:, None] * up,
        ],
        axis=2,
    )
    return loft(rings)


def _stations(knots: Array, *, cosine: bool) -> Array:
    """Knots and points between them, closer together near the ends where noses are round."""
    share = np.linspace(0, 1, round(1 / LONG_EDGE) + 1)
    if cosine:
        share = (1 - np.cos(np.pi * share)) / 2
    stations = np.sort(np.concatenate([knots, knots[0] + share * (knots[-1] - knots[0])]))
    apart = np.diff(stations) > 1e-6 * (knots[-1] - knots[0])
    return np.asarray(stations[np.concatenate([[True], apart])])


def aerofoil(points: int = AROUND) -> Array:
    """A symmetric four-digit NACA section of unit chord and unit thickness.

    Source: Jacobs, Ward and Pinkerton, NACA Report 460 (1933), closed trailing edge.

    Returns:
        float[points, 2]: chordwise and thickness co-ordinates, once around.
    """
    turn = np.linspace(0, 2 * np.pi, points, endpoint=False)
    x = (1 + np.cos(turn)) / 2
    half = 5 * (0.2969 * np.sqrt(x) - 0.1260 * x - 0.3516 * x**2 + 0.2843 * x**3 - 0.1036 * x**4)
    return np.stack([x, np.where(turn < np.pi, half, -half)], axis=1)


def _surface(spec: Surface) -> trimesh.Trimesh:
    sections = np.array(spec.sections)
    thickness = _thickness_directions(sections[:, :3])
    panels = np.linspace(0, len(sections) - 1, (len(sections) - 1) * 6 + 1)
    knots = np.arange(len(sections))
    edge = np.stack([np.interp(panels, knots, column) for column in sections[:, :3].T], axis=1)
    chord = np.interp(panels, knots, sections[:, 3])
    normal = np.stack([np.interp(panels, knots, column) for column in thickness.T], axis=1)
    profile = aerofoil()
    along = profile[None, :, :1] * np.array([1.0, 0, 0])
    through = spec.thickness * profile[None, :, 1:] * normal[:, None]
    return loft(edge[:, None] + chord[:, None, None] * (along + through))


def _thickness_directions(edge: Array) -> Array:
    """Unit normals to chord and span at each section; bisectors where panels meet."""
    span = np.diff(edge, axis=0) * [0, 1, 1]
    span /= np.linalg.norm(span, axis=1, keepdims=True)
    joints = np.concatenate([span[:1], span[:-1] + span[1:], span[-1:]])
    normal = np.cross([1.0, 0, 0], joints)
    return np.asarray(normal / np.linalg.norm(normal, axis=1, keepdims=True))


def _propeller(spec: Propeller) -> trimesh.Trimesh:
    radius = spec.diameter / 2
    hub = trimesh.creation.cylinder(radius * 0.09, radius * 0.22, sections=16)
    blades = [
        _moved(_blade(radius), trimesh.transformations.rotation_matrix(turn, [0, 0, 1]))
        for turn in np.linspace(0, 2 * np.pi, spec.blades, endpoint=False)
    ]
    mesh = trimesh.util.concatenate([hub, *blades])
    if spec.axis == "x":
        mesh.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [0, 1, 0]))
    return _moved(mesh, trimesh.transformations.translation_matrix(spec.at))


def _blade(radius: float) -> trimesh.Trimesh:
    """A blade along y that turns about z, twisted from 35 to 12 degrees."""
    share = np.linspace(0.05, 1, 10)
    chord = radius * np.interp(share, [0.05, 0.3, 0.6, 1], [0.07, 0.15, 0.15, 0.06])
    pitch = np.radians(np.interp(share, [0, 1], [35, 12]))
    profile = aerofoil(12) - [0.4, 0]
    x = chord[:, None] * profile[:, 0]
    z = chord[:, None] * 0.12 * profile[:, 1]
    turned_x = x * np.cos(pitch)[:, None] - z * np.sin(pitch)[:, None]
    turned_z = x * np.sin(pitch)[:, None] + z * np.cos(pitch)[:, None]
    y = np.broadcast_to((radius * share)[:, None], x.shape)
    return loft(np.stack([turned_x, y, turned_z], axis=2))


def _engine(spec: Engine) -> trimesh.Trimesh:
    bore = min(spec.length / max(1, _rows(spec)) * 0.7, spec.width * 0.35)
    case = trimesh.creation.box((spec.length, spec.width * 0.35, bore * 1.1))
    cylinders = [_cylinder(spec, bore, index) for index in range(spec.cylinders)]
    mesh = trimesh.util.concatenate([case, *cylinders])
    return _moved(mesh, trimesh.transformations.translation_matrix(spec.at))


def _rows(spec: Engine) -> int:
    return (spec.cylinders + 1) // 2 if spec.layout == "boxer" else spec.cylinders


def _cylinder(spec: Engine, bore: float, index: int) -> trimesh.Trimesh:
    """One finned cylinder, standing out from the crankcase."""
    boxer = spec.layout == "boxer"
    row = index // 2 if boxer else index
    side = (1 if index % 2 else -1) if boxer else 1
    reach = spec.width / 2
    fins = [
        _moved(
            trimesh.creation.cylinder(bore / 2 * (1.0 if ring % 2 else 0.8), reach / 9),
            trimesh.transformations.translation_matrix([0, 0, reach * (0.35 + 0.62 * ring / 8)]),
        )
        for ring in range(9)
    ]
    mesh = trimesh.util.concatenate(fins)
    if boxer:
        turn = trimesh.transformations.rotation_matrix(-side * np.pi / 2, [1, 0, 0])
        mesh.apply_transform(turn)
    x = spec.length * ((row + 0.5) / _rows(spec) - 0.5)
    return _moved(mesh, trimesh.transformations.translation_matrix([x, 0, 0]))


def _sphere(spec: Sphere) -> trimesh.Trimesh:
    mesh = trimesh.creation.icosphere(subdivisions=3, radius=0.5)
    mesh.apply_scale(spec.size)
    return _moved(mesh, trimesh.transformations.translation_matrix(spec.at))


def _block(spec: Block) -> trimesh.Trimesh:
    return trimesh.creation.box(spec.size, trimesh.transformations.translation_matrix(spec.at))


def _rod(spec: Rod) -> trimesh.Trimesh:
    return trimesh.creation.cylinder(
        spec.diameter / 2, segment=np.array([spec.start, spec.end]), sections=16
    )


def _wheel(spec: Wheel) -> trimesh.Trimesh:
    mesh = trimesh.creation.cylinder(spec.diameter / 2, spec.width, sections=24)
    mesh.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [1, 0, 0]))
    return _moved(mesh, trimesh.transformations.translation_matrix(spec.at))


def _moved(mesh: trimesh.Trimesh, transform: Array) -> trimesh.Trimesh:
    mesh.apply_transform(transform)
    return mesh


_BUILDERS: dict[type, Callable[[Any], trimesh.Trimesh]] = {
    Body: _body,
    Surface: _surface,
    Propeller: _propeller,
    Engine: _engine,
    Sphere: _sphere,
    Block: _block,
    Rod: _rod,
    Wheel: _wheel,
}

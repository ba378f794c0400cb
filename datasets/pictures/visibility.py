"""What a picture shows of a wreck: its outline, and how much of each part is in sight."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import trimesh

from wreckid.datasets.airframes.airframe import Part
from wreckid.datasets.pictures.camera import Camera
from wreckid.datasets.pictures.rays import Surfaces

Array = npt.NDArray[np.float64]

PROBES = 48
"""Points on a part whose sight is tried."""


@dataclass(frozen=True)
class Sight:
    """Where a wreck is seen.

    Attributes:
        mask: bool[H, W], true where the picture shows the wreck.
        parts: for each part in sight, the share of its skin turned to the camera that is seen;
            none where this was not looked at.
    """

    mask: npt.NDArray[np.bool_]
    parts: dict[str, float] | None

    @property
    def box(self) -> list[int]:
        """Left, top, right, bottom of what is seen, in pixels; empty if nothing is."""
        rows, columns = np.nonzero(self.mask)
        if not rows.size:
            return []
        corners = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        return [int(corner) for corner in corners]


def sight(
    parts: Sequence[Part], others: Sequence[Part], camera: Camera, pixels: int, floor: float
) -> Sight:
    """Look at parts among other things; whatever lies below the height of the floor is hidden."""
    if not parts:
        return Sight(np.zeros((pixels, pixels), bool), {})
    surfaces = Surfaces([part.mesh for part in (*parts, *others)])
    points = np.concatenate([part.mesh.vertices for part in parts])
    rows, columns = camera.frame(points, pixels)
    met = _first(surfaces, camera.eye, camera.rays(pixels, rows, columns), floor)
    mask = np.zeros((pixels, pixels), bool)
    mask[rows, columns] = ((met >= 0) & (met < len(parts))).reshape(mask[rows, columns].shape)
    return Sight(mask, _in_sight(parts, surfaces, camera, floor))


def _first(surfaces: Surfaces, eye: Array, ways: Array, floor: float) -> npt.NDArray[np.int64]:
    """Number of the mesh met along each of float[N, 3] directions, -1 for none."""
    meeting, face, places = surfaces.met(eye, ways)
    above = places[:, 2] > floor
    first = np.full(len(ways), -1)
    first[meeting[above]] = surfaces.owner[face[above]]
    return first


def _in_sight(
    parts: Sequence[Part], surfaces: Surfaces, camera: Camera, floor: float
) -> dict[str, float]:
    """For each part in sight, the share of its skin turned to the camera that is seen."""
    probes = [_probes(part.mesh, camera.eye) for part in parts]
    points = np.concatenate(probes)
    owner = np.repeat(np.arange(len(parts)), [len(places) for places in probes])
    place = camera.project(points)
    framed = ((place > 0) & (place < 1)).all(axis=1)
    seen = framed & (_first(surfaces, camera.eye, points - camera.eye, floor) == owner)
    of_all, of_seen = (np.bincount(who, minlength=len(parts)) for who in (owner, owner[seen]))
    shares = of_seen / np.maximum(of_all, 1)
    return {
        part.name: round(float(share), 2)
        for part, share in zip(parts, shares, strict=True)
        if share > 0
    }


def _probes(mesh: trimesh.Trimesh, eye: Array) -> Array:
    """Points spread evenly over the skin, those turned away from the eye left out."""
    steps = (np.arange(PROBES) + 0.5) / PROBES
    faces = np.searchsorted(np.cumsum(mesh.area_faces) / mesh.area, steps)
    points = mesh.triangles_center[faces]
    turned = ((eye - points) * mesh.face_normals[faces]).sum(axis=1) > 0
    return np.asarray(points[turned])

"""What a picture shows of a wreck: its outline, and how much of each part is in sight."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import trimesh
from trimesh.ray.ray_pyembree import RayMeshIntersector

from wreckid.datasets.airframes.airframe import Part
from wreckid.datasets.pictures.camera import Camera

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
    eyes = _Eyes([part.mesh for part in (*parts, *others)], camera.eye, floor)
    mask = np.isin(eyes.first(camera.rays(pixels)), range(len(parts)))
    return Sight(mask.reshape(pixels, pixels), _in_sight(parts, eyes, camera))


class _Eyes:
    """Says which of several meshes is first met along a way from one point."""

    def __init__(self, meshes: Sequence[trimesh.Trimesh], eye: Array, floor: float) -> None:
        self._mesh = trimesh.util.concatenate(meshes)
        self._owner = np.repeat(np.arange(len(meshes)), [len(mesh.faces) for mesh in meshes])
        self._rays = RayMeshIntersector(self._mesh)
        self._eye = eye
        self._floor = floor

    def first(self, ways: Array) -> npt.NDArray[np.int64]:
        """Index of the mesh met along each of float[N, 3] directions, -1 for none."""
        face = self._rays.intersects_first(np.broadcast_to(self._eye, ways.shape), ways)
        normal = self._mesh.face_normals[face]
        height = ((self._mesh.triangles_center[face] - self._eye) * normal).sum(axis=1)
        met = self._eye[2] + ways[:, 2] * height / ((ways * normal).sum(axis=1) + 1e-12)
        return np.where((face >= 0) & (met > self._floor), self._owner[face], -1)


def _in_sight(parts: Sequence[Part], eyes: _Eyes, camera: Camera) -> dict[str, float]:
    """For each part in sight, the share of its skin turned to the camera that is seen."""
    probes = [_probes(part.mesh, camera.eye) for part in parts]
    points = np.concatenate(probes)
    owner = np.repeat(np.arange(len(parts)), [len(places) for places in probes])
    place = camera.project(points)
    framed = ((place > 0) & (place < 1)).all(axis=1)
    seen = framed & (eyes.first(points - camera.eye) == owner)
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

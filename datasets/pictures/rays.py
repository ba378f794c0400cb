"""Meshes met by single rays."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import trimesh
from trimesh.ray.ray_pyembree import RayMeshIntersector

Array = npt.NDArray[np.float64]
Faces = npt.NDArray[np.int64]


class Surfaces:
    """Several meshes as one.

    Attributes:
        vertices: float[V, 3].
        triangles: float[F, 3, 3] corners of each face.
        owner: int[F] number of the mesh that each face is of.
    """

    def __init__(self, meshes: Sequence[trimesh.Trimesh]) -> None:
        mesh = trimesh.util.concatenate(meshes)
        self.vertices: Array = np.asarray(mesh.vertices)
        self.triangles: Array = np.asarray(mesh.triangles)
        self.owner: Faces = np.repeat(np.arange(len(meshes)), [len(one.faces) for one in meshes])
        self._flat = np.asarray(mesh.face_normals)
        self._rays = RayMeshIntersector(mesh)

    def met(self, eye: Array, ways: Array) -> tuple[Faces, Faces, Array]:
        """What ways float[N, 3] from an eye meet first.

        Returns:
            Which of the ways meet anything, int[M]; the faces they meet, int[M]; and where,
            float[M, 3].
        """
        face = self._rays.intersects_first(np.broadcast_to(eye, ways.shape), ways)
        meeting = np.nonzero(face >= 0)[0]
        face, ways = face[meeting], ways[meeting]
        flat = self._flat[face]
        far = ((self.triangles[face, 0] - eye) * flat).sum(1) / off_zero((ways * flat).sum(1))
        return meeting, face, eye + ways * far[:, None]

    def hide(self, places: Array, way: Array) -> npt.NDArray[np.bool_]:
        """Whether anything is met from each of float[N, 3] places in a direction float[3]."""
        ways = np.broadcast_to(way, places.shape)
        return np.asarray(self._rays.intersects_any(places, ways))


def off_zero(values: Array) -> Array:
    """Values no nearer to zero than can be divided by."""
    return np.where(abs(values) < 1e-12, 1e-12, values)

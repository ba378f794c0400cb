"""Painted surfaces met by single rays: what light leaves them."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import trimesh

from wreckid.datasets.airframes.dressing import Coat
from wreckid.datasets.pictures.rays import Faces, Surfaces, off_zero

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

BLUENESS = np.array([-0.5, 0, 0.8])
"""What tells the light of a clear sky from that of clouds."""
OFF_SKIN = 1e-3
"""Where a ray to the sun starts, as a share of the model's size."""


@dataclass(frozen=True)
class Sun:
    """What lights a sketch.

    Attributes:
        way: towards the sun, float[3] of length 1.
        strength: of the sun beside the sky.
        above: linear light from above, float[3].
        below: the same from the ground.
    """

    way: Array
    strength: float
    above: Array
    below: Array

    @classmethod
    def any(cls, rng: Rng) -> Self:
        """High or low, bright or behind clouds, over ground of any colour."""
        rise, turn = np.radians(rng.uniform(8, 80)), rng.uniform(0, 2 * np.pi)
        way = np.array([np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn), np.sin(rise)])
        strength = rng.uniform(0.5, 3) if rng.random() < 0.7 else rng.uniform(0, 0.3)
        above = rng.uniform(0.4, 1) + rng.uniform(-0.1, 0.25) * BLUENESS
        return cls(way, float(strength), above, rng.uniform(0.05, 0.5) * rng.uniform(0.7, 1, 3))


class Skin:
    """Coats as arrays over all their faces, those of the wreck first.

    Attributes:
        surfaces: what rays meet; its faces are numbered as everywhere here.
        own_faces: how many faces are the wreck's.
    """

    def __init__(self, own: tuple[Coat, ...], others: tuple[Coat, ...], rng: Rng) -> None:
        coats = (*own, *others)
        self.own_faces = sum(len(coat.mesh.faces) for coat in own)
        meshes = [coat.mesh for coat in coats]
        self.surfaces = Surfaces(meshes)
        self._normals = np.concatenate([part.vertex_normals[part.faces] for part in meshes])
        self._colours = np.concatenate([coat.colours[coat.mesh.faces] for coat in coats])
        self._drawings = [coat.drawing for coat in coats]
        self._places = np.concatenate([_places(coat) for coat in coats])
        self._sharpness = np.exp(rng.uniform(np.log(6), np.log(80), len(coats)))
        self._gloss = rng.uniform(0, 0.5, len(coats))
        self._off = OFF_SKIN * float(np.linalg.norm(np.ptp(self.surfaces.vertices, axis=0)))

    def in_shadow(self, places: Array, way: Array) -> npt.NDArray[np.bool_]:
        """Whether something stands between each of float[N, 3] places and the sun."""
        return self.surfaces.hide(places + way * self._off, way)

    def light(self, face: Faces, places: Array, ways: Array, sun: Sun) -> npt.NDArray[np.float64]:
        """Linear light float[N, 3] that leaves places on faces against the ways they are met by."""
        weights = self._weights(face, places)
        ways = ways / np.linalg.norm(ways, axis=1, keepdims=True)
        normal = np.einsum("ncd,nc->nd", self._normals[face], weights)
        normal /= off_zero(np.linalg.norm(normal, axis=1))[:, None]
        normal *= np.where((normal * ways).sum(1) > 0, -1, 1)[:, None]
        lit = np.where(self.in_shadow(places + normal * self._off, sun.way), 0, sun.strength)
        up = 0.5 + 0.5 * normal[:, 2:]
        colours = self._colour(face, weights)
        diffuse = colours * (
            (lit * np.clip(normal @ sun.way, 0, 1))[:, None] + up * sun.above + (1 - up) * sun.below
        )
        shine = self._shine(self.surfaces.owner[face], normal, ways, lit, sun)
        return np.asarray(diffuse + shine)

    def _shine(self, coat: Faces, normal: Array, ways: Array, lit: Array, sun: Sun) -> Array:
        """Highlight of the sun (Blinn, 1977) and the sky's reflection at grazing angles."""
        half = sun.way - ways
        half /= np.linalg.norm(half, axis=1, keepdims=True)
        highlight = lit * np.clip((normal * half).sum(1), 0, 1) ** self._sharpness[coat]
        grazing = 0.04 + 0.96 * (1 - np.clip(-(normal * ways).sum(1), 0, 1)) ** 5
        gloss = self._gloss[coat]
        shine = (gloss * highlight)[:, None] + (gloss * grazing)[:, None] * sun.above
        return np.asarray(shine)

    def _weights(self, face: Faces, places: Array) -> Array:
        """Barycentric co-ordinates float[N, 3] of places on faces."""
        corners = self.surfaces.triangles[face]
        return np.asarray(trimesh.triangles.points_to_barycentric(corners, places))

    def _colour(self, face: Faces, weights: Array) -> Array:
        colours = np.einsum("ncd,nc->nd", self._colours[face], weights)
        across, up = np.einsum("ncd,nc->nd", self._places[face], weights).T
        for number, drawing in enumerate(self._drawings):
            here = self.surfaces.owner[face] == number
            if drawing is not None and here.any():
                height, width, _ = drawing.light.shape
                row = np.clip((1 - up[here]) * height, 0, height - 1).astype(int)
                column = np.clip(across[here] * width, 0, width - 1).astype(int)
                colours[here] = drawing.light[row, column]
        return np.asarray(colours)


def _places(coat: Coat) -> Array:
    """Texture co-ordinates float[F, 3, 2] of the corners of a coat's faces."""
    if coat.drawing is None:
        return np.zeros((len(coat.mesh.faces), 3, 2))
    return np.asarray(coat.drawing.places[coat.mesh.faces])

"""A wreck before a picture of some place, by single rays: sun, sky, shadow and gloss, quickly.

A network needs many more views of an airframe than light paths can make in a night. These teach
what a type looks like from everywhere; full scenes teach what wrecks lie in.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import trimesh
from trimesh.ray.ray_pyembree import RayMeshIntersector

from wreckid.datasets.airframe import Part
from wreckid.datasets.backdrop import behind, laid_over
from wreckid.datasets.camera import Camera, aimed
from wreckid.datasets.clutter import NOTHING, beside
from wreckid.datasets.dressing import Coat, dressed, strewn
from wreckid.datasets.geometry import Scheme
from wreckid.datasets.ground import soil_colour
from wreckid.datasets.noise import SmoothNoise
from wreckid.datasets.scene import CLUTTERED, Shot
from wreckid.datasets.surroundings import Surroundings
from wreckid.datasets.visibility import Sight
from wreckid.datasets.wreckage import Wreck

Array = npt.NDArray[np.float64]
Faces = npt.NDArray[np.int64]
Light = npt.NDArray[np.float32]
Rng = np.random.Generator

OVERSAMPLING = 2
"""Rays along each side of a pixel."""
SHADED = 0.6
"""Share of wrecks on the ground that throw a shadow on it."""
HIDDEN = 0.25
"""Share of pictures in which something stands before a part of the wreck."""


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
        above = rng.uniform(0.4, 1) * np.array([1, 1, 1]) + rng.uniform(-0.1, 0.25) * np.array(
            [-0.5, 0, 0.8]
        )
        return cls(way, float(strength), above, rng.uniform(0.05, 0.5) * rng.uniform(0.7, 1, 3))


class Model:
    """A wreck and what lies beside it, painted and ready to be met by rays."""

    def __init__(self, wreck: Wreck, scheme: Scheme, rng: Rng) -> None:
        soil = soil_colour(rng)
        there = wreck.damage != NOTHING
        self.parts: tuple[Part, ...] = wreck.parts
        self.aloft = wreck.damage == "airborne"
        own = dressed(wreck, scheme, soil, rng) if there else ()
        cluttered = there and not self.aloft and rng.random() < CLUTTERED
        coats = (*own, *(strewn(beside(wreck, rng), wreck, soil, rng) if cluttered else ()))
        self.skin = Skin(coats, rng) if coats else None
        self.own_faces = sum(len(coat.mesh.faces) for coat in own)


class Skin:
    """Coats as arrays over all their faces."""

    def __init__(self, coats: tuple[Coat, ...], rng: Rng) -> None:
        meshes = [coat.mesh for coat in coats]
        mesh = trimesh.util.concatenate(meshes)
        self._rays = RayMeshIntersector(mesh)
        self.vertices = np.asarray(mesh.vertices)
        self._triangles = np.asarray(mesh.triangles)
        self._flat = np.asarray(mesh.face_normals)
        self._normals = np.concatenate([part.vertex_normals[part.faces] for part in meshes])
        self._colours = np.concatenate([coat.colours[coat.mesh.faces] for coat in coats])
        self._drawings = [coat.drawing for coat in coats]
        self._places = np.concatenate([_places(coat) for coat in coats])
        faces = [len(part.faces) for part in meshes]
        self._coat = np.repeat(np.arange(len(coats)), faces)
        self._sharpness = np.exp(rng.uniform(np.log(6), np.log(80), len(coats)))
        self._gloss = rng.uniform(0, 0.5, len(coats))
        self._size = float(np.linalg.norm(np.ptp(self.vertices, axis=0)))

    def met(self, eye: Array, ways: Array) -> tuple[Faces, Array, Array]:
        """What ways float[N, 3] from an eye meet first.

        Returns:
            Which of the ways meet anything, int[M]; the faces they meet, int[M]; and where,
            float[M, 3].
        """
        face = self._rays.intersects_first(np.broadcast_to(eye, ways.shape), ways)
        meeting = np.nonzero(face >= 0)[0]
        face, ways = face[meeting], ways[meeting]
        flat = self._flat[face]
        far = ((self._triangles[face, 0] - eye) * flat).sum(1) / _off_zero((ways * flat).sum(1))
        return meeting, face, eye + ways * far[:, None]

    def in_shadow(self, places: Array, way: Array) -> npt.NDArray[np.bool_]:
        """Whether something stands between each of float[N, 3] places and the sun."""
        start = places + way * 1e-3 * self._size
        return np.asarray(self._rays.intersects_any(start, np.broadcast_to(way, start.shape)))

    def light(self, face: Faces, places: Array, ways: Array, sun: Sun) -> npt.NDArray[np.float64]:
        """Linear light float[N, 3] that leaves places on faces against the ways they are met by."""
        weights = self._weights(face, places)
        ways = ways / np.linalg.norm(ways, axis=1, keepdims=True)
        normal = np.einsum("ncd,nc->nd", self._normals[face], weights)
        normal /= _off_zero(np.linalg.norm(normal, axis=1))[:, None]
        normal *= np.where((normal * ways).sum(1) > 0, -1, 1)[:, None]
        lit = sun.strength * ~self.in_shadow(places + normal * 1e-3 * self._size, sun.way)
        up = 0.5 + 0.5 * normal[:, 2:]
        colours = self._colour(face, weights)
        diffuse = colours * (
            (lit * np.clip(normal @ sun.way, 0, 1))[:, None] + up * sun.above + (1 - up) * sun.below
        )
        return diffuse + self._shine(self._coat[face], normal, ways, lit, sun)

    def _shine(self, coat: Faces, normal: Array, ways: Array, lit: Array, sun: Sun) -> Array:
        """Highlight of the sun (Blinn, 1977) and the sky's reflection at grazing angles."""
        half = sun.way - ways
        half /= np.linalg.norm(half, axis=1, keepdims=True)
        highlight = lit * np.clip((normal * half).sum(1), 0, 1) ** self._sharpness[coat]
        grazing = 0.04 + 0.96 * (1 - np.clip(-(normal * ways).sum(1), 0, 1)) ** 5
        gloss = self._gloss[coat]
        return (gloss * highlight)[:, None] + (gloss * grazing)[:, None] * sun.above

    def _weights(self, face: Faces, places: Array) -> Array:
        """Barycentric co-ordinates float[N, 3] of places on faces."""
        corners = self._triangles[face]
        return trimesh.triangles.points_to_barycentric(corners, places)

    def _colour(self, face: Faces, weights: Array) -> Array:
        colours = np.einsum("ncd,nc->nd", self._colours[face], weights)
        across, up = np.einsum("ncd,nc->nd", self._places[face], weights).T
        for number, drawing in enumerate(self._drawings):
            here = self._coat[face] == number
            if drawing is not None and here.any():
                height, width, _ = drawing.light.shape
                row = np.clip((1 - up[here]) * height, 0, height - 1).astype(int)
                column = np.clip(across[here] * width, 0, width - 1).astype(int)
                colours[here] = drawing.light[row, column]
        return colours


def sketched(model: Model, around: Surroundings, pixels: int, rng: Rng) -> Shot:
    """Take one picture of a model before a random place."""
    setting = "sky" if model.aloft and rng.random() < 0.5 else "backdrop"
    camera = aimed(model.parts, setting, rng)
    sun = Sun.any(rng)
    place = behind(around, pixels, rng)
    seen = np.zeros((pixels, pixels), bool)
    light = place
    if model.skin:
        floor = -np.inf if model.aloft or camera.eye[2] <= 0 else 0.0
        if floor == 0 and rng.random() < SHADED:
            light = light * _shadow(model.skin, camera, pixels, sun)
        wreck, seen = _cast(model, camera, pixels, sun, floor)
        light = laid_over(wreck, light, rng)
        if rng.random() < HIDDEN:
            before = _blots(pixels, rng)
            light, seen = np.where(before[..., None], place, light), seen & ~before
    truth = {"setting": "sketch", "light": "sun", "camera": camera.facts(pixels)}
    return Shot(np.ascontiguousarray(light, np.float32), Sight(seen, None), truth)


def _cast(
    model: Model, camera: Camera, pixels: int, sun: Sun, floor: float
) -> tuple[Light, npt.NDArray[np.bool_]]:
    """Light times cover and cover, float32[H, W, 4], and where the wreck itself is seen."""
    assert model.skin is not None
    rows, columns = _framed(camera.project(model.skin.vertices), pixels)
    ways = camera.rays(pixels * OVERSAMPLING, _finer(rows), _finer(columns))
    meeting, face, places = model.skin.met(camera.eye, ways)
    above = places[:, 2] > floor
    meeting, face, places = meeting[above], face[above], places[above]
    values = np.zeros((len(ways), 5), np.float32)
    values[meeting, :3] = model.skin.light(face, places, ways[meeting], sun)
    values[meeting, 3] = 1
    values[meeting, 4] = face < model.own_faces
    sheet = np.zeros((pixels, pixels, 5), np.float32)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    split = values.reshape(height, OVERSAMPLING, width, OVERSAMPLING, 5)
    sheet[rows, columns] = split.mean((1, 3))
    return sheet[..., :4], sheet[..., 4] > 0.5


def _framed(points: Array, pixels: int) -> tuple[slice, slice]:
    """Rows and columns of pixels that may show points given in 0..1."""
    low = np.clip(np.floor(points.min(axis=0) * pixels), 0, pixels).astype(int)
    high = np.clip(np.ceil(points.max(axis=0) * pixels), 0, pixels).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])


def _finer(pixels: slice) -> slice:
    """The rays of a run of pixels."""
    return slice(pixels.start * OVERSAMPLING, pixels.stop * OVERSAMPLING)


def _shadow(skin: Skin, camera: Camera, pixels: int, sun: Sun) -> Light:
    """Share of light that the ground keeps at each pixel, float32[H, W, 1]."""
    ways = camera.rays(pixels)
    down = ways[:, 2] < -1e-3
    ground = camera.eye + ways[down] * (camera.eye[2] / -ways[down, 2])[:, None]
    kept = np.ones(len(ways), np.float32)
    sky = 0.5 * (sun.above.mean() + sun.below.mean())
    dark = sky / (sky + sun.strength * sun.way[2])
    kept[down] = np.where(skin.in_shadow(ground, sun.way), dark, 1)
    return kept.reshape(pixels, pixels, 1)


def _blots(pixels: int, rng: Rng) -> npt.NDArray[np.bool_]:
    """Random patches, as of leaves or rubble near the camera."""
    rows, columns = np.mgrid[:pixels, :pixels] / pixels
    noise = SmoothNoise(rng, wavelength=rng.uniform(0.08, 0.5), dimensions=2)
    values = noise(np.stack([columns.ravel(), rows.ravel()], axis=1))
    return np.asarray(values > rng.uniform(0.8, 2)).reshape(pixels, pixels)


def _places(coat: Coat) -> Array:
    """Texture co-ordinates float[F, 3, 2] of the corners of a coat's faces."""
    if coat.drawing is None:
        return np.zeros((len(coat.mesh.faces), 3, 2))
    return coat.drawing.places[coat.mesh.faces]


def _off_zero(values: Array) -> Array:
    """Values no nearer to zero than can be divided by."""
    return np.where(abs(values) < 1e-12, 1e-12, values)

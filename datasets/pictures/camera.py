"""Where a picture is taken from, and what it shows.

World axes: z up, ground at z = 0, lengths in metres.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mitsuba as mi
import numpy as np
import numpy.typing as npt

from wreckid.datasets.airframes.airframe import Part
from wreckid.datasets.airframes.wreckage import bounds

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

ALL = slice(None)
NEAR = 0.25
"""Share of pictures taken from so near that the wreck does not fit into them."""
SAMPLES = 2
"""Light paths a pixel, spread over it and over the lights; a denoiser takes away their grain."""


@dataclass(frozen=True)
class Camera:
    """A pinhole that looks from one point to another."""

    eye: Array
    target: Array
    up: Array
    fov: float

    def project(self, points: Array) -> Array:
        """Picture co-ordinates in 0..1, right and down, of float[N, 3] points in front of it."""
        forward, right, down = self._axes()
        seen = points - self.eye
        depth = np.maximum(seen @ forward, 1e-3)
        plane = np.stack([seen @ right, seen @ down], axis=1) / depth[:, None]
        return np.asarray(0.5 + plane / (2 * np.tan(np.radians(self.fov) / 2)))

    def rays(self, pixels: int, rows: slice = ALL, columns: slice = ALL) -> Array:
        """Directions float[N, 3] through the middle of each pixel, row by row.

        Args:
            pixels: side of the picture.
            rows: those wanted.
            columns: those wanted.
        """
        forward, right, down = self._axes()
        steps = ((np.arange(pixels) + 0.5) / pixels * 2 - 1) * np.tan(np.radians(self.fov) / 2)
        across, along = steps[columns, None] * right, steps[rows, None, None] * down
        return np.asarray((forward + across + along).reshape(-1, 3))

    def frame(self, points: Array, pixels: int) -> tuple[slice, slice]:
        """Rows and columns of a picture's pixels that may show what lies between points."""
        places = self.project(points)
        low = np.clip(np.floor(places.min(axis=0) * pixels), 0, pixels).astype(int)
        high = np.clip(np.ceil(places.max(axis=0) * pixels), 0, pixels).astype(int)
        return slice(low[1], high[1]), slice(low[0], high[0])

    def facts(self, pixels: int) -> dict[str, float]:
        """What a manifest says of it; metres and degrees, scale where it looks at."""
        way = self.eye - self.target
        distance = float(np.linalg.norm(way))
        view = 2 * distance * np.tan(np.radians(self.fov) / 2)
        return {
            "distance_m": round(distance, 3),
            "elevation_deg": round(float(np.degrees(np.arcsin(way[2] / distance))), 1),
            "field_of_view_deg": round(self.fov, 1),
            "pixels_per_metre": round(pixels / view, 2),
        }

    def _axes(self) -> tuple[Array, Array, Array]:
        """Unit vectors forward, right and down."""
        forward = unit(self.target - self.eye)
        right = unit(np.cross(forward, self.up))
        return forward, right, np.cross(forward, right)


def aimed(parts: Sequence[Part], setting: str, rng: Rng) -> Camera:
    """A camera from a likely side: the wreck fills a share of its picture, or one part does."""
    corners = np.concatenate([part.mesh.vertices for part in parts])
    low, high = bounds(parts)
    centre, size = (low + high) / 2, float(np.linalg.norm(high - low))
    turn, rise = rng.uniform(0, 2 * np.pi), _elevation(setting, rng)
    direction = np.array([np.cos(turn) * np.cos(rise), np.sin(turn) * np.cos(rise), np.sin(rise)])
    lean = rng.normal(0, 0.1)
    side = np.array([-np.sin(turn), np.cos(turn), 0])
    up = np.array([0, 0, 1.0]) * np.cos(lean) + side * np.sin(lean)
    fov = float(rng.uniform(18, 80))
    distance, fill = size * 1.5 / np.tan(np.radians(fov) / 2), rng.uniform(0.3, 1.15)
    for _ in range(3):
        camera = Camera(centre + direction * distance, centre, up, fov)
        distance *= float(np.ptp(camera.project(corners), axis=0).max()) / fill
    if rng.random() < NEAR:
        centre = parts[int(rng.integers(len(parts)))].mesh.bounds.mean(axis=0)
        distance *= fill / rng.uniform(1.15, 2.2)
    eye = centre + direction * distance
    if setting == "ground":
        eye[2] = max(eye[2], 0.12 * size)
    target = centre + rng.normal(0, 0.06, 3) * min(size, distance)
    return Camera(eye, target, up, fov)


def _elevation(setting: str, rng: Rng) -> float:
    """Angle of the camera above the horizon in radians."""
    if setting == "sky":
        return float(np.radians(rng.uniform(-80, 10)))
    if setting == "backdrop":
        return float(np.radians(np.clip(rng.normal(15, 22), -45, 80)))
    low = rng.random() < 0.75
    return float(np.radians(rng.uniform(1, 40) if low else rng.uniform(40, 85)))


def sensor(camera: Camera, pixels: int) -> dict[str, Any]:
    """The camera with a square sensor, as Mitsuba takes it."""
    look = mi.ScalarTransform4f().look_at(
        camera.eye.tolist(), camera.target.tolist(), camera.up.tolist()
    )
    return {
        "type": "perspective",
        "fov": camera.fov,
        "near_clip": 0.01,
        "far_clip": 5000.0,
        "to_world": look,
        "film": {
            "type": "hdrfilm",
            "width": pixels,
            "height": pixels,
            "pixel_format": "rgba",
            "rfilter": {"type": "box"},
        },
        "sampler": {"type": "multijitter", "sample_count": SAMPLES},
    }


def unit(vector: Array) -> Array:
    """A vector of length 1 in the same direction."""
    return np.asarray(vector / np.linalg.norm(vector))

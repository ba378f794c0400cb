"""Where a picture is taken from, and what it shows.

World axes: z up, ground at z = 0, lengths in metres.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mitsuba as mi
import numpy as np
import numpy.typing as npt

from wreckid.datasets.airframe import Part
from wreckid.datasets.wreckage import bounds

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

SAMPLES = 10
"""Light paths a pixel; the noise left is less than a phone's."""


@dataclass(frozen=True)
class Camera:
    """A pinhole that looks from one point to another."""

    eye: Array
    target: Array
    up: Array
    fov: float

    def project(self, points: Array) -> Array:
        """Picture co-ordinates in 0..1, right and down, of float[N, 3] points in front of it."""
        forward = unit(self.target - self.eye)
        right = unit(np.cross(forward, self.up))
        down = np.cross(forward, right)
        seen = points - self.eye
        depth = np.maximum(seen @ forward, 1e-3)
        plane = np.stack([seen @ right, seen @ down], axis=1) / depth[:, None]
        return np.asarray(0.5 + plane / (2 * np.tan(np.radians(self.fov) / 2)))


def aimed(parts: Sequence[Part], setting: str, rng: Rng) -> Camera:
    """A camera from a likely side that fills a random share of its picture with the wreck."""
    corners = np.concatenate([part.mesh.vertices for part in parts])
    low, high = bounds(parts)
    centre, size = (low + high) / 2, float(np.linalg.norm(high - low))
    turn, rise = rng.uniform(0, 2 * np.pi), _elevation(setting, rng)
    direction = np.array([np.cos(turn) * np.cos(rise), np.sin(turn) * np.cos(rise), np.sin(rise)])
    lean = rng.normal(0, 0.1)
    side = np.array([-np.sin(turn), np.cos(turn), 0])
    up = np.array([0, 0, 1.0]) * np.cos(lean) + side * np.sin(lean)
    fov = float(rng.uniform(18, 65))
    distance, fill = size * 1.5 / np.tan(np.radians(fov) / 2), rng.uniform(0.35, 1.15)
    for _ in range(3):
        camera = Camera(centre + direction * distance, centre, up, fov)
        distance *= float(np.ptp(camera.project(corners), axis=0).max()) / fill
    eye = centre + direction * distance
    if setting == "ground":
        eye[2] = max(eye[2], 0.08 * size)
    target = centre + rng.normal(0, 0.06, 3) * size
    return Camera(eye, target, up, fov)


def _elevation(setting: str, rng: Rng) -> float:
    """Angle of the camera above the horizon in radians."""
    if setting == "sky":
        return float(np.radians(rng.uniform(-80, 10)))
    if setting == "backdrop":
        return float(np.radians(np.clip(rng.normal(15, 22), -45, 80)))
    low = rng.random() < 0.75
    return float(np.radians(rng.uniform(3, 40) if low else rng.uniform(40, 85)))


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
        "sampler": {"type": "independent", "sample_count": SAMPLES},
    }


def box_around(parts: Sequence[Part], camera: Camera, pixels: int) -> list[int]:
    """Left, top, right, bottom of parts in pixels, cut at the picture's edge."""
    seen = camera.project(np.concatenate([part.mesh.vertices for part in parts]))
    corners = np.concatenate([seen.min(axis=0), seen.max(axis=0)])
    return [int(v) for v in np.clip(corners * pixels, 0, pixels).round()]


def unit(vector: Array) -> Array:
    """A vector of length 1 in the same direction."""
    return np.asarray(vector / np.linalg.norm(vector))

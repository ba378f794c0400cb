"""The light of a clear day: a sky model drawn as a map, and its sun as a far lamp.

A path through a scene asks the sky for light at every turn. The model answers with polynomials, a
map with a look-up, for a fraction of the time.
"""

from typing import Any

import drjit as dr
import mitsuba as mi
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

ROWS = 48
"""Of the map, from straight up to straight down; it has twice as many columns."""
ALBEDO = 0.3
"""Share of its light that ground throws back, in the model and below the horizon."""
DISC = np.radians(0.5358)
"""Angle that the sun covers in the model."""


def daylight(rise: float, turn: float, turbidity: float) -> dict[str, Any]:
    """Sky and sun as two emitters.

    The radiance is that of Hosek and Wilkie ("An Analytic Model for Full Spectral Sky-Dome
    Radiance", 2012; "Adding a Solar-Radiance Function", 2013) as Mitsuba's `sunsky` has it. Below
    the horizon, where that is black, lies matt ground in this light.

    Args:
        rise: of the sun above the horizon, in radians.
        turn: of the sun around the zenith from the x axis towards the y axis, in radians.
        turbidity: of the air, from 1, pure, to 10, hazy.
    """
    south = _ways(np.pi / 2 - rise, np.array(np.pi))
    model = {"type": "sunsky", "sun_direction": south.tolist(), "turbidity": turbidity}
    sky = _half_sky(mi.load_dict(model | {"albedo": ALBEDO, "sun_scale": 0.0}))
    disc = _radiance(mi.load_dict(model | {"albedo": ALBEDO, "sky_scale": 0.0}), south)
    sun = disc * 2 * np.pi * (1 - np.cos(DISC / 2))
    return {
        "sky": _map(sky, ALBEDO / np.pi * (_irradiance(sky) + sun * np.sin(rise)), turn),
        "sun": {
            "type": "directional",
            "direction": [
                -float(np.cos(rise) * np.cos(turn)),
                -float(np.cos(rise) * np.sin(turn)),
                -float(np.sin(rise)),
            ],
            "irradiance": {"type": "rgb", "value": sun.tolist()},
        },
    }


def _map(sky: Array, ground: Array, turn: float) -> dict[str, Any]:
    """An environment map of half a sky, its mirror image, and ground below."""
    half = np.concatenate([sky, np.broadcast_to(ground, sky.shape)])
    whole = np.concatenate([half, half[:, ::-1]], axis=1)
    upright = mi.ScalarTransform4f().rotate([0, 0, 1], float(np.degrees(turn)) + 90)
    return {
        "type": "envmap",
        "bitmap": mi.Bitmap(whole.astype(np.float32)),
        "to_world": upright.rotate([1, 0, 0], 90),
    }


def _half_sky(sky: Any) -> Array:
    """Radiance float[ROWS / 2, ROWS, 3] from zenith to horizon, on the half from north to south."""
    ways = _ways(_middles(ROWS // 2, np.pi / 2)[:, None], _middles(ROWS, np.pi))
    return np.array([[_radiance(sky, way) for way in row] for row in ways])


def _irradiance(sky: Array) -> Array:
    """What level ground receives of half a sky and its mirror image, float[3]."""
    polar = _middles(ROWS // 2, np.pi / 2)[:, None, None]
    steps = (np.pi / ROWS) * (2 * np.pi / ROWS)
    return np.asarray((sky * np.cos(polar) * np.sin(polar)).sum(axis=(0, 1)) * steps)


def _middles(count: int, whole: float) -> Array:
    """The middles of equal parts of an angle."""
    return np.asarray((np.arange(count) + 0.5) / count * whole)


def _ways(polar: Array | float, azimuth: Array) -> Array:
    """Unit vectors float[..., 3] by angles from the zenith and, clockwise, from the y axis."""
    flat = np.sin(polar)
    x, y, z = np.broadcast_arrays(flat * np.sin(azimuth), flat * np.cos(azimuth), np.cos(polar))
    return np.stack([x, y, z], axis=-1)


def _radiance(emitter: Any, way: Array) -> Array:
    """Linear light float[3] that comes from a direction."""
    there = dr.zeros(mi.SurfaceInteraction3f)
    there.wi = (-way).tolist()
    return np.array(emitter.eval(there))

"""What lights a scene: real skies, model skies, a flash, lamps."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import mitsuba as mi
import numpy as np
import numpy.typing as npt

from wreckid.datasets.errors import SetupError
from wreckid.datasets.pictures.camera import unit
from wreckid.datasets.pictures.daylight import daylight
from wreckid.datasets.pictures.threads import a_second_thread
from wreckid.datasets.places.surroundings import Surroundings

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

SKY_ROWS = 256
"""Most rows kept of an environment map, which has twice as many columns."""
SKIES_KEPT = 32
"""Environment maps kept in memory; each takes 1.5 MB."""


def light_source(around: Surroundings, rng: Rng) -> tuple[dict[str, Any], str]:
    """Emitters and their name: a real sky, a clear or an overcast one, a flash or a lamp."""
    choice = rng.random()
    if around.lights and choice < 0.5:
        file = around.lights[rng.integers(len(around.lights))]
        return {"sky": _real_sky(file, rng)}, file.stem
    if choice < 0.78:
        return _clear_sky(rng), "clear"
    if choice < 0.92:
        return _overcast(rng), "overcast"
    return (_flash(rng), "flash") if choice < 0.96 else (_lamp(rng), "lamp")


def refuse_unreadable_skies(around: Surroundings) -> None:
    """See that every environment map can be read, before the first is asked for.

    Raises:
        SetupError: one cannot.
    """
    for file in around.lights:
        _environment(file)


def _real_sky(file: Path, rng: Rng) -> dict[str, Any]:
    turn = mi.ScalarTransform4f().rotate([0, 0, 1], float(rng.uniform(0, 360)))
    upright = turn.rotate([1, 0, 0], 90)
    return {"type": "envmap", "bitmap": _environment(file), "to_world": upright}


@lru_cache(maxsize=SKIES_KEPT)
def _environment(file: Path) -> Any:
    """An environment map, made smaller once rather than read for every picture."""
    try:
        with a_second_thread():
            read = mi.Bitmap(str(file))
    except RuntimeError as error:
        raise SetupError(
            f"{file} is no environment map that can be read: take it out of the lights."
        ) from error
    whole = read.convert(mi.Bitmap.PixelFormat.RGB, mi.Struct.Type.Float32, False)
    rows = min(SKY_ROWS, whole.height())
    return whole.resample(mi.ScalarVector2u(2 * rows, rows), clamp=(0.0, np.inf))


def _clear_sky(rng: Rng) -> dict[str, Any]:
    rise, turn = np.radians(rng.uniform(6, 75)), rng.uniform(0, 2 * np.pi)
    return daylight(float(rise), float(turn), float(rng.uniform(2, 8)))


def _overcast(rng: Rng) -> dict[str, Any]:
    down = [0, 0, rng.uniform(0.5, 2)]
    sun = _directional(rng.normal(size=3) * [1, 1, 0] - down, rng.uniform(0, 2))
    return {"sky": _even(rng.uniform(0.6, 1.0)), "lamp": sun}


def _flash(rng: Rng) -> dict[str, Any]:
    """Hard light from low on one side before a nearly black night."""
    down = [0, 0, rng.uniform(0.2, 0.6)]
    return {
        "sky": _even(rng.uniform(0.01, 0.05)),
        "flash": _directional(unit(rng.normal(size=3) * [1, 1, 0]) - down, 3),
    }


def _lamp(rng: Rng) -> dict[str, Any]:
    """A street lamp at dusk, warm or cold."""
    warmth = np.array([1.2, 1, rng.uniform(0.5, 1.2)])
    side = unit(rng.normal(size=3) * [1, 1, 0]) - [0, 0, rng.uniform(0.6, 1.5)]
    return {
        "sky": _even(rng.uniform(0.1, 0.25)),
        "lamp": _directional(side, rng.uniform(1, 2) * warmth),
    }


def _even(radiance: float) -> dict[str, Any]:
    return {"type": "constant", "radiance": float(radiance)}


def _directional(way: Array, irradiance: Array | float) -> dict[str, Any]:
    colour = np.broadcast_to(irradiance, 3).tolist()
    return {
        "type": "directional",
        "direction": unit(way).tolist(),
        "irradiance": {"type": "rgb", "value": colour},
    }

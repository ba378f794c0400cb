"""What lights a scene: real skies, model skies, lamps."""

from typing import Any

import mitsuba as mi
import numpy as np

from wreckid.datasets.camera import unit
from wreckid.datasets.surroundings import Surroundings

Rng = np.random.Generator


def light_source(around: Surroundings, rng: Rng) -> tuple[dict[str, Any], str]:
    """Emitters and their name: a real sky, a clear or an overcast one, or a lamp at dusk."""
    choice = rng.random()
    if around.lights and choice < 0.5:
        file = around.lights[rng.integers(len(around.lights))]
        turn = mi.ScalarTransform4f().rotate([0, 0, 1], float(rng.uniform(0, 360)))
        upright = turn.rotate([1, 0, 0], 90)
        return {"sky": {"type": "envmap", "filename": str(file), "to_world": upright}}, file.stem
    if choice < 0.8:
        rise, turn_ = np.radians(rng.uniform(6, 75)), rng.uniform(0, 2 * np.pi)
        sun = [np.cos(rise) * np.cos(turn_), np.cos(rise) * np.sin(turn_), np.sin(rise)]
        turbidity = float(rng.uniform(2, 8))
        sky = {"type": "sunsky", "sun_direction": sun, "turbidity": turbidity}
        return {"sky": sky}, "clear"
    grey = {"type": "constant", "radiance": float(rng.uniform(0.6, 1.0))}
    if choice < 0.93:
        side = unit(rng.normal(size=3) * [1, 1, 0] - [0, 0, rng.uniform(0.5, 2)])
        lamp = {
            "type": "directional",
            "direction": side.tolist(),
            "irradiance": float(rng.uniform(0, 2)),
        }
        return {"sky": grey, "lamp": lamp}, "overcast"
    dusk = {"type": "constant", "radiance": 0.05}
    side = unit(rng.normal(size=3) * [1, 1, 0.1] - [0, 0, 0.6])
    lamp = {"type": "directional", "direction": side.tolist(), "irradiance": 2.0}
    return {"sky": dusk, "lamp": lamp}, "lamp"

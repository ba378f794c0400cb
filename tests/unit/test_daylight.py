"""A clear day as a map and a lamp: as bright as the model, and with ground below."""

from typing import Any

import drjit as dr
import mitsuba as mi
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wreckid.datasets.pictures.daylight import ALBEDO, daylight

mi.set_variant("scalar_rgb")

Array = npt.NDArray[np.float64]

RISES = st.floats(np.radians(6), np.radians(75))
TURNS = st.floats(0, 2 * np.pi)
TURBIDITIES = st.floats(2, 8)


def radiance(emitter: Any, way: Array) -> Array:
    there = dr.zeros(mi.SurfaceInteraction3f)
    there.wi = (-way).tolist()
    return np.array(emitter.eval(there))


def way(rise: float, turn: float) -> Array:
    level = np.cos(rise)
    return np.array([level * np.cos(turn), level * np.sin(turn), np.sin(rise)])


@settings(max_examples=30, deadline=None)
@given(rise=RISES, turn=TURNS, turbidity=TURBIDITIES, high=st.floats(0.2, 1.4), aside=TURNS)
def test_the_map_is_as_bright_as_the_model(
    rise: float, turn: float, turbidity: float, high: float, aside: float
) -> None:
    model = mi.load_dict(
        {
            "type": "sunsky",
            "sun_direction": way(rise, turn).tolist(),
            "turbidity": turbidity,
            "albedo": ALBEDO,
            "sun_scale": 0.0,
        }
    )
    there = way(high, aside)
    if there @ way(rise, turn) < np.cos(np.radians(25)):
        sky = mi.load_dict(daylight(rise, turn, turbidity)["sky"])
        assert radiance(sky, there) == pytest.approx(radiance(model, there), rel=0.15)


@settings(max_examples=15, deadline=None)
@given(rise=RISES, turn=TURNS, turbidity=TURBIDITIES)
def test_the_sun_shines_from_where_it_stands(rise: float, turn: float, turbidity: float) -> None:
    sun = daylight(rise, turn, turbidity)["sun"]
    assert sun["direction"] == pytest.approx(-way(rise, turn))
    assert min(sun["irradiance"]["value"]) > 0


@settings(max_examples=15, deadline=None)
@given(rise=RISES, turn=TURNS, turbidity=TURBIDITIES)
def test_ground_below_the_horizon_throws_light_back(
    rise: float, turn: float, turbidity: float
) -> None:
    lights = daylight(rise, turn, turbidity)
    sky = mi.load_dict(lights["sky"])
    below = [radiance(sky, way(-angle, turn)) for angle in (0.3, 0.8, 1.5)]
    assert below[1:] == [pytest.approx(below[0])] * 2
    sun = np.array(lights["sun"]["irradiance"]["value"]) * np.sin(rise)
    brightest = max(radiance(sky, way(high, turn)).max() for high in np.linspace(0.1, 1.5, 12))
    assert (below[0] > ALBEDO / np.pi * sun).all()
    assert (below[0] < ALBEDO * (sun / np.pi + brightest)).all()

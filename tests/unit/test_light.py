import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreckid.datasets.pictures.light import ADAPTED, adapted

Colour = tuple[float, float, float]
COLOURS = st.tuples(*[st.floats(0.05, 20)] * 3)


def sky(above: Colour, below: Colour = (1, 1, 1)) -> np.ndarray:
    """Even above the horizon and below it."""
    rows = np.array([above] * 8 + [below] * 8, np.float32)
    return np.repeat(rows[:, None], 32, axis=1)


@given(COLOURS)
def test_the_light_of_a_sky_goes_a_share_of_the_way_to_white(colour: Colour) -> None:
    red, green, blue = adapted(sky(colour))[0, 0].tolist()
    left = 1 - ADAPTED
    assert red / green == pytest.approx((colour[0] / colour[1]) ** left, rel=1e-2)
    assert blue / green == pytest.approx((colour[2] / colour[1]) ** left, rel=1e-2)


@given(st.floats(0.05, 20))
def test_a_grey_sky_stays_as_it_is(grey: float) -> None:
    before = sky((grey, grey, grey), (0.3, 0.2, 0.1))
    assert adapted(before) == pytest.approx(before, rel=1e-4)


@given(COLOURS)
def test_what_lies_under_the_horizon_does_not_count(below: Colour) -> None:
    before = sky((1, 1, 1), below)
    assert adapted(before) == pytest.approx(before, rel=1e-4)

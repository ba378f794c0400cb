from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageStat

from wreckid.datasets.photograph import (
    Development,
    annotated,
    developed,
    encoded,
    jpeg,
    linear,
    luminance,
    random_development,
)

SHARES = arrays(np.float64, st.integers(1, 50), elements=st.floats(0, 1))
PLAIN = Development(1, (1, 1, 1), 1, 0, 0, 90)


def scene(height: int = 40, width: int = 60) -> np.ndarray:
    """A bright corner on a dark ground, in linear light."""
    light = np.full((height, width, 3), 0.1, np.float32)
    light[: height // 2, : width // 2] = [4, 2, 1]
    return light


@given(SHARES)
def test_encoding_undoes_linearising(values: np.ndarray) -> None:
    assert encoded(linear(values).astype(np.float32)) == pytest.approx(values, abs=1e-4)


@given(SHARES)
def test_linearising_undoes_encoding(values: np.ndarray) -> None:
    assert linear(encoded(values.astype(np.float32)).astype(np.float64)) == pytest.approx(
        values, abs=1e-4
    )


@given(arrays(np.float64, 2, elements=st.floats(0, 1)))
def test_brighter_stays_brighter(pair: np.ndarray) -> None:
    low, high = np.sort(pair)
    assert linear(np.array(low)) <= linear(np.array(high))


def test_middle_grey_is_where_the_standard_puts_it() -> None:
    assert linear(np.array(0.5)) == pytest.approx(0.2140, abs=1e-4)
    assert linear(np.array([0.0, 1.0])) == pytest.approx([0, 1])


def test_light_beyond_the_sensor_is_clipped() -> None:
    assert encoded(np.array([-1, 7], np.float32)) == pytest.approx([0, 1])


def test_green_is_the_brightest_primary() -> None:
    red, green, blue = luminance(np.eye(3, dtype=np.float32))
    assert green > red > blue
    assert red + green + blue == pytest.approx(1)


@pytest.mark.parametrize("seed", range(10))
def test_a_developed_picture_keeps_its_size(seed: int) -> None:
    rng = np.random.default_rng(seed)
    settings = random_development(rng)
    image = annotated(developed(scene(), settings, rng), rng)
    assert (image.size, image.mode) == ((60, 40), "RGB")
    assert 0 < ImageStat.Stat(image.convert("L")).mean[0] < 255


def test_exposure_does_not_depend_on_the_scale_of_light() -> None:
    one, other = (
        np.asarray(developed(scene() * scale, PLAIN, np.random.default_rng(1)), int)
        for scale in (1, 1000)
    )
    assert np.abs(one - other).max() <= 2
    assert one[5, 5].mean() > one[-5, -5].mean()


def test_a_brighter_development_is_brighter() -> None:
    dark, bright = (
        np.asarray(
            developed(scene(), Development(b, (1, 1, 1), 1, 0, 0, 90), np.random.default_rng(1))
        ).mean()
        for b in (0.5, 1.5)
    )
    assert bright > dark + 10


def test_darkness_is_developed_too() -> None:
    image = developed(np.zeros((8, 8, 3), np.float32), PLAIN, np.random.default_rng(1))
    assert np.asarray(image).max() < 128


def test_now_and_then_a_picture_is_written_on_and_never_the_original() -> None:
    plain = Image.new("RGB", (90, 60), "green")
    before = plain.tobytes()
    marked = [annotated(plain, np.random.default_rng(seed)) for seed in range(100)]
    changed = sum(image.tobytes() != before for image in marked)
    assert 3 <= changed <= 30
    assert {image.size for image in marked} == {(90, 60)}
    assert plain.tobytes() == before


@pytest.mark.parametrize("quality", [45, 95])
def test_jpeg_bytes_decode_to_the_picture(quality: int) -> None:
    image = developed(scene(), PLAIN, np.random.default_rng(1))
    with Image.open(BytesIO(jpeg(image, quality))) as decoded:
        assert (decoded.format, decoded.size, decoded.mode) == ("JPEG", image.size, "RGB")
        gap = np.abs(np.asarray(decoded, int) - np.asarray(image, int)).mean()
    assert gap < 12

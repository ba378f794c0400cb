from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageStat

from wreckid.datasets.colour import encoded, linear, luminance
from wreckid.datasets.pictures.photograph import (
    MARKS,
    Development,
    annotated,
    developed,
    jpeg,
    random_development,
)

SHARES = arrays(np.float64, st.integers(1, 50), elements=st.floats(0, 1))
Mark = Callable[[Image.Image, np.random.Generator], Image.Image]
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


def test_most_pictures_are_passed_on_untouched_and_no_original_is_altered() -> None:
    plain = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 90, 3), np.uint8))
    before = plain.tobytes()
    passed = [annotated(plain, np.random.default_rng(seed)) for seed in range(200)]
    untouched = sum(image.tobytes() == before for image in passed)
    assert 100 <= untouched <= 140
    assert {(image.size, image.mode) for image in passed} == {((90, 60), "RGB")}
    assert plain.tobytes() == before


@pytest.mark.parametrize("mark", [mark for mark, _ in MARKS], ids=lambda mark: mark.__name__)
def test_a_mark_changes_a_part_of_a_copy(mark: Mark) -> None:
    plain = Image.new("RGB", (120, 90), "green")
    before = plain.tobytes()
    for seed in range(8):
        marked = np.asarray(mark(plain, np.random.default_rng(seed)))
        changed = (marked != np.asarray(plain)).any(axis=2)
        assert 0 < changed.mean() < 0.6
    assert plain.tobytes() == before


def test_a_shaken_camera_smears_along_its_way_alone() -> None:
    light = np.full((41, 41, 3), 0.1, np.float32)
    light[20, 20] = 9
    shaken = np.asarray(developed(light, replace(PLAIN, shake=(8, 0)), np.random.default_rng(1)))
    still = np.asarray(developed(light, PLAIN, np.random.default_rng(1)))
    assert shaken[20, 17].mean() > still[20, 17].mean() + 5
    assert (shaken[17] == still[17]).all()


def test_a_vignette_darkens_corners_and_not_the_middle() -> None:
    light = np.full((41, 41, 3), 0.1, np.float32)
    dark = np.asarray(developed(light, replace(PLAIN, vignette=0.5), np.random.default_rng(1)), int)
    even = np.asarray(developed(light, PLAIN, np.random.default_rng(1)), int)
    assert (dark[20, 20] == even[20, 20]).all()
    assert dark[0, 0].mean() < even[0, 0].mean() - 20


def test_noise_grows_in_the_dark() -> None:
    noisy = replace(PLAIN, noise=0.02)
    day, night = (
        np.asarray(
            developed(np.full((64, 64, 3), level, np.float32), noisy, np.random.default_rng(1))
        ).std()
        for level in (1.0, 0.005)
    )
    assert night > 2 * day > 0


@pytest.mark.parametrize("quality", [45, 95])
def test_jpeg_bytes_decode_to_the_picture(quality: int) -> None:
    image = developed(scene(), PLAIN, np.random.default_rng(1))
    with Image.open(BytesIO(jpeg(image, quality))) as decoded:
        assert (decoded.format, decoded.size, decoded.mode) == ("JPEG", image.size, "RGB")
        gap = np.abs(np.asarray(decoded, int) - np.asarray(image, int)).mean()
    assert gap < 12


def test_levels_spread_a_flat_picture_from_dark_to_bright() -> None:
    light = np.linspace(0.08, 0.12, 64, dtype=np.float32)[:, None, None].repeat(64, 1).repeat(3, 2)
    flat, half, full = (
        np.asarray(developed(light, replace(PLAIN, levels=share), np.random.default_rng(1)))
        for share in (0, 0.5, 1)
    )
    assert np.ptp(flat) < np.ptp(half) < np.ptp(full)


def test_sharpening_deepens_edges_and_leaves_even_places_alone() -> None:
    light = np.full((40, 40, 3), 0.1, np.float32)
    light[:, 20:] = 0.2
    plain, sharp = (
        np.asarray(
            developed(light, replace(PLAIN, blur=1, sharpening=s), np.random.default_rng(1)), int
        )
        for s in (0, 1)
    )
    assert np.abs(np.diff(sharp, axis=1)).max() > np.abs(np.diff(plain, axis=1)).max()
    assert (sharp[:, [3, 36]] == plain[:, [3, 36]]).all()


@given(st.lists(st.floats(0.6, 1.6), min_size=3, max_size=3))
def test_white_balance_takes_a_cast_away_by_its_share(cast: list[float]) -> None:
    assume(np.mean(cast) <= 2 * min(cast))  # A camera amplifies no colour more than twice.
    light = np.full((16, 16, 3), 0.1, np.float32) * np.array(cast, np.float32)
    left, half, none = (
        np.ptp(np.asarray(developed(light, replace(PLAIN, adaptation=a), np.random.default_rng(1))))
        for a in (0, 0.5, 1)
    )
    assert none <= 1
    assert half <= left + 1

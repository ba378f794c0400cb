from collections.abc import Callable
from io import BytesIO

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from wreckid.model.preprocessing import Failure, InputSpec, Photo, decode, to_array

SPEC = InputSpec(size=64, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), resize="squash")
RED, BLUE = (220, 30, 30), (30, 30, 220)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def half_red() -> Image.Image:
    """Upright: red above, blue below."""
    image = Image.new("RGB", (96, 64), BLUE)
    image.paste(RED, (0, 0, 96, 32))
    return image


def decoded(data: bytes, at_least: int = 64) -> Photo:
    photo = decode(data, at_least)
    assert isinstance(photo, Photo), photo
    assert photo.image.mode == "RGB"
    return photo


def colour(photo: Photo, across: float = 0.5, down: float = 0.5) -> tuple[int, ...]:
    place = (int(photo.image.width * across), int(photo.image.height * down))
    value = photo.image.getpixel(place)
    assert isinstance(value, tuple)
    return value


def close(left: tuple[int, ...], right: tuple[int, ...], within: int = 12) -> bool:
    return all(abs(a - b) <= within for a, b in zip(left, right, strict=True))


VALID = {
    kind: encoded(half_red(), kind)
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF")
}


@pytest.mark.parametrize("kind", VALID)
def test_every_format_gives_its_colours_upright(kind: str) -> None:
    photo = decoded(VALID[kind])
    assert (photo.format, photo.width, photo.height) == (kind, 96, 64)
    assert close(colour(photo, down=0.2), RED) and close(colour(photo, down=0.8), BLUE)


def test_a_stereo_photo_is_read_as_its_first_picture() -> None:
    data = encoded(half_red(), "MPO", save_all=True, append_images=[half_red().rotate(180)])
    photo = decoded(data)
    assert photo.format == "MPO"
    assert close(colour(photo, down=0.2), RED)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_exif_turns_the_photo_upright(kind: str, orientation: int, stored: Image.Transpose) -> None:
    upright = half_red()
    upright.paste((30, 220, 30), (0, 0, 48, 32))
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = decoded(encoded(upright.transpose(stored), kind, exif=exif))
    assert (photo.width, photo.height) == (96, 64) == photo.image.size
    assert close(colour(photo, 0.25, 0.25), (30, 220, 30), 25)
    assert close(colour(photo, 0.75, 0.25), RED, 25)


def test_a_phone_heic_is_turned_once() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(half_red().rotate(90, expand=True), "HEIF", exif=exif.tobytes())
    photo = decoded(data)
    assert (photo.width, photo.height) == (96, 64)
    assert close(colour(photo, down=0.2), RED, 25)


def test_damaged_exif_costs_only_the_orientation() -> None:
    photo = decoded(encoded(half_red(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\7" * 40))
    assert (photo.width, photo.height) == (96, 64)


def test_cmyk_keeps_its_colours() -> None:
    assert close(colour(decoded(encoded(half_red().convert("CMYK"), "JPEG")), down=0.2), RED, 20)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_is_scaled_not_clipped(kind: str) -> None:
    ramp = np.tile(np.linspace(0, 65535, 96).astype(np.uint16), (64, 1))
    photo = decoded(encoded(Image.fromarray(ramp), kind))
    assert close(colour(photo, across=0.5), (128,) * 3, 4)
    assert colour(photo, across=0) == (0, 0, 0)
    assert close(colour(photo, across=0.995), (255,) * 3, 1)


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_deeper_pixels_are_stretched(dtype: npt.DTypeLike) -> None:
    ramp = np.tile(np.linspace(-5000, 90_000, 96), (64, 1)).astype(dtype)
    assert close(colour(decoded(encoded(Image.fromarray(ramp), "TIFF"))), (128,) * 3, 4)


def test_transparency_lies_over_white() -> None:
    image = half_red().convert("RGBA")
    image.putalpha(0)
    assert colour(decoded(encoded(image, "PNG"))) == (255, 255, 255)


def test_a_palette_may_be_transparent() -> None:
    image = half_red().quantize(4)
    clear = image.getpixel((10, 10))
    photo = decoded(encoded(image, "PNG", transparency=clear))
    assert colour(photo, down=0.2) == (255, 255, 255)
    assert close(colour(photo, down=0.8), BLUE)


def test_an_animation_shows_its_first_frame() -> None:
    frames = [Image.new("RGB", (64, 64), BLUE)]
    data = encoded(Image.new("RGB", (64, 64), RED), "GIF", save_all=True, append_images=frames)
    assert close(colour(decoded(data)), RED)


def test_a_large_jpeg_is_scaled_while_decoding_and_reports_its_full_size() -> None:
    photo = decoded(encoded(Image.new("RGB", (1600, 1200), RED), "JPEG"), at_least=100)
    assert (photo.width, photo.height) == (1600, 1200)
    assert photo.image.size == (200, 150)


def test_a_jpeg_counts_by_what_is_held_in_memory() -> None:
    huge = Image.new("L", (9000, 8000))
    assert isinstance(decode(encoded(huge, "JPEG"), 64), Photo)
    assert decode(encoded(huge, "JPEG", progressive=True), 64) == Failure("too-large")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\0" * 500, "not-an-image"),
        (b"%PDF-1.7 and so on", "not-an-image"),
        (VALID["JPEG"][:-40], "truncated"),
        (VALID["PNG"][:-60], "truncated"),
        (VALID["WEBP"][:60], "unreadable"),
        (encoded(Image.new("RGB", (400, 31)), "PNG"), "too-small"),
        (encoded(Image.new("RGB", (64, 64)), "ICO"), "not-an-image"),
    ],
)
def test_bad_bytes_have_a_reason(data: bytes, code: str) -> None:
    failure = decode(data, 64)
    assert isinstance(failure, Failure)
    assert failure.code == code
    assert failure.message.endswith(".")


@given(st.binary(max_size=400))
def test_random_bytes_never_raise(data: bytes) -> None:
    assert isinstance(decode(data, 64), Failure)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(VALID)), st.floats(0, 1))
def test_truncation_never_raises(kind: str, share: float) -> None:
    data = VALID[kind]
    assert isinstance(decode(data[: int(len(data) * share)], 64), Photo | Failure)


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(sorted(VALID)),
    st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), min_size=1, max_size=8),
)
def test_flipped_bytes_never_raise(kind: str, flips: list[tuple[float, int]]) -> None:
    data = bytearray(VALID[kind])
    for place, change in flips:
        data[min(int(place**3 * len(data)), len(data) - 1)] ^= change
    assert isinstance(decode(bytes(data), 64), Photo | Failure)


def test_the_array_is_the_whole_photo_squashed_and_normalised() -> None:
    array = to_array(half_red(), SPEC)
    assert array.shape == (3, 64, 64)
    assert array.dtype == np.float32
    expected = (np.array(RED) / 255 - SPEC.mean) / np.array(SPEC.std)
    assert array[:, 10, 32] == pytest.approx(expected, abs=1e-5)
    assert array[2, 50].mean() > array[2, 10].mean()


def test_fine_stripes_are_averaged_not_sampled() -> None:
    stripes = np.zeros((640, 640, 3), np.uint8)
    stripes[:, ::2] = 255
    array = to_array(Image.fromarray(stripes), SPEC)
    grey = (0.5 - np.array(SPEC.mean)) / np.array(SPEC.std)
    assert array[:, 8:-8, 8:-8].std(axis=(1, 2)).max() < 0.1
    assert array.mean(axis=(1, 2)) == pytest.approx(grey, abs=0.1)


def test_the_same_picture_gives_the_same_array(photo: Callable[..., bytes]) -> None:
    first, second = (decoded(photo("red", kind=kind)) for kind in ("PNG", "BMP"))
    assert np.array_equal(to_array(first.image, SPEC), to_array(second.image, SPEC))

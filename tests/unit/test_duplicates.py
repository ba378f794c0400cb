import numpy as np
from PIL import Image, ImageFilter

from wreckid.serving.duplicates import fingerprint, groups


def noise(seed: int) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), np.uint8)
    return Image.fromarray(values).resize((320, 240), Image.Resampling.BICUBIC)


def test_a_scaled_and_softened_copy_is_the_same_photo() -> None:
    original = noise(1)
    copy = original.resize((200, 150)).filter(ImageFilter.GaussianBlur(1))
    prints = [fingerprint(original), fingerprint(noise(2)), fingerprint(copy)]
    assert groups(["a", "b", "c"], prints) == (0, 1, 0)


def test_the_same_bytes_are_one_photo_even_without_detail() -> None:
    plain = fingerprint(Image.new("RGB", (300, 200), "white"))
    assert plain is None
    assert groups(["a", "b", "a"], [None, None, None]) == (0, 1, 0)


def test_plain_photos_of_different_bytes_are_not_called_copies() -> None:
    assert groups(["a", "b"], [None, None]) == (0, 1)


def test_a_copy_of_a_copy_is_a_copy() -> None:
    base = np.zeros(256, np.bool_)
    near, far = base.copy(), base.copy()
    near[:25], far[:50] = True, True
    assert groups(["a", "b", "c"], [base, far, near]) == (0, 0, 0)
    assert groups(["a", "b"], [base, far]) == (0, 1)

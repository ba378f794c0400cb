import random

import numpy as np
from PIL import Image, ImageFilter

from wreckid.serving.duplicates import BLOCK, NEAR, alike, fingerprint, first_copies, same


def hash_of(bits: int) -> str:
    return f"{bits:064x}"


def with_flipped(bits: int, count: int) -> int:
    for place in random.Random(bits).sample(range(256), count):
        bits ^= 1 << place
    return bits


def test_equal_keys_are_grouped_and_empty_ones_stay_alone() -> None:
    assert same(["a", "", "b", "a", "", "b", "c", "a"]) == [[0, 3, 7], [2, 5]]


def test_hashes_are_alike_up_to_the_limit() -> None:
    first = random.Random(1).getrandbits(256)
    near, far = with_flipped(first, NEAR), with_flipped(first, NEAR + 1)
    assert alike([hash_of(first), hash_of(near)]) == [[0, 1]]
    assert alike([hash_of(first), hash_of(far)]) == []


def test_likeness_goes_through_others_and_across_blocks() -> None:
    chance = random.Random(2)
    others = [hash_of(chance.getrandbits(256)) for _ in range(2 * BLOCK)]
    first = chance.getrandbits(256)
    second = with_flipped(first, 30)
    third = second
    for place in [place for place in range(256) if not (first ^ second) >> place & 1][:30]:
        third ^= 1 << place
    hashes = [hash_of(first), *others, hash_of(third), "", hash_of(second), hash_of(first)]
    count = len(others)
    assert alike(hashes) == [[0, count + 1, count + 3, count + 4]]


def test_nothing_is_like_nothing() -> None:
    assert alike([]) == alike(["", ""]) == []


def noise(seed: int) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), np.uint8)
    return Image.fromarray(values).resize((320, 240), Image.Resampling.BICUBIC)


def test_a_scaled_and_softened_copy_is_the_same_photo() -> None:
    original = noise(1)
    copy = original.resize((200, 150)).filter(ImageFilter.GaussianBlur(1))
    prints = [fingerprint(original), fingerprint(noise(2)), fingerprint(copy)]
    assert first_copies(["a", "b", "c"], prints) == (0, 1, 0)


def test_the_same_bytes_are_one_photo_even_without_detail() -> None:
    plain = fingerprint(Image.new("RGB", (300, 200), "white"))
    assert plain == ""
    assert first_copies(["a", "b", "a"], ["", "", ""]) == (0, 1, 0)


def test_plain_photos_of_different_bytes_are_not_called_copies() -> None:
    assert first_copies(["a", "b"], ["", ""]) == (0, 1)


def test_a_copy_of_a_copy_is_a_copy() -> None:
    base, near, far = (hash_of((1 << bits) - 1) for bits in (0, 25, 50))
    assert first_copies(["a", "b", "c"], [base, far, near]) == (0, 0, 0)
    assert first_copies(["a", "b"], [base, far]) == (0, 1)

import random

from wreckid.serving.duplicates import BLOCK, NEAR, alike, same


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

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreckid.datasets.airframes.airframe import Part, build
from wreckid.datasets.airframes.tearing import cut
from wreckid.datasets.airframes.wreckage import (
    DAMAGES,
    FRAGILE,
    SINGLE,
    Parts,
    bounds,
    crumple,
    moved_to,
    posed,
    scattered,
    settled,
    without,
    wrecked,
)
from wreckid.datasets.catalogue import catalogue
from wreckid.datasets.noise import SmoothNoise
from wreckid.datasets.places.clutter import THINGS, confusers

Array = npt.NDArray[np.float64]

SEVERAL = ("shahed-136", "orlan-10", "zala-lancet-3", "tu-141", "aeroprakt-a22-uav", "fpv-quad")
FARTHEST = 0.025 * 12**0.5 * 2**0.5
"""Twelve waves in step, as a share of the part's size: how far a ragged edge can reach."""
SEEDS = st.integers(0, 2**32 - 1)
ANGLES = st.floats(-3.2, 3.2)


def airframe(identifier: str) -> Parts:
    geometry = catalogue().types[identifier].geometry
    assert geometry is not None
    return build(geometry)


AIRFRAMES = {identifier: airframe(identifier) for identifier in SEVERAL}
SMALL = AIRFRAMES["zala-lancet-3"]
several = pytest.mark.parametrize("identifier", SEVERAL)


def vertices(parts: Parts) -> Array:
    return np.concatenate([part.mesh.vertices for part in parts])


def size_of(part: Part) -> float:
    return float(np.ptp(part.mesh.bounds, axis=0).max())


def broken(part: Part, share: float, axis: int, seed: int) -> tuple[Array, Array, Parts]:
    low, high = part.mesh.bounds
    origin, normal = low + (high - low) * share, np.eye(3)[axis]
    return origin, normal, cut(part, origin, normal, np.random.default_rng(seed))


@several
@pytest.mark.parametrize("seed", range(3))
def test_a_cut_loses_no_skin(identifier: str, seed: int) -> None:
    for part in AIRFRAMES[identifier]:
        axis = int(np.argmax(np.ptp(part.mesh.bounds, axis=0)[:2]))
        _, _, pieces = broken(part, 0.3 + 0.2 * seed, axis, seed)
        share = sum(piece.mesh.area for piece in pieces) / part.mesh.area
        assert share > 0.9, part.name
        if part.kind == "wing":
            assert share == pytest.approx(1, abs=0.06), part.name


@given(st.integers(0, len(SMALL) - 1), st.floats(0.2, 0.8), st.integers(0, 2), SEEDS)
def test_both_pieces_lie_on_their_own_side(index: int, share: float, axis: int, seed: int) -> None:
    part = SMALL[index]
    origin, normal, pieces = broken(part, share, axis, seed)
    assert len(pieces) <= 2
    for piece in pieces:
        side = 1 if piece.name.endswith("near piece") else -1
        beyond = side * ((piece.mesh.vertices - origin) @ normal)
        assert beyond.max() <= FARTHEST * size_of(part)
        assert (piece.kind, piece.paint) == (part.kind, part.paint)


def test_a_cut_through_the_middle_gives_two_pieces_with_a_ragged_edge() -> None:
    wing = next(part for part in AIRFRAMES["orlan-10"] if part.kind == "wing")
    origin, normal, pieces = broken(wing, 0.5, 1, seed=1)
    near, far = pieces
    assert (near.name, far.name) == (f"{wing.name}, near piece", f"{wing.name}, far piece")
    edge = near.mesh.vertices[near.mesh.vertices @ normal > origin @ normal - 1e-6]
    assert np.ptp(edge @ normal) > 0.005 * size_of(wing)
    longest = far.mesh.bounds[1] @ normal
    assert longest == pytest.approx(wing.mesh.bounds[1] @ normal)


def test_a_cut_beside_a_part_leaves_it_whole() -> None:
    part = SMALL[0]
    _, _, pieces = broken(part, 3.0, 0, seed=1)
    (whole,) = pieces
    assert whole.mesh.area == pytest.approx(part.mesh.area)
    assert whole.mesh.bounds == pytest.approx(part.mesh.bounds)


@given(st.floats(-2, 2), ANGLES, ANGLES)
def test_settled_parts_are_as_deep_as_they_sank(sunk: float, roll: float, pitch: float) -> None:
    tilted = posed(SMALL, roll=roll, pitch=pitch)
    down = settled(tilted, sunk)
    assert bounds(down)[0, 2] == pytest.approx(-sunk, abs=1e-9)
    assert bounds(down)[:, :2] == pytest.approx(bounds(tilted)[:, :2])


@given(ANGLES, ANGLES, ANGLES)
def test_posing_keeps_distances_and_skins(roll: float, pitch: float, yaw: float) -> None:
    turned = posed(SMALL, roll=roll, pitch=pitch, yaw=yaw)
    before, after = vertices(SMALL)[::97], vertices(turned)[::97]
    assert np.linalg.norm(after[:, None] - after, axis=2) == pytest.approx(
        np.linalg.norm(before[:, None] - before, axis=2), abs=1e-9
    )
    assert [part.mesh.volume for part in turned] == pytest.approx(
        [part.mesh.volume for part in SMALL]
    )


def test_positive_pitch_puts_the_nose_down() -> None:
    steep = vertices(posed(SMALL, pitch=1.0))
    nose, tail = np.argmin(vertices(SMALL)[:, 0]), np.argmax(vertices(SMALL)[:, 0])
    assert steep[nose, 2] < steep[tail, 2]


@given(st.tuples(st.floats(-9, 9), st.floats(-9, 9)))
def test_moving_puts_the_centre_above_the_place(place: tuple[float, float]) -> None:
    there = moved_to(SMALL, np.array(place))
    assert bounds(there).mean(axis=0)[:2] == pytest.approx(np.array(place), abs=1e-9)
    assert bounds(there)[:, 2] == pytest.approx(bounds(SMALL)[:, 2])


@given(SEEDS, st.floats(0, 1), st.sampled_from([FRAGILE, SINGLE, FRAGILE | SINGLE]))
def test_something_is_always_left(seed: int, chance: float, kinds: frozenset[str]) -> None:
    for parts in (SMALL, SMALL[:1]):
        left = without(parts, kinds, chance, np.random.default_rng(seed))  # type: ignore[arg-type]
        assert left
        assert [part for part in parts if part in left] == list(left)
        spared = [part for part in parts if part.kind not in kinds]
        assert all(part in left for part in spared)


def test_what_is_certain_to_be_lost_is_lost() -> None:
    left = without(AIRFRAMES["orlan-10"], FRAGILE, 1, np.random.default_rng(1))
    assert not {part.kind for part in left} & FRAGILE


def test_crumpling_bends_by_its_amount_and_not_at_all_by_none() -> None:
    rng = np.random.default_rng(3)
    assert vertices(crumple(SMALL, 0, rng)) == pytest.approx(vertices(SMALL))
    for part, bent in zip(SMALL, crumple(SMALL, 0.01, rng), strict=True):
        shift = np.linalg.norm(bent.mesh.vertices - part.mesh.vertices, axis=1)
        assert 0 < shift.max() <= 0.01 * size_of(part) * 12**0.5 * 2**0.5 * 3**0.5
        assert (bent.mesh.faces == part.mesh.faces).all()


def test_scattered_groups_keep_their_parts_and_lie_on_the_ground() -> None:
    groups = [SMALL[:2], SMALL[2:]]
    thrown = scattered(groups, 1.0, np.random.default_rng(5))
    assert [part.name for part in thrown] == [part.name for part in SMALL]
    for group in (thrown[:2], thrown[2:]):
        low, high = bounds(group)[:, 2]
        assert -0.2 * (high - low) <= low <= 1e-9


@several
@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_works_on_every_airframe_and_repeats(identifier: str, damage: str) -> None:
    parts = AIRFRAMES[identifier]
    before = vertices(parts)
    for seed in (1, 2):
        wreck, again = (wrecked(parts, damage, np.random.default_rng(seed)) for _ in range(2))
        assert wreck.damage == damage
        assert 0 <= wreck.burnt <= 1
        assert wreck.parts
        assert all(len(part.mesh.faces) > 3 for part in wreck.parts)
        assert np.isfinite(vertices(wreck.parts)).all()
        assert [part.name for part in wreck.parts] == [part.name for part in again.parts]
        assert (vertices(wreck.parts) == vertices(again.parts)).all()
        assert (vertices(parts) == before).all()


@pytest.mark.parametrize("damage", DAMAGES)
def test_another_seed_is_another_wreck(damage: str) -> None:
    one, other = (vertices(wrecked(SMALL, damage, np.random.default_rng(s)).parts) for s in (1, 2))
    assert one.shape != other.shape or not np.allclose(one, other)


@pytest.mark.parametrize("seed", range(8))
def test_damages_look_like_their_names(seed: int) -> None:
    def lying(damage: str) -> Parts:
        return wrecked(SMALL, damage, np.random.default_rng(seed)).parts

    assert {part.name for part in lying("intact")} == {part.name for part in SMALL}
    assert bounds(lying("intact"))[0, 2] >= -1e-9
    assert bounds(lying("airborne"))[0, 2] > size_of(SMALL[0])
    assert bounds(lying("nose-in"))[0, 2] < 0
    assert len(lying("single-part")) == 1
    assert wrecked(SMALL, "burnt-out", np.random.default_rng(seed)).burnt >= 0.4
    spread = np.ptp(bounds(lying("laid-out")), axis=0)
    assert spread[0] * spread[1] > 0 and bounds(lying("laid-out"))[0, 2] == pytest.approx(0)


@several
@given(seed=SEEDS, yaw=ANGLES)
def test_a_torn_wing_keeps_its_root_on_the_hull(identifier: str, seed: int, yaw: float) -> None:
    turned = posed(AIRFRAMES[identifier], yaw=yaw)
    torn = wrecked(turned, "wings-torn", np.random.default_rng(seed)).parts
    pieces: dict[str, list[float]] = {}
    for part in torn:  # The hull comes first.
        if part.kind == "wing":
            pieces.setdefault(part.name.split(",")[0], []).append(abs(part.home[:, 1].mean()))
    assert all(places == sorted(places) for places in pieces.values())


def test_the_left_wing_is_the_pilots() -> None:
    aft, up = np.eye(3)[[0, 2]]
    for part in AIRFRAMES["orlan-10"]:
        side = part.mesh.vertices.mean(axis=0) @ np.cross(-aft, up)
        assert not part.name.startswith("right ") or side > 0
        assert not part.name.startswith("left ") or side < 0


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_airframe_of_one_part_can_be_damaged(damage: str) -> None:
    for part in (SMALL[0], next(part for part in SMALL if part.kind == "propeller")):
        wreck = wrecked((part,), damage, np.random.default_rng(7))
        assert wreck.parts


@pytest.mark.parametrize("make", THINGS, ids=[make.__name__ for make in THINGS])
def test_things_that_lie_around_are_solid_and_of_a_human_scale(
    make: Callable[[np.random.Generator], object],
) -> None:
    for seed in range(4):
        mesh = make(np.random.default_rng(seed))
        corners = np.asarray(mesh.bounds)  # type: ignore[attr-defined]
        assert np.isfinite(corners).all()
        assert 0.02 < np.ptp(corners, axis=0).max() < 8


@pytest.mark.parametrize("seed", range(4))
def test_confusers_lie_on_the_ground_and_repeat(seed: int) -> None:
    heap, again = (confusers(np.random.default_rng(seed)) for _ in range(2))
    assert heap.damage == "confusers"
    assert 1 <= len(heap.parts) <= 5
    assert (vertices(heap.parts) == vertices(again.parts)).all()
    assert abs(bounds(heap.parts)[0, 2]) < 0.2


@given(SEEDS, st.floats(0.1, 10), st.integers(2, 3))
def test_noise_is_a_function_of_the_place(seed: int, wavelength: float, dimensions: int) -> None:
    noise = SmoothNoise(np.random.default_rng(seed), wavelength, dimensions)
    points = np.random.default_rng(seed + 1).normal(size=(50, dimensions)) * 10
    assert noise(points[::-1]) == pytest.approx(noise(points)[::-1])
    assert noise(points + 1e-6 * wavelength) == pytest.approx(noise(points), abs=1e-3)
    assert np.abs(noise(points)).max() <= 12**0.5 * 2**0.5


def test_noise_has_no_mean_and_unit_variance() -> None:
    points = np.random.default_rng(1).uniform(-500, 500, (20_000, 3))
    values = SmoothNoise(np.random.default_rng(2), wavelength=1)(points)
    assert values.mean() == pytest.approx(0, abs=0.05)
    assert values.std() == pytest.approx(1, abs=0.05)

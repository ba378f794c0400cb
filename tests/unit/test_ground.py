"""Grounds and what is around a find: laws that hold for every kind."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wreckid.datasets.airframes.wreckage import bounds
from wreckid.datasets.colour import hue
from wreckid.datasets.places.bystanders import barrier_tape, bystanders, car, fence, person
from wreckid.datasets.places.clutter import beside, confusers
from wreckid.datasets.places.horizon import HORIZONS
from wreckid.datasets.places.painted import Painted, copies
from wreckid.datasets.places.scatter import Plot
from wreckid.datasets.places.terrain import (
    SOILS,
    TERRAINS,
    Terrain,
    random_soil,
    soil_named,
    terrain_of,
)
from wreckid.datasets.places.texture import PIXELS, fractal

SEEDS = st.integers(0, 2**32)
KINDS = pytest.mark.parametrize(
    "kind", TERRAINS, ids=[f"{kind.pattern.__name__}-{kind.horizon}" for kind in TERRAINS]
)


def plot(radius: float = 1.5) -> Plot:
    return Plot(np.array([3.0, -2.0]), radius, 0.5, lambda places: 0.01 * np.sin(places[:, 0]))


@given(SEEDS)
def test_a_ground_fits_the_soil_on_the_wreck(seed: int) -> None:
    rng = np.random.default_rng(seed)
    soil = random_soil(rng)
    assert terrain_of(soil, rng).soil == soil_named(soil)


@pytest.mark.parametrize("name", SOILS)
@pytest.mark.parametrize("light", [0.85, 1.15])
def test_soils_are_told_apart_in_any_brightness(name: str, light: float) -> None:
    assert soil_named(hue(SOILS[name]) * light) == name


@KINDS
@pytest.mark.parametrize("side", [1.0, 12.0])
def test_a_pattern_is_a_surface_that_repeats_without_a_seam(kind: Terrain, side: float) -> None:
    tile = kind.pattern(np.random.default_rng(1), side)
    assert tile.colour.shape == (PIXELS, PIXELS, 3) and tile.height.shape == (PIXELS, PIXELS)
    assert tile.colour.min() > 0 and tile.colour.max() < 0.95
    assert tile.colour.std() > 0.002 and np.abs(tile.height).max() < 0.25


def test_noise_runs_on_over_the_edge() -> None:
    noise = fractal(np.random.default_rng(1), 1.5)
    seam = np.abs(noise[0] - noise[-1]).mean()
    assert seam < 2 * np.abs(np.diff(noise, axis=0)).mean()
    assert noise.std() == pytest.approx(1)


@KINDS
@pytest.mark.parametrize("radius", [0.03, 1.5, 10])
def test_scatter_is_small_work_and_hides_no_wreck(kind: Terrain, radius: float) -> None:
    there = plot(radius)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        pieces = [strew(there, rng) for strew, _ in kind.scatter]
        assert sum(len(piece.faces) for piece in pieces) <= 20_000
        for piece in pieces:
            assert np.isfinite(piece.vertices).all()
            assert piece.faces.max() < len(piece.vertices) == len(piece.colours)
            assert piece.vertices[:, 2].max() < max(0.6 * there.top, 2 * radius)


@pytest.mark.parametrize("name", HORIZONS)
@pytest.mark.parametrize("radius", [0.1, 8])
def test_a_horizon_leaves_room_for_the_wreck(name: str, radius: float) -> None:
    for seed in range(4):
        far = HORIZONS[name](radius, np.random.default_rng(seed))
        assert np.hypot(*far.vertices[:, :2].T).min() > 1.5 * radius


@settings(max_examples=20)
@given(SEEDS)
def test_a_person_stands_and_is_as_tall_as_people_are(seed: int) -> None:
    low, high = np.percentile(person(np.random.default_rng(seed)).vertices, [0, 100], axis=0)
    assert low[2] == pytest.approx(0, abs=0.06)
    assert 1.2 < high[2] < 2.05 and np.ptp([low[1], high[1]]) < 0.9


@pytest.mark.parametrize("make", [car, fence, barrier_tape])
def test_what_stands_around_stands_on_the_ground(
    make: Callable[[np.random.Generator], Painted],
) -> None:
    thing = make(np.random.default_rng(2))
    assert thing.vertices[:, 2].min() == pytest.approx(0, abs=0.1)
    assert 0.8 < thing.vertices[:, 2].max() < 2.5


def test_most_finds_lie_alone() -> None:
    counts = [len(bystanders(plot(), np.random.default_rng(seed))) for seed in range(200)]
    assert 90 < counts.count(0) < 170 and max(counts) > 1


def test_nothing_beside_a_wreck_dwarfs_it() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        wreck = confusers(rng)
        size = np.hypot(*np.ptp(bounds(wreck.parts), axis=0)[:2])
        for part in beside(wreck, rng):
            assert np.ptp(part.mesh.bounds, axis=0).max() < size


def test_copies_are_turned_scaled_and_put_in_place() -> None:
    base = Painted(
        np.array([[1.0, 0, 0], [2, 0, 0], [1, 0, 1]]), np.array([[0, 1, 2]]), np.ones((3, 3))
    )
    places = np.array([[0.0, 0, 0], [10, 0, 1]])
    both = copies(base, places, np.array([1.0, 2]), np.array([0, np.pi / 2]), np.array([0.5, 0.2]))
    assert both.vertices[:3] == pytest.approx(base.vertices)
    assert both.vertices[3] == pytest.approx([10, 2, 1])
    assert both.faces.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert both.colours[[0, 5]] == pytest.approx(np.array([[0.5] * 3, [0.2] * 3]))

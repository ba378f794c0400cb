import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreckid.datasets.airframes.airframe import Part, build, extents
from wreckid.datasets.airframes.variation import varied
from wreckid.datasets.catalogue import catalogue

SEVERAL = ("shahed-136", "orlan-10", "zala-lancet-3", "bayraktar-tb2")
SEEDS = st.integers(0, 2**32 - 1)


def airframe(name: str) -> tuple[Part, ...]:
    geometry = catalogue().types[name].geometry
    assert geometry is not None
    return build(geometry)


def sizes(parts: tuple[Part, ...]) -> np.ndarray:
    return np.array([np.ptp(part.mesh.bounds, axis=0) for part in parts])


@given(st.sampled_from(SEVERAL), SEEDS)
def test_what_is_measured_stays_and_the_rest_changes(name: str, seed: int) -> None:
    before = airframe(name)
    after = varied(before, np.random.default_rng(seed))
    assert [part.name for part in after] == [part.name for part in before]
    longest = sizes(before).max(axis=1)
    kept = np.isclose(sizes(after), longest[:, None], rtol=1e-9).any(axis=1)
    assert kept.all()
    assert not np.allclose(sizes(after), sizes(before), rtol=1e-3)
    assert np.array(extents(after)) == pytest.approx(np.array(extents(before)), rel=0.1)


@given(st.sampled_from(SEVERAL), SEEDS)
def test_left_and_right_stay_alike(name: str, seed: int) -> None:
    parts = {part.name: part for part in varied(airframe(name), np.random.default_rng(seed))}
    left = [part for name, part in parts.items() if name.startswith("left ")]
    assert left
    for part in left:
        other = parts[part.name.replace("left ", "right ")]
        mirrored = other.mesh.bounds[::-1] * [1, -1, 1]
        assert part.mesh.bounds[:, 1] == pytest.approx(mirrored[:, 1])
        assert np.ptp(part.mesh.bounds, axis=0) == pytest.approx(np.ptp(other.mesh.bounds, axis=0))


def test_the_same_seed_gives_the_same_airframe() -> None:
    one, other = (varied(airframe("orlan-10"), np.random.default_rng(5)) for _ in range(2))
    assert sizes(one) == pytest.approx(sizes(other))
    assert not np.allclose(
        sizes(one), sizes(varied(airframe("orlan-10"), np.random.default_rng(6)))
    )

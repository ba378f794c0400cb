"""Laws of paired differences."""

from io import StringIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from wreckid.training.compare import Comparison, Difference, difference

pairs = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def of(hits: list[tuple[bool, bool]], incidents: list[str] | None = None) -> Difference:
    first, second = (np.array(column, np.bool_) for column in zip(*hits, strict=True))
    where = incidents or [str(number) for number in range(len(hits))]
    return difference(first, second, np.array(where))


@given(pairs)
def test_the_interval_holds_the_difference_and_lies_in_range(
    hits: list[tuple[bool, bool]],
) -> None:
    found = of(hits)
    assert -1 <= found.low <= found.difference <= found.high <= 1
    assert found.difference == pytest.approx(found.second - found.first)


@given(pairs)
def test_changing_places_mirrors_the_interval(hits: list[tuple[bool, bool]]) -> None:
    there, back = of(hits), of([(second, first) for first, second in hits])
    assert there.low == pytest.approx(-back.high)
    assert there.high == pytest.approx(-back.low)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_a_release_is_not_distinguishable_from_itself(hits: list[bool]) -> None:
    assert of([(hit, hit) for hit in hits]).outcome == "not distinguishable"


def test_a_few_photos_prove_nothing_and_many_do() -> None:
    assert of([(False, True)] * 2).outcome == "not distinguishable"
    assert of([(False, True)] * 12).outcome == "better"
    assert of([(True, False)] * 12).outcome == "worse"


def test_an_interval_that_few_incidents_stand_behind_is_explained() -> None:
    """Five incidents won and none lost: one in sixteen by chance, whichever is better."""
    first, second = np.zeros(8, np.bool_), np.arange(8) < 5
    few = difference(first, second, np.arange(8).astype(str))
    assert few.low > 0 and few.outcome == "not distinguishable"
    shown = StringIO()
    Console(width=400, file=shown).print(Comparison("A", "B", 0, few, few, {}).view())
    assert "by chance in 6% of cases" in shown.getvalue()


def test_photos_of_one_incident_say_less_than_independent_ones() -> None:
    hits = [(False, True)] * 12
    apart, together = of(hits), of(hits, ["one incident"] * 12)
    assert together.outcome == "not distinguishable"
    assert together.weight < 2 < apart.weight == 12
    assert together.high - together.low > apart.high - apart.low


def test_an_interval_follows_the_published_formula() -> None:
    """Discordant pairs 12 and 2 of 50, both right in 36 (worked by hand from the formula)."""
    hits = [(True, True)] * 36 + [(False, True)] * 12 + [(True, False)] * 2
    found = of(hits)
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx(by_newcombe(36, 12, 2, 0), abs=1e-9)


def by_newcombe(a: int, b: int, c: int, d: int) -> tuple[float, float]:
    """Method 10 in the letters of Newcombe (1998): a both, b second only, c first only, d none."""
    n, z = a + b + c + d, 1.959963984540054

    def wilson(hits: int) -> tuple[float, float]:
        root = z * (z**2 + 4 * hits * (1 - hits / n)) ** 0.5
        return (
            (2 * hits + z**2 - root) / (2 * (n + z**2)),
            (2 * hits + z**2 + root) / (2 * (n + z**2)),
        )

    (l2, u2), (l3, u3) = wilson(a + b), wilson(a + c)
    dl2, du2 = (a + b) / n - l2, u2 - (a + b) / n
    dl3, du3 = (a + c) / n - l3, u3 - (a + c) / n
    product, above = (a + b) * (c + d) * (a + c) * (b + d), float(a * d - b * c)
    if above > 0:
        above = max(above - n / 2, 0)
    phi = above / product**0.5 if product else 0.0
    theta = (b - c) / n
    low = theta - (dl2**2 - 2 * phi * dl2 * du3 + du3**2) ** 0.5
    high = theta + (du2**2 - 2 * phi * du2 * dl3 + dl3**2) ** 0.5
    return low, high

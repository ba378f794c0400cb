import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreckid.training.judging.intervals import proportion
from wreckid.training.judging.measures import calibration_error


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_published(hits: int, count: int, low: float, high: float) -> None:
    """The Wilson intervals of Newcombe, Statistics in Medicine 17 (1998), table I."""
    figure = proportion([True] * hits + [False] * (count - hits))
    assert figure == {
        "value": pytest.approx(hits / count, abs=1e-4),
        "low": pytest.approx(low, abs=1e-4),
        "high": pytest.approx(high, abs=1e-4),
        "count": count,
    }


@given(st.lists(st.booleans(), min_size=1, max_size=300))
def test_the_interval_holds_the_share_and_narrows(hits: list[bool]) -> None:
    one, tenfold = proportion(hits), proportion(hits * 10)
    assert 0 <= one["low"] <= one["value"] <= one["high"] <= 1
    assert one["value"] == tenfold["value"]
    assert tenfold["high"] - tenfold["low"] < one["high"] - one["low"]


def test_nothing_measured_is_no_share() -> None:
    assert proportion([]) == {"count": 0}


def test_perfectly_calibrated_answers_have_no_error() -> None:
    confidence = np.repeat([0.25, 0.5, 0.75, 1.0], 4)
    right = np.array([1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1], bool)
    assert calibration_error(confidence, right) == pytest.approx(0)


def test_the_error_is_the_gap_between_confidence_and_truth() -> None:
    wrong_half = np.array([True, False] * 10)
    assert calibration_error(np.full(20, 0.9), wrong_half) == pytest.approx(0.4)
    assert calibration_error(np.ones(20), wrong_half) == pytest.approx(0.5)
    assert calibration_error(np.ones(20), np.zeros(20, bool)) == pytest.approx(1)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_the_error_is_a_share_and_forgets_the_order(answers: list[tuple[float, bool]]) -> None:
    confidence = np.array([c for c, _ in answers])
    right = np.array([hit for _, hit in answers])
    error = calibration_error(confidence, right)
    assert -1e-9 <= error <= 1 + 1e-9
    assert calibration_error(confidence[::-1], right[::-1]) == pytest.approx(error)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from wreckid.model.preprocessing import SMALLEST_SIDE
from wreckid.training.judging.corruptions import CORRUPTIONS, LEVELS, corrupted
from wreckid.training.judging.intervals import bootstrapped, if_confidence_held, proportion
from wreckid.training.judging.measures import (
    accuracy_at,
    among_first,
    area_under_risks,
    brier,
    calibration_error,
    false_alarms,
    log_loss,
    macro_f1,
    of_types,
    risks,
    separation,
)


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


def test_the_bootstrap_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    sample = np.random.default_rng(1).normal(5, 2, 400)
    error = sample.std() / 20
    figure = bootstrapped(np.mean, sample)
    assert figure["value"] == pytest.approx(sample.mean(), abs=1e-4)
    assert figure["low"] == pytest.approx(sample.mean() - 1.96 * error, abs=0.04)
    assert figure["high"] == pytest.approx(sample.mean() + 1.96 * error, abs=0.04)
    assert figure["count"] == 400


def test_answers_as_right_as_they_are_sure_are_right_by_the_binomial_law() -> None:
    def share(_: np.ndarray, right: np.ndarray) -> float:
        return float(right.mean())

    figure = if_confidence_held(share, np.full(100, 0.7))
    assert figure["value"] == pytest.approx(0.7, abs=0.01)
    assert figure["low"] == pytest.approx(0.61, abs=0.02)
    assert figure["high"] == pytest.approx(0.79, abs=0.02)
    assert if_confidence_held(share, np.empty(0)) == {"count": 0}


def test_few_answers_look_ill_calibrated_by_chance_alone() -> None:
    sure = np.random.default_rng(2).uniform(0.2, 1, 4000)
    few, many = (if_confidence_held(calibration_error, sure[:count]) for count in (40, 4000))
    assert few["value"] > 0.1
    assert many["value"] < 0.03
    certain = if_confidence_held(calibration_error, np.ones(40))
    assert certain["value"] == certain["high"] == 0


def test_rows_that_belong_together_are_resampled_together() -> None:
    values = np.arange(50.0)
    same = bootstrapped(lambda one, other: float(abs(one - other).max()), values, values)
    assert (same["value"], same["low"], same["high"], same["count"]) == (0, 0, 0, 50)


def test_samples_of_their_own_are_counted_together() -> None:
    figure = bootstrapped(separation, np.arange(5.0), np.arange(10.0, 17), paired=False)
    assert figure == {"value": 1, "low": 1, "high": 1, "count": 12}


def test_the_bootstrap_of_nothing_is_no_figure() -> None:
    assert bootstrapped(np.mean, np.empty(0)) == {"count": 0}
    assert bootstrapped(np.mean, np.array([3.0])) == {"value": 3, "low": 3, "high": 3, "count": 1}


POSTERIOR = np.array([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5], [0.1, 0.8, 0.1], [0.4, 0.35, 0.25]])
LABELS = np.array([0, 1, 1, 2])


def test_the_right_class_among_the_first() -> None:
    assert among_first(POSTERIOR, LABELS, 1).tolist() == [True, False, True, False]
    assert among_first(POSTERIOR, LABELS, 2).tolist() == [True, True, True, False]
    assert among_first(POSTERIOR, LABELS, 3).all()


def test_that_there_is_no_uav_takes_no_place_among_candidates() -> None:
    posterior = np.array([[0.1, 0.3, 0.6], [0.5, 0.2, 0.3]])
    classes = ("orlan-10", "shahed-136", "not-a-uav")
    assert among_first(of_types(posterior, classes), np.array([1, 0]), 1).all()
    assert of_types(posterior, classes)[:, :2].tolist() == posterior[:, :2].tolist()


def test_figures_of_a_small_table_worked_by_hand() -> None:
    assert macro_f1(POSTERIOR, LABELS) == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    shares = np.array([0.6, 0.3, 0.8, 0.25])
    assert log_loss(POSTERIOR, LABELS) == pytest.approx(-np.log(shares).mean())
    rows = (0.26, 0.78, 0.06, 0.845)
    assert brier(POSTERIOR, LABELS) == pytest.approx(sum(rows) / 4)


def test_risk_grows_as_less_sure_answers_are_added() -> None:
    confidence, right = np.array([0.5, 0.9, 0.7, 0.6]), np.array([False, True, True, False])
    assert risks(confidence, right).tolist() == [0, 0, 1 / 3, 1 / 2]
    assert area_under_risks(confidence, right) == pytest.approx((1 / 3 + 1 / 2) / 4)
    assert accuracy_at(0.5, confidence, right).tolist() == [True, True]
    assert accuracy_at(0.8, confidence, right).tolist() == [True, True, False, False]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_the_risk_at_full_coverage_is_the_share_of_errors(
    answers: list[tuple[float, bool]],
) -> None:
    confidence = np.array([c for c, _ in answers])
    right = np.array([hit for _, hit in answers])
    assert risks(confidence, right)[-1] == pytest.approx((~right).mean())
    assert 0 <= area_under_risks(confidence, right) <= 1


def test_scores_that_separate_and_scores_that_do_not() -> None:
    low, high = np.linspace(0, 1, 40), np.linspace(2, 3, 40)
    assert (separation(low, high), false_alarms(low, high)) == (1, 0)
    assert (separation(high, low), false_alarms(high, low)) == (0, 1)
    assert separation(low, low) == pytest.approx(0.5)


def noise() -> Image.Image:
    values = np.random.default_rng(5).integers(0, 255, (90, 120, 3), np.uint8)
    return Image.fromarray(values).resize((480, 360), Image.Resampling.BICUBIC)


def change(image: Image.Image, other: Image.Image) -> float:
    """Mean difference of pixels, both pictures brought to one size."""
    alike = other.resize(image.size)
    return float(np.abs(np.asarray(image, float) - np.asarray(alike, float)).mean())


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_each_level_harms_more_and_the_picture_stays_as_it_is(kind: str) -> None:
    image = noise()
    before = image.tobytes()
    harmed = [corrupted(image, kind, level, np.random.default_rng(1)) for level in LEVELS]
    again = corrupted(image, kind, 5, np.random.default_rng(1))
    changes = [change(image, one) for one in harmed]
    assert image.tobytes() == before
    assert harmed[-1].tobytes() == again.tobytes()
    assert all(one.mode == "RGB" for one in harmed)
    assert 0 < changes[0] < changes[-1]
    if kind != "crop":  # A small window changes nearly every pixel at once.
        assert changes == sorted(changes)
    assert all(one.size == image.size for one in harmed) or kind == "crop"


@given(
    size=st.tuples(st.integers(SMALLEST_SIDE, 200), st.integers(SMALLEST_SIDE, 200)),
    kind=st.sampled_from(list(CORRUPTIONS)),
    level=st.sampled_from(LEVELS),
    seed=st.integers(0, 9),
)
def test_no_corruption_makes_a_photo_too_small_to_be_read(
    size: tuple[int, int], kind: str, level: int, seed: int
) -> None:
    image = Image.new("RGB", size, "red")
    harmed = corrupted(image, kind, level, np.random.default_rng(seed))
    for before, after in zip(image.size, harmed.size, strict=True):
        assert SMALLEST_SIDE <= after <= before


def test_perfectly_calibrated_answers_have_no_error() -> None:
    confidence = np.repeat([0.25, 0.5, 0.75, 1.0], 4)
    right = np.array([1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1], bool)
    assert calibration_error(confidence, right) == pytest.approx(0, abs=1e-6)


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

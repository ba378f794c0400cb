import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreckid.model.confidence import prediction_set, probabilities
from wreckid.training.calibrate import conformal_quantile, fit_temperature


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_the_temperature_that_made_the_logits_is_found(temperature: float) -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (4000, 6))
    shares = probabilities(logits, 1)
    labels = np.array([rng.choice(6, p=row) for row in shares])
    assert fit_temperature(logits * temperature, labels) == pytest.approx(temperature, rel=0.08)


def test_a_network_that_is_too_sure_is_cooled() -> None:
    logits = np.tile([[9.0, 0.0, 0.0]], (100, 1))
    labels = np.array([0] * 60 + [1] * 40)
    temperature = fit_temperature(logits, labels)
    assert probabilities(logits[0], temperature)[0] == pytest.approx(0.6, abs=0.01)


def test_a_class_that_never_comes_up_does_no_harm() -> None:
    logits = np.random.default_rng(1).normal(size=(50, 4))
    assert np.isfinite(fit_temperature(logits, np.zeros(50, np.int64)))


@given(st.integers(9, 400), st.floats(0.5, 0.9), st.integers(0, 99))
def test_the_quantile_covers_the_next_of_exchangeable_scores(
    count: int, coverage: float, seed: int
) -> None:
    scores = np.random.default_rng(seed).random(count)
    below = int((scores <= conformal_quantile(scores, coverage)).sum())
    assert below / (count + 1) >= coverage - 1e-9
    assert below / (count + 1) <= coverage + 3 / (count + 1)


def test_prediction_sets_hold_the_right_class_as_often_as_promised() -> None:
    rng = np.random.default_rng(2)
    shares = probabilities(rng.normal(0, 2, (3000, 5)), 1)
    labels = np.array([rng.choice(5, p=row) for row in shares])
    right = shares[np.arange(3000), labels]
    quantile = conformal_quantile(1 - right[:1000], 0.9)
    held = [
        label in prediction_set(row, quantile)
        for row, label in zip(shares[1000:], labels[1000:], strict=True)
    ]
    assert np.mean(held) == pytest.approx(0.9, abs=0.03)


def test_the_order_of_scores_does_not_matter() -> None:
    scores = np.random.default_rng(3).random(50)
    assert conformal_quantile(scores, 0.9) == conformal_quantile(np.sort(scores), 0.9)
    assert conformal_quantile(scores, 0.9) in scores

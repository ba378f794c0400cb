import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_ood.detector import GEN

from wreckid.datasets.catalogue import NOT_A_UAV
from wreckid.model.confidence import (
    energy,
    generalised_entropy,
    leading_family,
    prediction_set,
    probabilities,
    ranking,
)

LOGITS = st.lists(st.floats(-500, 500), min_size=2, max_size=40)
TEMPERATURES = st.floats(0.05, 20)


@given(LOGITS, TEMPERATURES)
def test_probabilities_add_up_and_keep_the_order(logits: list[float], temperature: float) -> None:
    values = probabilities(logits, temperature)
    assert values.sum() == pytest.approx(1)
    assert (values >= 0).all()
    assert values[int(np.argmax(logits))] == values.max()


@given(LOGITS, TEMPERATURES, st.floats(-100, 100))
def test_a_shift_of_all_logits_changes_energy_only(
    logits: list[float], temperature: float, shift: float
) -> None:
    shifted = np.array(logits) + shift
    assert probabilities(shifted, temperature) == pytest.approx(
        probabilities(logits, temperature), abs=1e-9
    )
    assert energy(shifted, temperature) == pytest.approx(energy(logits, temperature) - shift)


def test_a_high_temperature_is_modest() -> None:
    assert probabilities([3, 0, 0], 10).max() < probabilities([3, 0, 0], 1).max()


def test_probabilities_of_known_logits() -> None:
    assert probabilities([[np.log(3), 0.0]], 1) == pytest.approx(np.array([[0.75, 0.25]]))


def test_the_leading_family_is_that_of_the_largest_sum_and_no_uav_is_none() -> None:
    posterior = [[0.4, 0.2, 0.3, 0.1], [0.2, 0.1, 0.05, 0.65]]
    names, sums = leading_family(posterior, ("wing", "tube", "tube", NOT_A_UAV))
    assert names.tolist() == ["tube", "wing"]
    assert sums == pytest.approx(np.array([0.5, 0.2]))


def test_weak_logits_have_the_higher_energy() -> None:
    assert energy([0.1, 0.2, 0.0], 1) > energy([9.0, 0.2, 0.0], 1)
    assert energy([0.0, 0.0], 2) == pytest.approx(-2 * np.log(2))


@given(st.lists(LOGITS.filter(lambda row: len(row) > 4), min_size=1, max_size=3))
def test_the_generalised_entropy_is_that_of_the_reference(rows: list[list[float]]) -> None:
    logits = np.array([row[:5] for row in rows])
    expected = GEN.score(torch.from_numpy(logits), gamma=0.1).numpy()
    assert generalised_entropy(logits, 1) == pytest.approx(expected, rel=1e-4)


def test_spread_probabilities_have_the_higher_generalised_entropy() -> None:
    flat, sure = generalised_entropy([[1.0, 1.1, 0.9], [9.0, 0.0, 0.0]], 1)
    assert flat > sure
    assert generalised_entropy([9.0, 0.0, 0.0], 5) > sure


@given(LOGITS, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_quantile_only_adds_classes(logits: list[float], one: float, other: float) -> None:
    values = probabilities(logits, 1)
    small, large = sorted((one, other))
    admitted = prediction_set(values, large)
    assert prediction_set(values, small) == admitted[: len(prediction_set(values, small))]
    assert all(values[index] >= 1 - large - 1e-12 for index in admitted)


def test_a_set_holds_the_conforming_classes_in_order() -> None:
    assert prediction_set([0.2, 0.5, 0.3], 0.75) == (1, 2)
    assert prediction_set([0.2, 0.5, 0.3], 0.4) == ()


def test_ties_rank_in_the_order_of_the_classes() -> None:
    assert ranking([0.25, 0.5, 0.25]) == (1, 0, 2)

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreckid.datasets.catalogue import NOT_A_UAV
from wreckid.model.confidence import prediction_set, probabilities
from wreckid.training.calibrate import (
    COVERAGE,
    ENOUGH,
    ENOUGH_OF_A_KIND,
    RARE,
    RIGHT,
    STRICTEST,
    Floats,
    Ints,
    conformal_quantile,
    fit_temperature,
    fit_thresholds,
    sample,
)
from wreckid.training.data import DataError, LabelledPhoto


def drawn(count: int, seed: int) -> tuple[Floats, Ints]:
    """Calibrated answers over five classes."""
    rng = np.random.default_rng(seed)
    posterior = probabilities(rng.normal(0, 2, (count, 5)), 1)
    return posterior, np.array([rng.choice(5, p=row) for row in posterior])


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


@given(st.integers(9, 400), st.integers(0, 99))
def test_the_quantile_covers_the_next_of_exchangeable_scores(count: int, seed: int) -> None:
    posterior, labels = drawn(count, seed)
    scores = 1 - posterior[np.arange(count), labels]
    below = int((scores <= conformal_quantile(posterior, labels) + 1e-12).sum())
    assert below / (count + 1) >= COVERAGE - 1e-9
    assert below / (count + 1) <= COVERAGE + 2 / (count + 1)


def test_prediction_sets_hold_the_right_class_as_often_as_promised() -> None:
    posterior, labels = drawn(3000, seed=2)
    quantile = conformal_quantile(posterior[:1000], labels[:1000])
    held = [
        label in prediction_set(row, quantile)
        for row, label in zip(posterior[1000:], labels[1000:], strict=True)
    ]
    assert np.mean(held) == pytest.approx(COVERAGE, abs=0.03)


CLASSES = ("shahed-136", "shahed-131", "orlan-10", NOT_A_UAV)
FAMILIES = ("delta-pusher", "delta-pusher", "conventional-tractor", NOT_A_UAV)


def answers(count: int, sharpness: float, seed: int) -> tuple[Floats, Ints]:
    """Calibrated answers of a network over four classes, right the more often the sharper."""
    rng = np.random.default_rng(seed)
    posterior = probabilities(rng.normal(0, sharpness, (count, len(CLASSES))), 1)
    return posterior, np.array([rng.choice(len(CLASSES), p=row) for row in posterior])


def test_fitted_thresholds_keep_their_promises_on_new_pictures() -> None:
    thresholds, uncertified = fit_thresholds(*answers(1500, 6, seed=1), CLASSES, FAMILIES)
    posterior, labels = answers(6000, 6, seed=2)
    assert uncertified == ()
    leader = posterior[:, :3].max(axis=1)
    named = leader >= thresholds.type
    right = posterior[:, :3].argmax(axis=1) == labels
    none = labels == 3
    assert right[named].mean() >= RIGHT.level
    assert named[none].mean() <= RARE.level
    of_family = np.column_stack([posterior[:, :2].sum(axis=1), posterior[:, 2]])
    reached = of_family.max(axis=1) >= thresholds.family
    leads = of_family.argmax(axis=1) == np.array([0, 0, 1, -1])[labels]
    assert leads[reached].mean() >= RIGHT.level
    assert reached[none].mean() <= RARE.level
    assert reached.mean() > named.mean()
    assert (1 - posterior[none, 3] >= thresholds.uav).mean() <= RARE.level
    assert (posterior[~none, 3] >= thresholds.not_a_uav).mean() <= RARE.level
    assert named.mean() > 0.3


def test_a_guessing_network_names_hardly_anything() -> None:
    thresholds, uncertified = fit_thresholds(*answers(600, 0.3, seed=3), CLASSES, FAMILIES)
    assert "type" in uncertified
    assert thresholds.type == STRICTEST


@pytest.mark.parametrize(
    ("others", "shown"), [(ENOUGH_OF_A_KIND, True), (ENOUGH_OF_A_KIND - 1, False)]
)
def test_so_many_pictures_show_that_something_is_rare_and_fewer_do_not(
    others: int, shown: bool
) -> None:
    labels = np.array([0] * 255 + [3] * others)
    _, uncertified = fit_thresholds(np.eye(4)[labels], labels, CLASSES, FAMILIES)
    assert ("uav" not in uncertified) is shown


def test_without_pictures_of_no_uav_nothing_is_promised_about_them() -> None:
    posterior, _ = answers(400, 6, seed=4)
    labels = posterior[:, :3].argmax(axis=1)
    thresholds, uncertified = fit_thresholds(posterior, labels, CLASSES, FAMILIES)
    assert {"type", "family", "uav"} <= set(uncertified)
    assert thresholds.uav == STRICTEST


def test_a_type_is_named_only_where_both_of_its_promises_are_shown() -> None:
    """Right above 0.5 but not above 0.86, and rare without a UAV above 0.86 alone."""
    rng = np.random.default_rng(5)
    leader = np.concatenate([rng.uniform(0.5, 0.9, 900), rng.uniform(0.9, 1, 60)])
    rest = np.zeros(960)
    known = np.column_stack([leader, rest, 1 - leader, rest])
    nothing = np.tile([[0.85, 0.0, 0.0, 0.15]], (100, 1))
    labels = np.repeat([0, 1, 3], [900, 60, 100])
    thresholds, uncertified = fit_thresholds(
        np.concatenate([known, nothing]), labels, CLASSES, FAMILIES
    )
    assert "type" in uncertified
    assert thresholds.type == STRICTEST


def photos(count: int, label: str = "orlan-10") -> tuple[LabelledPhoto, ...]:
    return tuple(LabelledPhoto(Path(f"{number}.jpg"), label, "") for number in range(count))


def test_real_photos_are_fitted_on_only_where_they_are_enough() -> None:
    renders = photos(20)
    few = sample(renders, photos(ENOUGH - 1), CLASSES)
    assert (few.real, few.pictures, few.photos_offered) == (False, renders, ENOUGH - 1)
    both = photos(ENOUGH - ENOUGH_OF_A_KIND) + photos(ENOUGH_OF_A_KIND, NOT_A_UAV)
    enough = sample(renders, both, CLASSES)
    assert enough.real and enough.pictures == both
    strangers = sample(renders, photos(ENOUGH, "ghost-9"), CLASSES)
    assert not strangers.real


@pytest.mark.parametrize(("kind", "other"), [("orlan-10", NOT_A_UAV), (NOT_A_UAV, "orlan-10")])
def test_photos_of_one_kind_are_not_enough_however_many(kind: str, other: str) -> None:
    offered = photos(2 * ENOUGH, kind) + photos(ENOUGH_OF_A_KIND - 1, other)
    assert not sample(photos(20), offered, CLASSES).real


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(DataError, match="cannot be fitted on 3 pictures of UAVs: render more"):
        sample(photos(3) + photos(20, NOT_A_UAV), (), CLASSES)

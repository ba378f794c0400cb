import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreckid.model.pooling import disagreement, effective, floored, pool, shares

CLASSES = 5
row = st.lists(st.floats(0, 1), min_size=CLASSES, max_size=CLASSES).filter(
    lambda weights: sum(weights) > 0.01
)
rows = st.lists(row, min_size=1, max_size=6)


def distributions(weights: list[list[float]]) -> npt.NDArray[np.float64]:
    values = np.array(weights)
    return np.asarray(values / values.sum(axis=1, keepdims=True))


@given(rows)
def test_pooling_gives_a_distribution_without_certainty(weights: list[list[float]]) -> None:
    pooled = pool(distributions(weights), range(len(weights)))
    assert pooled.sum() == pytest.approx(1)
    assert pooled.min() > 0 and pooled.max() < 1


@given(rows, st.randoms())
def test_the_order_of_photos_does_not_matter(weights: list[list[float]], random: object) -> None:
    values = distributions(weights)
    order = list(range(len(values)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert pool(values[order], range(len(values))) == pytest.approx(
        pool(values, range(len(values)))
    )


@given(rows, st.integers(0, 5), st.integers(1, 4))
def test_a_copy_changes_nothing(weights: list[list[float]], which: int, times: int) -> None:
    values, which = distributions(weights), which % len(weights)
    groups = list(range(len(values)))
    copied = np.concatenate([values, np.repeat(values[which : which + 1], times, axis=0)])
    with_copies = groups + [which] * times
    assert pool(copied, with_copies) == pytest.approx(pool(values, groups))
    assert disagreement(copied, with_copies) == pytest.approx(disagreement(values, groups))


@given(row)
def test_one_photo_is_itself(weights: list[float]) -> None:
    values = distributions([weights])
    assert pool(values, [0]) == pytest.approx(floored(values[0]))


def test_photos_that_agree_are_more_certain_than_one_and_less_than_if_independent() -> None:
    values = np.array([[0.6, 0.2, 0.1, 0.05, 0.05]] * 4)
    together = pool(values, range(4))
    independent = values.prod(axis=0) / values.prod(axis=0).sum()
    assert values[0, 0] < together[0] < independent[0]


def test_many_photos_are_never_worth_more_than_two() -> None:
    assert effective(1) == 1
    assert effective(2) == pytest.approx(4 / 3)
    assert effective(16) < effective(1000) < 2


def test_what_all_photos_allow_wins_over_what_one_likes() -> None:
    values = np.array([[0.9, 0.099, 0.001], [0.001, 0.099, 0.9], [0.001, 0.9, 0.099]])
    assert pool(values, range(3)).argmax() == 1


def test_disagreement_runs_from_same_to_opposite() -> None:
    same = np.array([[0.7, 0.2, 0.1]] * 2)
    opposite = np.array([[1.0, 0, 0], [0, 1.0, 0]])
    assert disagreement(same, [0, 1]) == pytest.approx(0, abs=1e-12)
    assert disagreement(opposite, [0, 1]) > 0.95
    assert disagreement(opposite, [0, 0]) == 0


def test_copies_share_one_voice() -> None:
    assert shares([0, 1, 0, 0]) == pytest.approx([1 / 6, 1 / 2, 1 / 6, 1 / 6])

"""Work in order, and never much of it under way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreckid.datasets.spread import AHEAD, in_order, on_pool


@given(st.lists(st.integers()), st.integers(1, 4))
def test_results_are_in_order_and_few_are_under_way(inputs: list[int], workers: int) -> None:
    begun, ended = 0, 0

    def submit(one: int) -> int:
        nonlocal begun
        begun += 1
        assert begun - ended <= AHEAD * workers + 1
        return one

    def result(one: int) -> str:
        nonlocal ended
        ended += 1
        return str(one)

    assert list(in_order(submit, result, inputs, workers)) == [str(one) for one in inputs]


def test_an_endless_list_is_taken_as_results_are_asked_for() -> None:
    taken = 0

    def endless() -> Iterator[int]:
        nonlocal taken
        while True:
            yield taken
            taken += 1

    results = on_pool(ThreadPoolExecutor(2), 2, str, endless())
    assert [next(results) for _ in range(10)] == [str(number) for number in range(10)]
    assert taken < 10 + AHEAD * 2 + 2
    results.close()  # type: ignore[attr-defined]


def test_what_fails_fails_where_its_result_is_asked_for() -> None:
    results = on_pool(ThreadPoolExecutor(2), 2, lambda one: 1 // one, [1, 0, 1])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)

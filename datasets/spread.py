"""One pure function over many inputs, its results in order, wherever it runs."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, Literal, Protocol, TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")
Task = TypeVar("Task")

EngineName = Literal["local", "ray"]

AHEAD = 2
"""Inputs that wait or are worked on, for each worker."""


class Engine(Protocol):
    """Applies a function to inputs: in processes here, or on a cluster."""

    def __call__(
        self, function: Callable[[Given], Made], inputs: Iterable[Given], /
    ) -> Iterator[Made]:
        """The results, in the order of the inputs."""


def in_order(
    submit: Callable[[Given], Task],
    result: Callable[[Task], Made],
    inputs: Iterable[Given],
    workers: int,
) -> Iterator[Made]:
    """Results in the order of their inputs; few are ever under way, however many inputs.

    Args:
        submit: begins the work on an input.
        result: waits for its end.
        inputs: taken one by one, as results are asked for.
        workers: how many inputs are worked on at once.
    """
    waiting: deque[Task] = deque()
    for one in inputs:
        waiting.append(submit(one))
        if len(waiting) > AHEAD * workers:
            yield result(waiting.popleft())
    while waiting:
        yield result(waiting.popleft())


def on_pool(
    pool: Executor, workers: int, function: Callable[[Given], Made], inputs: Iterable[Given]
) -> Iterator[Made]:
    """Apply a function with the workers of a pool, and end the pool with the results."""
    try:
        yield from in_order(lambda one: pool.submit(function, one), Future.result, inputs, workers)
    finally:
        pool.shutdown(cancel_futures=True)


def on_processes(
    function: Callable[[Given], Made], inputs: Iterable[Given], workers: int | None = None
) -> Iterator[Made]:
    """Apply a function in processes of this machine, one a core unless said otherwise."""
    count = workers or os.cpu_count() or 1
    pool = ProcessPoolExecutor(count, get_context("spawn"), _begin, (function,))
    yield from on_pool(pool, count, _apply, inputs)


_kept: list[Callable[[Any], Any]] = []
"""In a process of a pool, the function that it was started for: it travels once."""


def _begin(function: Callable[[Any], Any]) -> None:
    """Make a process ready for work, and have it end when the one that started it is killed."""
    _kept[:] = [function]
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _apply(one: Any) -> Any:
    return _kept[0](one)

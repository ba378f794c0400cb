"""One pure function over many inputs on a Ray cluster.

What is lost with a node or a worker is made again elsewhere, as often as Ray retries a task; and so
is what a dying node still reports as a failure of Ray's own.
"""

import logging
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import ray
from ray.exceptions import RayError, RayTaskError

from wreckid.datasets.errors import SetupError
from wreckid.datasets.spread import Given, Made, in_order

ADDRESS = "RAY_ADDRESS"
"""The variable that names the cluster, by Ray's own convention."""
KNOCK_S = 10.0
"""Seconds that a cluster may take to answer; Ray itself would wait for minutes."""


def join() -> None:
    """Join the cluster that `RAY_ADDRESS` names, or else one on this machine.

    Raises:
        SetupError: no cluster answers there, or not to this machine.
    """
    address = os.environ.get(ADDRESS, "")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would tell its makers.
    try:
        _knock(address)
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, ValueError) as error:
        raise SetupError(
            f"No Ray cluster answers at {address}: start it, or correct {ADDRESS}."
        ) from error
    except RuntimeError as error:  # Another version of Ray; or this machine is no node of it.
        raise SetupError(f"Ray cannot be joined: {' '.join(str(error).split())}") from error


def on_cluster(function: Callable[[Given], Made], inputs: Iterable[Given]) -> Iterator[Made]:
    """Apply a function to inputs on all cores of the cluster that was joined.

    Args:
        function: travels to each worker once, and is kept there.
        inputs: taken one by one, as results are asked for.

    Yields:
        The results, in the order of the inputs.

    Raises:
        SetupError: work was lost again and again.
    """
    kept = [ray.put(function)]  # In a list, Ray hands on the reference and not the function.
    task = ray.remote(_applied).options(retry_exceptions=[RayError])
    cores = int(ray.cluster_resources().get("CPU", 1))
    yield from in_order(lambda one: task.remote(kept, one), _result, inputs, cores)


def _knock(address: str) -> None:
    """Find out whether anything listens at HOST:PORT; other kinds of address are Ray's own."""
    host, port = _host_and_port(address)
    if host and port:
        socket.create_connection((host, port), KNOCK_S).close()


def _host_and_port(address: str) -> tuple[str | None, int | None]:
    parts = urlsplit(address if "://" in address else f"//{address}")
    return parts.hostname, parts.port


def _applied(kept: list[Any], one: Any) -> Any:
    return _fetched(kept[0])(one)


@cache
def _fetched(reference: Any) -> Callable[[Any], Any]:
    return ray.get(reference)  # type: ignore[no-any-return]


def _result(task: Any) -> Any:
    try:
        return ray.get(task)
    except RayError as error:
        cause = error.cause if isinstance(error, RayTaskError) else error
        if not isinstance(cause, RayError):
            raise cause from None
        raise SetupError(
            f"The Ray cluster lost the same work again and again ({type(cause).__name__}):"
            " see its logs; the same command goes on."
        ) from error

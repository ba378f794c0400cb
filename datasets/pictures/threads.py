"""How many threads Mitsuba works with in this process.

A process for each core, with one thread each, draws more than threads that wait for one another.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import drjit as dr


def one_thread() -> None:
    """Keep Mitsuba to one thread."""
    dr.set_thread_count(1)


@contextmanager
def a_second_thread() -> Iterator[None]:
    """Lend Mitsuba a second thread: alone, one waits for ever for EXR files read or written."""
    before = dr.thread_count()
    dr.set_thread_count(2)
    try:
        yield
    finally:
        dr.set_thread_count(before)

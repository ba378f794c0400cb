"""Ctrl-C as a question asked at safe moments, so that nothing is torn."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Tells whether Ctrl-C or a request to end came; a second one ends at once."""
    asked = False
    before = {one: signal.getsignal(one) for one in SIGNALS}

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        signal.signal(number, signal.SIG_DFL)

    for one in SIGNALS:
        signal.signal(one, ask)
    try:
        yield lambda: asked
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)

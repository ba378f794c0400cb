"""One command at a time in a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from wreckid.datasets.errors import SetupError


@contextmanager
def alone(lock: Path, refusal: str) -> Iterator[None]:
    """Hold a lock, or refuse at once where another command holds it.

    Args:
        lock: an empty file, made if missing.
        refusal: what to do instead, in one sentence.

    Raises:
        SetupError: another command holds it.
    """
    try:
        with FileLock(lock, timeout=0):
            yield
    except Timeout as error:
        raise SetupError(refusal) from error

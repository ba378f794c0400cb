"""The one family of expected failures, and words for common ones."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any


class SetupError(Exception):
    """Something that was set up or asked for cannot work; the message is what to tell a person."""


def refuse_unless_empty(out: Path) -> None:
    """See that nothing would be mixed with what is there already.

    Raises:
        SetupError: the folder holds something.
    """
    if out.exists() and any(out.iterdir()):
        raise SetupError(f"{out} is not empty: choose another --out.")


def refuse_unless_drawable(file: Path, *endings: str) -> None:
    """See that a picture can be put where it was asked for, before it is drawn.

    Raises:
        SetupError: its name ends otherwise, or its folder is missing.
    """
    if file.suffix.lower() not in endings:
        raise SetupError(f"{file} must end in {' or '.join(endings)}.")
    if not file.parent.is_dir():
        raise SetupError(f"{file} needs the folder {file.parent}: make it first.")


def first_problem(problems: Sequence[Any], *within: str) -> str:
    """The first problem that pydantic found, as `field: words` without a full stop.

    Args:
        problems: what `errors()` of a `ValidationError` gives.
        within: names of what holds the field.
    """
    first = problems[0]
    steps = (*within, *(str(step) for step in first["loc"] if step != "function-after"))
    words = first["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{'.'.join(steps)}: {words}" if steps else words

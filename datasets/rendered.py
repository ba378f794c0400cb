"""What lies in the folder of a rendered set beside its pictures."""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from wreckid.datasets.errors import SetupError

MANIFEST = "manifest.jsonl"
"""A JSON line a picture."""
SETTINGS = "settings.json"
"""What decides the pictures of the set, written as it begins; older sets have none."""
UNFINISHED = "unfinished"
"""An empty file, there from the start of a rendering to its end."""
LOCK = ".lock"
"""An empty file, locked by the command that renders."""


def read_rows(manifest: Path, lines: Sequence[bytes]) -> list[dict[str, Any]]:
    """The rows in lines of a manifest.

    Raises:
        SetupError: a line is no row.
    """
    return [_row(manifest, number, line) for number, line in enumerate(lines, start=1)]


def _row(manifest: Path, number: int, line: bytes) -> dict[str, Any]:
    with suppress(ValueError):
        row = json.loads(line)
        if isinstance(row, dict):
            return row
    raise SetupError(
        f"{manifest}, line {number} is no row: cut the file off there, and repeat the command"
        " that renders the set."
    )

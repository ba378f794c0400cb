"""What lies in the folder of a rendered set beside its pictures."""

import json
from collections.abc import Iterable
from typing import Any

MANIFEST = "manifest.jsonl"
"""A JSON line a picture."""
SETTINGS = "settings.json"
"""What decides the pictures of the set, written as it begins; older sets have none."""
UNFINISHED = "unfinished"
"""An empty file, there from the start of a rendering to its end."""
LOCK = ".lock"
"""An empty file, locked by the command that renders."""


def whole_rows(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    """The rows of a manifest, up to the first line that holds none."""
    rows = []
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            break
        if not isinstance(row, dict):
            break
        rows.append(row)
    return rows

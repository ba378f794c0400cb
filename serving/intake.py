"""Photos as they arrive: a label and bytes, or why there are none."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from wreckid.model.preprocessing import Failure

MOST_BYTES = 64 * 2**20
"""Largest photo that is taken in, at every door."""


@dataclass(frozen=True)
class NamedBytes:
    """One photo as received.

    Attributes:
        name: a label, never a path to open.
        data: the bytes, or why they could not be had.
    """

    name: str
    data: bytes | Failure


def read_photo(file: Path, name: str) -> NamedBytes:
    """Read a photo from disk; a file that cannot be read carries its failure."""
    try:
        if file.stat().st_size > MOST_BYTES:
            return NamedBytes(name, Failure("too-large"))
        return NamedBytes(name, file.read_bytes())
    except OSError:
        return NamedBytes(name, Failure("unreadable"))


def label(name: str) -> str:
    """A file name fit to be shown: no control characters, no broken Unicode."""
    return "".join("�" if unicodedata.category(sign) in ("Cc", "Cs") else sign for sign in name)

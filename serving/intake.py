"""Photos as they arrive: a label and bytes, or why there are none."""

import hashlib
import os
import stat
import unicodedata
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO

from wreckid.model.preprocessing import Failure, pages

MOST_BYTES = 64 * 2**20
"""Largest photo that is taken in, at every door."""

TIFF = (b"II", b"MM")
"""How TIFF files begin, by their order of bytes."""


@dataclass(frozen=True)
class NamedBytes:
    """One photo as received.

    Attributes:
        name: a label, never a path to open.
        data: the bytes, or why they could not be had.
        sha256: hash of a file that is too large to be taken in; else null.
        page: which picture of a file that holds several, from 0; else null.
    """

    name: str
    data: bytes | Failure
    sha256: str | None = None
    page: int | None = None


def read_photo(file: Path, name: str) -> NamedBytes:
    """Read a photo from disk; a file that cannot be read carries its failure."""
    try:
        with os.fdopen(_open_untouched(file), "rb") as stream:
            if os.fstat(stream.fileno()).st_size > MOST_BYTES:
                return too_large(stream, name)
            return NamedBytes(name, _read(stream))
    except (FileNotFoundError, NotADirectoryError):
        return NamedBytes(name, Failure("missing"))
    except (OSError, ValueError):  # A path with a NUL is a ValueError.
        return NamedBytes(name, Failure("unreadable"))


def begins_as_tiff(file: Path) -> bool:
    """Whether a file on disk begins as TIFF files do; none of it but its beginning is read."""
    try:
        with os.fdopen(_open_untouched(file), "rb", buffering=0) as stream:
            return stream.read(len(TIFF[0])) in TIFF
    except (OSError, ValueError):
        return False


def by_page(photo: NamedBytes) -> tuple[NamedBytes, ...]:
    """Each page of a TIFF file as a photo; a file whose only picture is the first as it is."""
    if isinstance(photo.data, Failure) or not may_have_pages(photo):
        return (photo,)
    numbers = pages(BytesIO(photo.data))
    if numbers == (0,):
        return (photo,)
    return tuple(replace(photo, page=number) for number in numbers)


def may_have_pages(photo: NamedBytes) -> bool:
    """Whether a file begins as TIFF files do."""
    return isinstance(photo.data, bytes) and photo.data.startswith(TIFF)


def label(name: str, page: int | None = None) -> str:
    """A file name fit to be shown: no control characters, no broken Unicode."""
    plain = "".join("�" if unicodedata.category(sign) in ("Cc", "Cs") else sign for sign in name)
    return plain if page is None else f"{plain}, page {page + 1}"


def too_large(stream: IO[bytes], name: str) -> NamedBytes:
    """Its hash is taken all the same: evidence that cannot be used must not change unseen."""
    digest = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
    return NamedBytes(name, Failure("too-large"), digest)


def _read(stream: BinaryIO) -> bytes | Failure:
    before = os.fstat(stream.fileno())
    if not stat.S_ISREG(before.st_mode):
        return Failure("unreadable")
    data = stream.read(before.st_size + 1)
    after = os.fstat(stream.fileno())
    unchanged = len(data) == before.st_size and after.st_mtime_ns == before.st_mtime_ns
    return data if unchanged else Failure("changing")


def _open_untouched(file: Path) -> int:
    """Open without waiting for a writer of a pipe and, where allowed, without a trace."""
    calm = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        return os.open(file, calm | getattr(os, "O_NOATIME", 0))
    except PermissionError:  # Only a file's owner may leave its time of access as it is.
        return os.open(file, calm)

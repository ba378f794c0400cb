"""Originals by their content: each kept once, under its SHA-256, untouched."""

import os
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

from wreckid.model.preprocessing import Failure
from wreckid.serving.custody import settle, sha256, sha256_of_file
from wreckid.serving.intake import NamedBytes

FOLDER = "uploads"
LEFT_S = 24 * 3600
"""Age from which on a draft is one that nobody will finish."""


def is_store(folder: Path) -> bool:
    """Whether a service keeps its items in a folder."""
    return (folder / FOLDER).is_dir()


class Uploads:
    """The folder of uploads of a store."""

    def __init__(self, store: Path) -> None:
        self._folder = store / FOLDER
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def keep(self, data: bytes) -> str:
        """Keep a file, once and whole, and wait until the disk has it; its SHA-256."""
        name = sha256(data)
        place = self.place(name)
        if self.difference(name):
            place.parent.mkdir(exist_ok=True)
            draft = place.with_name(f".{secrets.token_hex(8)}")
            try:
                _write(draft, data)
                draft.replace(place)
            finally:
                draft.unlink(missing_ok=True)
            settle(place.parent)
        return name

    def holds(self, name: str) -> bool:
        """Whether a file is there."""
        return self.place(name).is_file()

    def read(self, name: str) -> bytes | Failure:
        """A file, or why it cannot be read."""
        try:
            return self.place(name).read_bytes()
        except FileNotFoundError:
            return Failure("missing")
        except OSError:
            return Failure("unreadable")

    def drop(self, name: str) -> None:
        """Delete a file."""
        self.place(name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete the drafts of uploads that broke off; whole files stay, whatever they are of."""
        for draft in filter(left_behind, self._folder.glob("*/.*")):
            draft.unlink(missing_ok=True)

    def difference(self, name: str) -> str | None:
        """What became of a file, if it is not as it was kept."""
        if not self.holds(name):
            return "is missing"
        return None if sha256_of_file(self.place(name)) == name else "was changed"

    def place(self, name: str) -> Path:
        """Where a file lies."""
        return self._folder / name[:2] / name


class KeptPhotos(Sequence[NamedBytes]):
    """The photos of an item, each read when it is looked at."""

    def __init__(self, uploads: Uploads, kept: Sequence[tuple[str, str, int | None]]) -> None:
        """Read nothing yet.

        Args:
            uploads: where they lie.
            kept: the name, the SHA-256 and the page, from 0, of each.
        """
        self._uploads = uploads
        self._kept = kept

    def __len__(self) -> int:
        return len(self._kept)

    @overload
    def __getitem__(self, index: int) -> NamedBytes: ...

    @overload
    def __getitem__(self, index: slice) -> "KeptPhotos": ...

    def __getitem__(self, index: int | slice) -> "NamedBytes | KeptPhotos":
        if isinstance(index, slice):
            return KeptPhotos(self._uploads, self._kept[index])
        name, hash_, page = self._kept[index]
        return NamedBytes(name, self._uploads.read(hash_), hash_, page)

    def __iter__(self) -> Iterator[NamedBytes]:
        return (self[index] for index in range(len(self)))


def left_behind(draft: Path) -> bool:
    """Whether a draft is too old to be still worked on."""
    try:
        return time.time() - draft.stat().st_mtime > LEFT_S
    except FileNotFoundError:
        return False


def _write(file: Path, data: bytes) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())

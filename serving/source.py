"""Where the photos of a run lie: a folder, an archive or a list; listed once, read without a trace.

Links are never followed and hidden files stay out; what stays out is counted. Zip archives are
read in place, their members as if they lay in a folder of the archive's name.
"""

import os
import threading
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import IO

from wreckid.datasets.errors import SetupError
from wreckid.model.preprocessing import Failure
from wreckid.serving.intake import (
    MOST_BYTES,
    TIFF,
    NamedBytes,
    begins_as_tiff,
    by_page,
    read_photo,
    too_large,
)

HIDDEN_BY_WINDOWS = ("thumbs.db", "desktop.ini")

HEAD_BYTES = 30
"""What stands before each file of a zip archive, at least."""


@dataclass(frozen=True)
class Place:
    """Where one photo lies.

    Attributes:
        name: its path for people, exact, parts divided by `/`.
        file: its file, or the archive that holds it, below the source's root.
        member: its number in the archive; None for a file.
        page: which page of a TIFF file, from 0; None where there is only one.
    """

    name: str
    file: str
    member: int | None = None
    page: int | None = None


@dataclass(frozen=True)
class Listing:
    """The photos of a source, in an order that never changes.

    Attributes:
        root: the folder that the places are relative to.
        places: one a photo.
        left_out: how many names stayed out, by reason.
    """

    root: Path
    places: tuple[Place, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)


def list_photos(source: Path, leave_out: Path) -> Listing:
    """List the photos of a folder or an archive, but for a folder that is left out.

    Raises:
        SetupError: the archive is none.
    """
    if source.is_dir():
        return _list_folder(source.resolve(), leave_out.resolve())
    left_out: Counter[str] = Counter()
    members = _members(source, "", left_out)
    if members is None:
        raise SetupError(f"{source} is not a zip archive that can be read: fetch it again.")
    places = Reader(source.parent).by_page(members)
    return Listing(source.parent, _in_order(places), left_out)


def files_below(folder: Path) -> tuple[Path, ...]:
    """The files below a folder at any depth, in order."""
    return tuple(sorted(_walk(folder, leave_out=None, left_out=Counter())))


class Reader:
    """Reads the photos of a source; may be shared by threads.

    Args:
        root: the folder that their places are relative to.
        archive: what all members are read from; by default what their places name.
    """

    def __init__(self, root: Path, archive: Path | None = None) -> None:
        self.root = root
        self._only = archive
        self._last = threading.local()

    def read(self, place: Place) -> NamedBytes:
        """Read one photo; what cannot be read carries its failure."""
        file = self.root / place.file
        if place.member is None:
            photo = read_photo(file, place.name)
        else:
            photo = self._read_member(self._only or file, place.member, place.name)
        return replace(photo, page=place.page)

    def by_page(self, places: Iterable[Place]) -> Iterator[Place]:
        """Each page of a TIFF file as a place of its own; of others only the beginning is read."""
        for place in places:
            if self._begins_as_tiff(place):
                yield from (replace(place, page=one.page) for one in by_page(self.read(place)))
            else:
                yield place

    def _begins_as_tiff(self, place: Place) -> bool:
        file = self.root / place.file
        if place.member is None:
            return begins_as_tiff(file)
        try:
            with self._member(self._only or file, place.member) as stream:
                return stream.read(len(TIFF[0])) in TIFF
        except Exception:  # What is wrong with it shows when it is read.
            return False

    def _read_member(self, file: Path, member: int, name: str) -> NamedBytes:
        try:
            with self._member(file, member) as stream:
                if self._archive(file).infolist()[member].file_size > MOST_BYTES:
                    return too_large(stream, name)
                return NamedBytes(name, stream.read(MOST_BYTES))  # What it says of itself may lie.
        except FileNotFoundError:
            return NamedBytes(name, Failure("missing"))
        except Exception:  # Damaged, locked and odd archives raise nearly anything.
            return NamedBytes(name, Failure("unreadable"))

    def _member(self, file: Path, member: int) -> IO[bytes]:
        """A file of an archive, whatever length the archive says that it has.

        Raises:
            BadZipFile: its packing, unlike that of nearly all archives, has no bound on how much
                comes out at once.
        """
        archive = self._archive(file)
        info = archive.infolist()[member]
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise zipfile.BadZipFile(f"packed by method {info.compress_type}")
        return archive.open(info)

    def _archive(self, file: Path) -> zipfile.ZipFile:
        """The archive, kept open by each thread until it needs another."""
        opened: tuple[Path, zipfile.ZipFile] | None = getattr(self._last, "opened", None)
        if opened is not None and opened[0] == file:
            return opened[1]
        if opened is not None:
            opened[1].close()
        self._last.opened = None
        archive = zipfile.ZipFile(file)
        self._last.opened = (file, archive)
        return archive


def _list_folder(folder: Path, leave_out: Path) -> Listing:
    left_out: Counter[str] = Counter()
    places: list[Place] = []
    for file in _walk(folder, leave_out, left_out):
        name = file.relative_to(folder).as_posix()
        is_archive = file.suffix.lower() == ".zip"
        members = _members(file, f"{name}/", left_out) if is_archive else None
        places += [Place(name, name)] if members is None else members
    paged = Reader(folder).by_page(places)
    return Listing(folder, _in_order(paged), dict(sorted(left_out.items())))


def _walk(folder: Path, leave_out: Path | None, left_out: Counter[str]) -> Iterator[Path]:
    """Every regular file below a folder; counts by reason what stays out.

    A folder that is left out is compared by its path, so both are resolved.
    """
    waiting = [folder]
    while waiting:
        for entry in _entries(waiting.pop(), left_out):
            path = Path(entry.path)
            if reason := _reason_to_leave_out(entry):
                left_out[reason] += 1
            elif not entry.is_dir(follow_symlinks=False):
                yield path
            elif path != leave_out:
                waiting.append(path)


def _entries(folder: Path, left_out: Counter[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        left_out["folder that cannot be opened"] += 1
        return []


def _reason_to_leave_out(entry: os.DirEntry[str]) -> str:
    if _is_hidden(entry.name):
        return "hidden"
    if entry.is_symlink():
        return "link"
    if not entry.is_file(follow_symlinks=False) and not entry.is_dir(follow_symlinks=False):
        return "no ordinary file"
    return ""


def _members(file: Path, prefix: str, left_out: Counter[str]) -> list[Place] | None:
    """The visible files in an archive, the others counted; None where it cannot be opened."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return None
    if _overlap(entries):
        return None
    places, whole = list[Place](), prefix[:-1] or file.name
    for number, name in enumerate(entry.filename for entry in entries):
        if not name:
            left_out["no name"] += 1
        elif name.endswith("/"):
            continue
        elif _is_hidden(name):
            left_out["hidden"] += 1
        else:
            places.append(Place(prefix + name, whole, number))
    return places


def _overlap(entries: Iterable[zipfile.ZipInfo]) -> bool:
    """Whether files of an archive share bytes: a few could hold any number of photos."""
    spans = sorted(
        (one.header_offset, one.header_offset + HEAD_BYTES + one.compress_size) for one in entries
    )
    return any(end > start for (_, end), (start, _) in pairwise(spans))


def _is_hidden(name: str) -> bool:
    return any(
        (part.startswith(".") and part not in {".", ".."}) or part.lower() in HIDDEN_BY_WINDOWS
        for part in name.split("/")
    )


def _in_order(places: Iterable[Place]) -> tuple[Place, ...]:
    return tuple(
        sorted(
            places, key=lambda place: (place.name.split("/"), place.member or 0, place.page or 0)
        )
    )
